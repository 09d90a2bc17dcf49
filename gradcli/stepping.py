"""Repeated steps: a course of operations, traced once for each shape and replayed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.engine import Array, Program, Tensor
from gradcli.engine.recording import FAULTS
from gradcli.errors import GradcliError
from gradcli.gradient import recorded, require_variables
from gradcli.problem import Arrays, Note, Problem


class Replayed(NamedTuple):
    """What a course gives at some arrays."""

    value: Any
    gradients: Arrays
    noted: Arrays


class Course:
    """A scalar made from named arrays, with its gradients by those called ``wrt``.

    ``function`` takes the arrays by name, and a note; of what it notes ``kept`` are given, or all.
    Raises as ``Program`` does where the course depends on numbers.
    """

    def __init__(
        self,
        function: Callable[[Mapping[str, Array], Note], Array],
        at: Arrays,
        wrt: Collection[str],
        kept: Collection[str] | None = None,
    ) -> None:
        names = list(at)
        order: list[str] = []

        def flat(*values: Array) -> tuple[Array, list[Array]]:
            noted: dict[str, Any] = {}

            def note(name: str, value: Any) -> Any:
                if kept is None or name in kept:
                    noted[name] = value
                return value

            value = function(dict(zip(names, values)), note)
            order[:] = noted
            return value, list(noted.values())

        self._names, self._wrt, self._noted = names, list(wrt), order
        with np.errstate(all="ignore"):
            chosen = [names.index(name) for name in wrt]
            self._program = Program(flat, list(at.values()), chosen, has_aux=True)

    def __call__(self, at: Arrays) -> Replayed:
        values = [at[name] for name in self._names]
        value, found, noted = self._program.value_and_grad(*values)
        gradients = {n: np.zeros_like(at[n]) if g is None else g for n, g in zip(self._wrt, found)}
        return Replayed(value, gradients, dict(zip(self._noted, noted)))


def stepper(problem: Problem) -> Callable[[Arrays], tuple[Any, Arrays]]:
    """A function of primals that gives ``(value, gradients)``.

    Where the value branches on a number, or a replay fails, the step is recorded anew, and
    tells what is wrong in words.
    """
    require_variables(problem)
    try:
        course = Course(problem.forward, problem.primals, problem.primals, ())
    except (GradcliError, TypeError):  # a branch, or a value that depends on none of them
        return lambda primals: _recorded(problem, primals)
    except FAULTS:
        _recorded(problem, problem.primals)  # tells in words what is wrong
        raise

    def step(primals: Arrays) -> tuple[Any, Arrays]:
        try:
            return course(primals)[:2]
        except (*FAULTS, GradcliError):
            return _recorded(problem, primals)

    return step


_FEW = 8
"""Values up to which it is quicker to compute them plainly."""


class Moving:
    """A value of named arrays at other values of one of them, the others where they are ``at``.

    For each the course of operations that depends on it is traced once, and replayed forward; the
    rest is not computed anew. Where the value branches on a number, or a replay fails, it is
    computed as ``function`` has it.
    """

    def __init__(self, function: Callable[[Arrays], Any], at: Arrays) -> None:
        self._function = function
        self._at = at
        self._courses: dict[str, Program | None] = {}

    def __call__(self, name: str, stack: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The value with ``name`` at each of ``stack`` (K, *shape), real or complex: K of them."""
        if name not in self._courses and len(stack) > _FEW:
            self._courses[name] = self._traced(name)
        course = self._courses.get(name)

        def value(moved: npt.NDArray[Any]) -> Any:
            try:
                if course is not None:
                    return course.value(moved)
            except (*FAULTS, GradcliError, MemoryError):
                pass  # told, or not, as ``function`` has it
            return self._plain(name, moved)

        return np.array([value(moved) for moved in stack], stack.dtype)

    def _plain(self, name: str, moved: Any) -> Any:
        return self._function({**self._at, name: moved})

    def _traced(self, name: str) -> Program | None:
        function, at = self._function, self._at  # not this itself, which has the course

        def value(moved: Any) -> Any:
            return function({**at, name: moved})

        try:
            with np.errstate(all="ignore"):
                return Program(value, (at[name],))
        except (*FAULTS, GradcliError):
            return None


def _recorded(problem: Problem, primals: Arrays) -> tuple[Any, Arrays]:
    with np.errstate(all="ignore"):
        tensors, tape, value = recorded(problem, primals)
        if not isinstance(value, Tensor):
            return value, {name: np.zeros_like(p) for name, p in primals.items()}
        gradients = tape.gradient(value, tensors, unconnected_gradients="zero")
    return value.value, {name: g.value for name, g in gradients.items()}
