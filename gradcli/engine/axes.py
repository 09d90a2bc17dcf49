"""The axes that a reduction goes over: which they are, how many entries they hold."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcli.engine.domain import case

Axis = int | tuple[int, ...] | None

CASES = (
    case((3,)),
    case((2, 3)),
    case((2, 3), axis=0),
    case((2, 3), axis=1, keepdims=True),
    case((2, 3, 2), axis=(0, 2)),
    case((2, 3), axis=-1),
)


add_reduce: Any = np.add.reduce
"""np.sum without its wrapper, which costs more than the sum of a small array."""


def add_along(x: Any, axis: Any) -> Any:
    """The sum along ``axis``, which is kept; of rows, or of whole columns, as a product with ones,
    which BLAS does several times faster."""
    if x.size and x.ndim > 1 and x.dtype.char in "fd":
        n = x.shape[-1]
        if axis == -1:
            return x.reshape(-1, n).dot(np.ones(n, x.dtype)).reshape((*x.shape[:-1], 1))
        if axis == tuple(range(x.ndim - 1)):
            rows = x.reshape(-1, n)
            return np.ones(len(rows), x.dtype).dot(rows).reshape((*(1,) * len(axis), n))
    return add_reduce(x, axis, keepdims=True)


def axes_of(x: Any, axis: Any) -> tuple[int, ...]:
    if axis is None or x.ndim == 0:  # NumPy lets a number have axis 0
        return tuple(range(x.ndim))
    return tuple([a % x.ndim for a in ((axis,) if np.ndim(axis) == 0 else axis)])


def kept(reduced: Any, x: Any, axis: Any) -> Any:
    """``reduced`` reshaped so that it broadcasts against ``x``, as keepdims=True gives."""
    axes = axes_of(x, axis)
    return reduced.reshape(tuple([1 if i in axes else n for i, n in enumerate(x.shape)]))


def entries(x: Any, axis: Any) -> int:
    """How many entries each outcome is made of."""
    return math.prod([x.shape[a] for a in axes_of(x, axis)])
