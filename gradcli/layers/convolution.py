"""Convolution along one axis and along two."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from gradcli.engine import Array
from gradcli.engine.ops.comparison import stop_gradient
from gradcli.engine.ops.convolution import conv
from gradcli.engine.ops.joining import pad
from gradcli.engine.ops.plan import Plan, planned
from gradcli.engine.ops.shape import moveaxis, reshape, transpose
from gradcli.inputs.initialisers import Fans
from gradcli.layers.layer import Forward, Layer, Params, Shape, with_slope_of
from gradcli.layers.weights import Parameter, Weight
from gradcli.problem import Arrays, Note


class Conv(Layer, kind="conv2d"):
    """The weighted sums of what a window sees, slid over an image: a filter each."""

    filters: int
    kernel: list[int]
    stride: list[int]
    padding: list[int] | str
    dilation: list[int]
    groups: int
    act: str
    bias: bool
    rowwise = True
    stacks = True
    weights = (Weight("w", decays=True), Weight("b", "zeros", "bias"))
    inferred = ("filters", "kernel")
    keeps_features = False
    axes: ClassVar[tuple[str, ...]] = ("h", "w", "channels")
    spatial = True

    @property
    def sliding(self) -> dict[str, Any]:
        """How the window slides, as ``conv`` takes it."""
        sizes = {key: self.sizes(key) for key in ("stride", "padding", "dilation")}
        return {**sizes, "groups": self.groups}

    def kernel_shape(self, shape: Shape) -> Shape:
        return (*self.sizes("kernel"), shape[-1] // self.groups, self.filters)

    def plan(self, shape: Shape) -> Plan:
        """How one row of ``shape`` is gone over. Raises ValueError where it does not fit."""
        return planned((1, *shape), self.kernel_shape(shape), **self.sliding)

    def told(self, given: Arrays) -> dict[str, Any]:
        shape = given["w"].shape if "w" in given else ()
        if len(shape) != len(self.axes) + 1:
            return {}
        return {"filters": shape[-1], "kernel": list(shape[:-2])}

    def parameters(self, shape: Shape, batch: int) -> dict[str, Parameter]:
        found, seen = self.kernel_shape(shape), math.prod(self.sizes("kernel"))
        axes = ", ".join([f"k{name[0]}" for name in self.axes[:-1]])
        fans = Fans(seen * found[-2], seen * self.filters)
        return {
            "w": Parameter(found, f"({axes}, in, out)", fans),
            "b": Parameter((self.filters,), "(out,)", Fans(self.filters, self.filters)),
        }

    def output_shape(self, shape: Shape) -> Shape:
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
        w = params["w"]
        whole = conv if w.ndim == len(self.axes) + 1 else self._of_each
        return self.biased(params, whole(x, w, **self.sliding))

    def _of_each(self, x: Array, w: Array, **sliding: Any) -> Array:
        """The convolution with each of a stack of ``w``: in a group, so many more filters."""
        count, groups = len(w), self.groups
        beside = w.reshape((*w.shape[:-1], groups, -1))
        beside = moveaxis(beside, 0, -2).reshape((*w.shape[1:-1], -1))
        y = conv(x, beside, **sliding)
        y = moveaxis(y.reshape((*y.shape[:-1], groups, count, -1)), -2, 0)
        return y.reshape((*y.shape[:-2], -1))

    def biased(self, params: Params, y: Array) -> Array:
        return y + params["b"] if self.bias else y

    def mistakes(self, batch: int) -> Iterator[tuple[str, Forward]]:
        def of(wrong: Callable[[Array, Array], Array]) -> Forward:
            return self.sloped(lambda params, x: self.biased(params, wrong(x, params["w"])))

        yield "the kernel is flipped in the gradient of x", of(self._flipped_x)
        yield "the gradient of {w} is flipped", of(self._flipped_w)
        yield "{w} has its channels first", of(self._channels_first)
        if any(step > 1 for step in self.sizes("stride")):
            yield "the stride is forgotten", of(self._without_stride)
        if self.padding != "valid":
            yield "the margin is cut off behind alone, not on both sides", of(self._margin_behind)

    def _flipped_x(self, x: Array, w: Array) -> Array:
        still = stop_gradient
        return conv(x, self._flipped(still(w)), **self.sliding) + conv(still(x), w, **self.sliding)

    def _flipped_w(self, x: Array, w: Array) -> Array:
        return conv(x, with_slope_of(self._flipped(w), w), **self.sliding)

    def _flipped(self, w: Array) -> Array:
        return w[(slice(None, None, -1),) * (w.ndim - 2)]

    def _channels_first(self, x: Array, w: Array) -> Array:
        """The gradient of w is laid out as (out, in, kh, kw)."""
        *kernel, inputs, filters = w.shape
        read = reshape(w, (filters, inputs, *kernel))
        read = transpose(read, (*range(2, w.ndim), 1, 0))
        return conv(x, with_slope_of(read, w), **self.sliding)

    def _without_stride(self, x: Array, w: Array) -> Array:
        """Each window lies next to the one before, as far as there are any."""
        counts = self.plan(x.shape[1:]).outcome[1:-1]
        dense = conv(x, w, **{**self.sliding, "stride": 1})
        return dense[(slice(None), *[slice(count) for count in counts])]

    def _margin_behind(self, x: Array, w: Array) -> Array:
        plan = self.plan(x.shape[1:])
        axes = (plan.h, plan.w)[2 - len(self.sizes("kernel")) :]
        margins = [(0, axis.before + axis.after) for axis in axes]
        return conv(pad(x, ((0, 0), *margins, (0, 0))), w, **{**self.sliding, "padding": "valid"})


class Conv1d(Conv, kind="conv1d"):
    """The same along one axis, such as time."""

    axes = ("time", "channels")
