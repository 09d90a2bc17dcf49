"""Gradients as common mistakes in a handwritten backward pass give them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.engine import Array, GradientTape, Tensor, plain
from gradcli.gradient import differentiate
from gradcli.model.network import activate
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
    for layer, names, _, _, z, a in model.spec.layers:
        if z in gradients:
            params = {letter: model.parameters[name] for letter, name in names.items()}
            for letter, what, wrong in layer.mistakes(params, x, gradients[z]):
                yield f"{names[letter]} {what}", {names[letter]: wrong}
        x = result.noted.get(a, result.noted.get(z, x))


def _gradients(model: Model, slopes: dict[int, Slope]) -> Arrays:
    """Gradients with the derivative of some layers' activations replaced."""

    def wrong(layer: int, act: str, z: Array) -> Array:
        a = activate(layer, act, z)
        if layer not in slopes:
            return a
        # The value of the activation, with a slope of our own.
        value, at = plain(a), plain(z)
        return (z - at) * slopes[layer](at, value) + value

    tensors = {name: Tensor(p) for name, p in model.parameters.items()}
    with GradientTape() as tape:
        tape.watch(tensors)
        loss = model.loss_of(tensors, model.x, model.y, activate=wrong)
    found = tape.gradient(loss, tensors, unconnected_gradients="zero")
    return {name: np.asarray(g.value) for name, g in found.items()}
