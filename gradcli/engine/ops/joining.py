"""Several arrays as one, one as several, and margins."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcli.engine.domain import case
from gradcli.engine.op import composite, op
from gradcli.engine.ops.choice import where
from gradcli.engine.ops.shape import atleast_1d, atleast_2d, atleast_3d, reshape
from gradcli.engine.tensor import Array, Outcome, Tensor
from gradcli.errors import OpError


def _along(x: Any, axis: int, entry: Any) -> tuple[Any, ...]:
    return (*(slice(None),) * (axis % x.ndim), entry)


def _concatenate_vjp(g: Any, y: Any, parts: Sequence[Any], axis: int | None) -> Any:
    ends = list(itertools.accumulate([p.size if axis is None else p.shape[axis] for p in parts]))

    def at(i: int) -> Any:
        inside = slice(ends[i - 1] if i else 0, ends[i])
        if axis is None:
            return g[inside].reshape(parts[i].shape)
        return g[_along(y, axis, inside)]

    return at


@op(
    _concatenate_vjp,
    rule="the part of g that came from it",
    numpy=np.concatenate,
    cases=(case((2,), (3,)), case((2, 1), (2, 3), (2, 2), axis=1), case((2, 2), (1,), axis=None)),
)
def concatenate(arrays: Sequence[Array], axis: int | None = 0) -> Outcome:
    """The arrays one after the other along ``axis``; flattened if it is None."""
    return np.concatenate(arrays, axis)


@op(
    lambda g, y, parts, axis: lambda i: g[_along(y, axis, i)],
    numpy=np.stack,
    rule="the slice of g that came from it",
    cases=(case((2,), (2,)), case((2, 3), (2, 3), (2, 3), axis=1)),
)
def stack(arrays: Sequence[Array], axis: int = 0) -> Outcome:
    """The arrays, of one shape, along a new axis."""
    return np.stack(arrays, axis)


@composite("the part of g that came from it", numpy=np.vstack, cases=(case((2,), (2,)),))
def vstack(arrays: Sequence[Array]) -> Outcome:
    """The arrays, lists of numbers as rows, one below the other."""
    return concatenate([atleast_2d(a) for a in arrays])


@composite(
    "the part of g that came from it",
    numpy=np.hstack,
    cases=(case((2,), (3,)), case((2, 1), (2, 2))),
)
def hstack(arrays: Sequence[Array]) -> Outcome:
    """The arrays side by side: along the second axis, or the first if it is the only one."""
    parts = [atleast_1d(a) for a in arrays]
    return concatenate(parts, axis=0 if parts[0].ndim == 1 else 1)


@composite("the part of g that came from it", numpy=np.dstack, cases=(case((2,), (2,)),))
def dstack(arrays: Sequence[Array]) -> Outcome:
    """The arrays along the third axis."""
    return concatenate([atleast_3d(a) for a in arrays], axis=2)


@composite(
    "the part of g that came from it",
    numpy=np.column_stack,
    cases=(case((2,), (2,)), case((2, 2), (2,))),
)
def column_stack(arrays: Sequence[Array]) -> Outcome:
    """The arrays, lists of numbers as columns, side by side."""
    return concatenate([reshape(a, (-1, 1)) if np.ndim(a) < 2 else a for a in arrays], axis=1)


def _append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return concatenate([arr, values], axis=axis)


Tensor.numpy_ops[np.append] = _append


def _cuts(size: int, sections: Any, evenly: bool) -> list[int]:
    """Where each part ends: positions, or a number of parts."""
    if np.ndim(sections):
        return [*np.asarray(sections).tolist(), size]
    count = operator.index(sections)
    if count < 1 or (evenly and size % count):
        raise ValueError(f"split: an axis of {size} does not divide into {count} parts")
    widths = [size // count + (i < size % count) for i in range(count)]
    return np.cumsum(widths).tolist()  # type: ignore[no-any-return]


def _parts(x: Any, sections: Any, axis: int, evenly: bool) -> tuple[Any, ...]:
    ends = _cuts(x.shape[axis], sections, evenly)
    starts = [0, *ends[:-1]]
    return tuple([x[_along(x, axis, slice(s, e))] for s, e in zip(starts, ends)])


_SPLIT = {"ary": "x", "indices_or_sections": "sections", "num_or_size_splits": "sections"}


@composite(
    "each part's g in its place",
    numpy=np.split,
    aliases=_SPLIT,
    cases=(case((4,), sections=2), case((2, 6), sections=3, axis=1), case((5,), sections=[1, 3])),
)
def split(x: Array, sections: Any, axis: int = 0) -> tuple[Outcome, ...]:
    """``x`` in so many equal parts along ``axis``, or cut before each of several positions."""
    return _parts(x, sections, axis, evenly=True)


@composite(
    "each part's g in its place",
    numpy=np.array_split,
    aliases=_SPLIT,
    cases=(case((5,), sections=3),),
)
def array_split(x: Array, sections: Any, axis: int = 0) -> tuple[Outcome, ...]:
    """As ``split``, the first parts one longer where it does not come out even."""
    return _parts(x, sections, axis, evenly=False)


for _axis, _function in ((0, np.vsplit), (1, np.hsplit), (2, np.dsplit)):

    def _split_along(ary: Any, indices_or_sections: Any, axis: int = _axis) -> tuple[Any, ...]:
        return split(ary, indices_or_sections, 0 if ary.ndim == 1 else axis)

    Tensor.numpy_ops[_function] = _split_along


@composite("g at the index, else 0", cases=(case((2, 3)), case((2, 3), axis=1)))
def unstack(x: Array, axis: int = 0) -> tuple[Outcome, ...]:
    """The slices along ``axis``, each without it."""
    return tuple([x[_along(x, axis, i)] for i in range(x.shape[axis])])


def _widths(paddings: Any, ndim: int) -> Any:
    return np.broadcast_to(paddings, (ndim, 2)).tolist()


def _pad_vjp(g: Any, y: Any, x: Any, paddings: Any) -> Any:
    return g[tuple([slice(b, b + n) for (b, _), n in zip(_widths(paddings, x.ndim), x.shape)])]


@op(
    _pad_vjp,
    rule="g without the margin",
    aliases={"pad_width": "paddings"},
    cases=(
        case((3,), paddings=((1, 2),)),
        case((2, 3), paddings=((1, 1), (0, 2))),
        case((2, 3), paddings=1),
    ),
)
def pad(x: Array, paddings: Any) -> Outcome:
    """A margin of zeros: before and after each axis, or one width for all."""
    return np.pad(x, paddings)


def _numpy_pad(array: Any, pad_width: Any, mode: str = "constant", **options: Any) -> Any:
    value = options.pop("constant_values", 0)
    if mode != "constant" or options:
        raise OpError(f"np.pad: on a Tensor the mode is 'constant', not {mode!r}")
    return (
        pad(array, pad_width)
        if np.all(np.asarray(value) == 0)
        else _filled(array, pad_width, value)
    )


def _filled(array: Any, widths: Any, value: Any) -> Any:
    outside = np.pad(np.zeros(array.shape, bool), widths, constant_values=True)
    margin = np.pad(np.zeros(array.shape, array.dtype), widths, constant_values=value)
    return where(outside, margin, pad(array, widths))


Tensor.numpy_ops[np.pad] = _numpy_pad

# Other spellings.
concat = concatenate
