"""Arrays as tables: indices along the edges, elided where they do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from rich import box
from rich.segment import Segment
from rich.table import Table

from gradcli.report.numbers import text, texts

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

EDGE = 3
"""Entries kept at each end of an axis that is elided, as in NumPy."""
MOST_ROWS = 20
MOST_CELLS = 2000
"""Above this an array is written as aligned columns without a frame: rich would take long."""

_GAP = "..."
_FRAME = 3  # what a column adds to its text: a border and padding at both sides


def array_table(title: str, array: npt.NDArray[Any], width: int | None, full: bool) -> Any:
    """``array`` under ``title``, for a screen of ``width`` columns or, if None, any width.

    One or two axes are shown as they are; more are shown as rows of the last axis.
    """
    whole = full or width is None
    grid = _grid(array)
    if whole and grid.size > MOST_CELLS:
        return Columns(title, array)
    rows = _shown(len(grid), None if whole else MOST_ROWS)
    columns = _shown(grid.shape[1], None if whole else _fitting(grid, rows, width or 0))
    if width is not None:
        width = max(width, 1)
    elided = None in rows or None in columns
    table = Table(
        title=title, title_justify="left", title_style="bold", caption_justify="left",
        box=box.ROUNDED, header_style="dim",
        caption=summary(array) if elided else None,
    )  # fmt: skip
    labels = _labels(array)
    table.add_column("", style="dim", justify="right", no_wrap=whole)
    for j in columns:
        table.add_column(_GAP if j is None else str(j), justify="right", overflow="fold")
    for i in rows:
        if i is None:
            table.add_row(*[_GAP] * (len(columns) + 1))
            continue
        kept = texts(grid[i, [j for j in columns if j is not None]], exact=whole).tolist()
        cells = iter(kept)
        table.add_row(labels[i], *[_GAP if j is None else next(cells) for j in columns])
    return table


def summary(array: npt.NDArray[Any]) -> str:
    """What an elided array keeps to itself."""
    with np.errstate(all="ignore"):
        norm = np.sqrt(np.sum(np.square(array, dtype=np.float64)))
    return (
        f"norm {text(np.float32(norm))}  min {text(np.min(array), False)}  "
        f"max {text(np.max(array), False)}"
    )


class Columns:
    """A large array as aligned columns, written straight out."""

    def __init__(self, title: str, array: npt.NDArray[Any]) -> None:
        self.title = title
        self.array = array

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        cells = texts(_grid(self.array), exact=True)
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


def _shown(count: int, most: int | None) -> list[int | None]:
    """The indices to show, None standing for a gap."""
    if most is None or count <= most:
        return list(range(count))
    edge = min(EDGE, max(1, (most - 1) // 2))
    return [*range(edge), None, *range(count - edge, count)]


def _fitting(grid: npt.NDArray[Any], rows: list[int | None], width: int) -> int:
    """How many columns of numbers fit into ``width``."""
    kept = grid[[i for i in rows if i is not None]]
    sample = kept if kept.shape[1] <= 64 else np.concatenate([kept[:, :32], kept[:, -32:]], axis=1)
    widest = int(np.strings.str_len(texts(sample, exact=False)).max(initial=1))
    margin = len(str(len(grid))) + _FRAME + 1
    return max(1, (width - margin) // (max(widest, len(str(grid.shape[1]))) + _FRAME))
