"""Derivatives of a formula beyond the gradient: Hessians, Jacobians, and any order."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradcli.engine import Tensor, grad, jacobian
from gradcli.errors import GradcliError
from gradcli.formula import Formula
from gradcli.problem import (
    Arrays,
    Step,
    differentiate,
    first_nonfinite,
    nonfinite,
    nonfinite_among,
    nonfinite_gradient,
    require_variables,
)

HIGHEST = 20
"""The highest order: each one doubles the work, about."""
MOST = 10_000_000
"""Entries of a Jacobian, or of a Hessian, by all variables together."""


class Answer(NamedTuple):
    """What is known of a formula at a point. With ``jacobian``, ``grads`` holds Jacobians."""

    value: Any
    grads: Arrays | None
    hessian: dict[str, Arrays] | None
    derivatives: list[Any] | None
    trace: list[Step]
    nonfinite: str | None
    """Which of all these holds nan or infinity, and where that came from; None if none does."""
    jacobian: bool
    lacking: str | None = None
    """Why there are no ``grads``, if there are none."""


def answer_of(formula: Formula, order: int = 1, jacobian: bool = False) -> Answer:
    """The value and the derivatives up to ``order``, or the Jacobian of an array value.

    A formula that has no gradient answers its value. Raises GradcliError where a higher order
    is asked of that, or of a formula of several variables.
    """
    lacking = formula.lacks_gradient()
    if jacobian or (lacking and order == 1):
        found = jacobians(formula) if jacobian else None
        bad = first_nonfinite(formula.value), nonfinite_among(found or {})
        told = _told(("value", bad[0]), ("Jacobian", bad[1]))
        reason = None if jacobian else lacking
        return Answer(formula.value, found, None, None, [], told, jacobian, reason)
    result = differentiate(formula)
    scalar = len(formula.primals) == 1 and all(v.ndim == 0 for v in formula.primals.values())
    hessian = hessians(formula) if order == 2 else None
    higher = derivatives(formula, order) if order > 2 or (order == 2 and scalar) else None
    blocks = {f"{a}, {b}": v for a, row in (hessian or {}).items() for b, v in row.items()}
    orders = {f"order {i}": v for i, v in enumerate(higher or [], 1)}
    told = _told(
        ("value", nonfinite(formula, result)),
        ("gradient", nonfinite_gradient(result.gradients, result.steps)),
        ("Hessian", nonfinite_among(blocks)),
        ("derivative", nonfinite_among(orders)),
    )
    return Answer(formula.value, result.gradients, hessian, higher, result.steps, told, False)


def _told(*findings: tuple[str, str | None]) -> str | None:
    """The first of ``findings``, each of what is not finite and where."""
    for what, where in findings:
        if where:
            return f"the {what} is not finite: {where}"
    return None


def _require_small(what: str, count: int) -> None:
    if count > MOST:
        raise GradcliError(f"the {what} would have {count:,} numbers; {MOST:,} are allowed")


def jacobians(formula: Formula) -> Arrays:
    """By variable the Jacobian of the value: shape value.shape + variable.shape."""
    require_variables(formula)
    formula.require_real(formula.value)
    names = list(formula.primals)
    primals = list(formula.primals.values())
    _require_small("Jacobian", formula.value.size * sum([p.size for p in primals]))

    def value(*at: Any) -> Any:
        return formula.array(dict(zip(names, at)))

    with np.errstate(all="ignore"):
        return {name: jacobian(value, i)(*primals).value for i, name in enumerate(names)}


def hessians(formula: Formula) -> dict[str, Arrays]:
    """The second derivatives by pairs of variables: shape first.shape + second.shape."""
    names = list(formula.primals)
    primals = list(formula.primals.values())
    _require_small("Hessian", sum([p.size for p in primals]) ** 2)
    with np.errstate(all="ignore"):
        blocks: dict[str, Arrays] = {}
        for i, first in enumerate(names):

            def slope(*at: Any, i: int = i) -> Any:
                return grad(lambda *moved: formula.forward(dict(zip(names, moved))), i)(*at)

            blocks[first] = {
                second: jacobian(slope, j)(*primals).value for j, second in enumerate(names)
            }
    return blocks


def derivatives(formula: Formula, order: int) -> list[Any]:
    """The derivatives of order 1 to ``order`` of a formula of one number by one number."""
    if order > HIGHEST:
        raise GradcliError(f"--order: at most {HIGHEST}, not {order}")
    [(name, at)] = formula.primals.items() if len(formula.primals) == 1 else [("", None)]
    if at is None or at.ndim:
        raise GradcliError("--order: above 2 the formula must be of one scalar variable: --wrt x")

    def function(x: Any) -> Any:
        return formula.forward({name: x})

    found = []
    with np.errstate(all="ignore"):
        for _ in range(order):
            function = grad(function)
            value = function(Tensor(at))
            found.append(value.value[()])
    return found
