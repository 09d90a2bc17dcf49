"""A derivative from differences at many steps, down a ladder from coarse to fine.

No single step suits every function: a coarse one sees past kinks, edges and oscillations,
a fine one drowns in rounding. So each rung is extrapolated with its neighbours (Ridders,
"Accurate computation of F'(x) and F'(x) F''(x)", Advances in Engineering Software 4, 1982),
gets an interval that is wide enough for its rounding and for its disagreement with them, and
counts only if it agrees with every finer rung (Lepski, "On a problem of adaptive estimation
in Gaussian white noise", Theory of Probability & Its Applications 35, 1991). Among those,
the narrowest interval is the answer. What happens on a smaller scale than a rung's step is
so seen by the finer rungs, unless it is smaller than their rounding.
"""

from __future__ import annotations

import numpy as np

from gradcli.check.lines import Lines, Slopes, Vector, rounding

LONGEST = 1e3
"""The first step, times max(1, |x|),"""
COARSEST, _LAST = 10.0, 1e-5
"""and where values are coarse the first one and the last."""
RATIO = 2.5
"""Each step, to the next."""
RUNGS = 48
"""From 1000 down to less than the distance of neighbouring numbers at 1."""
_BLIND = 10.0
"""Where values are coarse, how many times shorter steps must still see what an answer says: they
might see something else than the long ones."""
_SHORT = 1e-2
"""So short is a step there that shows a kink."""
_ORDERS = 5
_JUMP = 100
_LEADS = 500
"""By how many roundings of a unit of x what leads to a kink may be off."""
_KNOWN = 1e-3
"""A slope to one side is told where it is known to this part of the gap."""
_NONE = 0.05
"""Of a gap so small a part in the limit is none."""
_UNEVEN = 0.02
"""By what part of it a step may be off, once it is added to x."""


def ladder(
    lines: Lines,
    step: float | None = None,
    ratio: float = RATIO,
    last: float = _LAST,
) -> Slopes:
    """The derivatives along ``lines``, with all that makes them uncertain.

    The first step is ``step`` times the lines' unit. Where the scalar is not a finite
    real number at a step, the shorter ones count; where it never is on one side, the
    other. Each is ``1 / ratio`` of the one before: those that rounding makes otherwise do not
    count. A gap is what remains between the two sides at the finest rung that can tell. Where
    values are coarse the last step is ``last`` times that.
    """
    unit, coarse = lines.unit, lines.point.precision.coarse
    step = step or (COARSEST if coarse else LONGEST)
    if coarse:
        rungs = int(np.ceil(np.log(step / last) / np.log(ratio)))
    else:
        # Far enough down for the smallest number to move by a small part.
        smallest = np.min(np.abs(lines.x), initial=1.0, where=np.abs(lines.x) > 0)
        rungs = RUNGS + min(160, int(np.ceil(-np.log(smallest) / np.log(RATIO))))
        rungs = round(rungs * np.log(RATIO) / np.log(ratio))
    h = step * unit[:, None] * ratio ** -np.arange(rungs)
    near = np.broadcast_to(lines.placed(lines.x)[:, None], h.shape)
    above, below = lines.placed(near + h), lines.placed(near - h)
    values = lines.at(np.concatenate([above, below], axis=1))
    up, down = values[:, :rungs], values[:, rungs:]
    here = np.full_like(up, lines.point.value)
    middle, noise = _difference(lines, up, above, down, below)
    right, _ = _difference(lines, up, above, here, near)
    left, _ = _difference(lines, here, near, down, below)
    # A few roundings of x long, the steps no longer shrink as the extrapolation has it.
    uneven = np.maximum(np.abs(above - near - h), np.abs(near - below - h)) > _UNEVEN * h
    middle[uneven] = np.nan
    slope, uncertainty, shortest = _extrapolate(middle, noise, h, 2, ratio)
    edge = np.flatnonzero(~np.isfinite(middle).any(axis=1))
    if edge.size:
        side = np.where(np.isfinite(right[edge]), right[edge], left[edge])
        side[uneven[edge]] = np.nan
        found = _extrapolate(side, 2 * noise[edge], h[edge], 1, ratio)
        slope[edge], uncertainty[edge], shortest[edge] = found
    if coarse:
        uncertainty = np.maximum(uncertainty, _BLIND * lines.near / shortest)
    gap, finest = _gap(np.abs(right - left), noise)
    if coarse:  # a long step does not tell a kink from a curve
        gap[h[np.arange(len(h)), finest] > _SHORT * unit] = 0.0
    one_sided = np.full((2, len(slope)), np.nan)
    some = np.flatnonzero(gap)
    if some.size:
        leads = _LEADS * lines.point.precision.eps * unit[some]
        kinked = left[some], right[some], 2 * noise[some], h[some], leads
        sides = np.array(_one_sided(*kinked, gap[some], finest[some], ratio))
        one_sided[:, some] = sides
        # What makes a gap at one step, but not in the limit, was rounding.
        gap[some[np.abs(sides[0] - sides[1]) < _NONE * gap[some]]] = 0.0
    return Slopes(slope, uncertainty, gap, shortest, *one_sided)


def two_rungs(lines: Lines, step: float) -> tuple[Vector, Vector, Vector]:
    """The derivatives along ``lines`` by two steps, ``step`` first, and their uncertainty.

    And the gap between the two sides, as it would be without a step.
    """
    h = np.array([step, step / RATIO])
    x = lines.x[:, None]
    values = lines.at(np.concatenate([x + h, x - h], axis=1))
    up, down = values[:, :2], values[:, 2:]
    coarse, fine = ((up - down) / (2 * h)).T
    slope = fine + (fine - coarse) / (RATIO**2 - 1)
    width = np.full(len(x), 2 * h[1])
    noise = 2 * rounding(lines, np.abs(values).max(axis=1), width)
    wide, narrow = ((up + down - 2 * lines.point.value) / h).T
    gap = np.abs(narrow + (narrow - wide) / (RATIO - 1))  # on a curve both go with the step
    return slope, np.abs(slope - coarse) + noise, gap


