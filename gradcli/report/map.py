"""A contour map of two variables with a walk on it, in the terminal itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from rich.color import Color
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from gradcli.descent import Descent
from gradcli.descent.surface import LEVELS, NOWHERE, Surface, surface
from gradcli.problem import Problem

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

_WIDEST = 72
_HALF = "▀"
_SHADES = " .:-=+*#%@"
_COLOURS = ("256", "truecolor")
"""The colour systems that have enough of them for the bands."""
_LOW, _HIGH, _MISSING = (20, 40, 90), (240, 235, 200), (128, 128, 128)

Marks = dict[tuple[int, int], str]


class Map:
    """The map, as wide as the screen allows; coloured where there are enough colours.

    Elsewhere shades of ink stand for the bands; the marks are letters in both.
    """

    def __init__(self, problem: Problem, walk: Descent) -> None:
        self.problem = problem
        self.points = walk.points or []

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(2, min(options.max_width, _WIDEST))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = max(2, min(options.max_width, _WIDEST))
        rows = max(2, columns // 3)  # rows of text, about twice as high as wide
        coloured = console.color_system in _COLOURS and not console.no_color
        coloured = coloured and not options.ascii_only
        found = surface(self.problem, self.points, columns, 2 * rows if coloured else rows)
        bands = found.bands()
        marks = _marks(found, 2 if coloured else 1)
        for row in range(rows - 1, -1, -1):
            yield from _halves(bands, marks, row) if coloured else _shades(bands, marks, row)
            yield Segment("\n")
        yield _caption(found, bands, coloured)


def _marks(found: Surface, height: int) -> Marks:
    """The letter in each cell of text, which is ``height`` rows of the surface high."""
    marks: Marks = {}
    start, end = found.path[:1], found.path[-1:]
    for letter, points in (("m", found.minima), ("o", found.path), ("S", start), ("E", end)):
        for point in points:
            cell = found.cell(point)
            if cell is not None:
                marks[cell[0] // height, cell[1]] = letter
    return marks


def _halves(bands: npt.NDArray[Any], marks: Marks, row: int) -> list[Segment]:
    """A line of text: two rows of the surface, the upper as foreground, the lower behind."""
    line = []
    for column, (lower, upper) in enumerate(bands[2 * row : 2 * row + 2].T.tolist()):
        mark = marks.get((row, column))
        if mark is None:
            style = Style(color=_ramp(upper), bgcolor=_ramp(lower))
        else:
            dark = lower < LEVELS / 2
            ink = Color.from_rgb(*((255, 255, 255) if dark else (0, 0, 0)))
            style = Style(color=ink, bgcolor=_ramp(lower), bold=True)
        line.append(Segment(mark or _HALF, style))
    return line


def _ramp(band: int) -> Color:
    if band == NOWHERE:
        return Color.from_rgb(*_MISSING)
    share = band / (LEVELS - 1)
    return Color.from_rgb(*[low + share * (high - low) for low, high in zip(_LOW, _HIGH)])


def _shades(bands: npt.NDArray[Any], marks: Marks, row: int) -> list[Segment]:
    inks = [
        "?" if band == NOWHERE else _SHADES[band * (len(_SHADES) - 1) // (LEVELS - 1)]
        for band in bands[row].tolist()
    ]
    return [Segment("".join(marks.get((row, j), ink) for j, ink in enumerate(inks)))]


def _caption(found: Surface, bands: npt.NDArray[Any], coloured: bool) -> Text:
    ends = [
        f"{name} {axis[0]:.3g} to {axis[-1]:.3g}"
        for name, axis in zip(found.names, (found.x, found.y))
    ]
    legend = ["S start", "o path", "E end"]
    legend += ["m minimum"] * bool(len(found.minima))
    legend += ["grey: no value" if coloured else "? no value"] * bool(np.any(bands == NOWHERE))
    legend += ["darker is lower" if coloured else f"low {_SHADES.strip()} high"]
    return Text(f"{', '.join(ends)}; {', '.join(legend)}", overflow="fold")
