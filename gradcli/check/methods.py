"""The methods of numeric differentiation, each declared once.

Steps are divided by what was realised: (x + h) - (x - h) after rounding, not 2h.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gradcli.check.ladder import LONGEST, RUNGS, ladder
from gradcli.check.lines import CENTRAL_STEP, EPS, Entries, Slopes, rounding, scale, slopes_of


class Method(NamedTuple):
    """How derivatives are measured; what is in doubt goes down the ladder of steps."""

    first: Callable[[Entries, float], Slopes] | None
    """The derivatives by some entries at one step; None where all go down the ladder."""
    step: float
    """By default; times max(1, |x|), but for the complex one. The ladder's is its first."""
    tolerance: float
    """By default, relative: what the method can be held to."""
    passes: float
    """Pairs of values that it takes for each entry."""
    analytic: bool = False
    """Whether functions must be analytic throughout; it has no differences then to confirm."""
    together: bool = False
    """Whether all entries are moved at once, and looked at by themselves only where that fails."""


def central(entries: Entries, step: float) -> Slopes:
    """(f(x+h) - f(x-h)) / 2h with h = ``step`` max(1, |x|); error O(h^2)."""
    h = step * scale(entries.x)
    above, below = entries.x + h, entries.x - h
    up, down = entries.at(np.stack([above, below], axis=1)).T
    right = (up - entries.point.value) / (above - entries.x)
    left = (entries.point.value - down) / (entries.x - below)
    width = above - below
    uncertainty = rounding(entries, np.maximum(np.abs(up), np.abs(down)), width)
    return slopes_of((up - down) / width, uncertainty, np.abs(right - left), h)


def forward(entries: Entries, step: float) -> Slopes:
    """(f(x+h) - f(x)) / h with h = ``step`` max(1, |x|); error O(h)."""
    h = step * scale(entries.x)
    above = entries.x + h
    values = entries.at(above[:, None])[:, 0]
    slope = (values - entries.point.value) / (above - entries.x)
    # The other side is looked at as well: a kink shows on neither side alone.
    gap = central(entries.chosen(slice(None)), CENTRAL_STEP).gap
    return slopes_of(slope, rounding(entries, values, above - entries.x), gap, h)


def complex_step(entries: Entries, step: float) -> Slopes:
    """Im f(x + ih) / h with h = ``step``: no difference, so no cancellation.

    Squire & Trapp, "Using complex variables to estimate derivatives of real functions",
    SIAM Review 40 (1998). Only for problems that are analytic throughout. A far shorter step,
    from as far away as the rounding of the value reaches, shows rounding and truncation.
    """
    h = step
    slope = np.imag(entries.at((entries.x + 1j * h)[:, None])[:, 0]) / h
    size = np.abs(slope)
    steep = np.maximum(size, 1e-3 * np.max(size, initial=0.0, where=np.isfinite(size)))
    reach = np.divide(4 * entries.point.rounding, steep, out=np.zeros_like(steep), where=steep > 0)
    # NumPy's complex powers go by way of logarithms, and round by so much more.
    reach = np.maximum(reach, 64 * EPS * np.abs(entries.x))
    away = entries.x[:, None] + reach[:, None] * np.array([1.0, -0.7, 0.45]) + 1e-6j * h
    others = np.imag(entries.at(away)) / (1e-6 * h)
    uncertainty = 8 * (np.abs(others - slope[:, None]).max(axis=1) + EPS * size)
    return slopes_of(slope, uncertainty, np.zeros_like(slope), np.full_like(slope, h))


def coarse(entries: Entries, step: float) -> Slopes:
    """A short ladder, of long steps: for values that are known to few digits."""
    return ladder(entries, last=1e-3)


METHODS = {
    "central": Method(central, CENTRAL_STEP, 1e-6, 1.0),
    "forward": Method(forward, EPS**0.5, 1e-5, 1.5),
    "ridders": Method(None, LONGEST, 1e-6, RUNGS),
    "complex": Method(complex_step, 1e-20, 1e-8, 4.0, analytic=True),
    "directions": Method(None, 2 * CENTRAL_STEP, 1e-6, 0.0, together=True),
}
"""Each by its name; what help says of it stands in the catalogue."""
