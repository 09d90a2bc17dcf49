"""Embedding: whole numbers, such as those of words, as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.engine import Array
from gradcli.engine.ops.choice import where
from gradcli.engine.ops.comparison import stop_gradient
from gradcli.engine.ops.indexing import gather
from gradcli.engine.tensor import known
from gradcli.inputs.initialisers import Fans
from gradcli.layers.layer import Forward, Layer, Params, Shape
from gradcli.layers.weights import Parameter, Weight
from gradcli.problem import Arrays, Note


class Embedding(Layer, kind="embedding"):
    """e[x]: x are whole numbers from 0 up to ``vocab``."""

    vocab: int
    units: int
    weights = (Weight("e", decays=True),)
    inferred = ("vocab", "units")
    keeps_features = False
    stacks = True

    def told(self, given: Arrays) -> dict[str, Any]:
        shapes = [e.shape for e in given.values() if e.ndim == 2]
        return dict(zip(self.inferred, shapes[0])) if shapes else {}

    def parameters(self, shape: Shape, batch: int) -> dict[str, Parameter]:
        size = (self.vocab, self.units)
        return {"e": Parameter(size, "(vocab, units)", Fans(*size))}

    def output_shape(self, shape: Shape) -> Shape:
        return (*shape, self.units)

    def forward(self, params: Params, x: Array, note: Note) -> Array:
        return gather(params["e"], x, axis=-2)

    def stacked(self, letter: str, stack: npt.NDArray[Any], ndim: int) -> npt.NDArray[Any]:
        return stack

    def mistakes(self, batch: int) -> Iterator[tuple[str, Forward]]:
        yield "{e} has one of a repeated token's gradients, not their sum", _assigned


def _assigned(params: Params, x: Array, note: Note) -> Array:
    """The last place of each token alone has a gradient, as where it is assigned."""
    tokens = known(x, "the tokens")
    _, from_end = np.unique(tokens.reshape(-1)[::-1], return_index=True)
    last = np.zeros((tokens.size, 1), bool)
    last[tokens.size - 1 - from_end] = True
    rows = gather(params["e"], x)
    return where(last.reshape((*tokens.shape, 1)), rows, stop_gradient(rows))
