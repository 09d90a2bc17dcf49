"""How a convention lays out the arrays of a kind of layer: by its own names, in its own order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    """The layer's arrays, by letter, from the convention's, by ops.

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

    def __init__(self, *parts: Part, gates: tuple[int, ...] | None = None) -> None:
        self.parts = parts
        self.gates = gates
        """The order of our gates there, where it is another."""
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
        """The layer's arrays, as far as all that they are made of is there."""
        whole = [part for part in self.parts if part.names.keys() <= theirs.keys()]
        return {n: array for part in whole for n, array in part.ours(theirs, layer).items()}
