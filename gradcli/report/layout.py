"""Tables that fit the screen: numbers whole, in blocks of columns; words may fold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from gradcli.report.numbers import aligned, columns, text
from gradcli.report.report import Screen

_FOLDED = 12
"""To this a column of words is folded before columns go to the next block."""
_HEAD = 8
"""To this a head above numbers is folded, between its words."""


class Column(NamedTuple):
    """A column of a table, its cells as text."""

    head: str
    cells: Sequence[Text]
    width: int
    """What it takes to show it, without padding and frame; the head may be folded to it."""
    folds: bool
    """Whether it holds words alone, and may be narrower than ``width``."""
    style: str = ""


class Block(NamedTuple):
    """The columns from ``first`` to before ``last``, beside the labels, as one table."""

    first: int
    last: int
    table: Table


def grid(heads: Sequence[str], rows: Sequence[Sequence[Any]], screen: Screen) -> Iterator[Table]:
    """``rows`` of numbers and words under ``heads``, as tables that fit ``screen`` one by one.

    A word is a str or a Text, None is an empty cell, and any other cell is a number. The numbers
    of a column have their points under each other and are never folded nor cut: where the
    screen is too narrow for all columns they come in blocks, the first column in each of them.
    With empty ``heads`` there is no header.
    """
    found = [column(head, [row[j] for row in rows], screen) for j, head in enumerate(heads)]
    for block in blocks(found[:1], found[1:], screen.width):
        yield block.table


def column(head: str, cells: Sequence[Any], screen: Screen) -> Column:
    """``cells``, words and numbers as for ``grid``, under ``head``."""
    numbers = [i for i, cell in enumerate(cells) if not isinstance(cell, str | Text | None)]
    shown = [cell if isinstance(cell, Text) else Text(cell or "") for cell in _words(cells)]
    for i, number in zip(numbers, _in_line([cells[i] for i in numbers], screen)):
        shown[i] = Text(number)
    width = max((cell.cell_len for cell in shown), default=0)
    if not numbers:
        return Column(head, shown, max(width, cell_len(head)), True)
    width = max([width, min(cell_len(head), _HEAD), *map(cell_len, head.split())])
    return Column(head, shown, width, False)


def blocks(labels: Sequence[Column], cols: Sequence[Column], width: int | None) -> Iterator[Block]:
    """``cols`` in as few tables as fit into ``width``, each with ``labels`` before them.

    Where one column with labels is too wide there is no space beside the numbers.
    """
    pad = int(width is None or all(least([*labels, col]) <= width for col in cols))
    room = None if width is None else width - least(labels, pad)
    for first, last in spans([least([col], pad) - 1 for col in cols], room):
        yield Block(first, last, _framed([*labels, *cols[first:last]], pad, width))


def spans(widths: Sequence[int], room: int | None) -> list[tuple[int, int]]:
    """What is so wide in as few parts as fit into ``room``: the first, and where the next begins.

    What is wider than that by itself is a part by itself. None stands for room for all.
    """
    found, first, taken = [], 0, 0
    for j, width in enumerate(widths):
        if room is not None and j > first and taken + width > room:
            found.append((first, j))
            first, taken = j, 0
        taken += width
    return [*found, (first, len(widths))]


def least(cols: Sequence[Column], pad: int = 1) -> int:
    """What a table takes whose words are folded as far as is fair."""
    widths = [min(col.width, _FOLDED) if col.folds else col.width for col in cols]
    return sum(widths) + frame(len(cols), pad)


def _words(cells: Sequence[Any]) -> list[Any]:
    return [cell if isinstance(cell, str | Text) else None for cell in cells]


def _in_line(numbers: Sequence[Any], screen: Screen) -> list[str]:
    if not numbers:
        return []
    arrays = [np.asarray(number) for number in numbers]
    if len({array.dtype for array in arrays}) == 1:
        cells = columns(np.stack(arrays).reshape(-1, 1), screen.digits)
    else:
        cells = aligned(np.array([[text(array, screen)] for array in arrays]))
    found: list[str] = cells[:, 0].tolist()
    return found


def _right(cell: Text, width: int) -> Text:
    """``cell`` filled up from the left, as rich justifies only what has no space at its end."""
    filled = cell.copy()
    filled.pad_left(width - cell.cell_len)
    return filled


def frame(count: int, pad: int = 1) -> int:
    """What the frame of a table takes, with ``pad`` spaces on either side of a cell."""
    return count * (2 * pad + 1) + 1


def _framed(cols: Sequence[Column], pad: int, width: int | None) -> Table:
    table = Table(
        box=box.ROUNDED,
        header_style="dim",
        padding=(0, pad),
        show_header=any(col.head for col in cols),
    )
    wider = [col._replace(width=max(col.width, cell_len(col.head))) for col in cols]
    if width is None or least(wider, pad) <= width:
        cols = wider
    for col in cols:
        head = Text(col.head, justify="left" if col.folds else "right")
        fixed = None if col.folds else col.width
        table.add_column(head, style=col.style, width=fixed, overflow="fold")
    for row in zip(*[col.cells for col in cols], strict=True):
        table.add_row(*[c if col.folds else _right(c, col.width) for col, c in zip(cols, row)])
    needed = sum(1 if col.folds else col.width for col in cols) + frame(len(cols), pad)
    if width is not None and needed > width:
        table.width = needed  # the terminal folds a line sooner than a number is cut
    return table
