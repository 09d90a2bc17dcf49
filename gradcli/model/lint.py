"""Warnings: what is allowed, and yet seldom meant. Never part of the answer."""

from __future__ import annotations

import numpy as np

from gradcli.model.spec import Spec
from gradcli.problem import Arrays, Result

_PROBABILITIES = {"ce": ("softmax",), "bce": ("sigmoid", "softmax", "hard_sigmoid")}


def lint_spec(spec: Spec) -> list[str]:
    """Warnings about how the loss reads the output."""
    if spec.loss not in _PROBABILITIES:
        return []
    act = spec.layers[-1].act
    usual = _PROBABILITIES[spec.loss]
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


def lint_gradients(spec: Spec, parameters: Arrays, result: Result, x: object) -> list[str]:
    """Warnings about gradients that are zero throughout, each with its reason."""
    gradients = {step.name: step.gradient for step in result.steps}
    warnings = []
    for i, layer in enumerate(spec.layers):
        for letter in "wb" if layer.bias else "w":
            name = f"{letter}{spec.suffix(i)}"
            if np.any(result.gradients[name]) or not np.all(np.isfinite(result.gradients[name])):
                continue
            reason = _reason(spec, parameters, result, gradients, i)
            warnings.append(f"the gradient of {name} is all zeros: {reason}")
    return warnings


def _reason(spec: Spec, parameters: Arrays, result: Result, gradients: Arrays, layer: int) -> str:
    """The first thing that stops the gradient on its way from the loss to ``layer``."""
    for i in reversed(range(layer, len(spec.layers))):
        n, act = spec.suffix(i), spec.layers[i].act
        last = i == len(spec.layers) - 1
        after = f"z{n}" if act == "linear" or (last and spec.skips_activation) else f"a{n}"
        if not np.any(gradients[after]):
            if last:
                return "the loss is flat here (its minimum, or clipped probabilities)"
            weights = f"w{spec.suffix(i + 1)}"
            return f"{weights} passes nothing back" + (
                " (it is all zeros)" if not np.any(parameters[weights]) else ""
            )
        if not np.any(gradients[f"z{n}"]):
            if act in ("relu", "relu6") and np.all(result.noted[f"z{n}"] <= 0):
                return f"dead {act}, every entry of z{n} is at or below 0"
            return f"saturated {act}, its slope is 0 at every entry of z{n}"
    before = f"a{spec.suffix(layer - 1)}" if layer else "x"
    return f"the input of the layer ({before}) is all zeros, or its contributions cancel"
