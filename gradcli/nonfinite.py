"""Where nan and infinity came from, in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.problem import Arrays, Problem, Result
from gradcli.suggest import place


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
            return f"{found}, first made by {step.op}: {step.call}"
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
            given = [step.given(i) for i, name in step.taken() if name in names]
            if not all(np.all(np.isfinite(array)) for array in given):
                return f"{told}, first made on the way back by {step.op}: {step.call}"
    return told


def nonfinite_among(arrays: Arrays) -> str | None:
    """The first nan or infinity in ``arrays`` by name; None where all are finite."""
    for name, array in arrays.items():
        found = first_nonfinite(array)
        if found:
            return f"{name} has {found}"
    return None


def first_nonfinite(array: Any) -> str | None:
    """The first nan or infinity in ``array``, and where; None where all is finite."""
    array = np.asarray(array)
    finite = np.isfinite(array)
    if finite.all():
        return None
    index = tuple(int(i) for i in np.argwhere(~finite)[0])
    return f"{array[index]}{place(index)}"
