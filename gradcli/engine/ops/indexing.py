"""Selection: some of the numbers, by condition, position or rank."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from gradcli.engine.domain import case, distinct
from gradcli.engine.op import composite, op
from gradcli.engine.ops.choice import where
from gradcli.engine.ops.shape import broadcast_to, moveaxis, reshape
from gradcli.engine.ops.truths import argsort, nonzero
from gradcli.engine.outcomes import TopK
from gradcli.engine.tensor import Array, Outcome, Tensor, known
from gradcli.errors import OpError


def _numpy_where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None and y is None:
        return nonzero(condition)
    if x is None or y is None:
        raise OpError("np.where: give both x and y, or neither")
    return where(condition, x, y)


Tensor.numpy_ops[np.where] = _numpy_where


@op(
    lambda g, y, x, index, shape: g[index],
    rule="g at the index",
    positions=("index",),
    cases=(case((2,), index=([0, 3],), shape=(4,)),),
)
def scatter(x: Array, index: Any, shape: tuple[int, ...]) -> Outcome:
    """Zeros of ``shape`` with the entries of ``x`` added at the index."""
    y = np.zeros(shape, x.dtype)
    parts = index if isinstance(index, tuple) else (index,)
    if all(part is None or isinstance(part, _BASIC) for part in parts):
        y[index] = x  # no entry is met twice
    else:
        np.add.at(y, index, x)
    return y


@op(
    lambda g, y, x, index: scatter(g, index, x.shape),
    rule="g at the index, else 0",
    operator="getitem",
    positions=("index",),
    cases=(
        case((3,), index=1),
        case((2, 3), index=(slice(None), slice(0, 2))),
        case((4,), index=([0, 0, 2],)),
        case((2, 3), index=(None, Ellipsis, -1)),
        case((3,), index=np.array([True, False, True])),
    ),
)
def getitem(x: Array, index: Any) -> Outcome:
    """``x[index]``, as NumPy's."""
    return np.asarray(x)[index]


_BASIC = (int, slice, type(Ellipsis))
"""What an index is made of that meets no entry twice, besides None."""


def _take_vjp(g: Any, y: Any, x: Any, indices: Any, axis: int | None) -> Any:
    if not isinstance(indices, Tensor):
        indices = np.asarray(indices)
    if indices.dtype.kind not in "iu":  # truths are 0 and 1, as for np.take, and no mask
        indices = indices.astype(np.intp)
    if axis is None:
        return scatter(g, (indices,), (x.size,)).reshape(x.shape)
    return scatter(g, (*(slice(None),) * (axis % x.ndim), indices), x.shape)


def _taken(x: Any, indices: Any, axis: int | None) -> Any:
    indices = np.asarray(indices)
    if indices.dtype.kind not in "iub" and indices.size:
        raise IndexError(f"indices are whole numbers, not {indices.dtype}")
    return np.take(x, indices.astype(np.intp), axis)


@op(
    _take_vjp,
    rule="g added up at the indices",
    numpy=np.take,
    positions=("indices",),
    cases=(case((2, 3), indices=[0, 5, 0]), case((2, 3), indices=[[0, 2], [2, 2]], axis=1)),
)
def take(x: Array, indices: Any, axis: int | None = None) -> Outcome:
    """The entries (or slices along ``axis``) at ``indices``; of the flattened array if None."""
    return _taken(x, indices, axis)


@op(
    _take_vjp,
    rule="g added up at the indices",
    positions=("indices",),
    cases=(case((3, 2), indices=[0, 2, 0]), case((2, 3), indices=[1, 1], axis=1)),
)
def gather(x: Array, indices: Any, axis: int = 0) -> Outcome:
    """The slices along ``axis`` at ``indices``."""
    return _taken(x, indices, axis)


def _nd(indices: Any) -> tuple[Any, ...]:
    """An index for each axis from positions as rows."""
    indices = _whole(indices)
    return tuple([indices[..., i] for i in range(indices.shape[-1])])


@op(
    lambda g, y, x, indices: scatter(g, _nd(indices), x.shape),
    rule="g added up at the indices",
    positions=("indices",),
    cases=(case((2, 3), indices=[[0, 1], [1, 2], [0, 1]]), case((2, 3), indices=[[1], [0]])),
)
def gather_nd(x: Array, indices: Any) -> Outcome:
    """The entries (or slices) of ``x`` at positions given as rows, one index an axis."""
    return np.asarray(x)[_nd(indices)]


@op(
    None,
    lambda g, y, indices, updates, shape: g[_nd(indices)],
    rule=("", "g at the indices"),
    positions=("indices",),
    cases=(
        case(np.array([[0], [2], [0]]), (3,), shape=(4,)),
        case(np.array([[1], [0]]), (2, 3), shape=(3, 3)),
    ),
)
def scatter_nd(indices: Array, updates: Array, shape: Any) -> Outcome:
    """Zeros of ``shape`` with ``updates`` added at positions given as rows."""
    updates = np.asarray(updates)
    y = np.zeros(tuple(np.atleast_1d(shape).tolist()), updates.dtype)
    np.add.at(y, _nd(indices), updates)
    return y