def _difference(
    lines: Lines, high: Vector, above: Vector, low: Vector, below: Vector
) -> tuple[Vector, Vector]:
    """Difference quotients (n, m) and their rounding; nan and infinity where there is none."""
    width = above - below
    known = np.isfinite(high) & np.isfinite(low) & (width > 0)
    width = np.where(known, width, 1.0)
    slope = np.where(known, (high - low) / width, np.nan)
    moved = np.fmax(np.abs(high - lines.point.value), np.abs(low - lines.point.value))
    noise = rounding(lines, np.fmax(np.abs(high), np.abs(low)), width, moved)
    return slope, np.where(np.isfinite(high) | np.isfinite(low), noise, np.inf)


def _extrapolate(
    rows: Vector, noise: Vector, h: Vector, power: int, ratio: float
) -> tuple[Vector, Vector, Vector]:
    """The limits of ``rows`` (n, m) for steps ``h`` to 0, where errors go with h^``power``.

    With each, its uncertainty and the shortest step that it rests on.
    """
    n, m = rows.shape
    best, error, shortest = np.full(n, np.nan), np.full(n, np.inf), h[:, 0].copy()
    coarse, coarsest, each = rows, rows, np.arange(n)
    for order in range(1, min(_ORDERS, m - 1) + 1):
        factor = ratio ** (power * order)
        finer, coarser = coarse[:, 1:], coarse[:, :-1]
        better = finer + (finer - coarser) / (factor - 1)
        noise = (factor * noise[:, 1:] + noise[:, :-1]) / (factor - 1)
        # Two orders that agree may do so by accident; three, hardly.
        change = np.abs(better - coarser)
        before = np.abs(better - coarsest[:, : better.shape[1]]) / ratio ** (2 * power)
        change = np.maximum(change, before) + noise
        # Rounding that was seen on finer rungs, and more than was foreseen, counts too.
        steps = h[:, order:]
        seen = np.zeros_like(better)
        seen[:, :-1] = np.abs(better[:, 1:] - better[:, :-1]) * steps[:, 1:]
        seen[~np.isfinite(seen)] = 0.0
        seen = _finest_first(np.maximum, seen)
        # So much more is no rounding, but a jump, which coarser rungs know nothing of.
        known = np.isfinite(better) & ~(seen > _JUMP * noise * steps)
        width = np.where(known, change + seen / steps, np.inf)
        middle = np.where(known, better, 0.0)
        low = _finest_first(np.maximum, middle - width)
        high = _finest_first(np.minimum, middle + width)
        width = np.where(low <= high, width, np.inf)
        pick = each, width.argmin(axis=1)
        wins = width[pick] < error
        best, error = np.where(wins, better[pick], best), np.where(wins, width[pick], error)
        shortest = np.where(wins, steps[pick], shortest)
        coarse, coarsest = better, coarse
    return best, error, shortest


def _finest_first(accumulate: np.ufunc, rows: Vector) -> Vector:
    return np.asarray(accumulate.accumulate(rows[:, ::-1], axis=1)[:, ::-1])


def _one_sided(
    left: Vector,
    right: Vector,
    noise: Vector,
    h: Vector,
    leads: Vector,
    gap: Vector,
    finest: Vector,
    ratio: float,
) -> list[Vector]:
    """The slopes to the left and to the right of kinks; nan where they are not known well.

    Where one makes the gap and still grows at the finest rung, at a jump, it is infinite.
    """
    each = np.arange(len(gap))
    ends = [(side[each, finest], side[each, np.maximum(finest - 3, 0)]) for side in (left, right)]
    grows = [(np.abs(a) > 2 * np.abs(b)) & (np.abs(a) > 0.4 * gap) for a, b in ends]
    jump = grows[0] | grows[1]
    # What leads to a kink is rounded as well, though the engine's slope there may be 0.
    noise = noise + np.where(jump, 0.0, leads * gap)[:, None] / h
    found = []
    for side, infinite, (last, _) in zip((left, right), grows, ends):
        slope, error, _ = _extrapolate(side, noise, h, 1, ratio)
        known = error < _KNOWN * np.where(jump, np.maximum(1.0, np.abs(slope)), gap)
        slope = np.where(known, slope, np.nan)
        found.append(np.where(infinite, np.copysign(np.inf, last), slope))
    return found


def _gap(gaps: Vector, noise: Vector) -> tuple[Vector, Vector]:
    """The gap (n,) between the sides that is left at the finest rung; 0 where it closes.

    With each, that rung.

    On a curve it shrinks with the step. At a kink it stays, down to the rungs where rounding
    would hide it; beside a kink it closes before.
    """
    n, m = gaps.shape
    each = np.arange(n)
    seen = gaps > 8 * noise
    last = m - 1 - np.argmax(seen[:, ::-1], axis=1)
    gap = gaps[each, last]
    before = gaps[each, np.maximum(last - 3, 0)]
    after = np.minimum(last + 2, m - 1)
    hidden = (last + 2 >= m) | (8 * noise[each, after] > 0.25 * gap)
    # What one rung shows alone is rounding that was not foreseen.
    twice = gaps[each, np.maximum(last - 1, 0)] > 0.3 * gap
    stays = seen.any(axis=1) & hidden & (gap > 0.3 * before) & twice
    return np.where(stays, gap, 0.0), last
