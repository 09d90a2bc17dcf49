"""Reductions over an axis, several axes, or all (``axis=None``): sums, products, extremes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcli.engine.domain import case, distinct, nonzero
from gradcli.engine.op import op
from gradcli.engine.ops.choice import keep
from gradcli.engine.ops.joining import concatenate, stack
from gradcli.engine.ops.shape import Axis, broadcast_to, reshape, transpose
from gradcli.engine.tensor import Array, Tensor

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


def _axes(x: Any, axis: Any) -> tuple[int, ...]:
    if axis is None or x.ndim == 0:  # NumPy lets a number have axis 0
        return tuple(range(x.ndim))
    return tuple([a % x.ndim for a in ((axis,) if np.ndim(axis) == 0 else axis)])


def kept(reduced: Any, x: Any, axis: Any) -> Any:
    """``reduced`` reshaped so that it broadcasts against ``x``, as keepdims=True gives."""
    axes = _axes(x, axis)
    return reduced.reshape(tuple([1 if i in axes else n for i, n in enumerate(x.shape)]))


def _spread(g: Any, x: Any, axis: Any) -> Any:
    spread = broadcast_to if isinstance(g, Tensor) else broadcast_to.forward
    return spread(g if g.ndim == 0 else kept(g, x, axis), x.shape)


def entries(x: Any, axis: Any) -> int:
    """How many entries each outcome is made of."""
    return math.prod([x.shape[a] for a in _axes(x, axis)])


@op(
    lambda g, y, x, axis, keepdims: _spread(g, x, axis),
    rule="g for every entry",
    cases=CASES,
    numpy=np.sum,
)
def sum(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """The sum of the entries along ``axis``."""
    return add_reduce(x, axis, keepdims=keepdims)


@op(
    lambda g, y, x, axis, keepdims: _spread(g / (x.size // (y.size or 1) or 1), x, axis),
    rule="g / n for every entry",
    cases=CASES,
    numpy=np.mean,
)
def mean(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """The sum of the entries along ``axis``, divided by how many there are."""
    x = np.asarray(x)
    total = add_reduce(x, axis, keepdims=keepdims)
    count = x.size // total.size if total.size else entries(x, axis)
    return total / (count or np.zeros((), total.dtype))


def _extreme_vjp(g: Any, y: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    chosen = x == kept(y, x, axis)
    ties = sum(chosen.astype(x.dtype), axis=axis, keepdims=True)
    return keep(chosen, kept(g, x, axis)) / ties


@op(
    _extreme_vjp,
    rule="g at the largest entry, shared among ties",
    domain=distinct,
    cases=CASES,
    numpy=np.max,
    analytic=False,
)
def max(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest entry along ``axis``."""
    return np.max(x, axis, keepdims=keepdims)


@op(
    _extreme_vjp,
    rule="g at the smallest entry, shared among ties",
    domain=distinct,
    cases=CASES,
    numpy=np.min,
    analytic=False,
)
def min(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """The smallest entry along ``axis``."""
    return np.min(x, axis, keepdims=keepdims)


def _together(x: Any, axis: Any) -> tuple[Any, tuple[int, ...], tuple[int, ...]]:
    """``x`` with the reduced axes as one, the last; the order of its axes, and the shape then."""
    axes = _axes(x, axis)
    order = (*[i for i in range(x.ndim) if i not in axes], *axes)
    moved = transpose(x, order)
    return reshape(moved, (*moved.shape[: x.ndim - len(axes)], -1)), order, moved.shape


def _others(x: Any) -> Any:
    """For each entry of the last axis the product of all others: no division, any order.

    Products of pairs, of pairs of pairs, and so on; then back down, each taking its sibling.
    """
    n = x.shape[-1]
    if n < 2:
        return x * 0 + 1
    if n % 2:
        x = concatenate([x, np.ones((*x.shape[:-1], 1), x.dtype)], axis=-1)
    left, right = x[..., 0::2], x[..., 1::2]
    above = _others(left * right)
    both = stack([above * right, above * left], axis=-1)
    return reshape(both, x.shape)[..., :n]


def _prod_vjp(g: Any, y: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    rows, order, shape = _together(x, axis)
    each = transpose(reshape(_others(rows), shape), tuple(np.argsort(order).tolist()))
    return kept(g, x, axis) * each


@op(_prod_vjp, rule="g * the product of the others", domain=nonzero, cases=CASES, numpy=np.prod)
def prod(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """The product of the entries along ``axis``."""
    return np.prod(x, axis, keepdims=keepdims)
