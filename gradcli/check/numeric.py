"""Numeric derivatives of a problem's scalar, many at a time.

The perturbed arrays are stacked and evaluated in one forward pass a chunk. Steps are
divided by what was realised: (x + h) - (x - h) after rounding, not 2h.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from gradcli.problem import Problem

EPS = float(np.finfo(np.float64).eps)
CENTRAL_STEP = EPS ** (1 / 3)
FORWARD_STEP = EPS**0.5
COMPLEX_STEP = 1e-20
LARGEST_CHUNK = 64 << 20
"""Bytes that a chunk may take, unless a single evaluation takes more."""
_GOOD_CHUNK = 3 << 20
"""Bytes at which a chunk still fits a processor's cache: larger ones are slower."""

Progress = Callable[[int], None]
"""Called with the number of entries done since the last call; below 0 where some need more."""

Vector = npt.NDArray[Any]


class Slopes(NamedTuple):
    """Estimates of some derivatives, each (n,), and how far they may be off."""

    slope: Vector
    uncertainty: Vector
    """Rounding, and truncation where the method can tell."""
    gap: Vector
    """How far the slopes to the right and to the left lie apart."""
    step: Vector
    """The shortest step that they rest on."""
    left: Vector
    """At a kink, the slope to the left; nan elsewhere."""
    right: Vector


class Point(NamedTuple):
    """A problem at its own point."""

    problem: Problem
    value: float
    rounding: float = 0.0
    """How far rounding on the way may have moved the value."""


class Lines(Protocol):
    """Several straight lines through a point, on each of which the scalar is a function."""

    point: Point
    x: Vector
    """Where on each line (n,) the point itself is."""
    near: Vector | float
    """The rounding of the value on each line, near the point."""
    growth: Vector | float
    """By how much it grows with the way along each line."""

    def at(self, points: Vector) -> Vector:
        """The scalar at ``points`` (n, m) of the lines: values (n, m)."""


class Entries:
    """The problem's scalar by chosen entries of one primal, each a line of its own.

    ``flat`` are positions in the flattened primal. The problem is in float64.
    """

    def __init__(
        self,
        point: Point,
        name: str,
        flat: Vector,
        progress: Progress = lambda done: None,
    ) -> None:
        self.point = point
        self.name = name
        self.flat = flat
        self.primal = point.problem.primals[name]
        self.x = self.primal.reshape(-1)[flat]
        self.progress = progress
        self.near: Vector | float = point.rounding
        self.growth: Vector | float = 0.0
        self._stack: Vector | None = None

    def chosen(self, some: Vector, progress: Progress = lambda done: None) -> Entries:
        """The same for some of the entries, by mask or position."""
        return Entries(self.point, self.name, self.flat[some], progress)

    def at(self, points: Vector) -> Vector:
        """The scalar with each entry in turn at its ``points`` (n, m): values (n, m)."""
        n, m = points.shape
        per_row = 1 + self.point.problem.working_set + 2 * points.itemsize * self.primal.size
        rows = min(LARGEST_CHUNK, max(_GOOD_CHUNK, 16 * per_row)) // per_row // m
        rows = max(1, min(rows, n))
        values = np.empty((n, m), points.dtype)
        # One stack serves every chunk: only the perturbed entries are put in and taken out.
        stack = np.empty((rows, m, self.primal.size), points.dtype)
        stack[...] = self.primal.reshape(-1)
        # Kept till these entries are done: memory that is given back must be mapped anew.
        self._stack = stack
        shaped = stack.reshape((rows * m, *self.primal.shape))
        for start in range(0, n, rows):
            count = min(rows, n - start)
            chunk, each = slice(start, start + count), np.arange(count)
            stack[each, :, self.flat[chunk]] = points[chunk]
            found = self.point.problem.values(self.name, shaped[: count * m])
            stack[each, :, self.flat[chunk]] = self.x[chunk, None]
            values[chunk] = found.reshape(count, m)
            self.progress(count)
        return values


class Blocks:
    """Lines along which all entries of a block move at once, each by its own weight."""

    growth: Vector | float = 0.0

    def __init__(
        self, point: Point, name: str, blocks: Sequence[Vector], weights: Sequence[Vector]
    ) -> None:
        self.point = point
        self.name = name
        self.primal = point.problem.primals[name]
        self.near: Vector | float = point.rounding
        self.blocks = blocks
        self.weights = weights
        self.x = np.zeros(len(blocks))

    def at(self, points: Vector) -> Vector:
        """The scalar with each block moved by its ``points`` (n, m): values (n, m)."""
        n, m = points.shape
        values = np.empty((n, m))
        stack = np.empty((m, self.primal.size))
        for k, (flat, weights) in enumerate(zip(self.blocks, self.weights)):
            stack[...] = self.primal.reshape(-1)
            stack[:, flat] += points[k][:, None] * weights
            shaped = stack.reshape((m, *self.primal.shape))
            values[k] = self.point.problem.values(self.name, shaped)
        return values


