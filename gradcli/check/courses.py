"""Every operation on the way to a value, at the point of a problem and around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.engine import Array, Program
from gradcli.engine.recording import FAULTS
from gradcli.errors import GradcliError
from gradcli.gradient import recorded
from gradcli.problem import Arrays, Note, Problem, Result, same

Vector = npt.NDArray[Any]
Moving = Mapping[str, Vector]
"""Entries of some primals, by name: their positions in the flattened primal."""


class Ends(NamedTuple):
    """What operations give, and the gradients by that, all of them end to end: one axis each."""

    outcomes: Vector
    gradients: Vector


class Courses:
    """The operations of a problem at its own point, and at others: replayed where they can be."""

    def __init__(self, problem: Problem, result: Result) -> None:
        self.problem = problem
        self.result = result
        self._fixed: Arrays = {}
        """The arguments of the program besides the primals."""
        self._ends: Ends | None = None
        """What a shared program gave at the point itself."""

    def stepper(self, primals: Arrays) -> tuple[Any, Arrays]:
        """The problem's value and gradients at other primals."""
        if self._shared is None:
            return self._own(primals)
        return self._gradients(self._shared, primals)

    @cached_property
    def _own(self) -> Callable[[Arrays], tuple[Any, Arrays]]:
        return self.problem.stepper()

    @cached_property
    def here(self) -> Ends:
        """At the point itself."""
        if self._program is not None:
            return self._ends or self._replayed(self._program, self.problem.primals)
        steps = self.result.steps
        return Ends(_joined([s.value for s in steps]), _joined([s.gradient for s in steps]))

    def there(self, moving: Moving, moved: Vector) -> Ends | None:
        """With ``moved``, end to end, for the entries ``moving``; None where others take place."""
        primals = dict(self.problem.primals)
        start = 0
        for name, flat in moving.items():
            primals[name] = primals[name].copy()
            primals[name].reshape(-1)[flat] = moved[start : start + flat.size]
            start += flat.size
        try:
            program = self._program
            return self._recorded(primals) if program is None else self._replayed(program, primals)
        except (GradcliError, *FAULTS):
            return None

    @cached_property
    def _program(self) -> Program | None:
        problem = self.problem
        return self._shared or _traced(problem.forward, problem.primals, problem)

    @cached_property
    def _shared(self) -> Program | None:
        """The program of all problems of its kind, if it gives here the gradients that it has."""
        problem, kin = self.problem, self.problem.kin
        if kin is None:
            return None
        key = "steps", *problem.primals
        self._fixed = problem.constants
        if key not in kin:
            kin[key] = _traced(problem.scalar, {**problem.primals, **self._fixed}, problem)
        found: Program | None = kin[key]
        if found is None or not self._is_ours(found):
            self._fixed = {}
            return None
        return found

    def _is_ours(self, program: Program) -> bool:
        primals, known = self.problem.primals, self.result.gradients
        try:
            _, found, outcomes, gradients = self._run(program, primals)
        except (GradcliError, *FAULTS):
            return False
        self._ends = Ends(_joined(outcomes), _joined(gradients))
        found = _filled(primals, found)
        return all(np.array_equal(found[n], known[n], equal_nan=True) for n in known)

    def _gradients(self, program: Program, primals: Arrays) -> tuple[Any, Arrays]:
        value, found, *_ = self._run(program, primals)
        return value, _filled(primals, found)

    def _replayed(self, program: Program, primals: Arrays) -> Ends:
        *_, outcomes, gradients = self._run(program, primals)
        return Ends(_joined(outcomes), _joined(gradients))

    def _run(self, program: Program, primals: Arrays) -> Any:
        """The value, the gradients, and the outcomes on the way with the gradients by them."""
        return program.value_and_grad(*primals.values(), *self._fixed.values())

    def _recorded(self, primals: Arrays) -> Ends | None:
        _, tape, value = recorded(self.problem, primals)
        outs = [record.out for record in tape.records]
        gradients = tape.gradient(value, outs, unconnected_gradients="zero")
        if [np.shape(out.value) for out in outs] != [s.value.shape for s in self.result.steps]:
            return None
        return Ends(_joined([o.value for o in outs]), _joined([g.value for g in gradients]))


def _traced(
    function: Callable[[Arrays, Note], Array], at: Arrays, problem: Problem
) -> Program | None:
    """The course of ``function`` of the arrays ``at``, primals first; None where it branches."""
    names = list(at)

    def value(*arrays: Any) -> Array:
        return function(dict(zip(names, arrays)), same)

    try:
        return Program(value, list(at.values()), range(len(problem.primals)), steps=True)
    except (GradcliError, *FAULTS):
        return None


def _filled(primals: Arrays, gradients: Sequence[Any]) -> Arrays:
    """The ``gradients`` by name, 0 where the value does not depend on a primal."""
    pairs = zip(primals.items(), gradients)
    return {n: np.zeros_like(p) if g is None else g for (n, p), g in pairs}


def _joined(arrays: Sequence[Any]) -> Vector:
    return np.concatenate([np.ravel(array) for array in arrays] or [np.zeros(0)])
