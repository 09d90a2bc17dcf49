"""The verdict on one parameter, entry by entry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.check.numeric import (
    CENTRAL_STEP,
    METHODS,
    RIDDERS_STEP,
    Entries,
    Slopes,
    central,
    ridders,
)

PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"

Vector = npt.NDArray[Any]


class ParameterVerdict(NamedTuple):
    """What was found for one parameter; errors over the entries that were looked at."""

    entries: int
    max_abs_error: float
    max_rel_error: float
    worst_index: list[int]
    backprop: float
    numeric: float
    kinks: list[list[int]]
    """Where the one-sided slopes differ: there is no derivative to compare with."""
    drowned: list[list[int]]
    """Where the derivative is smaller than the noise of its measurement."""
    failed: int
    verdict: str
    cause: str | None


class Measured(NamedTuple):
    """The numeric side of a comparison, (n,) each."""

    slopes: Slopes
    kinks: Vector


RESOLVED = 1e-3
"""A derivative counts as measured where its noise is at most this part of it."""


def measure(
    entries: Entries, claimed: Vector, method: str, step: float | None, rule: Rule
) -> Measured:
    """Numeric derivatives of ``entries``, good enough to judge ``claimed`` (n,) by.

    What misses the rule, stands at a kink or drowns in noise at first is measured again:
    with a shorter step, which tells a kink from a curve, then by extrapolation.
    """
    slopes = METHODS[method](entries, step)
    kinks = np.zeros(len(entries.flat), bool)
    if method == "complex":
        return Measured(slopes, kinks)

    missed = ~rule.holds(claimed, slopes)
    if method == "central":
        look, length = slopes, CENTRAL_STEP if step is None else step
    else:
        look, length = central(entries), CENTRAL_STEP
    right, left = _sides(look)
    gap, size = np.abs(right - left), np.maximum(np.abs(right), np.abs(left))
    doubtful = np.flatnonzero(missed | (gap > 1e-4 * size + 4 * look.noise))
    if not doubtful.size:
        return Measured(_finer(entries, claimed, slopes, slopes, rule), kinks)

    shorter = central(entries.chosen(doubtful), step=length / 16)
    right, left = _sides(shorter)
    near = np.abs(right - left)
    # On a curve the gap shrinks with the step; at a kink it stays; a kink that is only
    # near falls out of the shorter step's reach.
    kinks[doubtful] = (near > 0.5 * gap[doubtful]) & (near > 8 * shorter.noise)
    second = Slopes(slopes.slope.copy(), slopes.noise.copy())
    second.slope[doubtful], second.noise[doubtful] = shorter.slope, shorter.noise
    return Measured(_finer(entries, claimed, slopes, second, rule, ~kinks), kinks)


def _finer(
    entries: Entries,
    claimed: Vector,
    first: Slopes,
    second: Slopes,
    rule: Rule,
    eligible: Vector | bool = True,
) -> Slopes:
    """The first of several measurements by which ``claimed`` holds, entry by entry.

    Where none does, the one with the least noise, which then counts as no more certain
    than its agreement with the others.
    """
    slope, noise = first.slope.copy(), first.noise.copy()
    size = np.maximum(np.abs(claimed), np.abs(slope))
    missed = ~rule.holds(claimed, first)
    noisy = (size > 0) & (noise > 0.1 * RESOLVED * size)
    error = np.abs(claimed - slope)
    # Two steps that agree with each other, and by far not with the claim, settle it.
    settled = missed & (np.abs(second.slope - slope) + second.noise < 0.01 * error)
    again = np.flatnonzero((missed | noisy) & ~settled & eligible)
    if not again.size:
        return first
    some = entries.chosen(again)
    tried = [
        Slopes(first.slope[again], first.noise[again]),
        Slopes(second.slope[again], second.noise[again]),
        ridders(some, RIDDERS_STEP),
        ridders(some, CENTRAL_STEP / 4),
    ]
    slopes = np.stack([t.slope for t in tried])
    noises = np.stack([t.noise for t in tried])
    every = np.arange(again.size)
    best = np.argmin(np.where(np.isnan(noises), np.inf, noises), axis=0)
    least, chosen = noises[best, every], slopes[best, every]
    apart = np.abs(slopes - chosen)
    apart[best, every] = np.inf
    least = np.maximum(least, 2 * np.min(apart, axis=0))
    for k in reversed(range(len(tried))):
        size = np.maximum(np.abs(claimed[again]), np.abs(slopes[k]))
        measured = (noises[k] <= RESOLVED * size) | (size == 0)
        fine = rule.holds(claimed[again], tried[k]) & measured
        chosen, least = np.where(fine, slopes[k], chosen), np.where(fine, noises[k], least)
    slope[again], noise[again] = chosen, least
    return Slopes(slope, noise)


def _sides(slopes: Slopes) -> tuple[Vector, Vector]:
    assert slopes.right is not None
    assert slopes.left is not None
    return slopes.right, slopes.left


class Rule(NamedTuple):
    """|a - n| <= tolerance max(|a|, |n|) + noise + rounding + floor."""

    tolerance: float
    rounding: float = 0.0
    """What float64 may have rounded away in the backward pass, however small the outcome."""
    floor: float = 0.0
    """Rounding of the claimed gradient itself, where it was computed in few digits."""

    def holds(self, claimed: Vector, slopes: Slopes) -> Vector:
        """Which entries of ``claimed`` keep the rule; nan does not."""
        size = np.maximum(np.abs(claimed), np.abs(slopes.slope))
        allowed = self.tolerance * size + slopes.noise + self.rounding + self.floor
        return np.asarray(np.abs(claimed - slopes.slope) <= allowed)


def verdict(
    claimed: Vector, measured: Measured, flat: Vector, shape: tuple[int, ...], rule: Rule
) -> ParameterVerdict:
    """Judge ``claimed`` (n,) by ``measured``; ``flat`` are positions in ``shape``."""
    slopes, kinks = measured
    error = np.abs(claimed - slopes.slope)
    size = np.maximum(np.abs(claimed), np.abs(slopes.slope))
    relative = np.divide(error, size, out=np.zeros_like(error), where=size > 0)
    good = rule.holds(claimed, slopes)
    # An entry that both sides call 0 is as good as can be; one that drowns is not.
    noise = slopes.noise + rule.rounding
    drowned = good & ~kinks & (size > 0) & (noise > RESOLVED * size)
    failed = ~good & ~kinks
    excess = error / (rule.tolerance * size + noise + rule.floor + _TINY)
    worst = int(np.argmax(np.where(kinks, -1.0, excess)))
    judged = ~kinks if not kinks.all() else np.ones_like(kinks)
    if failed.any():
        outcome = FAIL
    else:
        outcome = INCONCLUSIVE if kinks.any() or drowned.any() else PASS
    return ParameterVerdict(
        entries=len(flat),
        max_abs_error=float(error[judged].max()),
        max_rel_error=float(relative[judged & ~drowned].max(initial=0.0)),
        worst_index=index_of(flat[worst], shape),
        backprop=float(claimed[worst]),
        numeric=float(slopes.slope[worst]),
        kinks=[index_of(i, shape) for i in flat[kinks]],
        drowned=[index_of(i, shape) for i in flat[drowned]],
        failed=int(failed.sum()),
        verdict=outcome,
        cause=None,
    )


_TINY = float(np.finfo(np.float64).tiny)


def overall(verdicts: Iterable[str]) -> str:
    """One failure fails all; one that is inconclusive leaves all in doubt."""
    found = set(verdicts)
    return FAIL if FAIL in found else INCONCLUSIVE if INCONCLUSIVE in found else PASS


def index_of(flat: int, shape: tuple[int, ...]) -> list[int]:
    return [int(i) for i in np.unravel_index(int(flat), shape)] if shape else []
