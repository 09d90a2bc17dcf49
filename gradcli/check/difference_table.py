"""The noise of a problem's values along lines, from a table of their differences.

Beside a point a smooth function is a polynomial, about, and differences of a high order leave
nothing of it; what is left is its noise (More & Wild, "Estimating computational noise", SIAM J.
Sci. Comput. 33, 2011; Hamming, "Introduction to Applied Numerical Analysis", 1971).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from gradcli.check.lines import Vector
from gradcli.errors import GradcliError
from gradcli.problem import Problem, same

_COUNT = 10
"""Points on a line; its noise is looked for in differences up to the order 7."""
_SPACINGS = (1e-6, 1e-4, 1e-2)
"""Between them, as parts of the numbers: the shortest counts that tells. A coarse step of rounding
shows in long ones only, but these cross the kinks of a maximum, too."""
_ON_GRID = (1e-4, 1e-3, 1e-2)
"""The same where the numbers are singles."""
_ALIKE = 4
"""The factor within which the noise that three orders show is one."""
_BOUND = 5
"""Of how many standard deviations the noise is taken to be at most."""


def ways_of(primals: Mapping[str, Vector]) -> dict[str, Vector]:
    """How far each number moves for a unit of way: as far as those of its array lie apart.

    And by its own size if that is less, between one and two times that, in either direction, from a
    fixed seed.
    """
    rng, found = np.random.default_rng(0), {}
    for name, primal in primals.items():
        apart = float(np.std(primal)) if primal.size else 0.0
        size = np.where(primal == 0, apart or 1.0, np.minimum(np.abs(primal), apart or np.inf))
        found[name] = size * rng.uniform(1, 2, primal.shape) * rng.choice([-1, 1], primal.shape)
    return found


def values_along(problem: Problem, ways: Mapping[str, Vector]) -> Callable[[float], float]:
    """The value as a function of the way along ``ways``; nan where there is none."""

    def at(t: float) -> float:
        return _value(problem, {name: problem.primals[name] + t * w for name, w in ways.items()})

    return at


def _value(problem: Problem, at: Mapping[str, Vector]) -> float:
    try:
        return float(problem.forward({**problem.primals, **at}, same))
    except GradcliError:
        return math.nan


def noise_along(
    problem: Problem, ways: Mapping[str, Vector], on_grid: bool = False
) -> float | None:
    """A bound for the noise along ``ways``, near the point; None where it cannot be told.

    ``on_grid`` all points are singles, and equally far apart.
    """
    for spacing in _ON_GRID if on_grid else _SPACINGS:
        points = {}
        for name, way in ways.items():
            x, step = problem.primals[name], spacing * way
            if on_grid:
                unit = 4.0 * np.spacing(np.abs(x).astype(np.float32)).astype(np.float64)
                size = np.maximum(np.round(np.abs(step) / unit), 1.0) * unit
                step = np.where(way == 0, 0.0, np.copysign(size, step))
                x = np.where(way == 0, x, np.round(x / unit) * unit)
            points[name] = x, step
        moved = range(-(_COUNT // 2), _COUNT - _COUNT // 2)
        found = [_value(problem, {n: x + i * step for n, (x, step) in points.items()})
                 for i in moved]  # fmt: skip
        # Where few of them differ they are too near to each other to tell.
        if np.all(np.isfinite(found)) and len(np.unique(found)) > _COUNT // 2:
            deviation = _deviation(np.array(found))
            if deviation is not None:
                return _BOUND * deviation
    return None


def _deviation(values: Vector) -> float | None:
    """The standard deviation of what is not smooth in ``values``; None where no order tells."""
    deviations, signs = [], []
    differences = values
    for order in range(1, _COUNT - 2):
        differences = np.diff(differences)
        factor = math.factorial(order) ** 2 / math.factorial(2 * order)
        deviations.append(math.sqrt(factor * float(np.mean(differences**2))))
        signs.append(bool(differences.min() < 0 < differences.max()))
    for i in range(len(deviations) - 2):
        some = deviations[i : i + 3]
        if max(some) == 0:  # exact
            return 0.0
        if signs[i] and max(some) <= _ALIKE * min(some):
            return some[0]
    return None
