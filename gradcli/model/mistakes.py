"""Gradients as common mistakes in a handwritten backward pass give them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.engine import Array, plain
from gradcli.gradient import differentiate
from gradcli.problem import Arrays

if TYPE_CHECKING:
    from gradcli.model.model import Model

Slope = Callable[[Any, Any], Any]
"""A derivative to use for an activation: of z and act(z), plain arrays, elementwise."""


def mistakes(model: Model) -> Iterator[tuple[str, Arrays]]:
    """(name of the mistake, the gradients that it gives), for each that this model allows."""
    layers = [placed.layer for placed in model.spec.layers]
    curved = [i for i, layer in enumerate(layers) if layer.activation != "linear"]
    for i in curved:
        act = layers[i].activation
        where = f" in layer {i + 1}" if len(layers) > 1 else ""
        yield f"the derivative of {act} is missing{where}", _gradients(model, {i: _one})
        if act == "softmax":
            yield (
                f"the derivative of softmax is taken as p (1 - p), without its cross terms{where}",
                _gradients(model, {i: lambda z, p: p * (1 - p)}),
            )
    if len(curved) > 1:
        yield (
            "the derivatives of the activations are missing",
            _gradients(model, dict.fromkeys(curved, _one)),
        )
    yield from _of_layers(model)


def _one(z: Any, a: Any) -> Any:
    return np.ones_like(a)


def _of_layers(model: Model) -> Iterator[tuple[str, Arrays]]:
    """What each layer knows to go wrong in itself."""
    result = differentiate(model)
    gradients = {step.name: step.gradient for step in result.steps}
    x = model.x
    for placed in model.spec.layers:
        names = placed.names
        if placed.z in gradients:
            params = {letter: model.parameters[name] for letter, name in names.items()}
            for letter, what, wrong in placed.layer.mistakes(params, x, gradients[placed.z]):
                yield f"{names[letter]} {what}", {names[letter]: wrong}
        x = result.noted.get(placed.a, result.noted.get(placed.z, x))


def _gradients(model: Model, slopes: dict[int, Slope]) -> Arrays:
    """Gradients with the derivative of some layers' activations replaced."""

    layers = list(model.spec.layers)
    for i, slope in slopes.items():
        layers[i] = layers[i]._replace(activate=_sloped(layers[i].activate, slope))
    # A cross entropy is then one of what the activation gives, not of its logits.
    spec = model.spec._replace(layers=tuple(layers), from_probs=True)
    return differentiate(type(model)(model.built._replace(spec=spec))).gradients


def _sloped(activate: Callable[[Array], Array] | None, slope: Slope) -> Callable[[Array], Array]:
    """An activation whose value is right, and whose derivative is ``slope``."""
    assert activate is not None

    def wrong(z: Array) -> Array:
        value, at = plain(activate(z)), plain(z)
        return (z - at) * slope(at, value) + value

    return wrong
