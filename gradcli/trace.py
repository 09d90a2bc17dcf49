"""The way of a value: what it is made from, every step, and what each use gives to a gradient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.problem import Arrays, Result
from gradcli.steps import Step


class Leaf(NamedTuple):
    """An array that a value is made from."""

    name: str
    value: npt.NDArray[Any]
    gradient: npt.NDArray[Any] | None
    """Of the scalar; None for one that nobody differentiates by."""


class Use(NamedTuple):
    """What one use of a value adds to its gradient."""

    by: str
    """The name of the step that uses it."""
    gradient: npt.NDArray[Any]


class Trace(NamedTuple):
    """The leaves, the steps, and by name the uses of each value that is used more than once."""

    leaves: list[Leaf]
    steps: list[Step]
    uses: dict[str, list[Use]]
    """They add up to the gradient of that value."""


def trace_of(result: Result) -> Trace:
    """The trace of a problem's value."""
    gradients = result.gradients
    leaves = [Leaf(name, np.asarray(v), gradients.get(name)) for name, v in result.given.items()]
    return Trace(leaves, result.steps, _uses(result.steps, gradients))


def _uses(steps: Sequence[Step], gradients: Arrays) -> dict[str, list[Use]]:
    """By name: what each use of a primal in ``gradients``, or of a step, adds to its gradient.

    Only of what is used more than once on the way to the value, in the order of the steps; a
    step that takes it twice uses it twice.
    """
    known = gradients.keys() | {step.name for step in steps}
    count = Counter(name for step in steps for _, name in step.taken() if name in known)
    uses: dict[str, list[Use]] = {}
    with np.errstate(all="ignore"):
        for step in steps:
            for i, name in step.taken():
                if count[name] > 1:
                    uses.setdefault(name, []).append(Use(step.name, step.given(i)))
    return uses
