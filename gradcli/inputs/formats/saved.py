"""The tables of numbers that answers are saved as, one number a row."""

from __future__ import annotations

import csv
import math
from typing import Any

import numpy as np

from gradcli.errors import FileError
from gradcli.inputs.formats.format import Array, Contents, Opened, array_format
from gradcli.inputs.formats.rows import numbered

_HEAD = "quantity,name,row,column,value"
_GROUPS = {"grad": "grads.", "param": "params.", "jacobian": "jacobian."}
"""What the names of arrays have before them in an npz of the same answer."""


@array_format("saved CSV", begins=lambda head: head.startswith(_HEAD.encode()), by_name=True)
def read_saved(opened: Opened) -> Contents:
    """Arrays by the names that they have in an npz of the same answer: ``grads.w``, ``x``.

    Raises FileError where a row is none, and where the rows are not all that an array has.
    """
    try:
        lines = opened.read().decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise FileError(f"is not UTF-8: {error.reason}") from None
    entries: dict[str, dict[tuple[int, ...], float]] = {}
    rows = numbered(csv.reader(["", *lines[1:]]))
    next(rows)
    for line, cells in rows:
        try:
            quantity, name, row, column, value = cells
            index = tuple([int(part) for part in [*row.split(), *column.split()]])
            number = float(value)
            if min(index, default=0) < 0 or "_" in f"{row}{column}{value}":
                raise ValueError
        except ValueError:
            raise FileError(f"line {line} is no {_HEAD}") from None
        own = entries.setdefault(_GROUPS.get(quantity, "") + (name or quantity), {})
        if index in own:
            raise FileError(f"line {line}: {quantity} {name} has a number there already")
        own[index] = number
    return Contents(named={name: _array(name, own) for name, own in entries.items()})


def _array(name: str, entries: dict[tuple[int, ...], float]) -> Array:
    axes = {len(index) for index in entries}
    shape: Any = tuple([1 + max(places) for places in zip(*entries)]) if len(axes) == 1 else None
    if shape is None or math.prod(shape) != len(entries):
        raise FileError(f"{name}: {len(entries):,} numbers do not fill an array")
    try:
        array = np.empty(shape)
    except ValueError as error:  # more axes than NumPy has
        raise FileError(f"{name}: {error}") from None
    for index, value in entries.items():
        array[index] = value
    return array
