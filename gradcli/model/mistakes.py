"""Gradients as common mistakes in a handwritten backward pass give them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradcli.engine import Array, GradientTape, Tensor, plain
from gradcli.model.losses import LOSS
from gradcli.model.network import activate, forward
from gradcli.model.spec import Spec
from gradcli.problem import Arrays

Slope = Callable[[Any, Any], Any]
"""A derivative to use for an activation: of z and act(z), plain arrays, elementwise."""


def mistakes(spec: Spec, params: Arrays, x: Any, y: Any) -> Iterator[tuple[str, Arrays]]:
    """(name of the mistake, the gradients that it gives), for each that this model allows."""
    curved = [i for i, layer in enumerate(spec.layers) if layer.act != "linear"]
    for i in curved:
        act = spec.layers[i].act
        where = f" in layer {i + 1}" if len(spec.layers) > 1 else ""
        yield (
            f"the derivative of {act} is missing{where}",
            _gradients(spec, params, x, y, {i: lambda z, a: np.ones_like(a)}),
        )
        if act == "softmax":
            yield (
                f"the derivative of softmax is taken as p (1 - p), without its cross terms{where}",
                _gradients(spec, params, x, y, {i: lambda z, p: p * (1 - p)}),
            )
    if len(curved) > 1:
        every: dict[int, Slope] = {i: lambda z, a: np.ones_like(a) for i in curved}
        yield (
            "the derivatives of the activations are missing",
            _gradients(spec, params, x, y, every),
        )
    yield from _unsummed(spec, params, x, y)


def _unsummed(spec: Spec, params: Arrays, x: Any, y: Any) -> Iterator[tuple[str, Arrays]]:
    """A bias that takes one row of the batch for all."""
    noted: dict[str, Any] = {}

    def note(name: str, value: Any) -> Any:
        noted[name] = value
        return value

    tensors = {name: Tensor(p) for name, p in params.items()}
    with GradientTape() as tape:
        tape.watch(tensors)
        loss = _loss(spec, forward(spec, tensors, x, note), y)
    names = [f"z{spec.suffix(i)}" for i, layer in enumerate(spec.layers) if layer.bias]
    rows = tape.gradient(loss, [noted[name] for name in names], unconnected_gradients="zero")
    for name, cotangent in zip(names, rows):
        bias = f"b{name[1:]}"
        if len(x) > 1:
            for row in (0, -1):
                yield f"{bias} is not summed over the batch", {bias: cotangent.numpy()[row]}


def _gradients(spec: Spec, params: Arrays, x: Any, y: Any, slopes: dict[int, Slope]) -> Arrays:
    """Gradients with the derivative of some layers' activations replaced."""

    def wrong(layer: int, act: str, z: Array) -> Array:
        a = activate(layer, act, z)
        if layer not in slopes:
            return a
        # The value of the activation, with a slope of our own.
        value, at = plain(a), plain(z)
        return (z - at) * slopes[layer](at, value) + value

    tensors = {name: Tensor(p) for name, p in params.items()}
    with GradientTape() as tape:
        tape.watch(tensors)
        output = forward(spec, tensors, x, lambda _, value: value, wrong)
        loss = _loss(spec, output, y)
    found = tape.gradient(loss, tensors, unconnected_gradients="zero")
    return {name: np.asarray(g.value) for name, g in found.items()}


def _loss(spec: Spec, output: Array, y: Any) -> Array:
    return LOSS[spec.loss](output, y, spec.from_logits, spec.reduction)
