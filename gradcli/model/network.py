"""The network: layers in their places, one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gradcli.engine import REGISTRY, Array
from gradcli.layers.layer import Layer
from gradcli.problem import Note


class Placed(NamedTuple):
    """A layer in its place: what its arrays are called there, and what is given for them."""

    layer: Layer
    names: dict[str, str]
    """Its parameters: their names in the model, by letter."""
    values: dict[str, Any]
    """A VALUE for each parameter, by letter."""
    pattern: str
    """Makes names in the model from those that the layer notes."""
    z: str
    """What the outcome of ``forward`` is called,"""
    a: str
    """and that of its activation."""
    activate: Callable[[Array], Array] | None
    """None where what ``forward`` gives is handed on."""


def place(layers: Iterable[tuple[Layer, Mapping[str, Any]]]) -> tuple[Placed, ...]:
    """``layers`` with the VALUEs given for each by letter, in their places.

    Names have a letter and, where more than one layer has parameters, its number among those;
    the outcome of a layer without parameters is called after its kind.
    """
    layers = tuple(layers)
    numbered = len([layer for layer, _ in layers if layer.letters]) > 1
    kinds = Counter([layer.kind for layer, _ in layers if not layer.letters])
    number, seen = 0, Counter[str]()
    placed = []
    for layer, given in layers:
        values = {letter: given.get(letter, default) for letter, default in layer.letters.items()}
        if layer.letters:
            number += 1
            pattern = f"{{}}{number if numbered else ''}"
            z, a = pattern.format("z"), pattern.format("a")
        else:
            seen[layer.kind] += 1
            a = f"{layer.kind}{seen[layer.kind] if kinds[layer.kind] > 1 else ''}"
            pattern = f"{a}.{{}}"
            z = a if layer.activation == "linear" else pattern.format("z")
        names = {letter: pattern.format(letter) for letter in values}
        activate = None if layer.activation == "linear" else REGISTRY[layer.activation]
        placed.append(Placed(layer, names, values, pattern, z, a, activate))
    return tuple(placed)


def forward(
    layers: Sequence[Placed],
    params: Mapping[str, Array],
    x: Array,
    note: Note,
) -> tuple[Array, Array]:
    """The output, (..., batch, out), of ``x`` (..., batch, in), and the last layer's z.

    z is what a layer makes of its input, ``a = act(z)`` what it hands on.
    """
    z = x
    for layer, names, _, pattern, name_of_z, name_of_a, activate in layers:

        def noted(name: str, value: Any, pattern: str = pattern) -> Any:
            return note(pattern.format(name), value)

        z = layer.forward({letter: params[name] for letter, name in names.items()}, x, noted)
        if z is not x:
            z = note(name_of_z, z)
        x = z if activate is None else note(name_of_a, activate(z))
    return x, z
