"""Arrays as tables: indices along the edges, columns in blocks, elided where they are too many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from rich.console import Group
from rich.measure import Measurement
from rich.segment import Segment
from rich.text import Text

from gradcli.report.layout import Block, Column, blocks, least, spans
from gradcli.report.numbers import columns, norm, text
from gradcli.report.report import Screen

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

EDGE = 3
"""Rows kept at each end of an array that is elided, as in NumPy."""
MOST_ROWS = 20
MOST_BLOCKS = 6
"""An array that takes more of them shows the columns at both ends."""
MOST_CELLS = 2000
"""Above this an array is written as aligned columns without a frame: rich would take long."""

GAP = "..."
_LEAST = 4
"""Of the screen, what a column of a table takes at least: a digit, its padding, a border."""


def array_table(title: str, array: npt.NDArray[Any], screen: Screen) -> Any:
    """``array`` under ``title``, as wide as ``screen`` at most: all of it, where that is asked.

    One or two axes are shown as they are; more are shown as rows of the last axis.
    """
    if not array.size:
        return Text.assemble((title, "bold"), "  empty")
    grid, labels = rows_of(array), _labels(array)
    if screen.whole and grid.size > MOST_CELLS:
        return Group(Text(title, style="bold"), Written(grid, labels, screen))
    most = len(grid) if screen.whole or len(grid) <= MOST_ROWS else 2 * EDGE
    rows = both_ends(len(grid), most)
    beside = _column("", [GAP if i is None else labels[i] for i in rows], "dim")
    tables: list[Block] = []
    if screen.whole or grid.shape[1] * _LEAST <= (screen.width or 0) * MOST_BLOCKS:
        found = blocks([beside], _columns(grid, rows, screen), screen.width)
        tables = list(found if screen.whole else islice(found, MOST_BLOCKS + 1))
    elided = not screen.whole and not 0 < len(tables) <= MOST_BLOCKS
    if elided:
        ends = _ends(grid, rows, beside, screen)
        found = blocks([beside], ends, screen.width)
        tables = [b for b in found if [c.head for c in ends[b.first : b.last]] != [GAP]]
    shown: list[Any] = [Text(title, style="bold")]
    for first, last, table in tables:
        if len(tables) > 1 and not elided:
            shown.append(Text(_span(first, last), style="dim"))
        shown.append(table)
    if elided or None in rows:
        shown.append(Text(f"{summary(array, screen)}  (full shows every entry)", style="dim"))
    return Group(*shown)


def both_ends(count: int, most: int) -> list[int | None]:
    """``most`` of the indices below ``count``, from both ends; None stands for the gap."""
    if count <= most:
        return list(range(count))
    return [*range((most + 1) // 2), None, *range(count - most // 2, count)]


def fitting(widths: Sequence[int], room: int) -> int:
    """How many of so wide columns, from both ends, fit into ``room`` where not all are shown."""
    most = max(1, len(widths) - 1)
    while most > 1:
        if sum(widths[j] for j in both_ends(len(widths), most) if j is not None) <= room:
            break
        most -= 1
    return most


def summary(array: npt.NDArray[Any], screen: Screen) -> str:
    """What an elided array keeps to itself."""
    told = {"norm": norm(array), "min": np.min(array), "max": np.max(array)}
    return "  ".join(f"{name} {text(value, screen)}" for name, value in told.items())


def _span(first: int, last: int) -> str:
    return f"columns {first} to {last - 1}" if last - first > 1 else f"column {first}"


def _columns(grid: npt.NDArray[Any], rows: Sequence[int | None], screen: Screen) -> list[Column]:
    """Every column of ``grid``, with ``rows`` of it."""
    cells = columns(grid[[i for i in rows if i is not None]], screen.digits).T.tolist()
    found = []
    for j, column in enumerate(cells):
        numbers = iter(column)
        found.append(_column(str(j), [GAP if i is None else next(numbers) for i in rows]))
    return found


def _ends(
    grid: npt.NDArray[Any], rows: Sequence[int | None], beside: Column, screen: Screen
) -> list[Column]:
    """As many columns from both ends of ``grid`` as fit, with the gap between."""
    count, width = grid.shape[1], screen.width or 0
    most = max(3, min(count, width // _LEAST))
    near = [j for j in both_ends(count, most) if j is not None]
    found = [
        column._replace(head=str(j))
        for j, column in zip(near, _columns(grid[:, near], rows, screen))
    ]
    gap = _column(GAP, [GAP] * len(rows))
    room = (screen.width or 0) - least([beside, gap])
    kept = both_ends(len(found), fitting([least([column]) - 1 for column in found], room))
    return [gap if j is None else found[j] for j in kept]


def _column(head: str, cells: Sequence[str], style: str = "") -> Column:
    """Cells of a width of their own, from which they are not folded."""
    width = max(len(head), *map(len, cells))
    return Column(head, [Text(cell) for cell in cells], width, False, style)


class Written:
    """A large array as aligned columns, written straight out."""

    def __init__(self, grid: npt.NDArray[Any], labels: Sequence[str], screen: Screen) -> None:
        self.grid = grid
        self.labels = labels
        self.screen = screen

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self._lines():
            yield Segment(line)
            yield Segment.line()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        width = max(map(len, self._lines()))
        return Measurement(width, width)

    def _lines(self) -> Iterator[str]:
        margin = max(map(len, self.labels))
        cells = columns(self.grid, self.screen.digits)
        heads = [str(j) for j in range(cells.shape[1])]
        widths = [max(len(head), len(cell)) for head, cell in zip(heads, cells[0].tolist())]
        room = None if self.screen.width is None else self.screen.width - margin
        parts = spans([width + 1 for width in widths], room)
        for first, last in parts:
            if len(parts) > 1:
                yield _span(first, last)
            for label, row in zip(["", *self.labels], [heads, *cells.tolist()]):
                numbers = map(str.rjust, row[first:last], widths[first:last])
                yield f"{label:>{margin}} {' '.join(numbers)}".rstrip()


def rows_of(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """``array`` as a table of rows."""
    return array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)


def _labels(array: npt.NDArray[Any]) -> list[str]:
    """What stands before each row: its index, or nothing where there is one axis."""
    if array.ndim < 2:
        return [""]
    return [",".join(map(str, index)) for index in np.ndindex(array.shape[:-1])]
