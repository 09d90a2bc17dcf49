"""Descent: walking downhill on any problem."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gradcli.problem import Arrays, Problem, require_scalar

Update = Callable[[str, Any, Any], Any]
"""Called with a primal's name, its value and its gradient; gives its next value."""


class Settings(NamedTuple):
    """How to walk. Every optimizer has the constants of Keras's of that name."""

    lr: float
    steps: int
    every: int
    optimizer: str = "gd"
    clip_norm: float | None = None
    clip_value: float | None = None
    tol: float | None = None


class Row(NamedTuple):
    """One step: the point after it, the value and the gradient's norm before it."""

    step: int
    at: dict[str, Any] | None
    norm: float
    value: float
    grad_norm: float


class Descent(NamedTuple):
    """A walk. ``values`` has the value before every step, ``points`` every point of up to
    two scalar variables (None otherwise)."""

    start: Arrays
    end: Arrays
    value: Any
    steps: int
    path: list[Row]
    values: list[float]
    points: list[tuple[float, ...]] | None
    stopped: str | None
    """Why it ended early: "tol", "nonfinite", "interrupted"; None where it did not."""


def descend(
    problem: Problem, settings: Settings, progress: Callable[[int], None] = lambda done: None
) -> Descent:
    """Take ``settings.steps`` steps against the gradient from the problem's own point.

    Stops early where the gradient's norm is at most ``tol``, where the value or the gradient
    is not finite, and on an interrupt, which is not passed on.
    """
    step_at = problem.stepper()
    update = _optimizer(settings)
    at: Arrays = {name: value[()] for name, value in problem.primals.items()}
    start = at
    tracked = problem.shows_point and len(at) <= 2 and all(np.ndim(v) == 0 for v in at.values())
    visited = [at]
    path: list[Row] = []
    values: list[float] = []
    stopped = None
    taken = 0
    clipped = settings.clip_norm is not None or settings.clip_value is not None
    with np.errstate(all="ignore"):
        try:
            for step in range(settings.steps):
                value, gradients = step_at(at)
                if step == 0:
                    require_scalar(value)
                number, norm = float(value), _norm(gradients)
                if not (math.isfinite(number) and math.isfinite(norm)):
                    stopped = "nonfinite"
                    break
                values.append(number)
                if settings.tol is not None and norm <= settings.tol:
                    stopped = "tol"
                    break
                if clipped:
                    gradients = _clipped(gradients, norm, settings)
                at = {name: update(name, p, gradients[name]) for name, p in at.items()}
                taken += 1
                if tracked:
                    visited.append(at)
                if step % settings.every == 0:
                    shown = at if problem.shows_point else None
                    path.append(Row(step, shown, _norm(at), number, norm))
                if step % 64 == 0:
                    progress(min(64, settings.steps - step))
        except KeyboardInterrupt:
            stopped = "interrupted"
        value, _ = step_at(at)
    points = [tuple(map(float, p.values())) for p in visited] if tracked else None
    return Descent(start, at, value, taken, path, values, points, stopped)


def _norm(arrays: Arrays) -> float:
    """The Euclidean norm over all arrays together."""
    total = 0.0
    for array in arrays.values():
        if array.ndim == 0:
            number = float(array)
            total += number * number
        else:
            flat = array.reshape(-1).astype(np.float64, copy=False)
            total += float(np.dot(flat, flat))
    return math.sqrt(total) if total >= 0 else math.nan


def _clipped(gradients: Arrays, norm: float, settings: Settings) -> Arrays:
    if settings.clip_value is not None:
        limit = settings.clip_value
        gradients = {n: np.clip(g, -limit, limit) for n, g in gradients.items()}
        norm = _norm(gradients)
    if settings.clip_norm is not None and norm > settings.clip_norm:
        gradients = {n: g * (settings.clip_norm / norm) for n, g in gradients.items()}
    return gradients


def _optimizer(settings: Settings) -> Update:
    lr = settings.lr
    if settings.optimizer == "gd":
        return lambda name, p, g: p - lr * g
    if settings.optimizer in ("momentum", "nesterov"):
        return _momentum(lr, nesterov=settings.optimizer == "nesterov")
    return _rmsprop(lr) if settings.optimizer == "rmsprop" else _adam(lr)


def _momentum(lr: float, nesterov: bool, momentum: float = 0.9) -> Update:
    """Polyak 1964; Nesterov 1983 in the form of Sutskever et al. 2013."""
    velocity: dict[str, Any] = {}

    def update(name: str, p: Any, g: Any) -> Any:
        v = momentum * velocity.get(name, 0.0) - lr * g
        velocity[name] = v
        return p + momentum * v - lr * g if nesterov else p + v

    return update


def _rmsprop(lr: float, rho: float = 0.9, epsilon: float = 1e-7) -> Update:
    """Tieleman & Hinton 2012."""
    square: dict[str, Any] = {}

    def update(name: str, p: Any, g: Any) -> Any:
        s = rho * square.get(name, 0.0) + (1 - rho) * g * g
        square[name] = s
        return p - lr * g / np.sqrt(s + epsilon)

    return update


def _adam(lr: float, b1: float = 0.9, b2: float = 0.999, epsilon: float = 1e-7) -> Update:
    """Kingma & Ba 2015."""
    first: dict[str, Any] = {}
    second: dict[str, Any] = {}
    count: dict[str, int] = {}

    def update(name: str, p: Any, g: Any) -> Any:
        t = count[name] = count.get(name, 0) + 1
        m = first[name] = b1 * first.get(name, 0.0) + (1 - b1) * g
        s = second[name] = b2 * second.get(name, 0.0) + (1 - b2) * g * g
        rate = lr * math.sqrt(1 - b2**t) / (1 - b1**t)
        return p - rate * m / (np.sqrt(s) + epsilon)

    return update
