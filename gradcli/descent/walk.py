"""Descent: walking downhill on any problem."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gradcli.descent.clipping import clipped, norm_of
from gradcli.descent.ending import Arrival, arrival_at, has_converged, trend_of
from gradcli.descent.optimizers import Point, Stepping
from gradcli.descent.settings import Settings
from gradcli.gradient import require_scalar
from gradcli.problem import Arrays, Problem

TICK = 0.1
"""Seconds between reports of progress, where a step does not take longer."""


class Row(NamedTuple):
    """The point after so many steps, with the value and the gradient's norm there.

    ``value`` and ``grad_norm`` have the problem's dtype, ``norm`` is that of the point.
    """

    step: int
    at: Arrays | None
    """None where the problem is none of a point that can be shown."""
    norm: float
    value: Any
    grad_norm: Any


class Descent(NamedTuple):
    """A walk. ``path`` has the start, every so many points and the end."""

    settings: Settings
    start: Arrays
    end: Arrays
    path: list[Row]
    values: list[float]
    """The value at every point, from the start to the end."""
    points: list[tuple[float, ...]] | None
    """Every point of up to two scalar variables; None of other problems."""
    stopped: str | None
    """Why it ended early: "tol", "nonfinite", "interrupted", or "search" where a line search finds
    no lower point; None where it did not."""
    converged: bool
    trend: str | None
    """"diverging", "oscillating" or "still" where the walk went wrong: see ``trend_of``."""
    optimizer: Stepping
    """As it is after the walk; after an interrupt it may be one step ahead of the end."""
    arrival: Arrival | None
    """The published minimum near which it ended."""
    measured: dict[str, Any]
    """What the problem is asked for besides its value, at the end."""

    @property
    def steps(self) -> int:
        """How many were taken."""
        return self.path[-1].step

    @property
    def value(self) -> Any:
        """The value at the end."""
        return self.path[-1].value


def descend(
    problem: Problem,
    settings: Settings,
    show: Callable[[Row], None] = lambda row: None,
    progress: Callable[[int], None] = lambda done: None,
) -> Descent:
    """Take ``settings.steps`` steps against the gradient from the problem's own point.

    ``show`` is called with each row of the path as soon as it is known, ``progress`` with the
    number of steps since its last call. The gradient is computed once at every point.

    Stops early where the gradient's norm is at most ``tol`` and where the value or the gradient
    is not finite. An interrupt ends the walk at the last point whose value is known; it is
    passed on where there is none. Raises SpecError for an optimizer that is not known, and
    GradcliError where the value is not one number.
    """
    step_at = problem.stepper()
    optimizer = settings.optimizer_ready()
    at: Arrays = {name: value[()] for name, value in problem.primals.items()}
    start = at
    tracked = problem.shows_point and len(at) <= 2 and all(np.ndim(v) == 0 for v in at.values())
    trail: list[Arrays] = []
    values: list[float] = []
    points: list[tuple[float, ...]] = []
    path: list[Row] = []
    stopped: str | None = None
    steepest = 0.0
    reported, clock = 0, time.monotonic()
    last: tuple[int, Arrays, Any, Arrays, float] | None = None

    def reach(step: int, at: Arrays, value: Any, norm: float) -> None:
        """The point of ``step`` as a row, unless it has been one already."""
        if not path or path[-1].step < step:
            number = np.asarray(value).reshape(())[()]
            shown = at if problem.shows_point else None
            path.append(Row(step, shown, norm_of(at), number, number.dtype.type(norm)))
            show(path[-1])

    with np.errstate(all="ignore"):
        try:
            here = Point(at, *step_at(at))
            require_scalar(here.value)
            for step in range(settings.steps + 1):
                at, value, gradients = here
                norm = norm_of(gradients)
                steepest = max(steepest, norm)
                values.append(float(value))
                if tracked:
                    points.append(tuple(map(float, at.values())))
                trail = [*trail[-2:], at]
                last = step, at, value, gradients, norm
                stopped = _stop(values[-1], norm, settings.tol)
                if step % settings.every == 0:
                    reach(step, at, value, norm)
                if stopped or step == settings.steps:
                    break
                if settings.clip_norm is not None or settings.clip_value is not None:
                    gradients = clipped(gradients, settings.clip_norm, settings.clip_value)
                    here = Point(at, value, gradients)
                now = time.monotonic()
                if now - clock >= TICK:
                    progress(step + 1 - reported)
                    reported, clock = step + 1, now
                there = optimizer.advance(here, step_at)
                if there is None:
                    stopped = "search"
                    break
                here = there
        except KeyboardInterrupt:
            if last is None:
                raise
            stopped = "interrupted"
        assert last is not None  # the start is a point, too
        step, at, value, gradients, norm = last
        reach(step, at, value, norm)
        values = values[: step + 1]
        converged = stopped == "tol" or (
            settings.tol is None
            and stopped != "nonfinite"
            and has_converged(at, value, gradients, steepest)
        )
        trend = None if converged else trend_of(values, trail)
        points = points[: step + 1]
        minima = problem.minima if tracked else ()
    return Descent(
        settings,
        start,
        at,
        path,
        values,
        points if tracked else None,
        stopped,
        converged,
        trend,
        optimizer,
        arrival_at(minima, points[-1], value, converged) if minima else None,
        problem.measured(at),
    )


def _stop(value: float, norm: float, tol: float | None) -> str | None:
    if not (math.isfinite(value) and math.isfinite(norm)):
        return "nonfinite"
    return "tol" if tol is not None and norm <= tol else None
