"""Sliding windows and their overlap-add: each is the other's transpose.

Convolution is windows and a matrix product, pooling is windows and a reduction (im2col and
col2im: Chellapilla, Puri & Simard, "High performance convolutional neural networks for
document processing", 2006). With x (batch, h, w, c) and weights (kh, kw, c, filters)::

    seen = windows(x, (kh, kw), stride, dilation, axes=(1, 2))    # (batch, oh, ow, kh, kw, c)
    conv = seen.reshape((batch, oh, ow, -1)) @ weights.reshape((-1, filters))
    pool = windows(x, (kh, kw), stride, axes=(1, 2)).max(axis=(3, 4))

and with x (batch, t, c) the same of axes=1. A margin is pad's.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradcli.engine.axes import Axis
from gradcli.engine.domain import case
from gradcli.engine.op import op
from gradcli.engine.ops.shape import moveaxis
from gradcli.engine.tensor import Array, Outcome, Tensor, known
from gradcli.errors import OpError


class _Grid(NamedTuple):
    """Where the windows lie: numbers for each axis that they slide along."""

    axes: list[int]
    sizes: list[int]
    strides: list[int]
    dilations: list[int]
    counts: list[int]
    """How many windows fit."""
    first: int
    """The first of the axes within a window."""

    def around(self, lengths: Any, counts: list[int], within: list[int]) -> tuple[int, ...]:
        """``lengths``, an axis each, as those of the windows: with ``counts`` and ``within``."""
        found = list(lengths)
        for axis, count in zip(self.axes, counts):
            found[axis] = count
        return (*found[: self.first], *within, *found[self.first :])


def _axes(name: str, ndim: int, axes: Any) -> list[int]:
    """The axes to slide along, from 0; all where ``axes`` is None."""
    listed = range(ndim) if axes is None else np.atleast_1d(known(axes, "a shape")).tolist()
    found = [axis + ndim if axis < 0 else axis for axis in listed]
    if len(set(found)) < len(found) or not all(0 <= axis < ndim for axis in found):
        raise ValueError(f"{name}: axes {axes} are not different ones of {ndim} axes")
    return found


def _grid(name: str, shape: Any, size: Any, stride: Any, dilation: Any, axes: Any) -> _Grid:
    """The windows of an array of ``shape``."""
    found = _axes(name, len(shape), axes)
    numbers = []
    for what, given in (("size", size), ("stride", stride), ("dilation", dilation)):
        each = np.asarray(known(given, "a shape")).tolist()
        each = each if isinstance(each, list) else [each] * len(found)
        if len(each) != len(found) or not all(isinstance(n, int) and n > 0 for n in each):
            raise ValueError(
                f"{name}: {what} is a whole number above 0, or {len(found)} of them, not {given}"
            )
        numbers.append(each)
    counts = []
    for axis, n, step, gap in zip(found, *numbers):
        extent = gap * (n - 1) + 1
        if extent > shape[axis]:
            raise ValueError(
                f"{name}: a window over {extent} entries is longer than axis {axis} of {shape}"
            )
        counts.append((shape[axis] - extent) // step + 1)
    sizes, strides, dilations = numbers
    return _Grid(found, sizes, strides, dilations, counts, max(found, default=-1) + 1)


def _fold_windows(g: Any, y: Any, x: Any, size: Any, stride: Any, dilation: Any, axes: Any) -> Any:
    return fold(g, x.shape, stride, dilation, axes)


@op(
    _fold_windows,
    rule="g, overlaps added: fold",
    cases=(
        case((5,), size=3),
        case((7,), size=2, stride=3, dilation=2),
        case((3, 4), size=(2, 3)),
        case((2, 5, 4, 2), size=(3, 2), stride=2, axes=(1, 2)),
        case((2, 5, 3), size=2, dilation=3, axes=-2),
    ),
)
def windows(x: Array, size: Any, stride: Any = 1, dilation: Any = 1, axes: Axis = None) -> Outcome:
    """The windows that slide along ``axes`` (one, several, or all) of ``x``.

    ``size`` entries wide, ``stride`` apart, every ``dilation``-th entry in a window: one number,
    or one for each axis. An axis of length n becomes one of (n - dilation * (size - 1) - 1) //
    stride + 1 windows; the axes within a window follow the last of ``axes``, in their order:
    (batch, h, w, c) with axes (1, 2) gives (batch, oh, ow, kh, kw, c). On plain arrays a view
    of ``x``, not to be written to. Raises ValueError where a window does not fit.
    """
    x = np.asarray(x)
    grid = _grid("windows", x.shape, size, stride, dilation, axes)
    shape = grid.around(x.shape, grid.counts, grid.sizes)
    # Where there is but one, the next may lie farther off than an array can be long.
    apart = [
        x.strides[axis] * step * (n > 1)
        for axis, step, n in zip(grid.axes, grid.strides, grid.counts)
    ]
    inside = [
        x.strides[axis] * gap * (n > 1)
        for axis, gap, n in zip(grid.axes, grid.dilations, grid.sizes)
    ]
    strides = grid.around(x.strides, apart, inside)
    return np.lib.stride_tricks.as_strided(x, shape, strides, writeable=False)


def _sizes(x: Any, ndim: int, axes: Any) -> list[int]:
    """How wide the windows of a fold are: the lengths of the axes within one."""
    along = _axes("fold", ndim, axes)
    if x.ndim != ndim + len(along):
        raise ValueError(
            f"fold: windows along {len(along)} of {ndim} axes have {ndim + len(along)} axes, "
            f"not {x.ndim}"
        )
    first = max(along, default=-1) + 1
    return list(x.shape[first : first + len(along)])


def _windows_fold(g: Any, y: Any, x: Any, shape: Any, stride: Any, dilation: Any, axes: Any) -> Any:
    return windows(g, _sizes(x, g.ndim, axes), stride, dilation, axes)


@op(
    _windows_fold,
    rule="windows of g",
    cases=(
        case((3, 3), shape=(5,)),
        case((2, 2), shape=(7,), stride=3, dilation=2),
        case((2, 2, 2, 3), shape=(3, 4)),
        case((2, 2, 2, 3, 2, 2), shape=(2, 5, 4, 2), stride=2, axes=(1, 2)),
        case((2, 2, 2, 3), shape=(2, 5, 3), dilation=3, axes=-2),
    ),
)
def fold(x: Array, shape: Any, stride: Any = 1, dilation: Any = 1, axes: Axis = None) -> Outcome:
    """Windows laid back where ``windows`` took them from in an array of ``shape``, and added.

    ``x`` has the shape that ``windows`` gives of such an array. Entries that lie in several
    windows are sums; those in none are 0. Raises ValueError where the shapes do not fit.
    """
    x = np.asarray(x)
    shape = tuple([int(n) for n in np.atleast_1d(known(shape, "a shape"))])
    grid = _grid("fold", shape, _sizes(x, len(shape), axes), stride, dilation, axes)
    wanted = grid.around(shape, grid.counts, grid.sizes)
    if x.shape != wanted:
        raise ValueError(f"fold: the windows of an array of {shape} are {wanted}, not {x.shape}")
    y = np.zeros(shape, x.dtype)
    whole = [slice(None)] * len(shape)
    # One addition for each place in a window: no entry occurs twice in it.
    for place in np.ndindex(*grid.sizes):
        at = list(whole)
        for axis, n, step, gap, count in zip(
            grid.axes, place, grid.strides, grid.dilations, grid.counts
        ):
            at[axis] = slice(n * gap, n * gap + step * (count - 1) + 1, step)
        y[tuple(at)] += x[(*whole[: grid.first], *place)]
    return y


def _numpy_windows(x: Any, window_shape: Any, axis: Any = None, **options: Any) -> Any:
    """sliding_window_view, which has the axes within a window last."""
    for name, value in options.items():
        if value:
            raise OpError(f"np.sliding_window_view: on a Tensor there is no {name}=")
    seen = windows(x, window_shape, axes=axis)
    count = seen.ndim - x.ndim
    first = x.ndim if axis is None else max(np.atleast_1d(axis) % x.ndim) + 1
    return moveaxis(seen, tuple(range(first, first + count)), tuple(range(-count, 0)))


Tensor.numpy_ops[np.lib.stride_tricks.sliding_window_view] = _numpy_windows
