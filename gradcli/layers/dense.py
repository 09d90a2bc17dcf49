"""The dense layer, also called fully connected, linear or affine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcli.engine import Array
from gradcli.engine.ops.linear import dense, matmul
from gradcli.inputs.initialisers import Fans
from gradcli.layers.layer import Forward, Layer, Params, Shape, with_slope_of
from gradcli.layers.weights import Parameter, Weight
from gradcli.problem import Arrays, Note


class Dense(Layer, kind="dense"):
    """x @ w + b, on the last axis."""

    units: int
    act: str
    bias: bool
    weights = (Weight("w", decays=True), Weight("b", "zeros", "bias"))
    inferred = ("units",)
    stacks = True
    keeps_features = False
    spatial = False
    flat = True

    @property
    def title(self) -> str:
        return f"{self.units} {self.act}"

    def told(self, given: Arrays) -> dict[str, Any]:
        """A list of numbers as a weight is one column."""
        w, b = [(*given[n].shape, 1)[:2] if n in given else (1,) for n in "wb"]
        if len(w) > 1:
            return {"in": w[0], "units": w[1]}
        return {"units": b[0]} if len(b) > 1 else {}

    def parameters(self, shape: Shape, batch: int) -> dict[str, Parameter]:
        fan_in, units = shape[-1], self.units
        return {
            "w": Parameter(
                (fan_in, units), "(in, out)", Fans(fan_in, units), features=0, outputs=1
            ),
            "b": Parameter((units,), "(out,)", Fans(units, units), outputs=0),
        }

    def output_shape(self, shape: Shape) -> Shape:
        return (*shape[:-1], self.units)

    def forward(self, params: Params, x: Array, note: Note) -> Array:
        return dense(x, params["w"], params["b"]) if self.bias else matmul(x, params["w"])

    def mistakes(self, batch: int) -> Iterator[tuple[str, Forward]]:
        if self.bias and batch > 1:
            for row in (0, batch - 1):
                yield "{b} is not summed over the batch", _biased(row)


def _biased(row: int) -> Forward:
    """A bias whose gradient comes from one row alone."""

    def forward(params: Params, x: Array, note: Note) -> Array:
        b, at = params["b"], np.zeros((len(x), *(1,) * (x.ndim - 1)), x.dtype)
        at[row] = 1
        return matmul(x, params["w"]) + with_slope_of(b * at, b)

    return forward
