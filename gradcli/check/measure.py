"""The numeric side: every entry's derivative, and how sure it is.

A first difference a entry, cheap, is trusted where the entries of a block, moved all at once
along a line of random weights, give the sum of their derivatives: a derivative that is
wrong shows in the sum. A block that does not is cut in four, down to a few entries. Those
that are left, and entries that look odd, are measured by themselves down the whole ladder
of steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from gradcli.check.alone import clear, cut, laddered, laddered_together
from gradcli.check.claims import Claim
from gradcli.check.courses import Courses
from gradcli.check.doubt import FEW, doubt
from gradcli.check.ladder import two_rungs
from gradcli.check.lines import (
    CENTRAL_STEP,
    DOUBLE,
    Blocks,
    Entries,
    Point,
    Progress,
    Slopes,
    Vector,
    scale,
    slopes_of,
)
from gradcli.check.methods import Method, coarse
from gradcli.check.rounding import NOTHING, entry_rounding, swallowed
from gradcli.problem import Result

RESOLUTION = DOUBLE.resolution
"""An entry counts as measured where the uncertainty is below this part of the largest."""
_BLOCK = 1024
"""Entries that are at first confirmed together."""
_MISSES = 256
"""Entries that differ from the claim, and are therefore measured by themselves, at most."""
_GROUPS = 256
"""So many entries have their rounding looked at one by one; more of them, in groups."""
_MEASURED = 32
"""The same where it must be measured."""
_QUICK = 1e6
"""Multiply-adds that a value for each of some entries takes, up to which these go together."""
_LINES = 2048
"""Entries that are measured by themselves at a time, for the sake of memory."""


class Measured(NamedTuple):
    """The numeric side of a comparison, (n,) each."""

    slope: Vector
    uncertainty: Vector
    kinks: Vector
    """Where the one-sided slopes differ: there is no derivative to compare with."""
    resolution: Vector
    """The uncertainty below which an entry counts as measured."""
    left: Vector
    """At a kink, the slope to the left; infinite where the value jumps."""
    right: Vector
    words: str = ""
    """What there is to say where entries could not be measured."""

    @property
    def sure(self) -> Vector:
        """Which entries count as measured."""
        return np.asarray(~self.kinks & (self.uncertainty <= self.resolution))


def measure(
    claim: Claim,
    point: Point,
    result: Result,
    method: Method,
    step: float,
    progress: Progress,
    known: Slopes | None = None,
) -> Measured:
    """The derivatives by the entries of ``claim``, by ``method`` and its ``step`` first.

    Where these are few, their slopes may be ``known`` roughly.
    """
    if known is not None:
        resolution = _resolution(claim, point, result, known)
        if clear(claim, known, np.arange(known.slope.size), resolution).all():
            progress(known.slope.size)
            kinks = np.zeros(known.slope.size, bool)
            return Measured(*known[:2], kinks, resolution, known.left, known.right)
    entries = Entries(point, claim.name, claim.flat, progress)
    courses = point.courses or Courses(point.problem, result)
    n, traced = len(claim.flat), point.problem.traced
    few = _are_few(claim, point, method)
    if method.first is None or few:
        slopes = slopes_of(np.full(n, np.nan), np.full(n, np.inf), np.zeros(n), np.ones(n))
        alone = np.ones(n, bool)
    else:
        if not traced:
            entries.near = entry_rounding(courses, {claim.name: claim.flat}).near
        slopes = (coarse if point.precision.coarse else method.first)(entries, step)
        resolution = _resolution(claim, point, result, slopes)
        alone = ~(slopes.uncertainty <= resolution)
        if not method.analytic:
            # A step of 16 uncertainties between the sides is no rounding.
            alone |= ~(slopes.gap <= 2 * resolution + 16 * slopes.uncertainty)
            most = 2 * FEW if point.precision.coarse else _MISSES
            alone |= _misses(claim, slopes, most) | (n <= FEW)
            if not point.precision.coarse:
                _confirm(entries, slopes, alone, float(np.min(resolution, initial=np.inf)))
        slopes.gap[:] = 0.0
        progress(-int(np.count_nonzero(alone)))
    again = np.flatnonzero(alone)
    for some in cut(again, -(-again.size // _LINES)):
        lines = entries.chosen(some, progress)
        chosen = method.first is None and not point.precision.coarse
        if method.first is None or not traced:
            most = _GROUPS if traced else _MEASURED
            finer = laddered(lines, courses, step if chosen else None, most)
        else:
            finer = laddered(lines, courses) if known is None else known
            if known is not None:
                progress(some.size)
            for most in (_GROUPS,) if known is None else (1, _GROUPS):
                needed = _resolution(claim, point, result, finer) if few else resolution[some]
                rest = np.flatnonzero(~clear(claim, finer, some, needed))
                if not rest.size or (most > 1 and some.size == 1):
                    break
                each = laddered(entries.chosen(some[rest]), courses, None, most)
                for kept, new in zip(finer, each):
                    kept[rest] = new
        better = ~(finer.uncertainty > slopes.uncertainty[some]) | (not method.analytic)
        for kept, new in zip(slopes, finer):
            kept[some[better]] = new[better]
    if not point.problem.traced:
        # How its rounding grows on the way is not known: it may be all that shows.
        nothing = NOTHING * point.rounding / float(np.max(scale(entries.primal), initial=1.0))
        if not np.any(np.abs(slopes.slope) > nothing):
            slopes.uncertainty[:] = np.maximum(slopes.uncertainty, nothing)
    resolution = _resolution(claim, point, result, slopes)
    kinks = (slopes.gap > resolution) & (slopes.gap > slopes.uncertainty)
    doubt(claim, point, result, slopes, kinks)
    uncertainty = slopes.uncertainty + np.where(kinks, 0.0, slopes.gap)
    sides, words = (slopes.left, slopes.right), point.precision.words
    return Measured(slopes.slope, uncertainty, kinks, resolution, *sides, words)


def measure_few(claims: Mapping[str, Claim], point: Point, method: Method) -> dict[str, Slopes]:
    """Roughly the slopes of the claims that are few, all at once; none where that takes long.

    Nothing is lost then by an interrupt.
    """
    few = {name: c for name, c in claims.items() if c.flat.size and _are_few(c, point, method)}
    count = sum(claim.flat.size for claim in few.values())
    if method.first is None or len(few) < 2 or point.problem.work * count > _QUICK:
        return {}
    courses = point.courses
    return {} if courses is None else laddered_together(few, point, courses)


def _are_few(claim: Claim, point: Point, method: Method) -> bool:
    """Whether all entries are measured by themselves in any case: no first difference is needed."""
    return len(claim.flat) <= FEW and point.problem.traced and not method.analytic


def _misses(claim: Claim, slopes: Slopes, most: int) -> Vector:
    """Entries that differ from the claim: all of them, or ``most`` spread over them."""
    missed = np.zeros(len(slopes.slope), bool)
    if claim.entries is not None:
        good = claim.rule.holds(claim.entries, slopes.slope, slopes.uncertainty)
        off = np.flatnonzero(~good)
        missed[off[:: -(-off.size // most) or 1]] = True
    return missed


def _resolution(claim: Claim, point: Point, result: Result, slopes: Slopes) -> Vector:
    """The uncertainty (n,) below which the entries count as measured."""
    whole = result.gradients[claim.name].reshape(-1)
    if not point.problem.traced and claim.entries is not None:
        whole = claim.entries  # what somebody's code gives is a claim, and tells nothing of others
    sure = np.abs(slopes.slope) - slopes.uncertainty
    largest = np.max(sure, initial=0.0, where=np.isfinite(sure))
    if len(sure) < whole.size:  # a sample may have missed the largest
        others = np.abs(np.delete(whole, claim.flat))
        largest = np.max(others, initial=largest, where=np.isfinite(others))
    vanishing = claim.rule.vanishing
    if largest == 0 and (vanishing or not np.any(whole)) and claim.entries is not None:
        # Nothing shows, neither here nor to the engine: then 0 is right, unless rounding is
        # why, if what could hide is far smaller than the value, its terms, or the value there.
        if not vanishing and swallowed(point.problem, result, claim.name):
            return np.full(len(sure), -np.inf)
        primal = point.problem.primals[claim.name]
        there = float(point.problem.values(claim.name, (primal + scale(primal))[None])[0])
        far = abs(there) if np.isfinite(there) else 0.0
        size = max(point.rounding / point.precision.eps, far)
        bound = point.precision.resolution * size / scale(primal).reshape(-1)[claim.flat]
        return np.where(np.abs(claim.entries) <= vanishing * claim.rule.floor, bound, 0.0)
    # What is allowed of any entry need not be measured ten times as well.
    return np.full(
        len(sure), max(point.precision.resolution * float(largest), 0.1 * claim.rule.absolute)
    )


def _confirm(entries: Entries, slopes: Slopes, alone: Vector, resolution: float) -> None:
    """Confirm the slopes of all that are not ``alone``, block by block.

    Adds to the uncertainty what a block's sum leaves open; marks as ``alone`` what no block
    confirms. The weights, of either sign and between one and two, come from a fixed seed.
    """
    rest = np.flatnonzero(~alone)
    if not rest.size:
        return
    weights = np.random.default_rng(len(alone)).uniform(0.5, 1.5, len(alone))
    weights = np.where(weights < 1, -2 * weights, weights) * scale(entries.x)
    blocks = [rest] if rest.size <= _BLOCK else cut(rest, -(-rest.size // _BLOCK))
    while blocks:
        lines = Blocks(
            entries.point,
            entries.name,
            [entries.flat[b] for b in blocks],
            [weights[b] for b in blocks],
        )
        sums, uncertainties, _ = two_rungs(lines, 2 * CENTRAL_STEP)
        pending = []
        for block, slope, uncertainty in zip(blocks, sums, uncertainties):
            total = weights[block] @ slopes.slope[block]
            left_open = abs(slope - total) + uncertainty
            worst = slopes.uncertainty[block].max()
            if left_open + worst <= resolution:
                slopes.uncertainty[block] += left_open
            elif block.size <= FEW:
                alone[block] = True
            else:
                pending += cut(block, 4)
        blocks = pending
