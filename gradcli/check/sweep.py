"""How the error of a numeric derivative depends on its step."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gradcli.check.lines import Entries, Point
from gradcli.check.methods import METHODS
from gradcli.errors import SpecError
from gradcli.gradient import differentiate, quiet
from gradcli.problem import Problem

STEPS = [10.0**-k for k in range(1, 15)]
MOST_ENTRIES = 256
"""Entries of each parameter that a sweep looks at."""


class Row(NamedTuple):
    """At one step: the largest errors over all entries, against backprop in float64."""

    step: float
    max_abs_error: float
    max_rel_error: float


class Sweep(NamedTuple):
    method: str
    rows: list[Row]
    best: Row | None
    """None where no step gives a number for every entry."""


def sweep(problem: Problem, method: str) -> Sweep:
    """The error at each step from 1e-1 to 1e-14, times max(1, |x|), and the best of them.

    The relative error is taken of the largest entry of each parameter's gradient.
    """
    measure = METHODS[method].first
    if measure is None:
        raise SpecError("sweep", f"{method} chooses its own steps; sweep central or forward")
    problem = problem.in_float64()
    result = differentiate(problem)
    point = Point(problem, float(result.value.item()))
    rng = np.random.default_rng(0)
    rows = []
    for step in STEPS:
        absolute = relative = 0.0
        for name, gradient in result.gradients.items():
            count = min(gradient.size, MOST_ENTRIES)
            flat = np.sort(rng.choice(gradient.size, count, replace=False))
            with quiet():
                slopes = measure(Entries(point, name, flat), step)
                errors = np.abs(slopes.slope - gradient.reshape(-1)[flat])
            # Where the step leaves the domain, the error has no bound.
            error = float(np.max(np.where(np.isnan(errors), np.inf, errors), initial=0.0))
            largest = float(np.max(np.abs(gradient), initial=0.0))
            absolute = max(absolute, error)
            relative = max(relative, error / largest if largest else error)
        rows.append(Row(step, absolute, relative))
    best = min(rows, key=lambda row: row.max_rel_error)
    return Sweep(method, rows, best if np.isfinite(best.max_rel_error) else None)
