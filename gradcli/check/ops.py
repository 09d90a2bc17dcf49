"""Proof of the engine: every op, first and second order, on its own domain.

The gradients are compared with numeric ones, and with those that the formula language gives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.check.judge import FAIL, PASS
from gradcli.engine import REGISTRY, GradientTape, Op, Tensor, grad
from gradcli.engine.domain import Case
from gradcli.engine.nest import leaves
from gradcli.errors import GradcliError
from gradcli.formula import Formula
from gradcli.formula.written import as_formula, outcomes
from gradcli.gradient import differentiate

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


def check_ops(names: Sequence[str] = ()) -> list[OpVerdict]:
    """Check the ops called ``names``, or all that are differentiable.

    The derivative of a random projection of the op, and the derivative of a random
    projection of that, are compared with numeric ones; the first also with the gradient of
    the op written as a formula. Raises GradcliError for a name that is no differentiable op.
    """
    for name in names:
        if not REGISTRY.named(name).differentiable:
            raise GradcliError(f"{name} is not differentiable: there is nothing to check")
    ops = [REGISTRY[name] for name in names] or list(REGISTRY.values())
    return [_check_op(op) for op in ops if op.differentiable]


def _check_op(op: Op) -> OpVerdict:
    worst = [0.0, 0.0]
    where = None
    for case in op.cases:
        rng = np.random.default_rng(0)
        arrays = op.sample(case, rng)
        for i in op.smooth_inputs(arrays):
            for order, error in enumerate(_errors(op, case, arrays, i, rng)):
                worst[order] = max(worst[order], error)
                if not error <= TOLERANCES[order] and where is None:
                    shapes = ", ".join(str(np.shape(a)) for a in arrays)
                    where = f"input {i} of {op.name}({shapes}), order {order + 1}: {error:.2g} off"
        where = where or _as_a_formula(op, case, arrays, rng)
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


def _as_a_formula(op: Op, case: Case, arrays: list[Any], rng: np.random.Generator) -> str | None:
    """How the op differs when the formula language calls it; None if it does not."""
    written = as_formula(op, arrays, case.params)
    for text, part in outcomes(written.text, op.call(arrays, case.params)):
        weights = rng.uniform(0.5, 1.5, part.shape)
        formula = Formula(f"sum({text} * weights)", {**written.values, "weights": weights})
        tensors = {n: Tensor(a) for n, a in written.values.items()}
        given = [tensors.get(f"a{i}", array) for i, array in enumerate(arrays)]
        with GradientTape() as tape:
            tape.watch(tensors)
            found = dict(outcomes(written.text, op.call(given, case.params)))[text]
            total = (found * weights).sum()
        expected = tape.gradient(total, tensors, unconnected_gradients="zero")
        gradients = differentiate(formula).gradients
        for name, gradient in expected.items():
            if not _distance(gradients[name], gradient.value) <= TOLERANCES[0]:
                return f"the formula {text} has another gradient"
    return None


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
