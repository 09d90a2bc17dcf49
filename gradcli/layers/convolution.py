"""Convolution along one axis and along two."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar

from gradcli.engine import Array
from gradcli.engine.ops.comparison import stop_gradient
from gradcli.engine.ops.convolution import conv
from gradcli.engine.ops.joining import pad
from gradcli.engine.ops.plan import Plan, planned
from gradcli.engine.ops.shape import reshape, transpose
from gradcli.inputs.initialisers import Fans
from gradcli.layers.layer import (
    Forward,
    Layer,
    Parameter,
    Params,
    Shape,
    Weight,
    sizes_of,
    with_slope_of,
)
from gradcli.problem import Arrays, Note


class Conv(Layer, kind="conv2d"):
    """The weighted sums of what a window sees, slid over an image: a filter each."""

    filters: int
    kernel: list[int]
    stride: list[int]
    padding: Any
    dilation: list[int]
    groups: int
    act: str
    bias: bool
    rowwise = True
    weights = (Weight("w", decays=True), Weight("b", "zeros", "bias"))
    inferred = ("filters", "kernel")
    keeps_features = False
    spatial = True
    names: ClassVar[tuple[str, ...]] = ("h", "w")
    """The axes that the window slides along."""

    def sizes(self, key: str) -> tuple[int, ...]:
        """A setting for each axis."""
        return sizes_of(getattr(self, key), len(self.names), key)

    @property
    def sliding(self) -> dict[str, Any]:
        """How the window slides, as ``conv`` takes it."""
        words = isinstance(self.padding, str)
        return {
            "stride": self.sizes("stride"),
            "padding": self.padding if words else self.sizes("padding"),
            "dilation": self.sizes("dilation"),
            "groups": self.groups,
        }

    def kernel_shape(self, shape: Shape) -> Shape:
        return (*self.sizes("kernel"), shape[-1] // self.groups, self.filters)

    def plan(self, shape: Shape) -> Plan:
        """How one row of ``shape`` is gone over. Raises ValueError where it does not fit."""
        return planned((1, *shape), self.kernel_shape(shape), **self.sliding)

    def told(self, given: Arrays) -> dict[str, Any]:
        shape = given["w"].shape if "w" in given else ()
        if len(shape) != len(self.names) + 2:
            return {}
        return {"filters": shape[-1], "kernel": list(shape[:-2])}

    def parameters(self, shape: Shape, batch: int) -> dict[str, Parameter]:
        found, seen = self.kernel_shape(shape), math.prod(self.sizes("kernel"))
        axes = ", ".join([f"k{name}" for name in self.names])
        fans = Fans(seen * found[-2], seen * self.filters)
        return {
            "w": Parameter(found, f"({axes}, in, out)", fans),
            "b": Parameter((self.filters,), "(out,)", Fans(self.filters, self.filters)),
        }

    def output_shape(self, shape: Shape) -> Shape:
        require_positions(shape, self.names)
        for name, count in (("channels", shape[-1]), ("filters", self.filters)):
            if count % self.groups:
                raise ValueError(f"has {self.groups} groups, which do not divide {count} {name}")
        try:
            return self.plan(shape).outcome[1:]
        except ValueError as error:
            raise ValueError(f"gets {shape}: {error}") from None

    def entries(self, shape: Shape) -> int:
        return super().entries(shape) + 2 * self.plan(shape).copied

    def forward(self, params: Params, x: Array, note: Note) -> Array:
        return self.biased(params, conv(x, params["w"], **self.sliding))

    def biased(self, params: Params, y: Array) -> Array:
        return y + params["b"] if self.bias else y

    def mistakes(self, batch: int) -> Iterator[tuple[str, Forward]]:
        def of(wrong: Any) -> Forward:
            return partial(self._mistaken, wrong)

        yield "the kernel is flipped in the gradient of x", of(self._flipped_x)
        yield "the gradient of {w} is flipped", of(self._flipped_w)
        yield "{w} has its channels first", of(self._channels_first)
        if any(step > 1 for step in self.sizes("stride")):
            yield "the stride is forgotten", of(self._without_stride)
        if self.padding != "valid":
            yield "the margin is cut off behind alone, not on both sides", of(self._margin_behind)

    def _mistaken(self, wrong: Any, params: Params, x: Array, note: Note) -> Array:
        right = conv(x, params["w"], **self.sliding)
        return self.biased(params, with_slope_of(wrong(x, params["w"]), right))

    def _flipped_x(self, x: Array, w: Array) -> Array:
        still = stop_gradient
        return conv(x, self._flipped(still(w)), **self.sliding) + conv(still(x), w, **self.sliding)

    def _flipped_w(self, x: Array, w: Array) -> Array:
        still = stop_gradient
        return conv(x, still(w), **self.sliding) + conv(still(x), self._flipped(w), **self.sliding)

    def _flipped(self, w: Array) -> Array:
        return w[(slice(None, None, -1),) * len(self.names)]

    def _channels_first(self, x: Array, w: Array) -> Array:
        """The gradient of w is laid out as (out, in, kh, kw)."""
        *kernel, inputs, filters = w.shape
        axes = len(kernel)
        read = reshape(w, (filters, inputs, *kernel))
        read = transpose(read, (*range(2, 2 + axes), 1, 0))
        still = stop_gradient
        return conv(x, still(w), **self.sliding) + conv(still(x), read, **self.sliding)

    def _without_stride(self, x: Array, w: Array) -> Array:
        """Each window lies next to the one before, as far as there are any."""
        counts = self.plan(x.shape[1:]).outcome[1:-1]
        dense = conv(x, w, **{**self.sliding, "stride": 1})
        return dense[(slice(None), *[slice(count) for count in counts])]

    def _margin_behind(self, x: Array, w: Array) -> Array:
        plan = self.plan(x.shape[1:])
        axes = (plan.h, plan.w)[-len(self.names) :]
        margins = [(0, axis.before + axis.after) for axis in axes]
        return conv(pad(x, ((0, 0), *margins, (0, 0))), w, **{**self.sliding, "padding": "valid"})


class Conv1d(Conv, kind="conv1d"):
    """The same along one axis, such as time."""

    names = ("t",)


_ROWS = {1: "sequences (time, channels)", 2: "images (h, w, channels)"}


def require_positions(shape: Shape, names: tuple[str, ...]) -> None:
    """Raise ValueError unless rows have axes ``names`` and channels."""
    if len(shape) != len(names) + 1:
        raise ValueError(f"takes {_ROWS[len(names)]}, not {shape}")
