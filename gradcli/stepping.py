"""Repeated steps of a problem: its course of operations, traced once and replayed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.engine import Array, Program, Tensor
from gradcli.engine.recording import FAULTS
from gradcli.errors import GradcliError
from gradcli.gradient import recorded, require_variables
from gradcli.problem import Arrays, Problem, same


def stepper(problem: Problem) -> Callable[[Arrays], tuple[Any, Arrays]]:
    """A function of primals that gives ``(value, gradients)``.

    Where the value branches on a number, or a replay fails, the step is recorded anew, and
    tells what is wrong in words.
    """
    require_variables(problem)
    names = list(problem.primals)

    def value(*primals: Array) -> Array:
        return problem.forward(dict(zip(names, primals)), same)

    try:
        with np.errstate(all="ignore"):
            program = Program(value, list(problem.primals.values()), range(len(names)))
    except (GradcliError, TypeError):  # a branch, or a value that depends on none of them
        return lambda primals: _recorded(problem, primals)
    except FAULTS:
        _recorded(problem, problem.primals)  # tells in words what is wrong
        raise

    def step(primals: Arrays) -> tuple[Any, Arrays]:
        try:
            found, gradients = program.value_and_grad(*primals.values())
        except (*FAULTS, GradcliError):
            return _recorded(problem, primals)
        return found, {
            n: np.zeros_like(primals[n]) if g is None else g for n, g in zip(names, gradients)
        }

    return step


def _recorded(problem: Problem, primals: Arrays) -> tuple[Any, Arrays]:
    with np.errstate(all="ignore"):
        tensors, tape, value = recorded(problem, primals)
        if not isinstance(value, Tensor):
            return value, {name: np.zeros_like(p) for name, p in primals.items()}
        gradients = tape.gradient(value, tensors, unconnected_gradients="zero")
    return value.value, {name: g.value for name, g in gradients.items()}
