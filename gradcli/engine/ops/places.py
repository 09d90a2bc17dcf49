"""The same numbers at other places: repeated, reversed, shifted, cut off at a diagonal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcli.engine.axes import Axis
from gradcli.engine.domain import case
from gradcli.engine.op import composite, op
from gradcli.engine.ops.indexing import take
from gradcli.engine.ops.shape import broadcast_to, reshape, swapaxes
from gradcli.engine.tensor import Array, Outcome, Tensor, known
from gradcli.errors import OpError


def _tile_vjp(g: Any, y: Any, x: Any, reps: Any) -> Any:
    reps = tuple(np.atleast_1d(reps).tolist())
    rank = max(len(reps), x.ndim)
    reps = (1,) * (rank - len(reps)) + reps
    shape = (1,) * (rank - x.ndim) + x.shape
    pairs = tuple([n for pair in zip(reps, shape) for n in pair])
    return g.reshape(pairs).sum(axis=tuple(range(0, 2 * rank, 2))).reshape(x.shape)


@op(
    _tile_vjp,
    rule="g summed over the copies",
    numpy=np.tile,
    aliases={"multiples": "reps"},
    cases=(case((3,), reps=2), case((2, 3), reps=(2, 2)), case((3,), reps=(2, 1))),
)
def tile(x: Array, reps: Any) -> Outcome:
    """Copies of ``x`` side by side, so many along each axis."""
    return np.tile(x, tuple(np.atleast_1d(reps).tolist()))


@composite(
    "g summed over the copies",
    numpy=np.repeat,
    cases=(case((3,), repeats=2), case((2, 3), repeats=3, axis=1), case((3,), repeats=[2, 0, 1])),
)
def repeat(x: Array, repeats: Any, axis: int | None = None) -> Outcome:
    """Each entry (or slice along ``axis``) so many times; one count for all, or one each."""
    size = x.size if axis is None else x.shape[axis]
    counts = np.asarray(known(repeats, "repeats"))
    if counts.dtype.kind not in "iu":
        raise TypeError(f"repeat: repeats are whole numbers, not {counts.dtype}")
    return take(x, np.repeat(np.arange(size), counts), axis=axis)


def _flip_vjp(g: Any, y: Any, x: Any, axis: Any) -> Any:
    return flip(g, axis)


@op(_flip_vjp, rule="g, flipped back", numpy=np.flip, cases=(case((3,)), case((2, 3), axis=1)))
def flip(x: Array, axis: Axis = None) -> Outcome:
    """The entries in reverse order along ``axis``, or along all."""
    return np.flip(x, axis)


Tensor.numpy_ops[np.fliplr] = lambda m: flip(m, 1)


Tensor.numpy_ops[np.flipud] = lambda m: flip(m, 0)


def _roll_vjp(g: Any, y: Any, x: Any, shift: Any, axis: Any) -> Any:
    back = tuple(np.negative(np.atleast_1d(shift)).tolist()) if np.ndim(shift) else -shift
    return roll(g, back, axis)


@op(
    _roll_vjp,
    rule="g, rolled back",
    numpy=np.roll,
    cases=(
        case((3,), shift=1),
        case((2, 3), shift=2, axis=1),
        case((2, 3), shift=(1, 1), axis=(0, 1)),
    ),
)
def roll(x: Array, shift: Any, axis: Axis = None) -> Outcome:
    """Shifted by so many places; what leaves at one end comes in at the other."""
    return np.roll(x, shift, axis)


@composite("g, turned back", numpy=np.rot90, cases=(case((2, 3)), case((2, 3), k=2)))
def rot90(x: Array, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Outcome:
    """Turned by ``k`` right angles, from the first of the axes to the second."""
    for _ in range(k % 4):
        x = swapaxes(flip(x, axes[1]), *axes)
    return x


def _tril_vjp(g: Any, y: Any, x: Any, k: int) -> Any:
    return tril(g, k)


@op(
    _tril_vjp,
    rule="g on and below the diagonal",
    numpy=np.tril,
    cases=(case((3, 3)), case((2, 3, 3), k=-1)),
)
def tril(x: Array, k: int = 0) -> Outcome:
    """The part on and below the ``k``-th diagonal, zeros above."""
    return np.tril(x, k)


def _triu_vjp(g: Any, y: Any, x: Any, k: int) -> Any:
    return triu(g, k)


@op(
    _triu_vjp,
    rule="g on and above the diagonal",
    numpy=np.triu,
    cases=(case((3, 3)), case((2, 3, 3), k=1)),
)
def triu(x: Array, k: int = 0) -> Outcome:
    """The part on and above the ``k``-th diagonal, zeros below."""
    return np.triu(x, k)


def _grid(arrays: Sequence[Any], indexing: str = "xy") -> tuple[Any, ...]:
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing is 'xy' or 'ij', not {indexing!r}")
    shape = tuple([a.size for a in arrays])
    found = []
    for i, array in enumerate(arrays):
        along = reshape(array, tuple([-1 if j == i else 1 for j in range(len(arrays))]))
        full = broadcast_to(along, shape)
        found.append(swapaxes(full, 0, 1) if indexing == "xy" and len(arrays) > 1 else full)
    return tuple(found)


@composite("g summed over the copies", cases=(case((2,), (3,)), case((2,), (3,), indexing="ij")))
def meshgrid(x: Array, y: Array, indexing: str = "xy") -> tuple[Outcome, ...]:
    """Rows that repeat ``x`` and columns that repeat ``y``; "ij" exchanges the two axes."""
    return _grid((x, y), indexing)


def _numpy_meshgrid(
    *xi: Any, indexing: str = "xy", copy: bool = True, sparse: bool = False
) -> tuple[Any, ...]:
    if sparse:
        raise OpError("np.meshgrid: sparse=True has no rule on Tensors: reshape(), and broadcast")
    return _grid(xi, indexing)


Tensor.numpy_ops[np.meshgrid] = _numpy_meshgrid
