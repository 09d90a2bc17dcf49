"""The answer of a problem: its value, its derivatives, and the way there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.engine import Array, Tensor
from gradcli.errors import SpecError
from gradcli.gradient import differentiate, quiet, require_real, require_variables
from gradcli.nonfinite import first_nonfinite, nonfinite, nonfinite_among, nonfinite_gradient
from gradcli.problem import Arrays, Problem, same

if TYPE_CHECKING:
    from gradcli.steps import Step

HIGHEST = 20
"""The highest order: each one doubles the work, about."""
MOST = 10_000_000
"""Entries of a Jacobian, or of a Hessian, by all variables together."""


class Answer:
    """What is known of a problem at its point; what is costly is made where it is asked for.

    ``order`` above 1 adds the Hessian (2), and the derivatives up to it where the problem is
    of one number by one number. With ``jacobian`` there is a Jacobian by each variable, and no
    gradient. A problem that has no gradient answers its value, and why.

    Raises GradcliError where a higher order, or a Jacobian, is asked of what has none.
    """

    def __init__(self, problem: Problem, order: int = 1, jacobian: bool = False) -> None:
        self.problem = problem
        self.lacking = None if jacobian or order > 1 else problem.lacks_gradient()
        """Why there is no gradient, if there is none."""
        self.jacobian = jacobians(problem) if jacobian else None
        """By variable, of shape value.shape + variable.shape."""
        self.result = None if jacobian or self.lacking else differentiate(problem)
        self.value: Any
        """The value: a scalar of the problem's dtype; an array where there is no gradient."""
        if self.result is None:
            with quiet():
                self.value = np.asarray(problem.array(problem.primals, same))[()]
        else:
            self.value = problem.answered(self.result)
        self.hessian = hessians(problem) if order == 2 else None
        several = order > 2 or (order == 2 and _is_of_one_number(problem))
        self.derivatives = derivatives(problem, order) if several else None

    @property
    def gradients(self) -> Arrays | None:
        """The gradient by each variable, in its shape and dtype; None where there is none."""
        return None if self.result is None else self.result.gradients

    @property
    def steps(self) -> list[Step]:
        """Every operation with its gradient and rule."""
        return [] if self.result is None else self.result.steps

    @cached_property
    def outputs(self) -> Arrays:
        """What comes out besides the value, by name."""
        return {} if self.result is None else self.problem.outputs(self.result)

    @cached_property
    def shown(self) -> dict[str, Any]:
        """The arrays that the problem shows besides value and gradients."""
        return {} if self.result is None else self.problem.shown(self.result)

    @cached_property
    def measured(self) -> dict[str, Any]:
        """What the problem was asked for besides value and gradients, by name."""
        return self.problem.measured(self.problem.primals)

    @cached_property
    def warnings(self) -> list[str]:
        """What is allowed, and yet seldom meant."""
        return [] if self.result is None else self.problem.lint(self.result)

    @cached_property
    def nonfinite(self) -> str | None:
        """Which of all this holds nan or infinity, and where that came from; None if none does."""
        for what, where in self._findings():
            if where:
                return f"the {what} is not finite: {where}"
        return None

    def _findings(self) -> Iterator[tuple[str, str | None]]:
        name, result = self.problem.value_name, self.result
        if result is None:
            yield name, first_nonfinite(self.value)
            yield "Jacobian", nonfinite_among(self.jacobian or {})
            return
        yield name, nonfinite(self.problem, result)
        yield "gradient", nonfinite_gradient(result)
        for first, row in (self.hessian or {}).items():
            yield "Hessian", nonfinite_among({f"{first}, {b}": v for b, v in row.items()})
        orders = {f"order {i}": v for i, v in enumerate(self.derivatives or [], 1)}
        yield "derivative", nonfinite_among(orders)


def _require_small(what: str, count: int) -> None:
    if count > MOST:
        raise SpecError(None, f"the {what} would have {count:,} numbers; {MOST:,} are allowed")


def jacobians(problem: Problem) -> Arrays:
    """By variable the Jacobian of the value: shape value.shape + variable.shape."""
    from gradcli.engine.functional import jacobian  # a plain gradient needs none of it

    require_variables(problem)

    def value(primals: Mapping[str, Array]) -> Array:
        return problem.array(primals, same)

    with quiet():
        found = value(problem.primals)
        require_real(found)
        _require_small("Jacobian", found.size * _entries(problem))
        return _plain(jacobian(value)(problem.primals))


def hessians(problem: Problem) -> dict[str, Arrays]:
    """The second derivatives by pairs of variables: shape first.shape + second.shape."""
    from gradcli.engine.functional import grad, jacobian

    _require_small("Hessian", _entries(problem) ** 2)
    slopes = grad(lambda primals: problem.forward(primals, same))
    with quiet():
        return {
            first: _plain(jacobian(lambda at, first=first: slopes(at)[first])(problem.primals))
            for first in problem.primals
        }


def _is_of_one_number(problem: Problem) -> bool:
    return [array.ndim for array in problem.primals.values()] == [0]


def _entries(problem: Problem) -> int:
    return sum(array.size for array in problem.primals.values())


def _plain(tensors: Mapping[str, Tensor]) -> Arrays:
    return {name: tensor.value for name, tensor in tensors.items()}


def derivatives(problem: Problem, order: int) -> list[Any]:
    """The derivatives of order 1 to ``order`` of a value of one number by one number."""
    from gradcli.engine.functional import grad

    if order > HIGHEST:
        raise SpecError("order", f"at most {HIGHEST}, not {order}")
    if not _is_of_one_number(problem):
        raise SpecError("order", "above 2 the problem must be of one scalar variable: name it, wrt")
    [(name, at)] = problem.primals.items()

    def function(x: Any) -> Any:
        return problem.forward({name: x}, same)

    found = []
    with quiet():
        for _ in range(order):
            function = grad(function)
            value = function(Tensor(at))
            found.append(value.value[()])
    return found
