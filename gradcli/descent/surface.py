"""A surface: the values of a problem of two scalar variables around a walk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.descent.grid import Floats, values_at
from gradcli.errors import SpecError
from gradcli.problem import Problem

Points = Sequence[Sequence[float]]
LEVELS = 12
"""Bands of equal share of the surface between the lowest and the highest value."""
NOWHERE = -1
"""The band where there is no value."""
_FARTHEST = 1e300


class Surface(NamedTuple):
    """``z`` at every ``(y, x)``: shape (len(y), len(x)); nan where there is no finite value."""

    names: tuple[str, str]
    x: Floats
    y: Floats
    z: Floats
    path: Floats
    """The points walked through, (n, 2), and the value at each, (n,)."""
    heights: Floats
    minima: Floats
    """The known minima that lie on the surface, (m, 2), and the value at each, (m,)."""
    depths: Floats

    def bands(self) -> npt.NDArray[Any]:
        """The band of each value, 0 to LEVELS - 1, by rank: contours follow the lie of the land."""
        there = np.isfinite(self.z)
        if not there.any():
            return np.full(self.z.shape, NOWHERE)
        edges = np.quantile(self.z[there], np.linspace(0, 1, LEVELS + 1)[1:-1])
        return np.where(there, np.searchsorted(edges, self.z), NOWHERE)

    def cell(self, point: Sequence[float]) -> tuple[int, int] | None:
        """Row (from below) and column of a point, where it is on the surface."""
        if not np.all(np.isfinite(point)):
            return None
        column, row = (
            round((at - axis[0]) / (axis[-1] - axis[0]) * (len(axis) - 1))
            for at, axis in zip(point, (self.x, self.y))
        )
        inside = 0 <= column < len(self.x) and 0 <= row < len(self.y)
        return (row, column) if inside else None


def surface(
    problem: Problem,
    points: Points,
    columns: int,
    rows: int,
    low: Sequence[float] = (),
    high: Sequence[float] = (),
) -> Surface:
    """The values of ``problem`` around ``points`` and its known minima, or from low to high.

    ``low`` and ``high`` have one number for both variables, one for each, or none: that end is
    then chosen. Raises SpecError where they do not fit.
    """
    first, second = problem.primals
    minima = [(at_x, at_y) for at_x, at_y, _ in problem.minima]
    (x0, x1), (y0, y1) = spans([*points, *minima], low, high)
    x, y = np.linspace(x0, x1, columns), np.linspace(y0, y1, rows)
    across, up = np.meshgrid(x, y)
    z = values_at(problem, {first: across, second: up})
    z = np.where(np.isfinite(z), z, np.nan)
    path = np.array(points, np.float64).reshape(-1, 2)
    near = [m for m in minima if x0 <= m[0] <= x1 and y0 <= m[1] <= y1]
    lowest = np.array(near, np.float64).reshape(-1, 2)
    heights, depths = (
        values_at(problem, {first: at[:, 0], second: at[:, 1]}) for at in (path, lowest)
    )
    return Surface((first, second), x, y, z, path, heights, lowest, depths)


def spans(
    points: Points,
    low: Sequence[float] = (),
    high: Sequence[float] = (),
    margin: float = 0.15,
    least: float = 1.0,
) -> list[tuple[float, float]]:
    """From where to where each axis reaches: to show ``points``, those that are finite.

    On either side there is a ``margin`` of the stretch, which counts as ``least`` long at
    least, and long enough that its ends differ; it is around 0 if no point is finite. What
    ``low`` and ``high`` say goes before that: see ``surface``.
    """
    at = np.array(points, np.float64)
    finite = at[np.isfinite(at).all(axis=1)]
    finite = np.clip(finite if finite.size else np.zeros((1, at.shape[1])), -_FARTHEST, _FARTHEST)
    start, end = finite.min(axis=0), finite.max(axis=0)
    start, end = _given("from", low, start), _given("to", high, end)
    apart = np.maximum(least, 1e-6 * np.maximum(np.abs(start), np.abs(end)))
    beyond = margin * np.maximum(end - start, apart)
    # Points that lie on the far side of a given end do not turn the axis round.
    start = start if len(low) else np.minimum(start, end) - beyond
    end = end if len(high) else np.maximum(start, end) + beyond
    if not np.all(start < end):
        raise SpecError("from", "must be below the end of the range")
    return list(zip(start.tolist(), end.tolist()))


def _given(key: str, ends: Sequence[float], otherwise: Floats) -> Floats:
    if not len(ends):
        return otherwise
    if len(ends) not in (1, len(otherwise)) or not np.all(np.isfinite(ends)):
        count = "one number" if len(otherwise) == 1 else f"one number, or {len(otherwise)}"
        raise SpecError(key, f"must be {count}, one for each variable")
    return np.broadcast_to(np.asarray(ends, np.float64), otherwise.shape)
