"""A profile: the value and the derivative of a problem along its one variable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from gradcli.descent.grid import Floats, slopes_at, values_at
from gradcli.descent.surface import Points, spans
from gradcli.problem import Problem

_MOST_JUMPS = 64
_HALVINGS = 40
Function = Callable[[Floats], Floats]


class Line(NamedTuple):
    """Points of a curve; nan where the line is interrupted."""

    x: Floats
    y: Floats


class Profile(NamedTuple):
    """Both curves from end to end, the points walked through and the value at each."""

    name: str
    value: Line
    derivative: Line
    path: Line
    reach: tuple[float, float] | None
    """Which values to show where the curve runs off to infinity."""


def profile(
    problem: Problem,
    points: Points,
    count: int,
    low: Sequence[float] = (),
    high: Sequence[float] = (),
) -> Profile:
    """``count`` points around ``points``, or from low to high: see ``surface``.

    The lines are interrupted where the function jumps, and end where it does: at an edge or a
    jump between two points, which is looked for.
    """
    [name] = problem.primals
    [(start, end)] = spans(points, low, high, margin=0.3, least=20 / 3)
    x = np.linspace(start, end, count)

    def value(at: Floats) -> Floats:
        return values_at(problem, {name: at})

    def slope(at: Floats) -> Floats:
        return slopes_at(problem, {name: at})[1][name]

    height, derivative = slopes_at(problem, {name: x})
    walked = np.array([p[0] for p in points if np.isfinite(p[0])])
    heights = value(walked)
    heights_line = _line(value, x, height)
    slopes_line = _line(slope, x, derivative[name])
    reach = None
    if _grown(heights_line, height) or _grown(slopes_line, derivative[name]):
        reach = low_end, high_end = _reach(height, heights)
        far = 10 * (high_end - low_end)  # what draws lines does not bear numbers of any size
        heights_line, slopes_line = (
            Line(line.x, np.clip(line.y, low_end - far, high_end + far))
            for line in (heights_line, slopes_line)
        )
    return Profile(name, heights_line, slopes_line, Line(walked, heights), reach)


def _line(function: Function, x: Floats, y: Floats) -> Line:
    """The points (x, y), and where the function jumps between two of them, both sides of that."""
    y = np.where(np.isfinite(y), y, np.nan)
    jumps = _jumps(y[:-1], y[1:])
    bounded = jumps[np.isfinite(jumps)]
    likely = np.flatnonzero(jumps > 0.01 * bounded.sum() if bounded.size else jumps > 0)
    likely = np.sort(likely[np.argsort(-jumps[likely], kind="stable")[:_MOST_JUMPS]])
    if not likely.size:
        return Line(x, y)
    # By arcsinh, lest what is near a pole hide on which side of it the sign changes.
    left, right, low, high = x[likely], x[likely + 1], y[likely], y[likely + 1]
    first = _jumps(np.arcsinh(low), np.arcsinh(high))
    for _ in range(_HALVINGS):
        middle = (left + right) / 2
        at = function(middle)
        at = np.where(np.isfinite(at), at, np.nan)
        bent = np.arcsinh([low, at, high])
        before = _jumps(bent[0], bent[1]) >= _jumps(bent[1], bent[2])
        left, low = np.where(before, left, middle), np.where(before, low, at)
        right, high = np.where(before, middle, right), np.where(before, at, high)
    torn = _jumps(np.arcsinh(low), np.arcsinh(high)) >= first / 2
    after = np.repeat(likely[torn] + 1, 3)
    gap = np.full(len(low), np.nan)
    return Line(
        np.insert(x, after, np.stack([left, (left + right) / 2, right], 1)[torn].reshape(-1)),
        np.insert(y, after, np.stack([low, gap, high], 1)[torn].reshape(-1)),
    )


def _jumps(low: Floats, high: Floats) -> Floats:
    """How far apart; endlessly where only one of the two is a number."""
    missing = np.isnan(low) != np.isnan(high)
    with np.errstate(all="ignore"):
        return np.where(missing, np.inf, np.nan_to_num(np.abs(high - low), nan=0.0, posinf=np.inf))


def _grown(line: Line, y: Floats) -> bool:
    """Whether the line goes far beyond the points at its edges and jumps: there is a pole.

    Where the value has one, and the same sign on both sides, the derivative jumps.
    """
    return _largest(line.y) > 10 * _largest(y)


def _largest(y: Floats) -> float:
    return float(np.max(np.abs(y[np.isfinite(y)]), initial=0.0))


def _reach(values: Floats, heights: Floats) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    low, high = np.quantile(finite, [0.05, 0.95]) if finite.size else (0.0, 1.0)
    shown = [low, high, *heights[np.isfinite(heights)]]
    beyond = 0.5 * (max(shown) - min(shown)) or 1.0
    return min(shown) - beyond, max(shown) + beyond
