"""Warnings: what is allowed, and yet seldom meant. Never part of the answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.catalogue import CROSS_ENTROPIES
from gradcli.engine import plain
from gradcli.model.network import Placed
from gradcli.model.spec import Spec
from gradcli.problem import Arrays, Result


def lint_spec(spec: Spec) -> list[str]:
    """Warnings about how the loss reads the output."""
    if spec.loss not in CROSS_ENTROPIES:
        return []
    act = spec.layers[-1].layer.activation
    usual = CROSS_ENTROPIES[spec.loss].probabilities
    if spec.from_logits and act in usual:
        return [
            f"double {act}: from_logits applies {usual[0]} to an output that {act} has made; "
            f"use act linear, or from_probs"
        ]
    if not spec.from_logits and act not in usual:
        return [
            f"probabilities expected: {spec.loss} reads the output of act {act} as "
            f"probabilities; use act {usual[0]}, or from_logits"
        ]
    return []


def lint_gradients(spec: Spec, parameters: Arrays, result: Result) -> list[str]:
    """Warnings about gradients that are zero throughout, each with its reason."""
    zeros = {n for n, g in result.gradients.items() if not np.any(g)}  # nan is none
    if not zeros:
        return []
    gradients = {step.name: step.gradient for step in result.steps}
    return [
        f"the gradient of {name} is all zeros: {_reason(spec, parameters, result, gradients, i)}"
        for i, placed in enumerate(spec.layers)
        for name in placed.names.values()
        if name in zeros
    ]


def _reason(spec: Spec, parameters: Arrays, result: Result, gradients: Arrays, layer: int) -> str:
    """The first thing that stops the gradient on its way from the loss to ``layer``."""
    following = None
    for i in reversed(range(layer, len(spec.layers))):
        placed = spec.layers[i]
        skips = following is None and spec.skips_activation
        after = placed.z if skips or placed.a not in gradients else placed.a
        if after not in gradients:  # it hands on what it is given
            continue
        if not np.any(gradients[after]):
            if following is None:
                return "the loss is flat here (its minimum, or clipped probabilities)"
            return _passes_nothing(following, parameters)
        if placed.z in gradients and not np.any(gradients[placed.z]):
            return _flat(placed, result.noted[placed.z])
        following = placed
    handed = [name for p in spec.layers[:layer] for name in (p.z, p.a) if name in gradients]
    before = handed[-1] if handed else "x"
    return f"the input of the layer ({before}) is all zeros, or its contributions cancel"


def _passes_nothing(placed: Placed, parameters: Arrays) -> str:
    name = next(iter(placed.names.values()), placed.a)
    zeros = name in parameters and not np.any(parameters[name])
    return f"{name} passes nothing back{' (it is all zeros)' if zeros else ''}"


def _flat(placed: Placed, z: npt.NDArray[Any]) -> str:
    """Why an activation has no slope at any entry of ``z``."""
    act, activate = placed.layer.activation, placed.activate
    if activate and np.all(z <= 0) and not np.any(plain(activate(np.append(z, 0)))):
        return f"dead {act}, every entry of {placed.z} is at or below 0"
    return f"saturated {act}, its slope is 0 at every entry of {placed.z}"
