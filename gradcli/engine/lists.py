"""Lists where an op takes arrays: numbers become arrays, Tensors among them are stacked."""

from __future__ import annotations

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


def holds_tensor(values: Any) -> bool:
    """Whether there is a Tensor among ``values``, or in lists, tuples and slices among them."""
    for value in values:
        if isinstance(value, Tensor):
            return True
        if isinstance(value, (list, tuple)):
            if holds_tensor(value):
                return True
        elif isinstance(value, slice) and holds_tensor((value.start, value.stop, value.step)):
            return True
    return False