def scale(x: Vector) -> Vector:
    return np.maximum(1.0, np.abs(x))


def rounding(lines: Lines, values: Vector, width: Vector) -> Vector:
    """What rounding does to differences of ``values`` (n, ...) that are divided by ``width``."""
    as_column = (-1, *[1] * (width.ndim - 1))
    near, growth = np.reshape(lines.near, as_column), np.reshape(lines.growth, as_column)
    return np.asarray(2 * (near + 2 * EPS * np.abs(values)) / np.abs(width) + growth)


def central(entries: Entries, step: float | None = None) -> Slopes:
    """(f(x+h) - f(x-h)) / 2h with h = eps^(1/3) max(1, |x|); error O(h^2)."""
    h = (CENTRAL_STEP if step is None else step) * scale(entries.x)
    above, below = entries.x + h, entries.x - h
    up, down = entries.at(np.stack([above, below], axis=1)).T
    right = (up - entries.point.value) / (above - entries.x)
    left = (entries.point.value - down) / (entries.x - below)
    width = above - below
    uncertainty = rounding(entries, np.maximum(np.abs(up), np.abs(down)), width)
    return _slopes((up - down) / width, uncertainty, np.abs(right - left), h)


def forward(entries: Entries, step: float | None = None) -> Slopes:
    """(f(x+h) - f(x)) / h with h = eps^(1/2) max(1, |x|); error O(h)."""
    h = (FORWARD_STEP if step is None else step) * scale(entries.x)
    above = entries.x + h
    values = entries.at(above[:, None])[:, 0]
    slope = (values - entries.point.value) / (above - entries.x)
    # The other side is looked at as well: a kink shows on neither side alone.
    gap = central(entries.chosen(np.arange(len(entries.flat)))).gap
    return _slopes(slope, rounding(entries, values, above - entries.x), gap, h)


def complex_step(entries: Entries, step: float | None = None) -> Slopes:
    """Im f(x + ih) / h with h = 1e-20: no difference, so no cancellation.

    Squire & Trapp, "Using complex variables to estimate derivatives of real functions",
    SIAM Review 40 (1998). Only for problems that are analytic throughout. A far shorter step,
    from as far away as the rounding of the value reaches, shows rounding and truncation.
    """
    h = COMPLEX_STEP if step is None else step
    slope = np.imag(entries.at((entries.x + 1j * h)[:, None])[:, 0]) / h
    size = np.abs(slope)
    steep = np.maximum(size, 1e-3 * np.max(size, initial=0.0, where=np.isfinite(size)))
    reach = np.divide(4 * entries.point.rounding, steep, out=np.zeros_like(steep), where=steep > 0)
    # NumPy's complex powers go by way of logarithms, and round by so much more.
    reach = np.maximum(reach, 64 * EPS * np.abs(entries.x))
    away = entries.x[:, None] + reach[:, None] * np.array([1.0, -0.7, 0.45]) + 1e-6j * h
    others = np.imag(entries.at(away)) / (1e-6 * h)
    uncertainty = 8 * (np.abs(others - slope[:, None]).max(axis=1) + EPS * size)
    return _slopes(slope, uncertainty, np.zeros_like(slope), np.full_like(slope, h))


def unknown(n: int) -> Slopes:
    """``n`` slopes that nothing is known of."""
    return _slopes(np.full(n, np.nan), np.full(n, np.inf), np.zeros(n), np.ones(n))


def _slopes(slope: Vector, uncertainty: Vector, gap: Vector, step: Vector) -> Slopes:
    left, right = np.full((2, *slope.shape), np.nan)
    return Slopes(slope, uncertainty, gap, step, left, right)


STEPS = {
    "central": CENTRAL_STEP,
    "forward": FORWARD_STEP,
    "ridders": 1e3,
    "complex": COMPLEX_STEP,
}
"""Default steps, each times max(1, |x|) but for the complex one; ridders' is its first."""

TOLERANCES = {"central": 1e-6, "forward": 1e-5, "ridders": 1e-6, "complex": 1e-8}
"""Default relative tolerances: what a method can be held to."""
