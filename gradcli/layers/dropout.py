"""Dropout: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
2014."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.engine import Array
from gradcli.engine.ops.choice import where
from gradcli.inputs.streams import Stream
from gradcli.layers.layer import Forward, Layer, Params, Shape
from gradcli.layers.weights import Parameter, Weight
from gradcli.problem import Note


class Dropout(Layer, kind="dropout"):
    """x where the mask keeps it, times the mask: what is kept is scaled by 1/(1 - rate)."""

    rate: float
    weights = (Weight("mask", "", learned=False, as_input=True),)
    stacks = True

    @property
    def scale(self) -> float:
        return 1 / (1 - self.rate)

    def parameters(self, shape: Shape, batch: int) -> dict[str, Parameter]:
        whole = (batch, *shape)

        def drawn(stream: Stream) -> npt.NDArray[Any]:
            return (stream.uniform(whole) >= self.rate) * self.scale

        return {"mask": Parameter(whole, "as x", fill=drawn)}

    def fitted(self, letter: str, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Zeros and ones tell what is kept; other numbers are factors as they stand."""
        return array * self.scale if np.all((array == 0) | (array == 1)) else array

    def forward(self, params: Params, x: Array, note: Note) -> Array:
        return _kept(params, x) * params["mask"]

    def forward_trained(self, params: Params, x: Array, note: Note) -> Array:
        return x

    def mistakes(self, batch: int) -> Iterator[tuple[str, Forward]]:
        def once_more(params: Params, x: Array) -> Array:
            return _kept(params, x) * params["mask"] ** 2

        yield "the mask of dropout is not applied", self.sloped(lambda params, x: x)
        yield "the scale 1/(1 - rate) of dropout is missing", self.sloped(_kept)
        yield "the mask of dropout is applied once too often", self.sloped(once_more)

    def lint(self, shape: Shape, batch: int, letters: Collection[str]) -> Iterator[str]:
        if batch == 1 and self.rate:
            yield "in one row, whatever it drops has no gradient at all"


def _kept(params: Params, x: Array) -> Array:
    """Not x * 0, which is not 0 where x is infinite."""
    return where(params["mask"] != 0, x, 0)
