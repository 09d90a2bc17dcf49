"""A direction: all entries of some parameters move along it at once, each by its weight."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from gradcli.check.lines import Lines, Point, Vector, scale
from gradcli.engine import plain
from gradcli.errors import GradcliError
from gradcli.problem import same

CHANCE = 1e-9
"""That the gradient by a parameter is off by more than the bound, though all directions hold."""
FAR = 10
"""By so many uncertainties what is not sure must be off, to count as wrong."""

Span = tuple[int, int]
"""Entries of a flattened primal: the first, and the one behind the last."""


class Projection(NamedTuple):
    """A gradient g and the numeric derivative along one direction v."""

    claimed: float
    """<g, v>."""
    numeric: float
    uncertainty: float
    """Of the numeric derivative."""
    gap: float
    """How far its one-sided slopes lie apart, at a kink."""
    norm: float
    """Of the products of g and v."""
    allowed: float
    """How far the two may be apart, besides the uncertainty."""
    resolution: float
    """The uncertainty up to which it counts as measured."""

    @property
    def error(self) -> float:
        return abs(self.claimed - self.numeric)

    @property
    def kinked(self) -> bool:
        return self.gap > max(self.resolution, self.uncertainty)

    @property
    def sure(self) -> bool:
        return self.uncertainty <= self.resolution and not self.kinked

    @property
    def holds(self) -> bool:
        return self.sure and self.error <= self.allowed + self.uncertainty

    @property
    def wrong(self) -> bool:
        """Whether the two differ, and that is sure."""
        far = self.error > self.allowed + FAR * self.uncertainty
        return not self.kinked and (far or (self.sure and not self.holds))


class Proof(NamedTuple):
    """What directions have shown of the gradient by one parameter, or by all together."""

    directions: int
    worst: Projection
    """The one that is off by the largest part of what is allowed, or the one that does not hold."""
    norm: float
    """Of the gradient's entries, times max(1, |x|) each."""
    bound: float
    """How far it may be off, in that norm, but for a chance of ``CHANCE``."""

    @property
    def holds(self) -> bool:
        return self.worst.holds

    @property
    def relative(self) -> float:
        """The bound, of the norm; 0 where nothing shows of the gradient but rounding."""
        return self.bound / self.norm if self.bound < self.norm else 0.0


class Direction(Lines):
    """The line along which entries of some primals move at once, each by its weight.

    ``weights`` are flat, by name; with a ``span`` only those entries move.
    """

    def __init__(
        self, point: Point, weights: Mapping[str, Vector], span: Span | None = None
    ) -> None:
        self.point = point
        self.x = np.zeros(1)
        self.near = point.rounding
        self.growth = 0.0
        some = slice(*(span or (None,)))
        self._primals = dict(point.problem.primals)
        self._moves = []
        for name, weight in weights.items():
            moved = self._primals[name] = np.array(self._primals[name], order="C")
            flat = moved.reshape(-1)[some]
            self._moves.append((flat, flat.copy(), weight[some]))

    def at(self, points: Vector) -> Vector:
        """The scalar at ``points`` (1, m) of the line; nan where there is none."""
        return np.array([[self._value(float(t)) for t in points[0]]])

    def _value(self, t: float) -> float:
        for moved, start, weights in self._moves:
            np.multiply(weights, t, out=moved)
            moved += start
        try:
            return float(plain(self.point.problem.forward(self._primals, same)))
        except GradcliError:  # such as an index that is out of bounds there
            return math.nan

    @property
    def unit(self) -> Vector:
        """A step, each entry of which its weight has."""
        return np.ones(1)


def weights_of(primal: Vector, rng: np.random.Generator) -> Vector:
    """Flat weights of either sign and between one and two, times max(1, |x|)."""
    weights = rng.random(primal.size, np.float32).astype(np.float64)
    weights *= 2
    weights -= 1
    weights += np.copysign(1.0, weights)
    weights *= scale(primal.reshape(-1))
    return weights
