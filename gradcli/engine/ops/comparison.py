"""Comparisons, logic and constants: functions without a gradient. On Tensors they stop it."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.engine.domain import case
from gradcli.engine.op import composite, elementwise, op
from gradcli.engine.tensor import Array

equal = elementwise(np.equal, operator="eq")
not_equal = elementwise(np.not_equal, operator="ne")
less = elementwise(np.less, operator="lt")
less_equal = elementwise(np.less_equal, operator="le")
greater = elementwise(np.greater, operator="gt")
greater_equal = elementwise(np.greater_equal, operator="ge")
logical_and = elementwise(np.logical_and)
logical_or = elementwise(np.logical_or)
logical_not = elementwise(np.logical_not)
bitwise_and = elementwise(np.bitwise_and, operator="and")
bitwise_or = elementwise(np.bitwise_or, operator="or")
invert = elementwise(np.invert, operator="invert")
isnan = elementwise(np.isnan)
isinf = elementwise(np.isinf)
isfinite = elementwise(np.isfinite)
signbit = elementwise(np.signbit)

Axis = int | tuple[int, ...] | None


@op(numpy=np.all)
def all(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether every entry along ``axis`` is true."""
    return np.all(x, axis, keepdims=keepdims)


@op(numpy=np.any)
def any(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether one entry or more along ``axis`` is true."""
    return np.any(x, axis, keepdims=keepdims)


@op(numpy=np.isclose)
def isclose(a: Array, b: Array, rtol: float = 1e-5, atol: float = 1e-8) -> Array:
    """Whether |a - b| <= atol + rtol |b|, entry by entry."""
    return np.isclose(a, b, rtol, atol)


@op(numpy=np.allclose)
def allclose(a: Array, b: Array, rtol: float = 1e-5, atol: float = 1e-8) -> Array:
    """Whether |a - b| <= atol + rtol |b| for every entry."""
    return np.all(np.isclose(a, b, rtol, atol))


@op(numpy=np.argmax)
def argmax(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """The position of the largest entry, the first of several."""
    return np.argmax(x, axis, keepdims=keepdims)


@op(numpy=np.argmin)
def argmin(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """The position of the smallest entry, the first of several."""
    return np.argmin(x, axis, keepdims=keepdims)


@op(numpy=np.argsort)
def argsort(x: Array, axis: int | None = -1) -> Array:
    """The positions that put the entries in order; equal ones stay as they stand."""
    return np.argsort(x, axis, kind="stable")


@op(numpy=np.argwhere)
def argwhere(x: Array) -> Array:
    """The positions of the entries that are not 0, one a row."""
    return np.argwhere(x)


@op(numpy=np.flatnonzero)
def flatnonzero(x: Array) -> Array:
    """The positions of the entries that are not 0 in the flattened array."""
    return np.flatnonzero(x)


@composite(numpy=np.nonzero)
def nonzero(x: Array) -> tuple[Array, ...]:
    """The positions of the entries that are not 0, an array for each axis."""
    found = argwhere(x)
    return tuple([found[:, i] for i in range(found.shape[1])])


@op(numpy=np.count_nonzero)
def count_nonzero(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """How many entries along ``axis`` are not 0."""
    return np.asarray(np.count_nonzero(x, axis, keepdims=keepdims))[()]


@op(numpy=np.zeros_like)
def zeros_like(x: Array) -> Array:
    """Zeros of the shape and dtype of ``x``."""
    return np.zeros_like(x)


@op(numpy=np.ones_like)
def ones_like(x: Array) -> Array:
    """Ones of the shape and dtype of ``x``."""
    return np.ones_like(x)


@op()
def stop_gradient(x: Array) -> Array:
    """``x`` itself, as a constant: no gradient goes through."""
    return np.asarray(x)[()]


@op()
def one_hot(labels: Array, depth: int, dtype: Any = np.float32) -> Array:
    """Rows of ``depth`` entries with a 1 at each label; a label out of range gives zeros."""
    return (np.asarray(labels)[..., None] == np.arange(depth)).astype(dtype)


@op()
def eye(n: int) -> Array:
    """The identity matrix, (n, n)."""
    return np.eye(n)


@op()
def zeros(shape: Any) -> Array:
    """Zeros of ``shape``, float64."""
    return np.zeros(shape)


@op()
def ones(shape: Any) -> Array:
    """Ones of ``shape``, float64."""
    return np.ones(shape)


@composite("the sum of g", aliases={"dims": "shape"},
           cases=(case((), shape=(2, 3)), case((), shape=2)))  # fmt: skip
def fill(value: Array, shape: Any) -> Array:
    """An array of ``shape`` with ``value`` at every entry."""
    from gradcli.engine.ops.shape import broadcast_to

    return broadcast_to(value, shape)
