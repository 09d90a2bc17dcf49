"""The dense layer, also called fully connected, linear or affine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy.typing as npt

from gradcli.engine import Array
from gradcli.engine.ops.linear import dense, matmul
from gradcli.inputs.initialisers import Fans
from gradcli.keys import Key
from gradcli.layers.layer import ACT, BIAS, Layer, Parameter, Shape, Weight
from gradcli.problem import Arrays, Note


class Dense(Layer, kind="dense"):
    """x @ w + b: each unit is a weighted sum of all features."""

    keys = (Key("units", "int", "Units out."), ACT, BIAS)
    units: int | None = None
    act: str = "linear"
    bias: bool = True
    weights = (Weight("w"), Weight("b", "zeros", "bias"))
    inferred = "units"
    stacks = True

    @property
    def title(self) -> str:
        return f"{self.units} {self.act}"

    def told(self, given: Arrays) -> tuple[int | None, int | None]:
        """A list of numbers as a weight is one column."""
        w, b = [(*given[n].shape, 1)[:2] if n in given else (1,) for n in "wb"]
        return (w[0], w[1]) if len(w) > 1 else (None, b[0] if len(b) > 1 else None)

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        fan_in, units = shape[-1], self.units or 0
        return {
            "w": Parameter((fan_in, units), "(in, out)", Fans(fan_in, units)),
            "b": Parameter((units,), "(out,)", Fans(units, units)),
        }

    def output_shape(self, shape: Shape) -> Shape:
        return (*shape[:-1], self.units or 0)

    def forward(self, params: Mapping[str, Array], x: Array, note: Note) -> Array:
        return dense(x, params["w"], params["b"]) if self.bias else matmul(x, params["w"])

    def mistakes(
        self, params: Arrays, x: npt.NDArray[Any], gradient: npt.NDArray[Any]
    ) -> Iterator[tuple[str, str, npt.NDArray[Any]]]:
        if self.bias and len(gradient) > 1:
            for row in (0, -1):
                yield "b", "is not summed over the batch", gradient[row]
