"""Where nan and infinity came from, in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.engine import Tensor
from gradcli.problem import Problem, Result
from gradcli.steps import UNUSED, Arrays, Step


def nonfinite(problem: Problem, result: Result) -> str | None:
    """Where the first nan or infinity came from; None where the value is finite."""
    if np.all(np.isfinite(result.value)):
        return None
    for name, array in {**problem.primals, **problem.constants}.items():
        found = first_nonfinite(array)
        if found:
            return f"{name} holds {found}"
    for step in result.steps:
        found = first_nonfinite(step.value)
        if found:
            return f"{found}, first made by {step.op}: {_made(step)}"
    return f"the value is {result.value}"


def nonfinite_gradient(result: Result) -> str | None:
    """Which gradient is not finite, and what first made it so; None where all are finite.

    On the way back that is the step whose own gradient is finite while what its rule gives to an
    input is not, or the one whose finite gradients add up to one that is not.
    """
    told = nonfinite_among(result.gradients)
    if told is None:
        return None
    names = {step.name for step in result.steps} | result.gradients.keys()
    with np.errstate(all="ignore"):
        for step in reversed(result.steps):
            if not np.all(np.isfinite(step.gradient)):
                return f"{told}, first made on the way back by adding up those of {step.name}"
            if step.rule != UNUSED and _makes_nonfinite(step, names):
                return f"{told}, first made on the way back by {step.op}: {_made(step)}"
    return told


def nonfinite_among(arrays: Arrays) -> str | None:
    """The first nan or infinity in ``arrays`` by name; None where all are finite."""
    for name, array in arrays.items():
        found = first_nonfinite(array)
        if found:
            return f"{name} has {found}"
    return None


def _makes_nonfinite(step: Step, names: set[str]) -> bool:
    """Whether the rule of ``step`` gives one of ``names`` what is not finite."""
    record = step.record
    for vjp, arg, name in zip(record.vjps, record.args, step.inputs):
        if vjp is not None and isinstance(arg, Tensor) and name in names:
            given = vjp(step.gradient[()], record.out.value, *record.values, **record.settings)
            if not np.all(np.isfinite(given)):
                return True
    return False


def _made(step: Step) -> str:
    return f"{step.name} = {step.op}({', '.join(step.inputs)})"


def first_nonfinite(array: Any) -> str | None:
    """The first nan or infinity in ``array``, and where; None where all is finite."""
    array = np.asarray(array)
    where = np.argwhere(~np.isfinite(array))
    if not len(where):
        return None
    index = tuple(int(i) for i in where[0])
    at = f" at {list(index)}" if index else ""
    return f"{array[index]}{at}"
