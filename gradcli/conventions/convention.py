"""How a convention is declared: what it calls the arrays of each kind of layer, and their layout.

The layers know Keras's alone. Under another convention a problem's arrays are the convention's:
they are brought into Keras's layout by the first operations of an evaluation, so that gradients
come out as the convention has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.engine import Array
from gradcli.engine.ops.shape import transpose

Arrays = Mapping[str, npt.NDArray[Any]]


class Layout(NamedTuple):
    """The arrays of one kind of layer, as a convention has them."""

    names: Mapping[str, tuple[str, ...]]
    """What it calls them, each with the letters of the layers' arrays that it is made of."""
    axes: Mapping[str, str]
    """What their axes are, for people."""
    theirs: Callable[[Arrays], Mapping[str, npt.NDArray[Any]]]
    """The convention's arrays, by its names, from the layers' by letter."""
    ours: Callable[[Mapping[str, Array]], Mapping[str, Array]]
    """The layers' arrays from the convention's, by ops."""


class Convention(NamedTuple):
    """What it changes at the edges of a network; the layers between know nothing of it."""

    channels_first: bool = False
    """(batch, channels, h, w) for (batch, h, w, channels), and flattened in that order."""
    positional: bool = False
    """Whether names begin with a layer's place in a sequence of modules, an activation counted."""
    by_batch: bool = False
    """Whether the sum of a loss over rows is divided by the batch, however many rows it has."""
    layouts: Mapping[str, Callable[[Any], Layout]] = {}
    """By kind of layer, from the layer; others have the layers' own."""
    defaults: Mapping[str, Mapping[str, Any]] = {}
    """By kind of layer, the values of keys that are not given."""
    slopes: Mapping[str, Mapping[str, float]] = {}
    """By activation, what its function is called with."""
    called: Mapping[str, tuple[str, ...]] = {}
    """By kind of layer, what its arrays may be called, where they have a layout."""
    read: Mapping[str, Callable[[Any], tuple[str, Any]]] = {}
    """By the name of a key that means another thing there: ours, and its value."""


def convention_of(name: str) -> Convention:
    """The convention ``name`` of the catalogue."""
    found: Convention = import_module(f"gradcli.conventions.{name}").CONVENTION
    return found


def moved(*arrays: tuple[str, str, tuple[int, ...] | None, str]) -> Layout:
    """A layout of the same arrays: (theirs, ours, order of our axes there, their axes)."""
    back = {
        name: None if order is None else tuple(np.argsort(order).tolist())
        for name, _, order, _ in arrays
    }
    return Layout(
        {name: (letter,) for name, letter, _, _ in arrays},
        {name: axes for name, _, _, axes in arrays},
        lambda ours: {
            name: ours[letter] if order is None else np.transpose(ours[letter], order)
            for name, letter, order, _ in arrays
            if letter in ours
        },
        lambda theirs: {
            letter: theirs[name] if back[name] is None else transpose(theirs[name], back[name])
            for name, letter, _, _ in arrays
            if name in theirs
        },
    )
