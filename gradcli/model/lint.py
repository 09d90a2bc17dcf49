"""Warnings: what is allowed, and yet seldom meant. Never part of the answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.catalogue import LOSSES
from gradcli.engine import plain
from gradcli.model.network import leaves
from gradcli.model.placed import Placed
from gradcli.model.spec import Spec
from gradcli.problem import Arrays, Result


def lint_spec(spec: Spec, batch: int, units: int) -> list[str]:
    """Warnings about layers, and about how the loss reads the output."""
    found = []
    for placed in leaves(spec.layers):
        letters = {letter for local in placed.names for letter in placed.letters_of(local)}
        for warning in placed.layer.lint(placed.shape, batch, letters):
            found.append(f"{placed.layer.kind}: {warning}")
    return [*found, *_lint_loss(spec, units)]


def _lint_loss(spec: Spec, units: int) -> list[str]:
    if spec.loss is None:
        return []
    kind, act = LOSSES[spec.loss], _last_act(spec)
    usual = LOSSES[kind.of_one if units == 1 and kind.of_one else spec.loss].probabilities
    if spec.from_logits and act in usual:
        return [
            f"double {act}: from_logits applies {usual[0]} to an output that {act} has made; "
            f"use act linear, or from_probs"
        ]
    if usual and not spec.from_logits and act not in usual:
        return [
            f"probabilities expected: {spec.loss} reads the output of act {act} as "
            f"probabilities; use act {usual[0]}{', or from_logits' * kind.logits}"
        ]
    return []


def _last_act(spec: Spec) -> str:
    """The activation that the output has come through; another shape changes no number."""
    found = [p.layer.activation for p in spec.layers if not p.layer.reshapes]
    return found[-1] if found else "linear"


def lint_gradients(spec: Spec, arrays: Arrays, result: Result) -> list[str]:
    """Warnings about gradients that are zero throughout, each with its reason."""
    zeros = {n for n, g in result.gradients.items() if not g.any()}  # nan is none
    if not zeros:
        return []
    layers = list(leaves(spec.layers))
    gradients = {step.name: step.gradient for step in result.steps}
    found = []
    for i, placed in enumerate(layers):
        for name in [name for name in placed.learned if name in zeros]:
            why = _reason(spec, layers, arrays, result, gradients, i)
            found.append(f"the gradient of {name} is all zeros: {why}")
    return found


def _reason(
    spec: Spec,
    layers: list[Placed],
    arrays: Arrays,
    result: Result,
    gradients: Arrays,
    layer: int,
) -> str:
    """The first thing that stops the gradient on its way from the loss to ``layer``."""
    following = None
    for placed in reversed(layers[layer:]):
        skips = following is None and spec.skips_activation
        after = placed.z if skips or placed.a not in gradients else placed.a
        if after not in gradients:  # it hands on what it is given
            continue
        if not np.any(gradients[after]):
            if following is None:
                return "the loss is flat here (its minimum, or clipped probabilities)"
            return _passes_nothing(following, arrays)
        if placed.z in gradients and not np.any(gradients[placed.z]):
            return _flat(placed, result.noted[placed.z])
        following = placed
    handed = [name for p in layers[:layer] for name in (p.z, p.a) if name in gradients]
    before = handed[-1] if handed else "x"
    return f"the input of the layer ({before}) is all zeros, or its contributions cancel"


def _passes_nothing(placed: Placed, arrays: Arrays) -> str:
    name = next(iter(placed.names.values()), placed.a)
    zeros = name in arrays and not np.any(arrays[name])
    return f"{name} passes nothing back{' (it is all zeros)' if zeros else ''}"


def _flat(placed: Placed, z: npt.NDArray[Any]) -> str:
    """Why an activation has no slope at any entry of ``z``."""
    act, activate = placed.layer.activation, placed.activate
    if activate and np.all(z <= 0) and not np.any(plain(activate(np.append(z, 0)))):
        return f"dead {act}, every entry of {placed.z} is at or below 0"
    return f"saturated {act}, its slope is 0 at every entry of {placed.z}"
