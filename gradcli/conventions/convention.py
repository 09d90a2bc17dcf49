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

from gradcli.engine import Array
from gradcli.engine.ops.joining import concatenate
from gradcli.engine.ops.shape import transpose

Arrays = Mapping[str, Array]
"""Of one layer: plain, or Tensors."""


class Part(NamedTuple):
    """Some arrays of a layer, as a convention has them."""

    names: Mapping[str, tuple[str, ...]]
    """What the convention calls them, each with the letters that it is made of; none where the
    layer has no such array: it is zeros unless it is given."""
    axes: Mapping[str, str]
    """What their axes are there, for people, where they are not the layer's."""
    theirs: Callable[[Arrays], Mapping[str, Array]]
    """The convention's arrays, by its names, from those of the layer that there are.

    Raises ValueError, in words, for what the convention cannot hold."""
    ours: Callable[[Arrays, Any], Mapping[str, Array]]
    """The layer's arrays, by letter, from those of the convention's that there are, by ops.

    The layer, which is given too, tells what shapes do not."""


def moved(
    name: str,
    letter: str,
    axes: str = "",
    order: tuple[int, ...] | None = None,
    gates: tuple[int, ...] | None = None,
) -> Part:
    """One array of the layer, which is called ``name`` there.

    ``order`` is that of our axes there, and ``axes`` what they are; ``gates`` is the order there
    of our gates, which share our last axis evenly. Without them it is as the layer has it.
    """

    def theirs(ours: Arrays) -> dict[str, Array]:
        if letter not in ours:
            return {}
        array = reordered(ours[letter], gates)
        return {name: array if order is None else transpose(array, order)}

    def ours(theirs: Arrays, layer: Any) -> dict[str, Array]:
        if name not in theirs:
            return {}
        array = theirs[name] if order is None else transpose(theirs[name], _inverse(order))
        return {letter: reordered(array, gates and _inverse(gates))}

    return Part({name: (letter,)}, {name: axes} if axes else {}, theirs, ours)


def reordered(array: Array, gates: tuple[int, ...] | None) -> Array:
    """``array`` with the gates that share its last axis evenly in the order ``gates``."""
    if gates is None:
        return array
    share = array.shape[-1] // len(gates)
    return concatenate([array[..., i * share : (i + 1) * share] for i in gates], axis=-1)


def _inverse(order: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(np.argsort(order).tolist())


class Layout:
    """All arrays of one kind of layer, as a convention has them."""

    def __init__(self, *parts: Part) -> None:
        self.parts = parts
        self.names = {name: letters for part in parts for name, letters in part.names.items()}
        self.axes = {name: axes for part in parts for name, axes in part.axes.items()}
        self.varied: dict[str, tuple[str, ...]] = {}
        """By name, the letters of the layer's arrays that vary with that of the convention."""
        for part in parts:
            whole = tuple({letter: None for letters in part.names.values() for letter in letters})
            self.varied |= {name: letters or whole for name, letters in part.names.items()}

    def theirs(self, ours: Arrays) -> dict[str, Array]:
        return {n: array for part in self.parts for n, array in part.theirs(ours).items()}

    def ours(self, theirs: Arrays, layer: Any) -> dict[str, Array]:
        return {n: array for part in self.parts for n, array in part.ours(theirs, layer).items()}


class Convention(NamedTuple):
    """What it changes at the edges of a network; the layers between know nothing of it."""

    channels_first: bool = False
    """(batch, channels, h, w) for (batch, h, w, channels), and flattened in that order."""
    positional: bool = False
    """Whether names begin with a layer's place in a sequence of modules, an activation counted."""
    by_batch: bool = False
    """Whether the sum of a loss over rows is divided by the batch, however many rows it has."""
    layouts: Mapping[str, Layout] = {}
    """By kind of layer; others have the layers' own."""
    defaults: Mapping[str, Mapping[str, Any]] = {}
    """By kind of layer, the values of keys that are not given; some are made of the dtype."""
    slopes: Mapping[str, Mapping[str, float]] = {}
    """By activation, what its function is called with."""
    read: Mapping[str, Mapping[str, Callable[[Any], tuple[str, Any]]]] = {}
    """By kind of layer and key, where that means another thing there: ours, and its value.

    Raises SpecError."""

    def default(self, kind: str, dtype: str) -> dict[str, Any]:
        """The values of keys of a ``kind`` that are not given, where numbers are of ``dtype``."""
        found = self.defaults.get(kind, {})
        return {key: v(np.dtype(dtype)) if callable(v) else v for key, v in found.items()}


def convention_of(name: str) -> Convention:
    """The convention ``name`` of the catalogue."""
    found: Convention = import_module(f"gradcli.conventions.{name}").CONVENTION
    return found
