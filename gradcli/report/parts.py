"""What rich renderables say, for those who write it down in another language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from rich.console import Group
from rich.style import Style
from rich.table import Table
from rich.text import Text

from gradcli.report.standalone import plain
from gradcli.suggest import printable


class Words(NamedTuple):
    """A line, as runs of text that are bold or not."""

    runs: list[tuple[str, bool]]


class Cells(NamedTuple):
    """A table: a head and rows of as many cells each; of numbers alone, a column is ``right``."""

    title: str
    head: list[str]
    rows: list[list[str]]
    right: list[bool]


class Aligned(NamedTuple):
    """Lines whose columns stand under each other, or what else must be kept as it is."""

    lines: list[str]


def parts_of(renderables: Iterable[Any]) -> Iterator[Words | Cells | Aligned]:
    """Lines, tables and aligned text, in order; every character in them can be seen."""
    aligned: list[str] = []
    for one in _each(renderables):
        if isinstance(one, Aligned):
            aligned += one.lines
            continue
        if aligned:
            yield Aligned(aligned)
            aligned = []
        yield one
    if aligned:
        yield Aligned(aligned)


def _each(renderables: Iterable[Any]) -> Iterator[Words | Cells | Aligned]:
    for part in renderables:
        if isinstance(part, Group):
            yield from _each(part.renderables)
        elif isinstance(part, Table):
            yield _cells(part)
        elif isinstance(part, (Text, str)):
            text = Text(part) if isinstance(part, str) else part
            for line in text.split("\n", allow_blank=False):
                if line.plain.strip():
                    yield _line(line)
        else:
            yield Aligned([printable(line) for line in plain([part]).splitlines()])


def _line(line: Text) -> Words | Aligned:
    bold = [_is_bold(line.style)] * len(line.plain)
    for start, end, style in line.spans:
        if _is_bold(style):
            bold[start:end] = [True] * (min(end, len(bold)) - start)
    if not all(bold) and "  " in line.plain.rstrip():
        return Aligned([printable(line.plain.rstrip())])
    runs: list[tuple[str, bool]] = []
    for character, heavy in zip(line.plain, bold):
        if runs and runs[-1][1] == heavy:
            runs[-1] = runs[-1][0] + character, heavy
        else:
            runs.append((character, heavy))
    return Words([(printable(run), heavy) for run, heavy in runs])


def _is_bold(style: str | Style) -> bool:
    return bool((Style.parse(style) if isinstance(style, str) else style).bold)


def _cells(table: Table) -> Cells:
    columns = [[_plain(cell) for cell in column.cells] for column in table.columns]
    return Cells(
        _plain(table.title or ""),
        [_plain(column.header) if table.show_header else "" for column in table.columns],
        [list(row) for row in zip(*columns)],
        [any(cells) and all(map(is_number, filter(None, cells))) for cells in columns],
    )


def _plain(cell: Any) -> str:
    text = cell.plain if isinstance(cell, Text) else str(cell)
    return printable(" ".join(text.split()))


def is_number(text: str) -> bool:
    """Whether ``text`` is a number and nothing else."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text