@op(
    lambda g, y, x, mask: scatter(g, _mask(mask), x.shape),
    rule="g where the mask holds, else 0",
    positions=("mask",),
    cases=(case((2, 2), mask=[[True, False], [True, True]]), case((2, 3), mask=[False, True])),
)
def boolean_mask(x: Array, mask: Any) -> Outcome:
    """The entries (or slices) of ``x`` where ``mask`` holds."""
    return np.asarray(x)[_mask(mask)]


def _mask(mask: Any) -> Any:
    return mask if isinstance(mask, Tensor) else np.asarray(mask, bool)


def _grid(indices: Any, shape: tuple[int, ...], axis: int) -> tuple[Any, ...]:
    """An index for each axis: ``indices`` along ``axis``, repeated as ``shape`` asks."""
    wanted = list(shape)
    wanted[axis] = indices.shape[axis]
    index: list[Any] = list(np.indices(wanted, sparse=True))
    index[axis] = broadcast_to(indices, tuple(wanted))
    return tuple(index)


@op(
    lambda g, y, x, indices, axis: scatter(g, _grid(_whole(indices), x.shape, axis), x.shape),
    rule="g added up at the indices",
    numpy=np.take_along_axis,
    positions=("indices",),
    cases=(
        case((2, 3), indices=np.array([[0, 2], [1, 1]])),
        case((2, 3), indices=np.array([[0, 1, 0]]), axis=0),
        case((2, 3), indices=np.array([[0, 0]]), axis=1),
    ),
)
def take_along_axis(x: Array, indices: Any, axis: int = -1) -> Outcome:
    """Along ``axis`` the entries at ``indices``, which has as many axes as ``x``."""
    x = np.asarray(x)
    return x[_grid(_whole(indices), x.shape, axis)]


def _whole(indices: Any) -> Any:
    """Positions as an array or Tensor. Raises IndexError for truths and for floats."""
    indices = indices if isinstance(indices, Tensor) else np.asarray(indices)
    if indices.dtype.kind not in "iu" and indices.size:
        raise IndexError(f"indices are whole numbers, not {indices.dtype}")
    return indices if indices.dtype.kind in "iu" else indices.astype(np.intp)


@composite(
    "g, put back in order",
    domain=distinct,
    numpy=np.sort,
    cases=(case((4,)), case((2, 3)), case((2, 3), axis=0), case((2, 2), axis=None)),
    analytic=False,
)
def sort(x: Array, axis: int | None = -1) -> Outcome:
    """The entries in rising order along ``axis``; of the flattened array if None."""
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    return take_along_axis(x, argsort(x, axis), axis)


@composite(
    "g at the k largest, else 0",
    domain=distinct,
    cases=(case((4,), k=2), case((2, 3), k=2)),
    analytic=False,
)
def top_k(x: Array, k: int = 1) -> TopK:
    """The ``k`` largest entries of the last axis, largest first, and their positions."""
    size, k = x.shape[-1], operator.index(known(k, "a shape"))
    if not 0 <= k <= size:
        raise ValueError(f"top_k: there are {size} entries, and {k} are wanted")
    indices = argsort(-x, -1)[..., :k]
    return TopK(take_along_axis(x, indices, -1), indices)


@composite(
    "g on the diagonal",
    numpy=np.diagonal,
    cases=(case((3, 3)), case((2, 3, 3), axis1=1, axis2=2), case((2, 3), offset=1)),
)
def diagonal(x: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Outcome:
    """The entries of a diagonal of the two axes, along a new last axis."""
    x = moveaxis(x, (axis1, axis2), (-2, -1))
    rows, columns = x.shape[-2:]
    count = min(rows + min(offset, 0), columns - max(offset, 0))
    places = np.arange(max(count, 0))
    return x[..., places - min(offset, 0), places + max(offset, 0)]


@composite(
    "g on the diagonal",
    numpy=np.diag,
    aliases={"v": "x"},
    cases=(case((3, 3)), case((3,)), case((2,), k=-1)),
)
def diag(x: Array, k: int = 0) -> Outcome:
    """A list of numbers as a diagonal matrix; of a matrix, its diagonal."""
    if x.ndim != 1:
        return diagonal(x, k)
    size = x.size + abs(k)
    places = np.arange(x.size)
    return scatter(x, (places - min(k, 0), places + max(k, 0)), (size, size))


@composite("g on the diagonal", numpy=np.trace, cases=(case((3, 3)), case((2, 3), offset=1)))
def trace(x: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Outcome:
    """The sum of a diagonal."""
    return diagonal(x, offset, axis1, axis2).sum(axis=-1)
