"""Reductions over an axis, several axes, or all (``axis=None``): sums, products, extremes."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.engine.axes import CASES, Axis, add_reduce, axes_of, entries, kept
from gradcli.engine.domain import distinct, nonzero
from gradcli.engine.op import op
from gradcli.engine.ops.arithmetic import abs
from gradcli.engine.ops.choice import keep, where
from gradcli.engine.ops.shape import broadcast_to, reshape, transpose
from gradcli.engine.tensor import Array, Outcome, Tensor
from gradcli.errors import OpError


def _spread(g: Any, x: Any, axis: Any) -> Any:
    spread = broadcast_to if isinstance(g, Tensor) else broadcast_to.forward
    return spread(g if g.ndim == 0 else kept(g, x, axis), x.shape)


@op(
    lambda g, y, x, axis, keepdims: _spread(g, x, axis),
    rule="g for every entry",
    cases=CASES,
    numpy=np.sum,
)
def sum(x: Array, axis: Axis = None, keepdims: bool = False) -> Outcome:
    """The sum of the entries along ``axis``."""
    return add_reduce(x, axis, keepdims=keepdims)


def _mean_vjp(g: Any, y: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    n = x.size // (y.size or 1) or 1
    return _spread(g * (1 / n) if g.dtype.char == "e" else g / n, x, axis)  # n may exceed float16


@op(
    _mean_vjp,
    rule="g / n for every entry",
    cases=CASES,
    numpy=np.mean,
)
def mean(x: Array, axis: Axis = None, keepdims: bool = False) -> Outcome:
    """The sum of the entries along ``axis``, divided by how many there are."""
    x = np.asarray(x)
    if x.dtype.char == "e":  # few numbers are enough to exceed float16
        return mean.forward(x.astype(np.float32), axis, keepdims).astype(x.dtype)
    total = add_reduce(x, axis, keepdims=keepdims)
    count = x.size // total.size if total.size else entries(x, axis)
    return total / (count or np.zeros((), total.dtype))


def _require_array(name: str, x: Any, axis: Any) -> None:
    """Raise OpError where Python's function of this name was meant, of several numbers."""
    if axis is not None and isinstance(x, (int, float)):
        raise OpError(f"{name}(x, axis) of a number: of several numbers write {name}([a, b])")


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
    of_several="maximum",
    analytic=False,
)
def max(x: Array, axis: Axis = None, keepdims: bool = False) -> Outcome:
    """The largest entry along ``axis``."""
    _require_array("max", x, axis)
    return np.max(x, axis, keepdims=keepdims)


@op(
    _extreme_vjp,
    rule="g at the smallest entry, shared among ties",
    domain=distinct,
    cases=CASES,
    numpy=np.min,
    of_several="minimum",
    analytic=False,
)
def min(x: Array, axis: Axis = None, keepdims: bool = False) -> Outcome:
    """The smallest entry along ``axis``."""
    _require_array("min", x, axis)
    return np.min(x, axis, keepdims=keepdims)


def _together(x: Any, axis: Any) -> tuple[Any, tuple[int, ...], tuple[int, ...]]:
    """``x`` with the reduced axes as one, the last; the order of its axes, and the shape then."""
    axes = axes_of(x, axis)
    order = (*[i for i in range(x.ndim) if i not in axes], *axes)
    moved = transpose(x, order)
    return reshape(moved, (*moved.shape[: x.ndim - len(axes)], -1)), order, moved.shape


def _others(x: Any) -> Any:
    """For each entry of the last axis the product of all others: no division, any order.

    Products of pairs, of pairs of pairs, and so on; then back down, each taking its sibling.
    """
    from gradcli.engine.ops.joining import concatenate, stack

    n = x.shape[-1]
    if n < 2:
        return np.ones(x.shape, x.dtype)
    if n % 2:
        x = concatenate([x, np.ones((*x.shape[:-1], 1), x.dtype)], axis=-1)
    left, right = x[..., 0::2], x[..., 1::2]
    above = _others(left * right)
    both = stack([above * right, above * left], axis=-1)
    return reshape(both, x.shape)[..., :n]


def _prod_vjp(g: Any, y: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    rows, order, shape = _together(x, axis)
    with np.errstate(all="ignore"):
        others = _others(rows)
    each = transpose(reshape(others, shape), tuple(np.argsort(order).tolist()))
    # Products on the way may be too large or too small for a number where y is not.
    zero = x == 0
    quotient = kept(y, x, axis) / where(zero, 1, x)
    return kept(g, x, axis) * where(zero | (abs(x) == np.inf), each, quotient)


@op(_prod_vjp, rule="g * the product of the others", domain=nonzero, cases=CASES, numpy=np.prod)
def prod(x: Array, axis: Axis = None, keepdims: bool = False) -> Outcome:
    """The product of the entries along ``axis``."""
    return np.prod(x, axis, keepdims=keepdims)


# Other spellings.
amax = max
amin = min
reduce_max = max
reduce_mean = mean
reduce_min = min
reduce_prod = prod
reduce_sum = sum
