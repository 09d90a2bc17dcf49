"""Pooling: the largest entry or the mean of a window, or of all positions."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from typing import Any, ClassVar

import numpy as np

from gradcli.engine import Array
from gradcli.engine.ops.pooling import max_pool, sum_pool
from gradcli.engine.ops.reduction import max, mean
from gradcli.engine.ops.sliding import Pool, pooled
from gradcli.layers.layer import Forward, Layer, Params, Shape
from gradcli.problem import Note


class MaxPool(Layer, kind="max_pool2d"):
    """The largest entry of each window; of equal ones the first, row by row, has the gradient."""

    pool: list[int]
    stride: list[int] | None = None
    padding: list[int] | str
    rowwise = True
    axes: ClassVar[tuple[str, ...]] = ("h", "w", "channels")
    spatial = True

    @property
    def sliding(self) -> dict[str, Any]:
        """How the window slides, as ``max_pool`` takes it."""
        keys = {"size": "pool", "stride": "stride", "padding": "padding"}
        return {name: self.sizes(key) for name, key in keys.items()}

    def windows(self, shape: Shape) -> Pool:
        """Those of one row of ``shape``. Raises ValueError where they do not fit."""
        return pooled((1, *shape), **self.sliding)

    def output_shape(self, shape: Shape) -> Shape:
        try:
            return self.windows(shape).outcome[1:]
        except ValueError as error:
            raise ValueError(f"gets {shape}: {error}") from None

    def entries(self, shape: Shape) -> int:
        return super().entries(shape) + 2 * math.prod(shape)

    def forward(self, params: Params, x: Array, note: Note) -> Array:
        return max_pool(x, **self.sliding)

    def lint(self, shape: Shape, batch: int, letters: Collection[str]) -> Iterator[str]:
        for name, axis in zip(self.axes, self.windows(shape).axes):
            rest = (axis.before + axis.length + axis.after - axis.extent) % axis.stride
            if rest and axis.stride >= axis.size:
                yield (
                    f"windows over {axis.size}, {axis.stride} apart, do not divide {name} "
                    f"{axis.length}: the last {rest} of it count for nothing"
                )

    def mistakes(self, batch: int) -> Iterator[tuple[str, Forward]]:
        told = "the gradient of a largest entry is shared over its window"
        yield told, self.sloped(lambda params, x: self.shared(x))

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
            yield told, self.sloped(lambda params, x: sum_pool(x, **self.sliding) / count)


class MaxPool1d(MaxPool, kind="max_pool1d"):
    """The same along one axis."""

    axes = ("time", "channels")


class AveragePool1d(AveragePool, kind="avg_pool1d"):
    """The same along one axis."""

    axes = ("time", "channels")


class GlobalMaxPool(Layer, kind="global_max_pool"):
    """The largest entry of each channel; equal ones share the gradient, as Keras's."""

    rowwise = True
    spatial = True

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) < 2:
            raise ValueError(f"takes positions and channels, not {shape}")
        return shape[-1:]

    def forward(self, params: Params, x: Array, note: Note) -> Array:
        return max(x, axis=tuple(range(1, x.ndim - 1)))


class GlobalAveragePool(GlobalMaxPool, kind="global_avg_pool"):
    """The mean of each channel."""

    def forward(self, params: Params, x: Array, note: Note) -> Array:
        return mean(x, axis=tuple(range(1, x.ndim - 1)))
