"""Every operation on the way to a value, at the point of a problem and around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.engine import Array, Program
from gradcli.engine.recording import FAULTS
from gradcli.errors import GradcliError
from gradcli.gradient import recorded
from gradcli.problem import Arrays, Problem, Result, same

Vector = npt.NDArray[Any]


class Ends(NamedTuple):
    """What operations give, and the gradients by that, all of them end to end: one axis each."""

    outcomes: Vector
    gradients: Vector


class Courses:
    """The operations of a problem at its own point, and at others: replayed where they can be."""

    def __init__(self, problem: Problem, result: Result) -> None:
        self.problem = problem
        self.result = result

    @cached_property
    def stepper(self) -> Callable[[Arrays], tuple[Any, Arrays]]:
        """The problem's value and gradients at other primals."""
        return self.problem.stepper()

    @cached_property
    def here(self) -> Ends:
        """At the point itself."""
        if self._program is not None:
            return self._replayed(self.problem.primals)
        steps = self.result.steps
        return Ends(_joined([s.value for s in steps]), _joined([s.gradient for s in steps]))

    def there(self, name: str, flat: Vector, moved: Vector) -> Ends | None:
        """With ``moved`` for the entries ``flat`` of ``name``; None where others take place."""
        primal = self.problem.primals[name].copy()
        primal.reshape(-1)[flat] = moved
        primals = {**self.problem.primals, name: primal}
        try:
            return self._recorded(primals) if self._program is None else self._replayed(primals)
        except (GradcliError, *FAULTS):
            return None

    @cached_property
    def _program(self) -> Program | None:
        problem = self.problem

        def value(*primals: Array) -> Array:
            return problem.forward(dict(zip(problem.primals, primals)), same)

        try:
            primals = list(problem.primals.values())
            return Program(value, primals, range(len(primals)), steps=True)
        except (GradcliError, *FAULTS):  # such as a branch
            return None

    def _replayed(self, primals: Arrays) -> Ends:
        assert self._program is not None
        *_, outcomes, gradients = self._program.value_and_grad(*primals.values())
        return Ends(_joined(outcomes), _joined(gradients))

    def _recorded(self, primals: Arrays) -> Ends | None:
        _, tape, value = recorded(self.problem, primals)
        outs = [record.out for record in tape.records]
        gradients = tape.gradient(value, outs, unconnected_gradients="zero")
        if [np.shape(out.value) for out in outs] != [s.value.shape for s in self.result.steps]:
            return None
        return Ends(_joined([o.value for o in outs]), _joined([g.value for g in gradients]))


def _joined(arrays: Sequence[Any]) -> Vector:
    return np.concatenate([np.ravel(array) for array in arrays] or [np.zeros(0)])
