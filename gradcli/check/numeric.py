"""Numeric derivatives of a problem's scalar, many at a time.

The perturbed arrays are stacked and evaluated in one forward pass a chunk. Steps are
divided by what was realised: (x + h) - (x - h) after rounding, not 2h.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.problem import Problem

EPS = float(np.finfo(np.float64).eps)
CENTRAL_STEP = EPS ** (1 / 3)
FORWARD_STEP = EPS**0.5
COMPLEX_STEP = 1e-20
RIDDERS_STEP = 0.02
LARGEST_CHUNK = 64 << 20
"""Bytes that a chunk may take, unless a single evaluation takes more."""
_GOOD_CHUNK = 3 << 20
"""Bytes at which a chunk still fits a processor's cache: larger ones are slower."""

Progress = Callable[[int], None]
"""Called with the number of entries done since the last call."""

Vector = npt.NDArray[Any]


class Slopes(NamedTuple):
    """Estimates of some entries' derivatives, each (n,), and their uncertainty."""

    slope: Vector
    noise: Vector
    """How much rounding (and, where known, truncation) may have moved the slope."""
    left: Vector | None = None
    right: Vector | None = None
    """One-sided slopes, from methods that have them."""


class Entries:
    """The derivative of a problem's scalar by chosen entries of one primal.

    ``flat`` are positions in the flattened primal. The problem is in float64.
    """

    def __init__(
        self, problem: Problem, name: str, flat: Vector, value: float, progress: Progress
    ) -> None:
        self.problem = problem
        self.name = name
        self.flat = flat
        self.primal = problem.primals[name]
        self.x = self.primal.reshape(-1)[flat]
        self.value = value
        self.progress = progress

    def chosen(self, some: Vector) -> Entries:
        """The same for some of the entries, by mask or position."""
        return Entries(self.problem, self.name, self.flat[some], self.value, lambda _: None)

    def at(self, points: Vector) -> Vector:
        """The scalar with each entry in turn at its ``points`` (n, m): values (n, m)."""
        n, m = points.shape
        per_row = self.problem.working_set + 2 * points.itemsize * self.primal.size
        rows = max(1, min(LARGEST_CHUNK, max(_GOOD_CHUNK, 16 * per_row)) // per_row)
        rows = max(1, rows // m)
        rows = min(rows, n)
        values = np.empty((n, m), points.dtype)
        # One stack serves every chunk: only the perturbed entries are put in and taken out.
        stack = np.empty((rows, m, self.primal.size), points.dtype)
        stack[...] = self.primal.reshape(-1)
        shaped = stack.reshape((rows * m, *self.primal.shape))
        for start in range(0, n, rows):
            count = min(rows, n - start)
            chunk, each = slice(start, start + count), np.arange(count)
            stack[each, :, self.flat[chunk]] = points[chunk]
            found = self.problem.values(self.name, shaped[: count * m])
            stack[each, :, self.flat[chunk]] = self.x[chunk, None]
            values[chunk] = found.reshape(count, m)
            self.progress(count)
        return values

    def noise(self, values: Vector, step: Vector) -> Vector:
        """The rounding that differences of ``values`` (n, m) carry when divided by ``step``."""
        largest = np.maximum(np.max(np.abs(values), axis=1), abs(self.value))
        roundings = ROUNDINGS * EPS * largest
        return np.asarray(roundings.reshape(-1, *[1] * (step.ndim - 1)) / step)


ROUNDINGS = 8
"""Roundings of a whole value that a difference is taken to carry."""


def scale(x: Vector) -> Vector:
    return np.maximum(1.0, np.abs(x))


def central(entries: Entries, step: float | None = None) -> Slopes:
    """(f(x+h) - f(x-h)) / 2h with h = eps^(1/3) max(1, |x|); error O(h^2)."""
    h = (CENTRAL_STEP if step is None else step) * scale(entries.x)
    above, below = entries.x + h, entries.x - h
    values = entries.at(np.stack([above, below], axis=1))
    right = (values[:, 0] - entries.value) / (above - entries.x)
    left = (entries.value - values[:, 1]) / (entries.x - below)
    slope = (values[:, 0] - values[:, 1]) / (above - below)
    return Slopes(slope, entries.noise(values, above - below), left, right)


def forward(entries: Entries, step: float | None = None) -> Slopes:
    """(f(x+h) - f(x)) / h with h = eps^(1/2) max(1, |x|); error O(h)."""
    above = entries.x + (FORWARD_STEP if step is None else step) * scale(entries.x)
    values = entries.at(above[:, None])
    realised = above - entries.x
    slope = (values[:, 0] - entries.value) / realised
    return Slopes(slope, entries.noise(values, realised))


def complex_step(entries: Entries, step: float | None = None) -> Slopes:
    """Im f(x + ih) / h with h = 1e-20: no difference, so no cancellation.

    Squire & Trapp, "Using complex variables to estimate derivatives of real functions",
    SIAM Review 40 (1998). Only for problems that are analytic throughout.
    """
    h = COMPLEX_STEP if step is None else step
    values = entries.at((entries.x + 1j * h)[:, None])[:, 0]
    slope = np.imag(values) / h
    return Slopes(slope, ROUNDINGS * EPS * np.abs(slope))


def ridders(entries: Entries, step: float | None = None) -> Slopes:
    """Central differences at shrinking steps, extrapolated to 0, with an error estimate.

    Ridders, "Accurate computation of F'(x) and F'(x) F''(x)", Advances in Engineering
    Software 4 (1982). The first step is 0.02 max(1, |x|), each next one 1 / 1.6 of it.
    """
    shrink, rounds = 1.6, 14
    first = (RIDDERS_STEP if step is None else step) * scale(entries.x)
    h = first[:, None] * shrink ** -np.arange(rounds)
    above, below = entries.x[:, None] + h, entries.x[:, None] - h
    values = entries.at(np.concatenate([above, below], axis=1))
    row = (values[:, :rounds] - values[:, rounds:]) / (above - below)
    rounding = entries.noise(values, above - below)

    best, error = row[:, 0], np.full(len(row), np.inf)
    order = shrink**2
    for k in range(1, rounds):
        # Each extrapolation cancels one more even power of h.
        power = order**k
        better = (power * row[:, 1:] - row[:, :-1]) / (power - 1)
        rounding = (power * rounding[:, 1:] + rounding[:, :-1]) / (power - 1)
        change = np.maximum(np.abs(better - row[:, 1:]), np.abs(better - row[:, :-1]))
        column = np.argmin(change + rounding, axis=1)
        pick = np.arange(len(row)), column
        found = change[pick] + rounding[pick]
        wins = found < error
        best, error = np.where(wins, better[pick], best), np.where(wins, found, error)
        row = better
    return Slopes(best, error)


METHODS: dict[str, Callable[..., Slopes]] = {
    "central": central,
    "forward": forward,
    "ridders": ridders,
    "complex": complex_step,
}

STEPS = {
    "central": CENTRAL_STEP,
    "forward": FORWARD_STEP,
    "ridders": RIDDERS_STEP,
    "complex": COMPLEX_STEP,
}
"""Default steps, each times max(1, |x|) but for the complex one."""

TOLERANCES = {"central": 1e-6, "forward": 1e-4, "ridders": 1e-6, "complex": 1e-10}
"""Default relative tolerances: what a method can be held to."""
