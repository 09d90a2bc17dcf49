"""How a walk ended: at rest or not, where, and what went wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcli.problem import Arrays, Minimum

NEAR = 0.01
"""How near to a published minimum a walk must end for it to be named."""


class Arrival(NamedTuple):
    """The published minimum near which a walk ended, how far from it, and whether it got there."""

    minimum: Minimum
    distance: float
    reached: bool


def has_converged(at: Arrays, value: Any, gradients: Arrays, steepest: float) -> bool:
    """Whether the gradient at ``at`` is tiny, by two scales at once.

    Both the largest |g| max(|x|, 1) / max(|value|, 1), the change of the value relative to that
    of an entry (Dennis & Schnabel, Numerical Methods for Unconstrained Optimization, 1983,
    section 7.2), and the largest |g| beside ``steepest``, the largest norm of a gradient on the
    way, are at most the square root of the dtype's rounding: moving the point by its relative
    square root changes nothing in the value's digits. The second scale is that of a function
    whose values are all tiny, whose gradients say nothing beside 1.
    """
    tiny = float(np.sqrt(np.finfo(np.asarray(value).dtype).eps))
    most = relative = 0.0
    for name, g in gradients.items():
        slope = np.abs(np.asarray(g, np.float64))
        most = max(most, float(np.max(slope, initial=0.0)))
        scaled = slope * np.maximum(np.abs(at[name]), 1)
        relative = max(relative, float(np.max(scaled, initial=0.0)))
    return relative <= tiny * max(abs(float(value)), 1.0) and most <= tiny * steepest


def arrival_at(
    minima: Sequence[Minimum], point: Sequence[float], value: Any, converged: bool
) -> Arrival | None:
    """The first of ``minima`` within NEAR of ``point``, (x, y); None where there is none.

    It is reached where the walk has converged, or where the point is the minimum itself but for
    rounding: at a kink the gradient does not vanish.
    """
    rounding = 4 * float(np.finfo(np.asarray(value).dtype).eps)
    for minimum in minima:
        x, y, _ = minimum
        distance = float(np.hypot(point[0] - x, point[1] - y))
        if distance <= NEAR:
            there = distance <= rounding * max(abs(x), abs(y), 1.0)
            return Arrival(minimum, distance, converged or there)
    return None


SAME = 1e-6
"""Values that differ by no more than this, relative to the larger, may differ by rounding."""


def trend_of(values: Sequence[float], trail: Sequence[Arrays]) -> str | None:
    """What is wrong with a walk of these values that ends with the up to three points ``trail``.

    "diverging": the value is higher at the end than at the start. Where the second half of the
    steps brought no lower value than the first: "oscillating" if the values differ or the last
    step went back on the one before, else "still". None of these, or no step at all: None.
    """
    steps = len(values) - 1
    if steps < 1 or math.isnan(values[-1]):
        return None
    if values[-1] > values[0] and not math.isclose(values[0], values[-1], rel_tol=SAME):
        return "diverging"
    half = steps // 2 + 1
    low, high = min(values[half:]), max(values[half:])
    if low < min(values[:half]):
        return None
    apart = not math.isclose(low, high, rel_tol=SAME)
    return "oscillating" if apart or _turned_back(trail) else "still"


def _turned_back(trail: Sequence[Arrays]) -> bool:
    if len(trail) < 3:
        return False
    first, second, third = trail
    along = 0.0
    for name in third:
        one, other = (
            np.asarray(b[name] - a[name], np.float64).reshape(-1)
            for a, b in ((first, second), (second, third))
        )
        along += float(np.dot(one, other))
    return along < 0
