"""Gradients as common mistakes in a handwritten backward pass give them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradcli.engine import Array, plain
from gradcli.gradient import differentiate
from gradcli.model.network import changed, leaves
from gradcli.model.placed import Placed
from gradcli.problem import Arrays

if TYPE_CHECKING:
    from gradcli.model.base import Network
    from gradcli.model.spec import Spec

Slope = Callable[[Any, Any], Any]
"""A derivative to use for an activation: of z and act(z), plain arrays, elementwise."""


def mistakes(network: Network) -> Iterator[tuple[str, Arrays]]:
    """(name of the mistake, the gradients that it gives), for each that this network allows."""
    layers = list(leaves(network.spec.layers))
    curved = [placed for placed in layers if placed.activate is not None]
    for placed in curved:
        act = placed.layer.activation
        where = f" in layer {layers.index(placed) + 1}" if len(layers) > 1 else ""
        yield f"the derivative of {act} is missing{where}", _sloped(network, [placed], _one)
        if act == "softmax":
            yield (
                f"the derivative of softmax is taken as p (1 - p), without its cross terms{where}",
                _sloped(network, [placed], lambda z, p: p * (1 - p)),
            )
    if len(curved) > 1:
        yield "the derivatives of the activations are missing", _sloped(network, curved, _one)
    yield from _flattened(network, layers)
    for placed in layers:
        names = {
            letter: n for local, n in placed.names.items() for letter in placed.letters_of(local)
        }
        gates = _Gates(placed.layout.gates if placed.layout else None)
        for what, wrong in placed.layer.mistakes(len(network.x)):
            changes = {placed.z: placed._replace(mistaken=wrong)}
            yield what.format(**names, gates=gates), _gradients(network, changes)
    yield from _of_loss(network)


class _Gates(NamedTuple):
    """Writes an order of gates as a convention that has them in another ``order`` sees it."""

    order: tuple[int, ...] | None

    def __format__(self, told: str) -> str:
        """``told`` is the order, and who has it: of the layer's own alone that is so."""
        gates, _, whose = told.partition(" ")
        if self.order is None:
            return " ".join(gates) + f" ({whose})" * (whose != "")
        return " ".join([gates[i] for i in self.order])


def _of_loss(network: Network) -> Iterator[tuple[str, Arrays]]:
    """What goes wrong in the loss: its penalties, its mask, its smoothing."""
    built, spec = network.built, network.spec

    def gradients(other: Spec, arrays: Arrays = built.arrays) -> Arrays:
        changed = built._replace(spec=other, arrays=arrays)
        return differentiate(type(network)(changed)).gradients

    if spec.l1:
        yield "l1 is left out of the gradient", gradients(spec._replace(l1=0.0))
    if spec.l2:  # the slope of l2 / 2 * w^2 is l2 * w
        yield "l2 is left out of the gradient", gradients(spec._replace(l2=0.0))
        yield "the factor 2 of l2's derivative is missing", gradients(spec._replace(l2=spec.l2 / 2))
    if spec.loss is not None and "mask" in built.arrays:  # one layer may have its own
        others = {name: array for name, array in built.arrays.items() if name != "mask"}
        yield "the mask of the loss is ignored", gradients(spec, others)
    if spec.settings.get("label_smoothing"):
        hard = {**spec.settings, "label_smoothing": 0.0}
        yield "label_smoothing is left out", gradients(spec._replace(settings=hard))


def _flattened(network: Network, layers: list[Placed]) -> Iterator[tuple[str, Arrays]]:
    """Gradients by what takes a flattened image, as if that had its channels elsewhere."""
    image: tuple[int, ...] = ()
    first = False
    for placed, after in pairwise(layers):
        if placed.layer.lays and len(after.shape) == 1:
            image, first = placed.shape, placed.first[0]
        if len(image) < 2 or after.shape != (math.prod(image),):
            continue
        entries = np.arange(math.prod(image))
        seen = entries.reshape((image[-1], *image[:-1]) if first else image)
        other = np.moveaxis(seen, 0, -1) if first else np.moveaxis(seen, -1, 0)
        for name, axis in _feature_axes(after, len(network.x)):
            right = differentiate(network).gradients[name]
            where = "last" if first else "first"
            what = f"{name} is of an image flattened with its channels {where}"
            yield what, {name: np.take(right, other.reshape(-1), axis=axis)}


def _feature_axes(placed: Placed, batch: int) -> Iterator[tuple[str, int]]:
    """The parameters with an axis that runs over the features of the input, and that axis."""
    needed = placed.layer.parameters(placed.shape, batch)
    for local, name in placed.names.items():
        letters = placed.letters_of(local)
        one = needed[letters[0]] if len(letters) == 1 else None
        if one is None or one.features is None or name not in placed.learned:
            continue
        axes = placed.axes_of(local, needed).strip("()").split(", ")
        yield name, axes.index("in") if "in" in axes else one.features


def _one(z: Any, a: Any) -> Any:
    return np.ones_like(a)


def _gradients(network: Network, changes: Mapping[str, Placed]) -> Arrays:
    """Gradients with some layers, named by their z, replaced."""

    def change(placed: Placed) -> Placed | None:
        return changes.get(placed.z)

    spec = network.spec
    spec = spec._replace(layers=changed(spec.layers, change))
    return differentiate(type(network)(network.built._replace(spec=spec))).gradients


def _sloped(network: Network, layers: list[Placed], slope: Slope) -> Arrays:
    """Gradients with ``slope`` for the derivative of the activations of ``layers``."""
    changes = {p.z: p._replace(activate=_with_slope(p.activate, slope)) for p in layers}
    # A cross entropy is then one of what the activation gives, not of its logits.
    built = network.built._replace(spec=network.spec._replace(from_probs=True))
    return _gradients(type(network)(built), changes)


def _with_slope(
    activate: Callable[[Array], Array] | None, slope: Slope
) -> Callable[[Array], Array]:
    """An activation whose value is right, and whose derivative is ``slope``."""
    assert activate is not None

    def wrong(z: Array) -> Array:
        value, at = plain(activate(z)), plain(z)
        return (z - at) * slope(at, value) + value

    return wrong
