"""A contour map of two variables with a walk on it, in the terminal itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from gradcli.descent import Descent
from gradcli.problem import Problem

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

LEVELS = 12
"""Bands of equal share of the map between the lowest and the highest value."""
_WIDEST = 72
_FARTHEST = 1e300
_HALF = "▀"
_SHADES = " .:-=+*#%@"
_LOW, _HIGH = (20, 40, 90), (240, 235, 200)
_PATH, _START, _END = (255, 70, 70), (255, 255, 255), (60, 220, 90)


class Surface:
    """Values of a problem of two scalar variables on a grid around a walk."""

    def __init__(self, problem: Problem, points: list[tuple[float, ...]], columns: int, rows: int):
        self.names = list(problem.primals)
        minima = [(x, y) for x, y, _ in problem.minima]
        (self.x0, self.x1), (self.y0, self.y1) = stretches([*points, *minima])
        self.x = np.linspace(self.x0, self.x1, columns)
        self.y = np.linspace(self.y0, self.y1, rows)
        self.z = grid_values(problem, self.x, self.y)

    def bands(self) -> npt.NDArray[Any]:
        """The band of each value, 0 to LEVELS - 1, by rank: contours follow the lie of the land."""
        finite = self.z[np.isfinite(self.z)]
        if not finite.size:
            return np.zeros(self.z.shape, int)
        edges = np.quantile(finite, np.linspace(0, 1, LEVELS + 1)[1:-1])
        return np.asarray(np.searchsorted(edges, np.nan_to_num(self.z, nan=np.inf)))

    def cell(self, point: tuple[float, ...]) -> tuple[int, int] | None:
        """Row (from below) and column of a point, where it is on the map."""
        if not all(np.isfinite(point)):
            return None
        column = round((point[0] - self.x0) / (self.x1 - self.x0) * (len(self.x) - 1))
        row = round((point[1] - self.y0) / (self.y1 - self.y0) * (len(self.y) - 1))
        inside = 0 <= column < len(self.x) and 0 <= row < len(self.y)
        return (row, column) if inside else None


def stretches(
    points: Sequence[Sequence[float]], margin: float = 0.15, least: float = 1.0
) -> list[tuple[float, float]]:
    """From where to where each axis must reach to show ``points``, those that are finite.

    On either side there is a ``margin`` of the stretch, which counts as ``least`` long at
    least, and long enough that its ends differ; it is around 0 if no point is finite.
    """
    at = np.array(points, np.float64)
    finite = at[np.isfinite(at).all(axis=1)]
    finite = np.clip(finite if finite.size else np.zeros((1, at.shape[1])), -_FARTHEST, _FARTHEST)
    low, high = finite.min(axis=0), finite.max(axis=0)
    apart = np.maximum(least, 1e-6 * np.maximum(np.abs(low), np.abs(high)))
    beyond = margin * np.maximum(high - low, apart)
    return list(zip((low - beyond).tolist(), (high + beyond).tolist()))


def grid_values(problem: Problem, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The value at every (y, x): shape (len(y), len(x))."""
    first, second = problem.primals
    values = np.empty((len(y), len(x)))
    with np.errstate(all="ignore"):
        for i, row in enumerate(y):
            for j, column in enumerate(x):
                at = {first: np.float64(column), second: np.float64(row)}
                values[i, j] = float(problem.forward(at, lambda _, value: value))
    return values


class Map:
    """The map, as wide as the screen allows; colours where there are any, else shades."""

    def __init__(self, problem: Problem, walk: Descent) -> None:
        self.problem = problem
        self.walk = walk

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        points = self.walk.points or []
        columns = max(2, min(options.max_width, _WIDEST))
        rows = max(2, columns // 3)  # rows of text, about twice as high as wide
        coloured = console.color_system is not None and not options.ascii_only
        surface = Surface(self.problem, points, columns, 2 * rows if coloured else rows)
        marks = self._marks(surface, points)
        draw = _half_blocks if coloured else _shades
        for line in draw(surface.bands(), marks):
            yield from line
            yield Segment("\n")
        first, second = surface.names
        yield Segment(
            f"{first} {surface.x0:.3g} to {surface.x1:.3g}, "
            f"{second} {surface.y0:.3g} to {surface.y1:.3g}; darker is lower"
            if coloured
            else f"{first} {surface.x0:.3g} to {surface.x1:.3g}, "
            f"{second} {surface.y0:.3g} to {surface.y1:.3g}; S start, o path, E end"
        )
        yield Segment("\n")

    def _marks(self, surface: Surface, points: list[tuple[float, ...]]) -> dict[Any, str]:
        marks = {cell: "o" for p in points if (cell := surface.cell(p)) is not None}
        for point, mark in ((points[0], "S"), (points[-1], "E")):
            cell = surface.cell(point)
            if cell is not None:
                marks[cell] = mark
        return marks


def _half_blocks(bands: npt.NDArray[Any], marks: dict[Any, str]) -> list[list[Segment]]:
    """Two rows of the map in each line of text: the upper as foreground, the lower behind."""
    colours = {"o": _PATH, "S": _START, "E": _END}
    lines = []
    for top in range(len(bands) - 1, 0, -2):
        line = []
        for column in range(bands.shape[1]):
            upper, lower = (
                Color.from_rgb(*(colours[marks[r, column]] if (r, column) in marks
                                 else _ramp(int(bands[r, column]))))
                for r in (top, top - 1)
            )  # fmt: skip
            line.append(Segment(_HALF, Style(color=upper, bgcolor=lower)))
        lines.append(line)
    return lines


def _ramp(band: int) -> tuple[float, ...]:
    share = band / (LEVELS - 1)
    return tuple(low + share * (high - low) for low, high in zip(_LOW, _HIGH))


def _shades(bands: npt.NDArray[Any], marks: dict[Any, str]) -> list[list[Segment]]:
    lines = []
    for row in range(len(bands) - 1, -1, -1):
        shades = [_SHADES[int(b) * (len(_SHADES) - 1) // (LEVELS - 1)] for b in bands[row]]
        text = "".join(marks.get((row, j), shade) for j, shade in enumerate(shades))
        lines.append([Segment(text)])
    return lines
