"""Selection: some of the numbers, by condition, position or rank."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.engine.domain import case, distinct, real
from gradcli.engine.op import Composite, Op, op
from gradcli.engine.tensor import plain

where: Op = op(
    "where(condition, a, b)", lambda condition, a, b: np.where(condition, a, b),
    None,
    lambda g, y, condition, a, b: where(condition, g, 0),
    lambda g, y, condition, a, b: where(condition, 0, g),
    rule=("", "g where the condition holds, else 0", "0 where the condition holds, else g"),
    numpy=np.where, domain=(distinct, real),
    cases=(
        case(np.array([[True, False, True]]), (2, 3), (2, 3)),
        case(np.array([True, False, False]), (2, 3), ()),
    ),
)  # fmt: skip


def _scatter(g: Any, index: Any, shape: tuple[int, ...]) -> Any:
    y = np.zeros(shape, g.dtype)
    np.add.at(y, index, g)
    return y


scatter = op(
    "scatter(x, index, shape)", _scatter, lambda g, y, x, index, shape: g[index],
    rule="g at the index", cases=(case((2,), index=([0, 3],), shape=(4,)),),
)  # fmt: skip
getitem = op(
    "getitem(x, index)", lambda x, index: np.asarray(x)[plain(index)],
    lambda g, y, x, index: scatter(g, plain(index), x.shape),
    rule="g at the index, else 0", operator="getitem",
    cases=(
        case((3,), index=1), case((2, 3), index=(slice(None), slice(0, 2))),
        case((4,), index=([0, 0, 2],)), case((2, 3), index=(None, Ellipsis, -1)),
    ),
)  # fmt: skip


def _at(indices: Any, axis: int | None, ndim: int) -> tuple[Any, ...]:
    return (slice(None),) * ((axis or 0) % ndim) + (np.asarray(plain(indices)),)


def _take_vjp(g: Any, y: Any, x: Any, indices: Any, axis: int | None = None) -> Any:
    if axis is None:
        return scatter(g, _at(indices, 0, 1), (x.size,)).reshape(x.shape)
    return scatter(g, _at(indices, axis, x.ndim), x.shape)


take = op(
    "take(x, indices, axis=None)", lambda x, indices, axis=None: np.take(x, indices, axis),
    _take_vjp,
    rule="g added up at the indices", numpy=np.take,
    cases=(case((2, 3), indices=[0, 5, 0]), case((2, 3), indices=[[0, 2], [2, 2]], axis=1)),
)  # fmt: skip
gather = op(
    "gather(x, indices, axis=0)", lambda x, indices, axis=0: np.take(x, indices, axis),
    lambda g, y, x, indices, axis=0: _take_vjp(g, y, x, indices, axis),
    rule="g added up at the indices",
    cases=(case((3, 2), indices=[0, 2, 0]), case((2, 3), indices=[1, 1], axis=1)),
)  # fmt: skip


def _nd(indices: Any) -> tuple[Any, ...]:
    return tuple(np.moveaxis(np.asarray(plain(indices)), -1, 0))


gather_nd = op(
    "gather_nd(x, indices)", lambda x, indices: np.asarray(x)[_nd(indices)],
    lambda g, y, x, indices: scatter(g, _nd(indices), x.shape),
    rule="g added up at the indices",
    cases=(case((2, 3), indices=[[0, 1], [1, 2], [0, 1]]), case((2, 3), indices=[[1], [0]])),
)  # fmt: skip
scatter_nd = op(
    "scatter_nd(indices, updates, shape)",
    lambda indices, updates, shape: _scatter(np.asarray(updates), _nd(indices), tuple(shape)),
    None,
    lambda g, y, indices, updates, shape: g[_nd(indices)],
    rule=("", "g at the indices"),
    cases=(
        case(np.array([[0], [2], [0]]), (3,), shape=(4,)),
        case(np.array([[1], [0]]), (2, 3), shape=(3, 3)),
    ),
)  # fmt: skip
boolean_mask = op(
    "boolean_mask(x, mask)", lambda x, mask: np.asarray(x)[np.asarray(mask, bool)],
    lambda g, y, x, mask: scatter(g, np.asarray(plain(mask), bool), x.shape),
    rule="g where the mask holds, else 0",
    cases=(case((2, 2), mask=[[True, False], [True, True]]), case((2, 3), mask=[False, True])),
)  # fmt: skip


def _along_axis(indices: Any, x: Any, axis: int) -> Any:
    """``indices`` repeated as ``x`` asks on the other axes."""
    indices = np.asarray(plain(indices))
    shape = list(x.shape)
    shape[axis] = indices.shape[axis]
    return np.broadcast_to(indices, shape)


def _grid(indices: Any, axis: int) -> tuple[Any, ...]:
    index = list(np.indices(indices.shape, sparse=True))
    index[axis] = indices
    return tuple(index)


take_along_axis = op(
    "take_along_axis(x, indices, axis=-1)",
    lambda x, indices, axis=-1: np.take_along_axis(x, _along_axis(indices, x, axis), axis),
    lambda g, y, x, indices, axis=-1: (
        scatter(g, _grid(_along_axis(indices, x, axis), axis), x.shape)
    ),
    rule="g added up at the indices", numpy=np.take_along_axis,
    cases=(
        case((2, 3), indices=np.array([[0, 2], [1, 1]])),
        case((2, 3), indices=np.array([[0, 1, 0]]), axis=0),
        case((2, 3), indices=np.array([[0, 0]]), axis=1),
    ),
)  # fmt: skip


def _sort(x: Any, axis: int = -1) -> Any:
    return take_along_axis(x, np.argsort(plain(x), axis), axis=axis)


def _top_k(x: Any, k: int) -> tuple[Any, Any]:
    """The ``k`` largest entries of the last axis, largest first, and their positions."""
    indices = np.argsort(-plain(x), -1, kind="stable")[..., :k]
    return take_along_axis(x, indices, axis=-1), indices


sort = op(
    "sort(x, axis=-1)", _sort,
    rule="g, put back in order", kind=Composite, domain=distinct, numpy=np.sort,
    cases=(case((4,)), case((2, 3)), case((2, 3), axis=0)),
    analytic=False,
)  # fmt: skip
top_k = op(
    "top_k(x, k)", _top_k,
    rule="g at the k largest, else 0", kind=Composite, domain=distinct,
    cases=(case((4,), k=2), case((2, 3), k=2)),
    analytic=False,
)  # fmt: skip
