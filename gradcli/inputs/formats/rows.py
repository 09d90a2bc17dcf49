"""Rows of a text: their cells, and what parts them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gradcli.errors import FileError

if TYPE_CHECKING:
    from _csv import Reader

SPACES = " "
"""Any number of spaces and tabs; a row that begins with # is then a comment."""
DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")
_SAMPLE = 2**16


def rows_of(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with the number of its last line."""
    lines = io.StringIO(text, newline="" if delimiter != SPACES else None)
    if delimiter == SPACES:
        yield from ((i, cells) for i, line in enumerate(lines, 1) if (cells := line.split()))
        return
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    for line, cells in numbered(reader):
        if any(map(str.strip, cells)):
            yield line, cells


def numbered(reader: Reader) -> Iterator[tuple[int, list[str]]]:
    """The rows of ``reader``, each with the number of its last line. Raises FileError."""
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise FileError(f"line {reader.line_num}: {error}") from None


def is_comment(cells: list[str], delimiter: str) -> bool:
    """Whether a row between spaces is none of numbers."""
    return delimiter == SPACES and cells[0].startswith("#")


def delimiter_of(text: str) -> str:
    """The sign that parts the first rows into most numbers; spaces where no other does.

    Raises FileError where commas stand in numbers.
    """
    sample = text[:_SAMPLE]
    if len(text) > _SAMPLE:
        sample = sample[: sample.rfind("\n") + 1] or sample
    found = {sign: _numbers(sample, sign) for sign in (",", "\t", ";")}
    best = max(found, key=lambda sign: found[sign])
    if best == ",":
        for sign in "\t;":
            if _decimal_commas(sample, sign):
                raise FileError(
                    f"{sign!r} parts its columns: a point is needed in decimals, not a comma"
                )
    if not found[best] and _numbers(sample, SPACES):
        return SPACES
    return best


def _numbers(sample: str, sign: str) -> int:
    """The numbers in rows of as many cells as the last one has, if that are several."""
    found = _sampled(sample, sign)
    width = len(found[-1]) if found else 0
    cells = [cell for row in found if len(row) == width > 1 for cell in row]
    return sum(number(cell) is not None for cell in cells)


def _decimal_commas(sample: str, sign: str) -> bool:
    """Whether most rows that ``sign`` parts have a number such as 1,5."""
    found = [
        len(row) > 1 and any(map(DECIMAL_COMMA.fullmatch, row)) for row in _sampled(sample, sign)
    ]
    return 2 * sum(found) > len(found)


def _sampled(sample: str, sign: str) -> list[list[str]]:
    try:
        return [cells for _, cells in rows_of(sample, sign) if not is_comment(cells, sign)]
    except FileError:
        return []


def number(cell: str) -> float | None:
    """What ``cell`` writes, None where that is no number."""
    try:
        return strictly(cell)
    except ValueError:
        return None


def strictly(cell: str) -> float:
    """As Python's ``float``, which would let an underscore pass."""
    if "_" in cell:
        raise ValueError
    return float(cell)
