"""Pooling: the largest entry, or the sum, of each window of x (batch, h, w, channels).

A window takes one channel; all axes but the first and the last are slid along. There is a pass
over whole arrays for each place in a window, never a reduction over its few entries, and where
a window reaches into the margin there is nothing: neither an entry nor a gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.engine.domain import case, distinct
from gradcli.engine.op import op
from gradcli.engine.ops.sliding import pooled
from gradcli.engine.tensor import Array, Outcome


def _filled(x: Any, shape: tuple[int, ...], fill: Any) -> Any:
    """An array of ``shape`` full of ``fill``, with the axes in memory as those of ``x`` are."""
    found = np.empty_like(x, shape=shape)
    found.fill(fill)
    return found


def _max_pool_vjp(g: Any, y: Any, x: Any, *given: Any, **named: Any) -> Any:
    return max_unpool(g, x, y, *given, **named)


@op(
    _max_pool_vjp,
    rule="g at the first largest entry of each window",
    domain=distinct,
    analytic=False,
    cases=(
        case((2, 4, 5, 2), size=2),
        case((1, 5, 5, 2), size=(3, 2), stride=(1, 2), padding="same"),
        case((2, 7, 2), size=3, stride=2, padding=1),
    ),
)
def max_pool(x: Array, size: Any, stride: Any = None, padding: Any | str = "valid") -> Outcome:
    """The largest entry of each window of ``x`` (batch, h, w, channels), or other such axes.

    ``size`` and ``stride`` (the size where it is None) are numbers for all axes, or for each;
    ``padding`` is valid, same or how many entries on both sides, which are never the largest.
    Raises ValueError where a window does not fit.
    """
    x = np.asarray(x)
    pool = pooled(x.shape, size, stride, padding)
    places = pool.places()
    if pool.whole:
        _, entries = next(places)
        y, out = x[entries], None
        for _, entries in places:
            y = out = np.maximum(y, x[entries], out=out)
        return y
    y = _filled(x, pool.outcome, -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min)
    for windows, entries in places:
        np.maximum(y[windows], x[entries], out=y[windows])
    return y


_AT = np.array([3.0, -1.0, 0.5, 2.0, -2.0, 1.0, 2.5, -0.5, 1.5]).reshape(1, 3, 3, 1)
_LARGEST = max_pool.forward(_AT, 2, 1)


def _max_unpool_vjp(g: Any, y: Any, x: Any, *given: Any, **named: Any) -> Any:
    return max_pick(g, *given, **named)


@op(
    _max_unpool_vjp,
    None,
    None,
    rule=("g of the first largest entry of each window", "", ""),
    analytic=False,
    cases=(case((1, 2, 2, 1), _AT, _LARGEST, size=2, stride=1),),
)
def max_unpool(
    x: Array, at: Array, largest: Array, size: Any, stride: Any = None, padding: Any | str = "valid"
) -> Outcome:
    """Each entry of ``x`` where its window of ``at`` has its first largest entry, summed.

    ``largest`` is what ``max_pool`` gives of ``at``: x has its shape, the outcome that of ``at``.
    Windows are read row by row. Raises ValueError where the shapes do not fit.
    """
    x, at, largest = (np.asarray(array) for array in (x, at, largest))
    pool = pooled(at.shape, size, stride, padding)
    pool.require("max_unpool", x.shape, largest.shape)
    y = _filled(at.astype(x.dtype, copy=False), at.shape, 0)
    rest = np.empty_like(largest, x.dtype)
    rest[...] = x
    # What lies at a place is taken bit by bit: exact, as a product with 0 is not, and in less than
    # half of the time of np.where.
    bits = np.dtype(f"i{x.itemsize}")
    left = rest.view(bits)
    for windows, entries in pool.places():
        part = (at[entries] >= largest[windows]).astype(bits)
        part *= left[windows]
        left[windows] ^= part
        found = part.view(x.dtype)
        if pool.overlap:
            y[entries] += found
        else:
            y[entries] = found
    return y


@op(
    lambda g, y, x, *given, **named: max_unpool(g, *given, **named),
    None,
    None,
    rule=("g at the first largest entry of each window", "", ""),
    analytic=False,
    cases=(case((1, 3, 3, 1), _AT, _LARGEST, size=2, stride=1),),
)
def max_pick(
    x: Array, at: Array, largest: Array, size: Any, stride: Any = None, padding: Any | str = "valid"
) -> Outcome:
    """The transpose of ``max_unpool``: the entry of ``x`` where ``at`` is first largest."""
    x, at, largest = (np.asarray(array) for array in (x, at, largest))
    pool = pooled(at.shape, size, stride, padding)
    pool.require("max_pick", largest.shape)
    y = np.zeros_like(largest, x.dtype)
    open_ = np.ones_like(largest, bool)
    for windows, entries in pool.places():
        chosen = open_[windows] & (at[entries] >= largest[windows])
        np.copyto(y[windows], x[entries], where=chosen)
        open_[windows] &= ~chosen
    return y


def _sum_pool_vjp(g: Any, y: Any, x: Any, *given: Any, **named: Any) -> Any:
    return sum_unpool(g, x.shape, *given, **named)


@op(
    _sum_pool_vjp,
    rule="g for every entry of the window",
    cases=(
        case((2, 4, 5, 2), size=2),
        case((1, 5, 5, 2), size=(3, 2), stride=(1, 2), padding="same"),
        case((2, 7, 2), size=3, stride=2, padding=1),
    ),
)
def sum_pool(x: Array, size: Any, stride: Any = None, padding: Any | str = "valid") -> Outcome:
    """The sum of the entries of each window of ``x``; see ``max_pool``."""
    x = np.asarray(x)
    pool = pooled(x.shape, size, stride, padding)
    y = _filled(x, pool.outcome, 0)
    for windows, entries in pool.places():
        y[windows] += x[entries]
    return y


@op(
    lambda g, y, x, shape, *given, **named: sum_pool(g, *given, **named),
    rule="g summed over each window",
    cases=(
        case((2, 2, 2, 2), shape=(2, 4, 5, 2), size=2),
        case((2, 4, 2), shape=(2, 7, 2), size=3, stride=2, padding=1),
    ),
)
def sum_unpool(
    x: Array, shape: Any, size: Any, stride: Any = None, padding: Any | str = "valid"
) -> Outcome:
    """The transpose of ``sum_pool``: each entry of an array of ``shape`` sums its windows' x."""
    x = np.asarray(x)
    pool = pooled(tuple(shape), size, stride, padding)
    pool.require("sum_unpool", x.shape)
    y = _filled(x, pool.x, 0)
    for windows, entries in pool.places():
        y[entries] += x[windows]
    return y
