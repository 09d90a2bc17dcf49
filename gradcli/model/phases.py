"""A network while it is trained and once it is: masks drawn anew, and the moments of batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradcli.engine import Array
from gradcli.errors import SpecError
from gradcli.inputs.initialisers import initialise
from gradcli.inputs.streams import NumpyStream, Stream
from gradcli.layers.layer import Params
from gradcli.model.build import arrays_of
from gradcli.model.network import leaves, run_layer
from gradcli.model.placed import Placed
from gradcli.problem import Arrays, Note

MOMENTUM = 0.99
"""Of the moving means of moments, as Keras's."""


def run_training(placed: Placed, params: Mapping[str, Array], x: Array, note: Note) -> Any:
    """Runs a layer in training: the moments of the batch are noted by their names."""

    def run(own: Params, x: Array, note: Note) -> Any:
        for letter, value in placed.layer.moments(own, x).items():
            note(placed.local_of(letter), value)
        return placed.layer.forward(own, x, note)

    return run_layer(placed, params, x, note, run)


def run_trained(placed: Placed, params: Mapping[str, Array], x: Array, note: Note) -> Any:
    """Runs a layer of a trained network; what has been gathered is among ``params``."""
    moving = {letter: params[name] for letter, name in placed.gathered.items()}

    def run(own: Params, x: Array, note: Note) -> Any:
        return placed.layer.forward_trained({**own, **moving}, x, note)

    return run_layer(placed, params, x, note, run)


def moving_start(layers: tuple[Placed, ...], dtype: str) -> Arrays:
    """What training gathers, by name, before the first batch."""
    found: Arrays = {}
    for placed in leaves(layers):
        names, needed = placed.gathered, placed.layer.parameters(placed.shape, 1)
        for weight in placed.layer.weights:
            if weight.letter in names:
                shape = needed[weight.letter].shape
                array = initialise(weight.initialiser, shape, NumpyStream(0))
                found[names[weight.letter]] = array.astype(dtype)
    return found


def moved_on(moving: Arrays, moments: Arrays) -> Arrays:
    """The moving means after a batch with these ``moments``."""
    return {
        name: array * MOMENTUM + moments[name] * (1 - MOMENTUM) for name, array in moving.items()
    }


def masked(layers: tuple[Placed, ...]) -> list[Placed]:
    """The layers with an array that is drawn for each row of a batch.

    Raises SpecError where such an array is given: it is of one batch, and there are many.
    """
    found = []
    for placed in leaves(layers):
        one, two = (placed.layer.parameters(placed.shape, batch) for batch in (1, 2))
        for local, name in placed.names.items():
            if any(one[letter].shape != two[letter].shape for letter in placed.letters_of(local)):
                if placed.values[local] is not None:
                    raise SpecError(name, "is of one batch, and training takes many: leave it out")
                found.append(placed)
    return found


def drawn_masks(layers: list[Placed], batch: int, stream: Stream, dtype: str) -> Arrays:
    """Arrays for ``batch`` rows of the ``masked`` layers, drawn anew, by name."""
    found: Arrays = {}
    for placed in layers:
        found |= arrays_of(placed, dict.fromkeys(placed.names.values()), batch, stream)
    return {name: array.astype(dtype) for name, array in found.items()}
