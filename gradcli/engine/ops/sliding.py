"""How windows slide along axes that may have a margin: what convolution and pooling share.

Margins are Keras's and torch's: "valid" has none; "same" gives ceil(n / stride) windows, the odd
entry of the margin behind (as TensorFlow); a number is so many entries on both sides.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcli.engine.tensor import known


class Sliding(NamedTuple):
    """Windows along one axis of ``length`` entries."""

    length: int
    size: int
    stride: int
    dilation: int
    before: int
    """Entries of the margin in front of the first,"""
    after: int
    """and behind the last."""

    @property
    def extent(self) -> int:
        """The entries that a window spans."""
        return self.dilation * (self.size - 1) + 1

    @property
    def windows(self) -> int:
        """How many windows fit."""
        return (self.before + self.length + self.after - self.extent) // self.stride + 1

    def spans(self) -> Iterator[tuple[int, slice, slice]]:
        """Each place in a window: the windows that see an entry there, and those entries."""
        # Wide windows have places that only ever lie in the margin.
        first = -(((self.windows - 1) * self.stride - self.before) // self.dilation)
        last = (self.before + self.length - 1) // self.dilation
        for place in range(max(0, first), min(self.size, last + 1)):
            shift = place * self.dilation - self.before
            first = max(0, -(shift // self.stride))
            last = min(self.windows - 1, (self.length - 1 - shift) // self.stride)
            if first <= last:
                start, stop = first * self.stride + shift, last * self.stride + shift + 1
                yield place, slice(first, last + 1), slice(start, stop, self.stride)


def sliding(
    lengths: Sequence[int], size: Any, stride: Any, padding: Any, dilation: Any = 1
) -> list[Sliding]:
    """Windows along axes of ``lengths``; each setting is for all of them, or one an axis.

    Raises ValueError in words where a setting is none, or a window does not fit.
    """
    sizes, strides, dilations = (
        _each(what, given, len(lengths), 1)
        for what, given in (("size", size), ("stride", stride), ("dilation", dilation))
    )
    words = isinstance(padding, str)
    if words and padding not in ("valid", "same"):
        raise ValueError(f"padding is valid, same or whole numbers, not {padding!r}")
    widths = _each("padding", 0 if words else padding, len(lengths), 0)
    found = []
    for n, k, step, gap, width in zip(lengths, sizes, strides, dilations, widths):
        extent = gap * (k - 1) + 1
        both = 2 * width
        if padding == "same":
            both = max((-(-n // step) - 1) * step + extent - n, 0)
        if extent > n + both:
            margin = f" and a margin of {both}" if both else ""
            raise ValueError(f"a window over {extent} entries is longer than {n}{margin}")
        found.append(Sliding(n, k, step, gap, both // 2, both - both // 2))
    return found


def _each(what: str, given: Any, count: int, least: int) -> list[int]:
    each = np.asarray(known(given, "a shape")).tolist()
    each = each if isinstance(each, list) else [each] * count
    if len(each) != count or not all(type(n) is int and n >= least for n in each):
        several = f", or {count} of them" if count > 1 else ""
        raise ValueError(f"{what} is a whole number from {least}{several}, not {given}")
    return each


class Pool(NamedTuple):
    """The windows of pooling over an array of shape ``x``."""

    x: tuple[int, ...]
    axes: list[Sliding]

    @property
    def outcome(self) -> tuple[int, ...]:
        """The shape of the outcome."""
        return (self.x[0], *[axis.windows for axis in self.axes], self.x[-1])

    @property
    def whole(self) -> bool:
        """Whether no window reaches into a margin."""
        return not any(axis.before or axis.after for axis in self.axes)

    @property
    def overlap(self) -> bool:
        return any(axis.stride < axis.size for axis in self.axes)

    def places(self) -> Iterator[tuple[Any, Any]]:
        """``spans`` of all axes together, row by row: windows and entries."""
        for spans in itertools.product(*[list(axis.spans()) for axis in self.axes]):
            _, windows, entries = zip(*spans)
            yield (slice(None), *windows), (slice(None), *entries)

    def require(self, name: str, *shapes: tuple[int, ...]) -> None:
        for shape in shapes:
            if shape != self.outcome:
                raise ValueError(f"{name}: pooling gives {self.outcome} of {self.x}, not {shape}")


def pooled(x: tuple[int, ...], size: Any, stride: Any = None, padding: Any = "valid") -> Pool:
    """Windows of an array of shape ``x``. Raises ValueError in words where they do not fit."""
    if len(x) < 3:
        raise ValueError(f"pooling takes x (batch, ..., channels) of three axes or more, not {x}")
    axes = sliding(x[1:-1], size, size if stride is None else stride, padding)
    for axis in axes:
        if axis.before >= axis.size:
            raise ValueError(f"a margin of {axis.before} holds whole windows over {axis.size}")
    return Pool(x, axes)
