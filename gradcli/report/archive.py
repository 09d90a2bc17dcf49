"""The numbers of a document as arrays with names, for an npz file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def arrays(document: Mapping[str, Any]) -> dict[str, npt.NDArray[Any]]:
    """The numbers and arrays in ``document``, by their names joined with dots: ``grads.w``.

    Rows (dicts in a list) become columns: ``path.value``. Where those of a column differ in
    shape, each is by itself, by its row's name or number: ``trace.z.value``. None among numbers
    is nan; words are left out.
    """
    found: dict[str, npt.NDArray[Any]] = {}
    for name, value in document.items():
        if isinstance(value, Mapping):
            found |= _within(name, arrays(value))
        elif isinstance(value, (list, tuple)) and any(isinstance(row, Mapping) for row in value):
            found |= _within(name, _columns([row for row in value if isinstance(row, Mapping)]))
        else:
            array = _numbers(value)
            if array is not None:
                found[name] = array
    return found


def _within(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{name}.{inner}": array for inner, array in found.items()}


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, npt.NDArray[Any]]:
    numeric = {k for row in rows for k, v in row.items() if isinstance(v, (int, float, np.number))}
    flat = [
        arrays(
            {
                key: np.nan if value is None and key in numeric else value
                for key, value in row.items()
                if key != "shape" or "value" not in row  # the value has it itself
            }
        )
        for row in rows
    ]
    found: dict[str, npt.NDArray[Any]] = {}
    labels = [str(row.get("name", i)) for i, row in enumerate(rows)]
    if len(set(labels)) < len(labels):
        labels = [str(i) for i in range(len(rows))]
    for name in dict.fromkeys(name for row in flat for name in row):
        column = {label: row[name] for label, row in zip(labels, flat) if name in row}
        if len(column) == len(rows) and len({array.shape for array in column.values()}) == 1:
            found[name] = np.stack(list(column.values()))
        else:
            found |= {f"{label}.{name}": array for label, array in column.items()}
    return found


def _numbers(value: Any) -> npt.NDArray[Any] | None:
    """``value`` as an array, if it is made of numbers or truths alone."""
    if value is None or isinstance(value, str):
        return None
    try:
        array = np.asarray(value)
        if array.dtype.kind == "O":
            array = array.astype(np.float64)
    except (TypeError, ValueError):  # lists of different lengths, or words among numbers
        return None
    return array if array.dtype.kind in "fiub" else None
