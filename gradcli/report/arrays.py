"""Arrays as tables: indices along the edges, elided where they do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from rich import box
from rich.cells import cell_len
from rich.console import Group
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from gradcli.report.numbers import text, texts
from gradcli.report.report import Screen

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

EDGE = 3
"""Rows kept at each end of an array that is elided, as in NumPy."""
MOST_ROWS = 20
MOST_CELLS = 2000
"""Above this an array is written as aligned columns without a frame: rich would take long."""

_GAP = "..."
_FRAME = 3
"""What a column of a table adds to its text: a border, and a space at both sides."""


def array_table(title: str, array: npt.NDArray[Any], width: int | None, full: bool) -> Any:
    """``array`` under ``title``, for a screen of ``width`` columns or, if None, any width.

    One or two axes are shown as they are; more are shown as rows of the last axis.
    """
    whole = full or width is None
    if not array.size:
        return Text.assemble((title, "bold"), "  empty")
    grid = _grid(array)
    if whole and grid.size > MOST_CELLS:
        return Columns(title, array)
    labels = _labels(array)
    rows = both_ends(len(grid), len(grid) if whole or len(grid) <= MOST_ROWS else 2 * EDGE)
    kept = [i for i in rows if i is not None]
    count = grid.shape[1]
    if not whole:
        margin = max(cell_len(labels[i]) for i in kept) + _FRAME + 1
        count = fitting(grid[kept], (width or 0) - margin, _FRAME)
    columns = both_ends(grid.shape[1], count)

    table = Table(box=box.ROUNDED, header_style="dim")
    table.add_column("", style="dim", justify="right", no_wrap=True)
    for j in columns:
        table.add_column(_GAP if j is None else str(j), justify="right", overflow="fold")
    for i in rows:
        if i is None:
            table.add_row(*[_GAP] * (len(columns) + 1))
            continue
        cells = iter(
            texts(grid[i, [j for j in columns if j is not None]], None if whole else 6).tolist()
        )
        table.add_row(labels[i], *[_GAP if j is None else next(cells) for j in columns])
    elided = None in rows or None in columns
    below = [Text(summary(array), style="dim")] if elided else []
    return Group(Text(title, style="bold"), table, *below)


def both_ends(count: int, most: int) -> list[int | None]:
    """``most`` of the indices below ``count``, from both ends; None stands for the gap."""
    if count <= most:
        return list(range(count))
    return [*range((most + 1) // 2), None, *range(count - most // 2, count)]


def fitting(grid: npt.NDArray[Any], width: int, gap: int) -> int:
    """How many columns of numbers fit into ``width``, with the mark of elision if not all do."""
    columns: int = grid.shape[1]
    most = min(columns, max(1, width // (1 + gap)))
    near = both_ends(columns, most)
    cells = texts(grid[:, [j for j in near if j is not None]], 6)
    wide = (np.strings.str_len(cells).max(axis=0) + gap).tolist()
    while most > 1:
        taken = [*wide[: (most + 1) // 2], *wide[len(wide) - most // 2 :]]
        if sum(taken) + (len(_GAP) + gap) * (most < columns) <= width:
            break
        most -= 1
    return most


def summary(array: npt.NDArray[Any]) -> str:
    """What an elided array keeps to itself."""
    with np.errstate(all="ignore"):
        norm = np.sqrt(np.sum(np.square(array, dtype=np.float64)))
    return (
        f"norm {text(norm, Screen())}  min {text(np.min(array), Screen())}  "
        f"max {text(np.max(array), Screen())}"
    )


class Columns:
    """A large array as aligned columns, written straight out."""

    def __init__(self, title: str, array: npt.NDArray[Any]) -> None:
        self.title = title
        self.array = array

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        cells = texts(_grid(self.array), None)
        labels = _labels(self.array)
        margin = max(len(label) for label in labels)
        width = max(np.strings.str_len(cells).max(initial=1), len(str(cells.shape[1])))
        yield Segment(f"{self.title}\n")
        heads = " ".join(f"{j:>{width}}" for j in range(cells.shape[1]))
        yield Segment(f"{'':>{margin}} {heads}\n")
        for label, row in zip(labels, cells.tolist()):
            numbers = " ".join([cell.rjust(width) for cell in row])
            yield Segment(f"{label:>{margin}} {numbers}\n")


def _grid(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """``array`` as a table of rows."""
    return array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)


def _labels(array: npt.NDArray[Any]) -> list[str]:
    """What stands before each row: its index, or nothing where there is one axis."""
    if array.ndim < 2:
        return [""]
    return [",".join(map(str, index)) for index in np.ndindex(array.shape[:-1])]
