"""The value and the slopes of a problem of scalar variables at many points."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.engine import Op, Tensor
from gradcli.engine.domain import BINARY, UNARY
from gradcli.engine.recording import FAULTS, Record
from gradcli.errors import GradcliError
from gradcli.gradient import quiet, recorded
from gradcli.problem import Arrays, Problem, same

Floats = npt.NDArray[np.float64]


def values_at(problem: Problem, at: Arrays) -> Floats:
    """The value at every point, nan where there is none.

    ``at`` has the coordinates by variable, float64 of one shape: the answer's, too. All points
    are computed together where every operation on the way is one of single entries, else
    one after another.
    """
    found = _together(problem, at, slopes=False)
    return _one_by_one(problem, at) if found is None else found[0]


def slopes_at(problem: Problem, at: Arrays) -> tuple[Floats, Arrays]:
    """As ``values_at``, and the derivative by each variable; nan where the value is not finite."""
    value, slopes = _together(problem, at, slopes=True) or _steps(problem, at)
    there = np.isfinite(value)
    return value, {name: np.where(there, slope, np.nan) for name, slope in slopes.items()}


def _together(problem: Problem, at: Arrays, slopes: bool) -> tuple[Floats, Arrays] | None:
    shape = np.shape(next(iter(at.values())))
    with quiet():
        try:
            tensors, tape, value = recorded(problem, at)
        except (*FAULTS, GradcliError):
            return None
        if not isinstance(value, Tensor) or value.shape != shape:
            return None
        if not all(_single(record, shape) for record in tape.records):
            return None
        found = tape.gradient(value, tensors, unconnected_gradients="zero") if slopes else {}
    return np.asarray(value.value), {name: slope.value for name, slope in found.items()}


def _single(record: Record, shape: tuple[int, ...]) -> bool:
    """Whether each entry of the outcome is made from that entry of its arguments alone."""
    return of_single_entries(record.op) and all(
        np.shape(value) in ((), shape) for value in record.values
    )


def of_single_entries(op: Op) -> bool:
    """Whether ``op`` works on arrays of one shape entry by entry."""
    if isinstance(op.forward, np.ufunc) or op.name == "where":
        return True
    sampled = op.cases is UNARY or op.cases is BINARY  # the cases of what is elementwise
    return sampled and any(op.vjps) and not op.defaults


def _one_by_one(problem: Problem, at: Arrays) -> Floats:
    def value(*point: Any) -> float:
        try:
            return float(problem.forward(dict(zip(at, point)), same))
        except (*FAULTS, GradcliError):  # such as an index that is out of bounds there
            return np.nan

    with quiet():
        arrays = np.broadcast_arrays(*at.values())
        found = [value(*point) for point in zip(*[array.reshape(-1) for array in arrays])]
    return np.array(found, np.float64).reshape(arrays[0].shape)


def _steps(problem: Problem, at: Arrays) -> tuple[Floats, Arrays]:
    names = list(at)
    shape = np.shape(at[names[0]])
    found = np.full((len(names) + 1, np.prod(shape, dtype=int)), np.nan)
    with quiet():
        step = problem.stepper()
        for i, point in enumerate(zip(*[at[name].reshape(-1) for name in names])):
            try:
                value, slopes = step(dict(zip(names, point)))
            except (*FAULTS, GradcliError):
                continue
            found[:, i] = [value, *[slopes[name] for name in names]]
    return found[0].reshape(shape), {n: found[i].reshape(shape) for i, n in enumerate(names, 1)}
