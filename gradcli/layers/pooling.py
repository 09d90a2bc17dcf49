"""Pooling: the largest entry or the mean of a window, or of all positions."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from functools import partial
from typing import Any, ClassVar

import numpy as np

from gradcli.engine import Array
from gradcli.engine.ops.pooling import max_pool, sum_pool
from gradcli.engine.ops.reduction import max, mean
from gradcli.engine.ops.sliding import Pool, pooled
from gradcli.layers.convolution import require_positions
from gradcli.layers.layer import Forward, Layer, Params, Shape, sizes_of, with_slope_of
from gradcli.problem import Note


class MaxPool(Layer, kind="max_pool2d"):
    """The largest entry of each window; of equal ones the first, row by row, has the gradient."""

    pool: list[int]
    stride: list[int] | None = None
    padding: Any
    rowwise = True
    spatial = True
    names: ClassVar[tuple[str, ...]] = ("h", "w")
    """The axes that the window slides along."""

    @property
    def sliding(self) -> dict[str, Any]:
        """How the window slides, as ``max_pool`` takes it."""
        count = len(self.names)
        words = isinstance(self.padding, str)
        return {
            "size": sizes_of(self.pool, count, "pool"),
            "stride": None if self.stride is None else sizes_of(self.stride, count, "stride"),
            "padding": self.padding if words else sizes_of(self.padding, count, "padding"),
        }

    def windows(self, shape: Shape) -> Pool:
        """Those of one row of ``shape``. Raises ValueError where they do not fit."""
        return pooled((1, *shape), **self.sliding)

    def output_shape(self, shape: Shape) -> Shape:
        require_positions(shape, self.names)
        try:
            return self.windows(shape).outcome[1:]
        except ValueError as error:
            raise ValueError(f"gets {shape}: {error}") from None

    def entries(self, shape: Shape) -> int:
        return super().entries(shape) + 2 * math.prod(shape)

    def forward(self, params: Params, x: Array, note: Note) -> Array:
        return max_pool(x, **self.sliding)

    def lint(self, shape: Shape, batch: int, letters: Collection[str]) -> Iterator[str]:
        for name, axis in zip(self.names, self.windows(shape).axes):
            rest = (axis.before + axis.length + axis.after - axis.extent) % axis.stride
            if rest and axis.stride >= axis.size:
                yield (
                    f"windows over {axis.size}, {axis.stride} apart, do not divide {name} "
                    f"{axis.length}: the last {rest} of it count for nothing"
                )

    def mistakes(self, batch: int) -> Iterator[tuple[str, Forward]]:
        told = "the gradient of a largest entry is shared over its window"
        yield told, partial(_mistaken, self, self.shared)

    def shared(self, x: Array) -> Array:
        """The mean of each window."""
        return sum_pool(x, **self.sliding) / self.counts(x.shape[1:], x.dtype)

    def counts(self, shape: Shape, dtype: Any) -> Any:
        """How many entries the mean of each window is of.

        A margin by number counts (torch), that of same does not (Keras, TensorFlow).
        """
        if self.padding != "same":
            return math.prod(self.sliding["size"])
        return sum_pool(np.ones((1, *shape[:-1], 1), dtype), **self.sliding)


class AveragePool(MaxPool, kind="avg_pool2d"):
    """The mean of each window."""

    def forward(self, params: Params, x: Array, note: Note) -> Array:
        return self.shared(x)

    def mistakes(self, batch: int) -> Iterator[tuple[str, Forward]]:
        if self.padding == "same":
            told = "the margin counts as entries of the mean"
            count = math.prod(self.sliding["size"])
            yield told, partial(_mistaken, self, lambda x: sum_pool(x, **self.sliding) / count)


def _mistaken(self: MaxPool, wrong: Any, params: Params, x: Array, note: Note) -> Array:
    return with_slope_of(wrong(x), self.forward(params, x, note))


class MaxPool1d(MaxPool, kind="max_pool1d"):
    """The same along one axis."""

    names = ("t",)


class AveragePool1d(AveragePool, kind="avg_pool1d"):
    """The same along one axis."""

    names = ("t",)


class GlobalMaxPool(Layer, kind="global_max_pool"):
    """The largest entry of each channel; equal ones share the gradient, as Keras's."""

    rowwise = True
    spatial = True

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) < 2:
            raise ValueError(f"takes positions and channels, such as (h, w, channels), not {shape}")
        return shape[-1:]

    def forward(self, params: Params, x: Array, note: Note) -> Array:
        return max(x, axis=tuple(range(1, x.ndim - 1)))


class GlobalAveragePool(GlobalMaxPool, kind="global_avg_pool"):
    """The mean of each channel."""

    def forward(self, params: Params, x: Array, note: Note) -> Array:
        return mean(x, axis=tuple(range(1, x.ndim - 1)))
