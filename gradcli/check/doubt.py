"""A difference from the claim is looked at twice, before it is called one.

Differences may say nothing at all of a derivative: where they agree by accident, where a kink
lies within their step, where the function turns faster than float64 can follow.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from gradcli.check.claims import Claim
from gradcli.check.courses import Courses
from gradcli.check.ladder import ladder
from gradcli.check.lines import Entries, Point, Slopes, Vector
from gradcli.check.rounding import entry_rounding
from gradcli.engine import Tensor
from gradcli.engine.recording import Record
from gradcli.gradient import recorded
from gradcli.problem import Result

FEW = 8
"""So many entries are always measured by themselves, and looked at twice."""
_OTHER_RATIO = 1.85
"""Of the steps by which a failure is confirmed."""


def doubt(claim: Claim, point: Point, result: Result, slopes: Slopes, kinks: Vector) -> None:
    """Leave open what differs from the claim where differences may say nothing at all.

    A few entries are looked at, those that are off the most; if they are all in doubt, then so
    is all that differs.
    """
    claimed = claim.entries
    if claimed is None:
        return
    holds = claim.rule.holds(claimed, slopes.slope, slopes.uncertainty)
    if holds.all():
        return
    off = np.abs(claimed - slopes.slope)
    missed = np.flatnonzero(~holds & np.isfinite(off) & ~kinks)
    worst = missed[np.argsort(-off[missed])][:FEW]
    courses = point.courses or Courses(point.problem, result)
    other = _second_opinion(claim, point, courses, slopes, worst)
    doubtful = [
        i
        for i, differs in zip(worst, other)
        if differs or _doubtful(claim, courses, float(slopes.step[i]), off, i)
    ]
    slopes.uncertainty[missed if len(doubtful) == len(worst) else doubtful] = np.inf


def _second_opinion(
    claim: Claim, point: Point, courses: Courses, slopes: Slopes, some: Vector
) -> Vector:
    """Which of ``some`` entries are not confirmed by a ladder of other steps.

    Estimates that agree by accident, or by the rounding of the steps themselves, do not agree
    twice.
    """
    assert claim.entries is not None
    entries = Entries(point, claim.name, claim.flat[some])
    found = [entry_rounding(courses, {claim.name: claim.flat[[i]]}) for i in some]
    entries.near, entries.growth = np.array(found).reshape(-1, 2).T
    other = ladder(entries, ratio=_OTHER_RATIO)
    apart = np.abs(other.slope - slopes.slope[some])
    agrees = apart <= other.uncertainty + slopes.uncertainty[some]
    holds = claim.rule.holds(claim.entries[some], other.slope, other.uncertainty)
    return np.asarray(~agrees | holds)


def _doubtful(claim: Claim, courses: Courses, step: float, off: Vector, i: int) -> bool:
    if not courses.problem.traced:
        return False  # its own gradients tell nothing of it, and there are no operations
    where = courses, claim.name, int(claim.flat[i]), step
    return _rough(*where, float(off[i]), claim.rule.vanishing) or _bends(*where)


def _bends(courses: Courses, name: str, position: int, step: float) -> bool:
    """Whether an op has a kink within reach of an entry's ``step``, too small to be measured.

    Then differences over ``step`` have the mean of two slopes. An op with kinks is looked at by
    itself: what it gives to either side of its argument, as far as the step moves that.
    """
    problem, result = courses.problem, courses.result
    primal = problem.primals[name].copy()
    primal.reshape(-1)[position] += step
    there = recorded(problem, {**problem.primals, name: primal})
    for record, moved in zip([s.record for s in result.steps], there.tape.records):
        ways = [
            b - a
            if isinstance(arg, Tensor) and a.dtype.kind == "f" and a.shape == b.shape
            else None
            for arg, a, b in zip(record.args, record.values, moved.values)
        ]
        if record.op.analytic or record.out.dtype.kind != "f":
            continue
        if all(w is None or not np.any(w) for w in ways):
            continue
        gaps = [_gap(record, ways, part) for part in (1.0, 0.5, 0.25)]
        rise = np.max([np.abs(side) for side in gaps[0]], axis=0)
        apart = [np.abs(up - down) for up, down in gaps]
        # On a curve it shrinks with the square of the step, even where there is no slope.
        curved = np.all(
            [np.abs(finer - gap / 4) <= 0.05 * gap for gap, finer in pairwise(apart)], axis=0
        )
        if np.any((apart[0] > 0.01 * rise) & ~curved):
            return True
    return False


def _gap(record: Record, ways: list[Any], part: float) -> tuple[Vector, Vector]:
    """By how much an operation rises up to here, and from here on, over ``part`` of the ways."""
    up, down = (
        record.op.forward(
            *[v if w is None else v + sign * part * w for v, w in zip(record.values, ways)],
            **record.settings,
        )
        for sign in (1, -1)
    )
    return up - record.out.value, record.out.value - down


def _rough(
    courses: Courses, name: str, position: int, step: float, off: float, vanishing: bool
) -> bool:
    """Whether the gradient by an entry changes by about ``off`` within much less than ``step``.

    Then differences over ``step`` say nothing of the derivative: sin(1e18 x) has no slope
    at any step that float64 can take. On a curve, a tenth of the way brings a tenth of the
    change; here, as much.
    """
    problem, result = courses.problem, courses.result
    primal, gradients_at = problem.primals[name], courses.stepper
    here = float(np.abs(result.gradients[name].reshape(-1)[position]))
    off = min(off, here) if here > 0 and not vanishing else off
    before = np.inf
    for tenth in range(24):
        changes = []
        for way in (0.7, -0.6):
            moved = primal.reshape(-1).copy()
            moved[position] += way * step * 10.0**-tenth
            there = {**problem.primals, name: moved.reshape(primal.shape)}
            apart = gradients_at(there)[1][name] - result.gradients[name]
            changes.append(float(np.abs(apart.reshape(-1)[position])))
        change = max(changes)
        if change <= 0.01 * off:
            return False
        if change > 0.5 * before:
            return True
        before = change
    return False
