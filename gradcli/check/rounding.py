"""What float64 may have rounded away on the way to a value, and back.

To first order, a rounding of eps |v| in an intermediate v moves the value by eps |v g|,
where g is the gradient by v (Higham, "Accuracy and Stability of Numerical Algorithms",
2nd edition, 2002, section 3.3; Linnainmaa, BIT 16, 1976). (1e8 + x) - 1e8 is near x, and
rounded like 1e8. Where the engine does not follow a problem, its values show how they are rounded:
see ``noise``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gradcli.check import noise
from gradcli.check.courses import Courses, Ends, Moving
from gradcli.check.lines import CENTRAL_STEP, DOUBLE, EPS, Point, Precision, Vector, scale
from gradcli.engine.recording import Record
from gradcli.errors import GradcliError
from gradcli.gradient import recorded
from gradcli.problem import Problem, Result


class Rounding(NamedTuple):
    """How far a value is moved by rounding: ``near`` the point, and a unit of way off it."""

    near: float
    growth: float


def point_of(problem: Problem, result: Result) -> Point:
    """The point where ``problem`` has this ``result``, and how finely it is known."""
    value = float(result.value.item())
    courses = Courses(problem, result)
    # Where others share the program that tells it, it is quicker than the steps are made.
    here = courses.here if problem.kin is not None else None
    rounding = value_rounding(problem, result, here)
    return Point(problem, value, rounding, precision_of(problem), courses)


def precision_of(problem: Problem) -> Precision:
    """How finely the values of ``problem`` are known."""
    return DOUBLE if problem.traced else noise.noise_of(problem).precision


def value_rounding(problem: Problem, result: Result, here: Ends | None = None) -> float:
    """A bound for the rounding of the value: over all intermediates, and sums of primals.

    ``here`` are the intermediates, where they are known without steps.
    """
    if not problem.traced:
        return noise.noise_of(problem).near
    total = abs(float(result.value.item()))
    if here is not None:
        total += _finite_sum(here.gradients * here.outcomes)
    else:
        total += sum(_finite_sum(step.gradient * step.value) for step in result.steps)
    total += sum(_finite_sum(result.gradients[n] * p) for n, p in problem.primals.items())
    return EPS * total


def entry_rounding(courses: Courses, moving: Moving) -> Rounding:
    """The rounding of differences of the value where the entries ``moving`` move at once.

    Intermediates that do not depend on them are rounded alike in both values: nan in
    place of the entries shows which do. Off the point intermediates and their gradients are
    others; what grows so is also what the gradients themselves are rounded by where large
    terms cancel.
    """
    problem, result = courses.problem, courses.result
    if not problem.traced:
        noises = [noise.entry_noise(problem, name, flat) for name, flat in moving.items()]
        return Rounding(max(noises), 0.0)
    primals, gradients = problem.primals, result.gradients
    x = np.concatenate([primals[n].reshape(-1)[flat] for n, flat in moving.items()])
    tainted = courses.there(moving, np.full_like(x, np.nan))
    if tainted is None:
        return Rounding(value_rounding(problem, result), 0.0)
    here = courses.here
    near = abs(float(result.value.item()))
    for name, flat in moving.items():
        if primals[name].size > 1:  # of a sum over it, the parts
            terms = primals[name].reshape(-1)[flat] * gradients[name].reshape(-1)[flat]
            near += _finite_sum(terms)
    near += _finite_sum(here.gradients * np.where(np.isnan(tainted.outcomes), here.outcomes, 0.0))
    along, steeper = [0.0], [0.0]
    for step_size in (scale(x), np.abs(x), 1e-3 * scale(x), 1e-6 * scale(x)):
        moved = x + CENTRAL_STEP * step_size
        there = courses.there(moving, moved) if np.all(moved > x) else None
        if there is not None:
            way = float(np.min(moved - x))
            along.append(_finite_sum(here.gradients * (there.outcomes - here.outcomes)) / way)
            steeper.append(_finite_sum(here.outcomes * (there.gradients - here.gradients)) / way)
    # Beside a number near 0, what happens at 1 may be far away: the smaller way counts.
    return Rounding(EPS * near, EPS * (min(along[1:], default=0.0) + max(steeper)))


def spread(courses: Courses) -> dict[str, float]:
    """How far the gradient by each primal moves, at most, a few roundings away from here."""
    problem, result = courses.problem, courses.result
    eps = precision_of(problem).eps
    rng, gradients_at = np.random.default_rng(0), courses.stepper
    found = dict.fromkeys(problem.primals, 0.0)
    for _ in range(4):
        near_by = {
            n: p * (1 + eps * rng.integers(-4, 5, p.shape)) for n, p in problem.primals.items()
        }
        try:
            gradients = gradients_at(near_by)[1]
        except GradcliError:  # somebody's own, and misshapen
            return dict.fromkeys(found, 0.0)
        for name, gradient in gradients.items():
            moved = np.abs(gradient - result.gradients[name])
            found[name] = float(np.max(moved, initial=found[name], where=np.isfinite(moved)))
    return found


def negligible(point: Point, name: str, largest: float) -> bool:
    """Whether a gradient by ``name`` of up to ``largest`` is little more than rounding there."""
    reach = float(np.max(scale(point.problem.primals[name]), initial=1.0))
    return 0 < largest * reach <= NOTHING * point.rounding


NOTHING = 100
"""A gradient that moves the value by so many of its roundings, a unit of way off, is something."""


def swallowed(problem: Problem, result: Result, name: str) -> bool:
    """Whether rounding may be why the gradient by the primal ``name`` is 0.

    It is where an analytic op gives the same for an argument near by, though not for one far
    away: tanh at 20, or 1 + 1e-20. It is not where relu is flat, where a factor is 0, where
    two ways cancel, or at a minimum.
    """
    if not problem.traced:
        return noise.swallowed(problem, name)
    stuck: dict[int, Record] = {}
    for size in _NEAR_BY:
        primal = problem.primals[name]
        moved = primal + size * scale(primal)
        tensors, tape, _ = recorded(problem, {**problem.primals, name: moved})
        moving = {id(tensors[name])}
        for i, (record, step) in enumerate(zip(tape.records, result.steps)):
            args = [id(arg) in moving for arg in record.args]
            if any(args) and not np.array_equal(record.out.value, step.value):
                moving.add(id(record.out))
                stuck.pop(i, None)
            elif sum(args) == 1 and record.op.analytic and _reacts(record, args):
                stuck[i] = record
    return bool(stuck)


_NEAR_BY, _FAR_AWAY = (1e-10, 1e-7), 1e6


def _reacts(record: Record, moving: list[bool]) -> bool:
    """Whether an operation gives anything else when what moves is moved far, either way."""
    for way in (_FAR_AWAY, -_FAR_AWAY):
        values = [v + way * scale(v) if m else v for v, m in zip(record.values, moving)]
        if not np.array_equal(record.op.forward(*values, **record.settings), record.out.value):
            return True
    return False


def _finite_sum(terms: Vector) -> float:
    terms = np.abs(terms)
    return float(np.sum(terms, where=np.isfinite(terms)))
