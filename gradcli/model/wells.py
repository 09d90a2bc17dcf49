"""Where the arrays of a layer come from, as far as its place in a network tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.errors import SpecError
from gradcli.layers.weights import Parameter, Weight
from gradcli.model.placed import Placed


class Well(NamedTuple):
    """What the arrays of one layer are drawn from, or fitted into."""

    needed: Mapping[str, Parameter]
    """What its own arrays are like, by letter."""
    of: Mapping[str, tuple[str, ...]]
    """The letters that each of the convention's arrays is made of, by its name in the model."""
    weights: Mapping[str, Weight]
    blank: Mapping[str, npt.NDArray[Any]]
    """Its own arrays, not drawn yet: zeros."""
    fitting: Mapping[str, Parameter]
    """What the convention's arrays are like, by what it calls them."""


def well(placed: Placed, batch: int) -> Well:
    """That of a layer in its place. Raises SpecError where the convention has no such arrays."""
    needed = placed.layer.parameters(placed.shape, batch)
    of = {name: placed.letters_of(local) for local, name in placed.names.items()}
    weights = placed.layer.letters({letter for letters in of.values() for letter in letters})
    blank = {n: np.broadcast_to(np.zeros(()), needed[n].shape) for n in weights}
    try:
        theirs = placed.theirs(blank)
    except ValueError as error:
        raise SpecError(next(iter(of)), f"{placed.layer.kind} {error}") from None
    fitting = {n: Parameter(np.shape(theirs[n]), placed.axes_of(n, needed)) for n in placed.names}
    return Well(needed, of, weights, blank, fitting)
