"""A table that is written line by line, while its rows come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from rich import box
from rich.cells import cell_len
from rich.measure import Measurement
from rich.text import Text

from gradcli.report.layout import frame
from gradcli.report.numbers import around_the_point, scientific, text
from gradcli.report.report import Screen

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

_WHOLE = 3
"""Before the point there is space for so many characters at least, a sign among them."""
_BEYOND = 4
"""What digits take from the point on besides themselves: 0.0001234, 1.234e-05."""


class RunningTable:
    """Counts and numbers under ``heads``, laid out once for all: by the dtypes of ``first``.

    Each number has its point under that of the one above, but for exponents of three digits. One
    that is too long before the point is written in scientific notation. ``most`` is the largest
    of the counts, the first column.
    """

    def __init__(self, heads: Sequence[str], first: Sequence[Any], most: int, screen: Screen):
        self.heads = heads
        self.screen = screen
        counts = max(len(str(most)), cell_len(heads[0]))
        self._cells = [_layout(np.asarray(value), screen) for value in first]
        widths = [max(c.before + c.after, cell_len(h)) for c, h in zip(self._cells, heads[1:])]
        self.widths = [counts, *widths]

    @property
    def fits(self) -> bool:
        """Whether it is no wider than the screen."""
        needed = sum(self.widths) + frame(len(self.widths))
        return self.screen.width is None or needed <= self.screen.width

    def top(self) -> list[Line]:
        """The lines above the first row."""
        heads = [" " * (w - cell_len(h)) + h for w, h in zip(self.widths, self.heads)]
        lines = {"top": (), "head": heads, "rule": ()}
        return [Line(kind, self.widths, cells) for kind, cells in lines.items()]

    def row(self, count: int, values: Sequence[Any]) -> Line:
        """``values`` beside a count; None leaves its cell empty."""
        cells = [str(count), *[_cell(v, c, self.screen) for v, c in zip(values, self._cells)]]
        return Line("row", self.widths, list(map(str.rjust, cells, self.widths)))

    def bottom(self) -> Line:
        return Line("bottom", self.widths)


class Line(NamedTuple):
    """One line of a table, in the characters that the screen has."""

    kind: str
    widths: Sequence[int]
    cells: Sequence[str] = ()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        width = sum(self.widths) + frame(len(self.widths))
        return Measurement(width, width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = box.ROUNDED.substitute(options, safe=console.safe_box)
        padded = [width + 2 for width in self.widths]
        if self.kind == "top":
            line = Text(lines.get_top(padded))
        elif self.kind == "rule":
            line = Text(lines.get_row(padded, "head"))
        elif self.kind == "bottom":
            line = Text(lines.get_bottom(padded))
        else:
            style = "dim" if self.kind == "head" else ""
            line = Text(lines.mid_left)
            for i, cell in enumerate(self.cells):
                line.append(lines.mid_vertical if i else "").append(f" {cell} ", style)
            line.append(lines.mid_right)
        line.no_wrap, line.overflow = True, "ignore"
        yield line


class _Layout(NamedTuple):
    """So many characters before the point, and so many from it on."""

    before: int
    after: int


def _layout(first: Any, screen: Screen) -> _Layout:
    digits = screen.digits or (9 if first.dtype.itemsize <= 4 else 17)
    return _Layout(max(_WHOLE, _point(text(first, screen))), digits + _BEYOND)


def _cell(value: Any, layout: _Layout, screen: Screen) -> str:
    if value is None:
        return ""
    shown = text(value, screen)
    if _point(shown) > layout.before and np.isfinite(value):
        shown = scientific(value, screen.digits)
    return shown.ljust(min(_point(shown), layout.before) + layout.after)


def _point(shown: str) -> int:
    """Where the point of a number is, or would be."""
    return int(around_the_point(np.array(shown))[0])
