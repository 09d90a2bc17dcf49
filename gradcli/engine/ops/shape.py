"""Shape: the same numbers, arranged otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.engine.domain import case
from gradcli.engine.op import Composite, Op, Variadic, op

reshape = op(
    "reshape(x, shape)", lambda x, shape: np.asarray(x).reshape(shape),
    lambda g, y, x, shape: g.reshape(x.shape),
    rule="g, reshaped back", numpy=np.reshape,
    cases=(case((2, 3), shape=(3, 2)), case((), shape=(1, 1)), case((4,), shape=(2, -1))),
)  # fmt: skip


def _broadcast_to(x: Any, shape: tuple[int, ...]) -> Any:
    # np.broadcast_to is slower than this copy for all but the largest arrays.
    x = np.asarray(x)
    y = np.empty(shape, x.dtype)
    y[...] = x
    return y


# The sum that undoes a broadcast is the tape's own: see ``fit``.
broadcast_to = op(
    "broadcast_to(x, shape)", _broadcast_to,
    lambda g, y, x, shape: g,
    rule="g, summed over the repeated axes", numpy=np.broadcast_to,
    cases=(case((3,), shape=(2, 3)), case((2, 1), shape=(2, 3)), case((), shape=(2, 2))),
)  # fmt: skip


def _transpose_vjp(g: Any, y: Any, x: Any, axes: Any = None) -> Any:
    if axes is None:
        return g.transpose()
    inverse = np.argsort([a % x.ndim for a in axes])
    return g.transpose(tuple(inverse.tolist()))


transpose = op(
    "transpose(x, axes=None)", lambda x, axes=None: np.transpose(x, axes), _transpose_vjp,
    rule="g, transposed back", numpy=np.transpose,
    cases=(case((3,)), case((2, 3)), case((2, 3, 4), axes=(1, 2, 0))),
)  # fmt: skip
expand_dims = op(
    "expand_dims(x, axis)", lambda x, axis: np.expand_dims(x, axis),
    lambda g, y, x, axis: g.reshape(x.shape),
    rule="g, reshaped back", numpy=np.expand_dims,
    cases=(case((3,), axis=0), case((2, 3), axis=-1)),
)  # fmt: skip
squeeze = op(
    "squeeze(x, axis=None)", lambda x, axis=None: np.squeeze(x, axis),
    lambda g, y, x, axis=None: g.reshape(x.shape),
    rule="g, reshaped back", numpy=np.squeeze, cases=(case((1, 3)), case((1, 3, 1), axis=0)),
)  # fmt: skip


def _along(x: Any, axis: int, entry: Any) -> tuple[Any, ...]:
    return (*(slice(None),) * (axis % x.ndim), entry)


def _concatenate_vjp(i: int, g: Any, y: Any, *parts: Any, axis: int = 0) -> Any:
    start = int(np.sum([p.shape[axis] for p in parts[:i]]))
    return g[_along(parts[i], axis, slice(start, start + parts[i].shape[axis]))]


concatenate = op(
    "concatenate(arrays, axis=0)", lambda *parts, axis=0: np.concatenate(parts, axis),
    _concatenate_vjp,
    rule="the part of g that came from it", kind=Variadic, numpy=np.concatenate,
    cases=(case((2,), (3,)), case((2, 1), (2, 3), (2, 2), axis=1)),
)  # fmt: skip
stack = op(
    "stack(arrays, axis=0)", lambda *parts, axis=0: np.stack(parts, axis),
    lambda i, g, y, *parts, axis=0: g[_along(y, axis, i)],
    rule="the slice of g that came from it", kind=Variadic, numpy=np.stack,
    cases=(case((2,), (2,)), case((2, 3), (2, 3), (2, 3), axis=1)),
)  # fmt: skip


def _split(x: Any, sections: int, axis: int = 0) -> list[Any]:
    size = x.shape[axis]
    if sections < 1 or size % sections:
        raise ValueError(f"split: an axis of {size} does not divide into {sections} parts")
    width = size // sections
    return [x[_along(x, axis, slice(i * width, (i + 1) * width))] for i in range(sections)]


split = op(
    "split(x, sections, axis=0)", _split,
    rule="each part's g in its place", kind=Composite, numpy=np.split,
    cases=(case((4,), sections=2), case((2, 6), sections=3, axis=1)),
)  # fmt: skip


def _pad_vjp(g: Any, y: Any, x: Any, paddings: Any) -> Any:
    width = np.broadcast_to(paddings, (x.ndim, 2))
    return g[tuple([slice(int(b), int(b) + n) for (b, _), n in zip(width, x.shape)])]


pad = op(
    "pad(x, paddings)", lambda x, paddings: np.pad(x, paddings), _pad_vjp,
    rule="g without the margin", numpy=np.pad,
    cases=(case((3,), paddings=((1, 2),)), case((2, 3), paddings=((1, 1), (0, 2)))),
)  # fmt: skip


def _tile_vjp(g: Any, y: Any, x: Any, reps: Any) -> Any:
    reps = (int(reps),) if np.ndim(reps) == 0 else tuple(reps)
    rank = max(len(reps), x.ndim)
    reps = (1,) * (rank - len(reps)) + reps
    shape = (1,) * (rank - x.ndim) + x.shape
    pairs = tuple([n for pair in zip(reps, shape) for n in pair])
    return g.reshape(pairs).sum(axis=tuple(range(0, 2 * rank, 2))).reshape(x.shape)


tile = op(
    "tile(x, reps)", lambda x, reps: np.tile(x, reps), _tile_vjp,
    rule="g summed over the copies", numpy=np.tile,
    cases=(case((3,), reps=2), case((2, 3), reps=(2, 2)), case((3,), reps=(2, 1))),
)  # fmt: skip


def _repeat_vjp(g: Any, y: Any, x: Any, repeats: int, axis: int | None = None) -> Any:
    if axis is None:
        return g.reshape((x.size, repeats)).sum(axis=1).reshape(x.shape)
    axis %= x.ndim
    pairs = (*x.shape[: axis + 1], repeats, *x.shape[axis + 1 :])
    return g.reshape(pairs).sum(axis=axis + 1)


repeat = op(
    "repeat(x, repeats, axis=None)", lambda x, repeats, axis=None: np.repeat(x, repeats, axis),
    _repeat_vjp,
    rule="g summed over the copies", numpy=np.repeat,
    cases=(case((3,), repeats=2), case((2, 3), repeats=3, axis=1)),
)  # fmt: skip
flip: Op = op(
    "flip(x, axis=None)", lambda x, axis=None: np.flip(x, axis),
    lambda g, y, x, axis=None: flip(g, axis=axis),
    rule="g, flipped back", numpy=np.flip, cases=(case((3,)), case((2, 3), axis=1)),
)  # fmt: skip
roll: Op = op(
    "roll(x, shift, axis=None)", lambda x, shift, axis=None: np.roll(x, shift, axis),
    lambda g, y, x, shift, axis=None: roll(g, -shift, axis=axis),
    rule="g, rolled back", numpy=np.roll,
    cases=(case((3,), shift=1), case((2, 3), shift=2, axis=1)),
)  # fmt: skip


def _meshgrid(x: Any, y: Any) -> tuple[Any, Any]:
    """Rows that repeat ``x`` and columns that repeat ``y``: coordinates of a grid."""
    shape = (*y.shape, *x.shape)
    return broadcast_to(x[None, :], shape), broadcast_to(y[:, None], shape)


meshgrid = op(
    "meshgrid(x, y)", _meshgrid,
    rule="g summed over the copies", kind=Composite, numpy=np.meshgrid,
    cases=(case((2,), (3,)),),
)  # fmt: skip
