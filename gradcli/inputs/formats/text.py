"""Tables as text: comma-separated rows, with their columns by name where a header has names."""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterator, Mapping

import numpy as np

from gradcli.errors import FileError
from gradcli.inputs.formats.format import Array, Contents, Opened, array_format
from gradcli.keys import shown


@array_format("CSV", ".csv")
def read_csv(opened: Opened) -> Contents:
    return read_table(opened, ",")


def read_table(opened: Opened, delimiter: str) -> Contents:
    """The rows of numbers in a text, and its columns."""
    try:
        table = Table(opened.file.read().decode("utf-8-sig"), delimiter)
    except UnicodeDecodeError:
        raise FileError("is neither text nor a NumPy file") from None
    return Contents(table.numbers, table, "column")


class Table(Mapping[str, Array]):
    """The columns of a text by name; several names, ``a,b``, give an array of columns.

    The first row without any number names them, if it has a cell for each. Rows before the
    first number are no data. Only the cells that are asked for need be numbers.
    """

    def __init__(self, text: str, delimiter: str) -> None:
        _require(delimiter, text)
        self._text = text
        self._delimiter = delimiter
        heads = []
        width = None
        for _, cells in self._rows():
            if any(_number(cell) is not None for cell in cells):
                width = len(cells)
                break
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
            raise FileError("holds no numbers")
        picked = range(self._width) if columns is None else columns
        underscores = "_" in self._text
        found = array("d")
        for i, (line, cells) in enumerate(self._rows()):
            if i < self._skipped:
                continue
            if len(cells) != self._width:
                raise FileError(f"line {line} has {len(cells)} numbers, the first {self._width}")
            convert = _strictly if underscores and "_" in "".join(cells) else float
            try:
                found.extend(map(convert, cells if columns is None else [cells[k] for k in picked]))
            except ValueError:
                wrong = next(k for k in picked if _number(cells[k]) is None)
                cell = shown(cells[wrong].strip())
                raise FileError(
                    f"line {line}: {cell} is not a number (column {self._called(wrong)})"
                ) from None
        return np.frombuffer(found).reshape(-1, len(picked))

    def _called(self, column: int) -> str:
        return repr(self._header[column]) if self._header else str(column + 1)

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Rows that are not blank, each with the number of its last line."""
        lines = io.StringIO(self._text, newline="")
        reader = csv.reader(lines, delimiter=self._delimiter, skipinitialspace=True)
        try:
            for cells in reader:
                if any(map(str.strip, cells)):
                    yield reader.line_num, cells
        except csv.Error as error:
            raise FileError(f"line {reader.line_num}: {error}") from None


def _require(delimiter: str, text: str) -> None:
    """Raise FileError where another sign parts the columns of the first line and of the last."""
    first = text[:1000].lstrip().partition("\n")[0]
    last = text[-1000:].rstrip().rpartition("\n")[2]
    for sign in ";\t":
        if delimiter not in first and sign in first and sign in last:
            raise FileError(
                f"{sign!r} parts its columns: {delimiter!r} is needed, and a point in decimals"
            )


def _number(cell: str) -> float | None:
    try:
        return _strictly(cell)
    except ValueError:
        return None


def _strictly(cell: str) -> float:
    """As Python's ``float``, which would let an underscore pass."""
    if "_" in cell:
        raise ValueError
    return float(cell)
