"""Tables as text: rows of numbers, with their columns by name where a header has names."""

from __future__ import annotations

import csv
import re
from array import array
from collections.abc import Iterator, Mapping

import numpy as np

from gradcli.errors import FileError
from gradcli.inputs.formats.format import Array, Contents, Opened, array_format
from gradcli.inputs.formats.rows import (
    DECIMAL_COMMA,
    delimiter_of,
    is_comment,
    number,
    rows_of,
    strictly,
)
from gradcli.keys import shown


@array_format("CSV", ".csv", ".txt", ".dat")
def read_csv(opened: Opened) -> Contents:
    """Columns parted by whichever of comma, tab, semicolon and spaces parts the first rows."""
    return read_table(opened)


@array_format("TSV", ".tsv")
def read_tsv(opened: Opened) -> Contents:
    return read_table(opened, "\t")


def read_table(opened: Opened, delimiter: str | None = None) -> Contents:
    """The rows of numbers in a text, and its columns."""
    data = opened.read()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if re.search(rb"[\0-\x08\x0e-\x1f]", data):
            raise FileError("is neither text nor a known format of arrays") from None
        line = data.count(b"\n", 0, error.start) + 1
        raise FileError(
            f"line {line}: byte 0x{data[error.start]:02x} is not UTF-8: if this is Latin-1, "
            "save it as UTF-8 (iconv -f LATIN1 -t UTF-8)"
        ) from None
    table = Table(text, delimiter or delimiter_of(text))
    return Contents(table.numbers, table, "column")


class Table(Mapping[str, Array]):
    """The columns of a text by name; several names, ``a,b``, give an array of columns.

    The first row without any number names them, if it has a cell for each. Rows before the
    first number are no data. Only the cells that are asked for need be numbers.
    """

    def __init__(self, text: str, delimiter: str) -> None:
        self._text = text
        self._delimiter = delimiter
        heads = []
        width = None
        for _, cells in rows_of(text, delimiter):
            if is_comment(cells, delimiter):
                words = " ".join(cells).lstrip("# ").split()
                heads.append([] if _has_number(words) else words)
            elif _has_number(cells):
                width = len(cells)
                break
            else:
                heads.append([cell.strip() for cell in cells])
        self._skipped = len(heads)
        self._width = width
        self._header = next((h for h in heads if width in (None, len(h))), [])

    def __getitem__(self, name: str) -> Array:
        """(rows,) for one name, (rows, names) for several."""
        if name in self._header:
            return self.numbers([self._place(name)])[:, 0]
        try:
            names = next(csv.reader([name], skipinitialspace=True)) or [name]
        except csv.Error:  # a line break that is not quoted
            names = [name]
        places = [self._place(part.strip()) for part in names]
        columns = self.numbers(places)
        return columns if len(places) > 1 else columns[:, 0]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for name in self._header if name))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _place(self, name: str) -> int:
        count = self._header.count(name)
        if not count:
            raise KeyError(name)
        if count > 1:
            raise FileError(f"holds {count} columns {name!r}: a slice such as [:,0] picks one")
        return self._header.index(name)

    def numbers(self, columns: list[int] | None = None) -> Array:
        """(rows, columns), or all columns; FileError tells the line of a cell that is none."""
        if self._width is None:
            tabs = " between tabs" if self._delimiter == "\t" else ""
            raise FileError(f"holds no numbers{tabs}")
        picked = range(self._width) if columns is None else columns
        underscores = "_" in self._text
        found = array("d")
        for i, (line, cells) in enumerate(rows_of(self._text, self._delimiter)):
            if i < self._skipped or is_comment(cells, self._delimiter):
                continue
            if len(cells) != self._width:
                raise FileError(f"line {line} has {len(cells)} numbers, the first {self._width}")
            convert = strictly if underscores and "_" in "".join(cells) else float
            try:
                found.extend(map(convert, cells if columns is None else [cells[k] for k in picked]))
            except ValueError:
                wrong = next(k for k in picked if number(cells[k]) is None)
                cell = shown(cells[wrong].strip())
                point = ": a point is needed, not a comma"
                raise FileError(
                    f"line {line}: {cell} is not a number (column {self._called(wrong)})"
                    f"{point if DECIMAL_COMMA.fullmatch(cells[wrong]) else ''}"
                ) from None
        return np.frombuffer(found).reshape(-1, len(picked))

    def _called(self, column: int) -> str:
        return repr(self._header[column]) if self._header else str(column + 1)


def _has_number(cells: list[str]) -> bool:
    return any(number(cell) is not None for cell in cells)
