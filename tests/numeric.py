"""Numeric derivatives for tests, written without gradcli: a witness of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def derivative(f: Callable[[Any], Any], x: Any) -> Any:
    """The gradient of scalar ``f`` at ``x``: central differences, Richardson-extrapolated once.

    Abramowitz & Stegun, 25.3.21 with error O(h^4).
    """
    x = np.asarray(x, np.float64)
    out = np.zeros_like(x)
    for i in np.ndindex(x.shape):

        def at(step: float, i: tuple[int, ...] = i) -> float:
            moved = x.copy()
            moved[i] += step
            return float(f(moved))

        h = 1e-3 * max(1.0, abs(float(x[i])))
        near = (at(h) - at(-h)) / (2 * h)
        far = (at(2 * h) - at(-2 * h)) / (4 * h)
        out[i] = (4 * near - far) / 3
    return out
