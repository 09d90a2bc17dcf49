"""Questions about arrays, and where their entries lie: functions without a gradient."""

from __future__ import annotations

import numpy as np

from gradcli.engine.axes import Axis
from gradcli.engine.op import composite, elementwise, op
from gradcli.engine.tensor import Array, Outcome

isnan = elementwise(np.isnan)
isinf = elementwise(np.isinf)
isfinite = elementwise(np.isfinite)
signbit = elementwise(np.signbit)


@op(numpy=np.all)
def all(x: Array, axis: Axis = None, keepdims: bool = False) -> Outcome:
    """Whether every entry along ``axis`` is true."""
    return np.all(x, axis, keepdims=keepdims)


@op(numpy=np.any)
def any(x: Array, axis: Axis = None, keepdims: bool = False) -> Outcome:
    """Whether one entry or more along ``axis`` is true."""
    return np.any(x, axis, keepdims=keepdims)


@op(numpy=np.isclose)
def isclose(a: Array, b: Array, rtol: float = 1e-5, atol: float = 1e-8) -> Outcome:
    """Whether |a - b| <= atol + rtol |b|, entry by entry."""
    return np.isclose(a, b, rtol, atol)


@op(numpy=np.allclose)
def allclose(a: Array, b: Array, rtol: float = 1e-5, atol: float = 1e-8) -> Outcome:
    """Whether |a - b| <= atol + rtol |b| for every entry."""
    return np.all(np.isclose(a, b, rtol, atol))


@op(numpy=np.argmax)
def argmax(x: Array, axis: int | None = None, keepdims: bool = False) -> Outcome:
    """The position of the largest entry, the first of several."""
    return np.argmax(x, axis, keepdims=keepdims)


@op(numpy=np.argmin)
def argmin(x: Array, axis: int | None = None, keepdims: bool = False) -> Outcome:
    """The position of the smallest entry, the first of several."""
    return np.argmin(x, axis, keepdims=keepdims)


@op(numpy=np.argsort)
def argsort(x: Array, axis: int | None = -1) -> Outcome:
    """The positions that put the entries in order; equal ones stay as they stand."""
    return np.argsort(x, axis, kind="stable")


@op(numpy=np.argwhere, sized_by_values=True)
def argwhere(x: Array) -> Outcome:
    """The positions of the entries that are not 0, one a row."""
    return np.argwhere(x)


@op(numpy=np.flatnonzero, sized_by_values=True)
def flatnonzero(x: Array) -> Outcome:
    """The positions of the entries that are not 0 in the flattened array."""
    return np.flatnonzero(x)


@composite(numpy=np.nonzero)
def nonzero(x: Array) -> tuple[Outcome, ...]:
    """The positions of the entries that are not 0, an array for each axis."""
    found = argwhere(x)
    return tuple([found[:, i] for i in range(found.shape[1])])


@op(numpy=np.count_nonzero)
def count_nonzero(x: Array, axis: Axis = None, keepdims: bool = False) -> Outcome:
    """How many entries along ``axis`` are not 0."""
    return np.asarray(np.count_nonzero(x, axis, keepdims=keepdims))[()]


# Other spellings.
reduce_all = all
reduce_any = any
