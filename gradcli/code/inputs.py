"""What code is called with: arrays by name, and all else that JSON can write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.errors import LiteralError, SpecError
from gradcli.inputs.bindings import read_values
from gradcli.inputs.literals import from_lists
from gradcli.problem import Arrays

if TYPE_CHECKING:
    from gradcli.inputs.streams import Stream


class Inputs(NamedTuple):
    """Of one call. Floating-point ``arrays`` are what a gradient can be taken by."""

    arrays: Arrays
    """In the precision in which they were given."""
    settings: Mapping[str, Any] = {}
    """All else: numbers, texts, truths, arrays that are held fixed, tables of such."""
    files: Mapping[str, str] = {}
    """Those that arrays came from, by name."""

    @property
    def floating(self) -> list[str]:
        return [name for name, array in self.arrays.items() if array.dtype.kind == "f"]

    def cast(self, dtype: npt.DTypeLike) -> Arrays:
        """The arrays, floating-point ones in ``dtype``."""
        return {
            name: array.astype(dtype) if array.dtype.kind == "f" else array
            for name, array in self.arrays.items()
        }

    def handed(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        """Copies of ``arrays`` and settings, to be written to; numbers are NumPy's."""
        copies = {name: np.array(array)[()] for name, array in arrays.items()}
        return {**copies, **deepcopy(dict(self.settings))}


def read_inputs(
    mapping: Mapping[str, Any], seed: int, folder: str | None
) -> tuple[Inputs, Callable[[], Stream]]:
    """The inputs among the keys ``values`` and ``settings``, and the stream to draw on from.

    A value is a VALUE, whose whole numbers stay whole where a file or a list has them. A setting
    is what JSON writes, a list of numbers an array. Raises GradcliError for what is neither.
    """
    values, settings = (mapping.get(key) or {} for key in ("values", "settings"))
    for key, table in (("values", values), ("settings", settings)):
        if not isinstance(table, Mapping):
            raise SpecError(key, "must be a table by name")
    found, files, stream = read_values(values, seed, folder)
    arrays = {name: np.asarray(value) for name, value in found.items()}
    for name in settings:
        if name in arrays:
            raise SpecError("settings", f"{name} is given twice")
    return Inputs(arrays, of_json(settings), files), stream


def of_json(value: Any) -> Any:
    """``value`` with an array for each list of numbers, however deep."""
    if isinstance(value, Mapping):
        return {name: of_json(part) for name, part in value.items()}
    if not isinstance(value, list) or not value:
        return value
    try:
        return from_lists(value)
    except LiteralError:
        return [of_json(part) for part in value]
