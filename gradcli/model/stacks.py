"""A network at many values of one of its arrays, all at once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.engine import Array
from gradcli.layers.layer import Params
from gradcli.model.network import run_layer
from gradcli.model.placed import Placed
from gradcli.problem import Note
from gradcli.stepping import Moving


class Stack(NamedTuple):
    """Runs the layers of a network whose array ``name`` is a stack: (K, *shape).

    From the layer that has it on, or from x, arrays have the axis K in front. All layers must be
    such as ``stackable`` tells.
    """

    name: str
    array: npt.NDArray[Any]
    layouts: dict[tuple[str, str], Moving]
    """What makes a layer's array of the convention's, by the names of both, for all stacks."""

    def run(self, placed: Placed, params: Params, x: Array, note: Note) -> Any:
        layer = placed.layer
        if self.name in placed.names.values():
            return layer.forward(self._own(placed, params), x, note)
        if x.ndim == len(placed.shape) + 1:
            return run_layer(placed, params, x, note)
        if layer.rowwise:
            y = run_layer(placed, params, x.reshape((-1, *x.shape[2:])), note)
            return y.reshape((len(x), -1, *y.shape[1:]))
        if layer.channelwise:
            count, channels = len(x), x.shape[-1]
            own = placed.ours({local: params[name] for local, name in placed.names.items()})
            own = {letter: np.tile(array, count) for letter, array in own.items()}
            x = np.moveaxis(x, 0, -2)
            y = layer.forward(own, x.reshape((*x.shape[:-2], count * channels)), note)
            return np.moveaxis(y.reshape((*y.shape[:-1], count, channels)), -2, 0)
        return run_layer(placed, params, x, note)

    def _own(self, placed: Placed, params: Params) -> Mapping[str, Array]:
        """The layer's arrays, those that vary with the stack as ``forward`` takes them."""
        ndim = 1 + len(placed.layer.output_shape(placed.shape))
        given = {local: params[name] for local, name in placed.names.items()}
        [local] = [local for local, name in placed.names.items() if name == self.name]
        if placed.layout is None and not placed.turned:
            # A copy of the stack would take as long as the product.
            return {**given, local: placed.layer.stacked(local, self.array, ndim)}
        at = {**given, local: self.array[0]}
        own = dict(placed.ours(at))
        for letter in placed.varied(local):
            key = self.name, letter
            if key not in self.layouts:
                self.layouts[key] = Moving(partial(_laid_out, placed, letter), at)
            array = self.layouts[key](local, self.array)
            own[letter] = placed.layer.stacked(letter, array, ndim)
        return own


def _laid_out(placed: Placed, letter: str, theirs: Mapping[str, Array]) -> Array:
    """The array of a layer that it calls ``letter``, from the convention's."""
    return placed.ours(theirs)[letter]


def stackable(placed: Placed) -> bool:
    """Whether there may be a stack of a layer's arrays, and of its input."""
    layer = placed.layer
    return bool(placed.inner) or layer.stacks or (layer.rowwise and not layer.weights)
