"""Lists where an op takes arrays: numbers become arrays, Tensors among them are stacked."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from gradcli.engine.registry import REGISTRY
from gradcli.engine.tensor import Tensor, plain


def joined(parts: Any) -> Any:
    """The array that a list writes out; Tensors in it are stacked, and stay connected."""
    if not holds_tensor(parts):
        return np.asarray(parts)
    inner = [joined(part) if isinstance(part, (list, tuple)) else part for part in parts]
    # Python's numbers take on the dtype of the arrays that they stand beside.
    kinds = [p if isinstance(p, (bool, int, float)) else plain(p).dtype for p in inner]
    dtype = np.result_type(*kinds)
    arrays = [p if isinstance(p, Tensor) else np.asarray(p, dtype) for p in inner]
    return REGISTRY["stack"](arrays)


def as_array(value: Any) -> Any:
    """``value`` if it is an array or a Tensor, else what NumPy makes of it; see ``joined``."""
    if isinstance(value, (Tensor, np.ndarray, np.generic)) or value is None:
        return value
    return joined(value) if isinstance(value, (list, tuple)) else np.asarray(value)


def connected(data: Any) -> Tensor | None:
    """``data``, a Tensor or a list with Tensors in it, as a Tensor; None where it has none."""
    if isinstance(data, Tensor):
        return REGISTRY["identity"](data)  # type: ignore[no-any-return]
    return joined(data) if isinstance(data, (list, tuple)) and holds_tensor(data) else None


def holds_tensor(values: Iterable[Any]) -> bool:
    """Whether there is a Tensor among ``values``, or in lists, tuples and slices among them."""
    found = [value for value in values if isinstance(value, _MAY_HOLD)]
    return bool(found and tensors_in(found))


def tensors_in(value: Any) -> list[Tensor]:
    """The Tensors in an argument: itself, or in lists, tuples and slices."""
    found: list[Tensor] = []
    replaced(value, lambda tensor: found.append(tensor) or tensor)  # type: ignore[func-returns-value]
    return found


def replaced(value: Any, change: Callable[[Tensor], Any]) -> Any:
    """``value`` with ``change`` of each Tensor in it; itself where that changes nothing."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, slice):
        bounds = (value.start, value.stop, value.step)
        found = replaced(bounds, change)
        return value if found is bounds else slice(*found)
    if isinstance(value, (list, tuple)):
        parts = [replaced(part, change) if isinstance(part, _MAY_HOLD) else part for part in value]
        return value if all(map(operator.is_, parts, value)) else type(value)(parts)
    return value


_MAY_HOLD = (Tensor, list, tuple, slice)
