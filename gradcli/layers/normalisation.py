"""Layers of normalisation: mean 0 and variance 1, over the batch or within a row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import ClassVar

from gradcli.engine import Array
from gradcli.engine.axes import Axis
from gradcli.engine.ops.arithmetic import sqrt, square
from gradcli.engine.ops.comparison import stop_gradient
from gradcli.engine.ops.normalisation import center, rms_norm
from gradcli.engine.ops.reduction import mean
from gradcli.engine.ops.shape import reshape
from gradcli.inputs.initialisers import Fans
from gradcli.layers.layer import Forward, Layer, Params, Shape
from gradcli.layers.weights import Parameter, Weight
from gradcli.problem import Note

Normalise = Callable[[Array, Axis, float], Array]
"""Of x, the axes that the mean and the variance go along, and eps."""


def normalised(x: Array, axis: Axis, eps: float) -> Array:
    return rms_norm(center(x, axis), axis, eps)


def _with_fixed_mean(x: Array, axis: Axis, eps: float) -> Array:
    return rms_norm(_less_fixed_mean(x, axis), axis, eps)


def _with_fixed_variance(x: Array, axis: Axis, eps: float) -> Array:
    return _over_fixed_scale(center(x, axis), axis, eps)


def _with_both_fixed(x: Array, axis: Axis, eps: float) -> Array:
    return _over_fixed_scale(_less_fixed_mean(x, axis), axis, eps)


def _less_fixed_mean(x: Array, axis: Axis) -> Array:
    return x - stop_gradient(mean(x, axis, keepdims=True))


def _over_fixed_scale(x: Array, axis: Axis, eps: float) -> Array:
    return x / stop_gradient(sqrt(mean(x * x, axis, keepdims=True) + eps))


class Norm(Layer):
    """What they have in common: gamma * normalised x + beta, of each channel."""

    eps: float
    weights: ClassVar[tuple[Weight, ...]] = (Weight("gamma", "ones"), Weight("beta", "zeros"))
    stacks = True

    def parameters(self, shape: Shape, batch: int) -> dict[str, Parameter]:
        c = shape[-1]
        each = Parameter((c,), "(channels,)", Fans(c, c), features=0)
        return dict.fromkeys([weight.letter for weight in self.weights], each)

    def forward(
        self, params: Params, x: Array, note: Note, normalise: Normalise = normalised
    ) -> Array:
        z = note("normalised", self.normal(params, x, normalise))
        return z * params["gamma"] + params["beta"]

    def normal(self, params: Params, x: Array, normalise: Normalise) -> Array:
        """``x`` as ``normalise`` makes it, along the axes of this kind."""
        return normalise(x, -1, self.eps)

    def mistakes(self, batch: int) -> Iterator[tuple[str, Forward]]:
        """The values are right; some of the ways back are missing."""
        for what, wrong in (
            ("mean is", _with_fixed_mean),
            ("variance is", _with_fixed_variance),
            ("mean and variance are", _with_both_fixed),
        ):
            yield f"the {what} taken as constant", partial(self.forward, normalise=wrong)


class BatchNorm(Norm, kind="batch_norm"):
    """gamma * (x - mean) / sqrt(variance + eps) + beta, each channel over all else.

    Ioffe & Szegedy, "Batch normalization", 2015. With ``mean`` and ``var`` given, constants, it
    is that of inference.
    """

    weights = (
        *Norm.weights,
        Weight("mean", "zeros", optional=True, learned=False, beside="var", gathered=True),
        Weight("var", "ones", optional=True, learned=False, beside="mean", gathered=True),
    )
    channelwise = True
    spatial = True

    def normal(self, params: Params, x: Array, normalise: Normalise) -> Array:
        if "mean" in params:
            return (x - params["mean"]) / sqrt(params["var"] + self.eps)
        return normalise(x, _all_but_channels(x), self.eps)

    def moments(self, params: Params, x: Array) -> dict[str, Array]:
        if "mean" in params:
            return {}
        axes = _all_but_channels(x)
        return {"mean": mean(x, axes), "var": mean(square(center(x, axes)), axes)}

    def lint(self, shape: Shape, batch: int, letters: Collection[str]) -> Iterator[str]:
        if batch == 1 and len(shape) == 1 and "mean" not in letters:
            yield (
                "in one row each entry is its own mean: what comes out is beta alone, and the "
                "gradients of all that comes before are 0"
            )


def _all_but_channels(x: Array) -> tuple[int, ...]:
    return tuple(range(x.ndim - 1))


class LayerNorm(Norm, kind="layer_norm"):
    """gamma * (x - mean) / sqrt(variance + eps) + beta, over the features of each row.

    Ba, Kiros & Hinton, "Layer normalization", 2016.
    """

    spatial = False


class RmsNorm(Norm, kind="rms_norm"):
    """gamma * x / sqrt(mean(x^2) + eps), over the features of each row.

    Zhang & Sennrich, "Root mean square layer normalization", 2019.
    """

    weights = Norm.weights[:1]
    spatial = False

    def forward(
        self, params: Params, x: Array, note: Note, normalise: Normalise = rms_norm
    ) -> Array:
        return note("normalised", normalise(x, -1, self.eps)) * params["gamma"]

    def mistakes(self, batch: int) -> Iterator[tuple[str, Forward]]:
        wrong = partial(self.forward, normalise=_over_fixed_scale)
        yield "the mean square is taken as constant", wrong


class GroupNorm(Norm, kind="group_norm"):
    """gamma * (x - mean) / sqrt(variance + eps) + beta, over groups of channels of each row.

    Wu & He, "Group normalization", 2018.
    """

    groups: int
    rowwise = True
    spatial = True

    def output_shape(self, shape: Shape) -> Shape:
        if shape[-1] % self.groups:
            raise ValueError(f"has {self.groups} groups, which do not divide {shape[-1]} channels")
        return shape

    def normal(self, params: Params, x: Array, normalise: Normalise) -> Array:
        parted = reshape(x, (len(x), -1, self.groups, x.shape[-1] // self.groups))
        return reshape(normalise(parted, (1, 3), self.eps), x.shape)
