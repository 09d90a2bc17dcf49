"""Running sums, products and differences along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.engine.domain import case, nonzero
from gradcli.engine.op import op
from gradcli.engine.ops.comparison import zeros_like
from gradcli.engine.ops.joining import concatenate
from gradcli.engine.ops.places import flip
from gradcli.engine.ops.shape import moveaxis, reshape
from gradcli.engine.tensor import Array, Outcome


def _cumsum_vjp(g: Any, y: Any, x: Any, axis: int | None) -> Any:
    if axis is None:
        return reshape(flip(cumsum(flip(g, 0), 0), 0), x.shape)
    return flip(cumsum(flip(g, axis), axis), axis)


_RUNNING = (case((3,)), case((2, 3)), case((2, 3), axis=0), case((2, 3), axis=-1))


@op(_cumsum_vjp, rule="the sum of g from here on", numpy=np.cumsum, cases=_RUNNING)
def cumsum(x: Array, axis: int | None = None) -> Outcome:
    """The sum of the entries up to each, along ``axis`` or of the flattened array."""
    return np.cumsum(x, axis)


def _later(x: Any, by: int, fill: float) -> Any:
    """The last axis ``by`` places earlier: entry i is that at i + by, ``fill`` beyond the end."""
    end = np.full((*x.shape[:-1], by), fill, x.dtype)
    return concatenate([x[..., by:], end], axis=-1)


def _cumprod_vjp(g: Any, y: Any, x: Any, axis: int | None) -> Any:
    """g_i = (product before i) * r_i, with r_i = g_i + x_(i+1) r_(i+1) by doubling: no division."""
    where_to = -1 if axis is None else axis
    g, y, rows = (reshape(v, (-1,)) if axis is None else moveaxis(v, axis, -1) for v in (g, y, x))
    before = concatenate([np.ones((*rows.shape[:-1], 1), rows.dtype), y[..., :-1]], axis=-1)
    factor, total, by = _later(rows, 1, 0), g, 1
    while by < rows.shape[-1]:
        total = total + factor * _later(total, by, 0)
        factor = factor * _later(factor, by, 0)
        by *= 2
    return reshape(moveaxis(before * total, -1, where_to), x.shape)


@op(
    _cumprod_vjp,
    rule="the sum of g * y / x from here on",
    numpy=np.cumprod,
    domain=nonzero,
    cases=_RUNNING,
)
def cumprod(x: Array, axis: int | None = None) -> Outcome:
    """The product of the entries up to each, along ``axis`` or of the flattened array."""
    return np.cumprod(x, axis)


def _diff_vjp(g: Any, y: Any, x: Any, n: int, axis: int) -> Any:
    if not y.size:
        return zeros_like(x)
    for _ in range(n):
        moved = moveaxis(g, axis, -1)
        none = np.zeros((*moved.shape[:-1], 1), moved.dtype)
        both = concatenate([none, moved], axis=-1) - concatenate([moved, none], axis=-1)
        g = moveaxis(both, -1, axis)
    return g


@op(
    _diff_vjp,
    rule="g of the one before, less g of the next",
    numpy=np.diff,
    cases=(case((4,)), case((2, 4), n=2), case((3, 2), axis=0)),
)
def diff(x: Array, n: int = 1, axis: int = -1) -> Outcome:
    """Each entry less the one before it along ``axis``, ``n`` times over."""
    return np.diff(x, n, axis)
