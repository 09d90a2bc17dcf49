"""A network at many values of one of its arrays, all at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.engine import Array
from gradcli.layers.layer import Params
from gradcli.model.network import run_layer
from gradcli.model.placed import Placed
from gradcli.problem import Note


class Stack(NamedTuple):
    """Runs the layers of a network whose array ``name`` is a stack: (K, *shape).

    From the layer that has it on, or from x, arrays have the axis K in front. A layer that takes
    no such stack is given its rows as so many more of a batch, where it takes each row by itself;
    else it is run for each.
    """

    name: str
    array: npt.NDArray[Any]

    def run(self, placed: Placed, params: Params, x: Array, note: Note) -> Any:
        layer = placed.layer
        if self.name in placed.names.values():
            if layer.stacks and not placed.turned:
                return layer.forward(self._own(placed, params), x, note)
            each = [{**params, self.name: array} for array in self.array]
            return np.stack([run_layer(placed, one, x, note) for one in each])
        if x.ndim == len(placed.shape) + 1 or (layer.stacks and not layer.lays):
            return run_layer(placed, params, x, note)
        if layer.rowwise:
            y = run_layer(placed, params, x.reshape((-1, *x.shape[2:])), note)
            return y.reshape((len(x), -1, *y.shape[1:]))
        return np.stack([run_layer(placed, params, one, note) for one in x])

    def _own(self, placed: Placed, params: Params) -> Mapping[str, Array]:
        """The layer's arrays, those that vary with the stack as ``forward`` takes them."""
        ndim = 1 + len(placed.layer.output_shape(placed.shape))
        given = {local: params[name] for local, name in placed.names.items()}
        [local] = [local for local, name in placed.names.items() if name == self.name]
        if placed.layout is None:  # a copy of the stack would take as long as the product
            return {**given, local: placed.layer.stacked(local, self.array, ndim)}
        each = [placed.ours({**given, local: array}) for array in self.array]
        own = dict(each[0])
        for letter in placed.varied(local):
            array = np.stack([np.asarray(arrays[letter]) for arrays in each])
            own[letter] = placed.layer.stacked(letter, array, ndim)
        return own
