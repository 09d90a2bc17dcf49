"""Reductions over an axis, several axes, or all (``axis=None``), and cumulative sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.engine.domain import case, distinct, nonzero, positive
from gradcli.engine.op import op
from gradcli.engine.ops.shape import broadcast_to, flip, reshape
from gradcli.engine.tensor import plain

_CASES = (
    case((3,)),
    case((2, 3)),
    case((2, 3), axis=0),
    case((2, 3), axis=1, keepdims=True),
    case((2, 3, 2), axis=(0, 2)),
    case((2, 3), axis=-1),
)


_add_reduce: Any = np.add.reduce
"""np.sum without its wrapper, which costs more than the sum of a small array."""


def _axes(x: Any, axis: Any) -> tuple[int, ...]:
    if axis is None or x.ndim == 0:  # NumPy lets a number have axis 0
        return tuple(range(x.ndim))
    return tuple([a % x.ndim for a in ((axis,) if np.ndim(axis) == 0 else axis)])


def kept(reduced: Any, x: Any, axis: Any) -> Any:
    """``reduced`` reshaped so that it broadcasts against ``x``, as keepdims=True gives."""
    axes = _axes(x, axis)
    return reshape(reduced, tuple([1 if i in axes else n for i, n in enumerate(x.shape)]))


def _spread(g: Any, x: Any, axis: Any) -> Any:
    return broadcast_to(g if g.ndim == 0 else kept(g, x, axis), x.shape)


def _sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _add_reduce(x, axis, keepdims=keepdims)


def _mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    x = np.asarray(x)
    total = _add_reduce(x, axis, keepdims=keepdims)
    return total * (total.size / x.size)


sum = op(
    "sum(x, axis=None, keepdims=False)", _sum,
    lambda g, y, x, axis=None, keepdims=False: _spread(g, x, axis),
    rule="g for every entry", cases=_CASES, numpy=np.sum,
)  # fmt: skip
mean = op(
    "mean(x, axis=None, keepdims=False)", _mean,
    lambda g, y, x, axis=None, keepdims=False: _spread(g * (y.size / (x.size or 1)), x, axis),
    rule="g / n for every entry", cases=_CASES, numpy=np.mean,
)  # fmt: skip


def _extreme_vjp(g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    chosen = x == kept(y, x, axis)
    ties = kept(_sum(plain(chosen), axis), x, axis)
    return kept(g, x, axis) * chosen / ties.astype(x.dtype)


max = op(
    "max(x, axis=None, keepdims=False)",
    lambda x, axis=None, keepdims=False: np.max(x, axis, keepdims=keepdims),
    _extreme_vjp,
    rule="g at the largest entry, shared among ties", domain=distinct, cases=_CASES, numpy=np.max,
    analytic=False,
)  # fmt: skip
min = op(
    "min(x, axis=None, keepdims=False)",
    lambda x, axis=None, keepdims=False: np.min(x, axis, keepdims=keepdims),
    _extreme_vjp,
    rule="g at the smallest entry, shared among ties", domain=distinct, cases=_CASES, numpy=np.min,
    analytic=False,
)  # fmt: skip


def _prod_vjp(g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    if np.all(plain(x) != 0):
        return kept(g * y, x, axis) / x
    # With a zero among the factors: the product of the others, entry by entry.
    axes = _axes(x, axis)
    front = [i for i in range(x.ndim) if i not in axes]
    order = (*front, *axes)
    outer = tuple([x.shape[i] for i in front])
    n = int(np.prod([x.shape[i] for i in axes]))
    rows = x.transpose(order).reshape((*outer, 1, n))
    others = rows * (1 - np.eye(n, dtype=x.dtype)) + np.eye(n, dtype=x.dtype)
    each = prod(others, axis=-1).reshape(tuple([x.shape[i] for i in order]))
    return kept(g, x, axis) * each.transpose(tuple(np.argsort(order).tolist()))


prod = op(
    "prod(x, axis=None, keepdims=False)",
    lambda x, axis=None, keepdims=False: np.prod(x, axis, keepdims=keepdims),
    _prod_vjp,
    rule="g * y / x", domain=nonzero, cases=_CASES, numpy=np.prod,
)  # fmt: skip


def _var(x: Any, axis: Any = None, keepdims: bool = False, ddof: int = 0) -> Any:
    return np.var(x, axis, ddof=ddof, keepdims=keepdims)


def _var_vjp(
    g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False, ddof: int = 0
) -> Any:
    n = x.size // y.size - ddof
    return kept(g, x, axis) * (2 / n) * (x - mean(x, axis=axis, keepdims=True))


var = op(
    "var(x, axis=None, keepdims=False, ddof=0)", _var, _var_vjp,
    rule="g * 2 * (x - mean(x)) / n", cases=_CASES, numpy=np.var,
    analytic=False,
)  # fmt: skip
std = op(
    "std(x, axis=None, keepdims=False, ddof=0)", lambda x, **params: np.sqrt(_var(x, **params)),
    lambda g, y, x, **params: _var_vjp(g / (2 * y), y, x, **params),
    rule="g * (x - mean(x)) / (n * y)", domain=distinct, cases=_CASES, numpy=np.std,
    analytic=False,
)  # fmt: skip
norm = op(
    "norm(x, axis=None, keepdims=False)",
    lambda x, axis=None, keepdims=False: np.sqrt(_sum(np.square(x), axis, keepdims)),
    lambda g, y, x, axis=None, keepdims=False: kept(g / y, x, axis) * x,
    rule="g * x / y", domain=positive, cases=_CASES,
)  # fmt: skip


def _cumsum_vjp(g: Any, y: Any, x: Any, axis: int | None = None) -> Any:
    if axis is None:
        return reshape(flip(cumsum(flip(g, axis=0), axis=0), axis=0), x.shape)
    return flip(cumsum(flip(g, axis=axis), axis=axis), axis=axis)


cumsum = op(
    "cumsum(x, axis=None)", lambda x, axis=None: np.cumsum(x, axis), _cumsum_vjp,
    rule="the sum of g from here on", numpy=np.cumsum,
    cases=(case((3,)), case((2, 3)), case((2, 3), axis=0), case((2, 3), axis=-1)),
)  # fmt: skip
