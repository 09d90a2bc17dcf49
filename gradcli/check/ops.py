"""Proof of the engine: every op, first and second order, on its own domain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.check.judge import FAIL, PASS
from gradcli.engine import REGISTRY, Op, grad
from gradcli.engine.domain import Case
from gradcli.engine.nest import leaves
from gradcli.errors import GradcliError
from gradcli.names import suggestion

TOLERANCES = (1e-8, 1e-6)
"""Largest error of the first and the second order, of the scale of the derivative."""


class OpVerdict(NamedTuple):
    """The worst of an op's cases; ``where`` says which, for a failure."""

    op: str
    cases: int
    first_order: float
    second_order: float
    verdict: str
    where: str | None


def check_ops(names: Sequence[str] = (), seed: int = 0) -> list[OpVerdict]:
    """Check the ops called ``names``, or all that are differentiable.

    The derivative of a random projection of the op, and the derivative of a random
    projection of that, are compared with numeric ones. Raises GradcliError for a name
    that is no differentiable op.
    """
    for name in names:
        if name not in REGISTRY:
            raise GradcliError(f"there is no op {name!r}{suggestion(name, REGISTRY)}")
        if not REGISTRY[name].differentiable:
            raise GradcliError(f"{name} is not differentiable: there is nothing to check")
    ops = [REGISTRY[name] for name in names] or list(REGISTRY.values())
    return [_check_op(op, seed) for op in ops if op.differentiable]


def _check_op(op: Op, seed: int) -> OpVerdict:
    worst = [0.0, 0.0]
    where = None
    for case in op.cases:
        rng = np.random.default_rng(seed)
        arrays = op.sample(case, rng)
        for i in op.smooth_inputs(arrays):
            for order, error in enumerate(_errors(op, case, arrays, i, rng)):
                worst[order] = max(worst[order], error)
                if not error <= TOLERANCES[order] and where is None:
                    shapes = ", ".join(str(np.shape(a)) for a in arrays)
                    where = f"input {i} of {op.name}({shapes}), order {order + 1}: {error:.2g} off"
    outcome = PASS if where is None else FAIL
    return OpVerdict(op.name, len(op.cases), worst[0], worst[1], outcome, where)


def _errors(
    op: Op, case: Case, arrays: list[Any], i: int, rng: np.random.Generator
) -> tuple[float, float]:
    x = arrays[i]
    weights: list[Any] = []

    def value(t: Any) -> Any:
        """A projection of the op's outcome: a scalar."""
        out = op.call([*arrays[:i], t, *arrays[i + 1 :]], case.params)
        parts = [part for part in leaves(out) if part.dtype.kind == "f"]
        while len(weights) < len(parts):
            weights.append(rng.uniform(0.5, 1.5, parts[len(weights)].shape))
        terms = [(part * weight).sum() for part, weight in zip(parts, weights)]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total

    value(x)
    direction = rng.uniform(0.5, 1.5, x.shape)

    def slope(t: Any) -> Any:
        return (grad(value)(t) * direction).sum()

    first = _distance(grad(value)(x).value, _derivative(value, x))
    second = _distance(grad(slope)(x).value, _derivative(lambda t: slope(t).value, x))
    return first, second


def _distance(found: npt.NDArray[Any], expected: npt.NDArray[Any]) -> float:
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    return float(np.max(np.abs(found - expected), initial=0.0)) / scale


def _derivative(f: Callable[[Any], Any], x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Central differences, extrapolated once (Abramowitz & Stegun 25.3.21); error O(h^4)."""
    h = 1e-3
    out = np.empty_like(x)
    for index in np.ndindex(x.shape):
        values = []
        for step in (h, -h, 2 * h, -2 * h):
            moved = x.copy()
            moved[index] += step
            values.append(float(f(moved)))
        out[index] = (8 * (values[0] - values[1]) - (values[2] - values[3])) / (12 * h)
    return out
