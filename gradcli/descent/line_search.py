"""A line search for the strong Wolfe conditions.

Nocedal & Wright, Numerical Optimization, 2nd edition, 2006, algorithms 3.5 and 3.6.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

DECREASE = 1e-4
"""The value must fall by this share of what the slope at the start promises."""
CURVATURE = 0.9
"""What may be left of the slope at the start."""
_MOST = 30
"""Trials on the way out, and as many on the way in."""


class Trial(NamedTuple):
    """A point on the line: how far along, the value and the slope there, and what it is."""

    length: float
    value: float
    slope: float
    point: Any = None


def line_search(trial_at: Callable[[float], Trial], start: Trial, first: float) -> Trial | None:
    """A point along the line that fulfils the strong Wolfe conditions, from length ``first`` on.

    ``start`` has length 0 and a slope below 0. Where rounding or a kink leaves no such point, it
    is the lowest found that is lower than the start; None where there is none. Trials whose
    value or slope is not finite are too far.
    """
    before, length = start, first
    for _ in range(_MOST):
        trial = trial_at(length)
        if _too_high(trial, start) or (before is not start and trial.value >= before.value):
            return _zoom(trial_at, start, before, trial)
        if abs(trial.slope) <= -CURVATURE * start.slope:
            return trial
        if trial.slope >= 0:
            return _zoom(trial_at, start, trial, before)
        before, length = trial, 2 * length
    return before  # the value falls without an end


def _zoom(
    trial_at: Callable[[float], Trial], start: Trial, low: Trial, high: Trial
) -> Trial | None:
    for _ in range(_MOST):
        trial = trial_at(_between(low, high))
        if _too_high(trial, start) or trial.value >= low.value:
            high = trial
        else:
            if abs(trial.slope) <= -CURVATURE * start.slope:
                return trial
            if trial.slope * (high.length - low.length) >= 0:
                high = low
            low = trial
    return None if low is start else low


def _too_high(trial: Trial, start: Trial) -> bool:
    if not (math.isfinite(trial.value) and math.isfinite(trial.slope)):
        return True
    most = start.value + DECREASE * trial.length * start.slope
    return trial.value > most or trial.value >= start.value  # which rounding may set equal


def _between(low: Trial, high: Trial) -> float:
    """The minimum of the cubic through both ends, equation 3.59; the middle where it is no good.

    That is where it is within a tenth of an end, or there is none.
    """
    apart = high.length - low.length
    try:
        d1 = low.slope + high.slope - 3 * (low.value - high.value) / (low.length - high.length)
        d2 = math.copysign(math.sqrt(d1 * d1 - low.slope * high.slope), apart)
        share = 1 - (high.slope + d2 - d1) / (high.slope - low.slope + 2 * d2)
    except (ValueError, ZeroDivisionError, OverflowError):  # no minimum, or no number
        share = 0.5
    return low.length + apart * (share if 0.1 <= share <= 0.9 else 0.5)
