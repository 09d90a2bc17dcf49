"""L-BFGS: steps along a direction made from the last gradients, as far as the value says.

Nocedal & Wright, Numerical Optimization, 2nd edition, 2006, algorithms 7.4 and 7.5.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.descent.line_search import Trial, line_search
from gradcli.descent.optimizers import Evaluate, Point
from gradcli.problem import Arrays

_NOISE = 100
"""How many roundings apart values may be that are the same: they are sums of larger ones."""

Flat = npt.NDArray[np.float64]


class Lbfgs:
    """Limited-memory BFGS on its way: ``taken`` is the number of steps so far.

    A step asks for the value and the gradient at points of its own choice, which must all be of
    the same function: it goes with the whole data, not with a batch of it at a time. Inner
    products are of float64, points of the dtypes that they have.
    """

    name = "lbfgs"
    needs_values = True
    pairs = 10
    """Of differences of points and of gradients that are kept."""

    def __init__(self) -> None:
        self.taken = 0
        self._kept: deque[tuple[Flat, Flat]] = deque(maxlen=self.pairs)

    def advance(self, point: Point, evaluate: Evaluate) -> Point | None:
        """The point after a step from ``point``; None where no lower one is found."""
        slope = _flat(point.gradients)
        if not slope.any():
            return None
        found = None
        if self._kept:
            line = _Line(point, self._direction(slope), slope, evaluate)
            found = line.lower() or line.flatter()
        if found is None:  # nothing is kept, or it misleads: there is no curvature to go by
            found = _Line(point, -slope / _norm(slope), slope, evaluate).lower()
        if found is None:
            return None
        self._keep(_flat(found.at) - _flat(point.at), _flat(found.gradients) - slope)
        self.taken += 1
        return found

    def _direction(self, slope: Flat) -> Flat:
        """Minus the gradient times the inverse Hessian, as the pairs tell it: algorithm 7.4."""
        q = -slope
        shares = []
        for s, y in reversed(self._kept):
            share = (s @ q) / (s @ y)
            shares.append(share)
            q -= share * y
        if self._kept:
            s, y = self._kept[-1]
            q *= (s @ y) / (y @ y)
        for (s, y), share in zip(self._kept, reversed(shares)):
            q += (share - (y @ q) / (s @ y)) * s
        return q

    def _keep(self, s: Flat, y: Flat) -> None:
        if s @ y > np.finfo(np.float64).eps * (y @ y):  # else the Hessian would not be positive
            self._kept.append((s, y))


class _Line:
    """Points along ``direction`` from ``point`` on, where the gradient is ``slope``."""

    def __init__(self, point: Point, direction: Flat, slope: Flat, evaluate: Evaluate) -> None:
        self.point = point
        self.direction = direction
        self.slope = slope
        self.evaluate = evaluate
        eps = np.finfo(np.asarray(point.value).dtype).eps
        self.rounding = float(eps) * abs(float(point.value))

    def lower(self) -> Point | None:
        """A point that is lower, by a search that begins at the length 1."""
        down = float(self.direction @ self.slope)
        if not down < -self.rounding:  # a step would change the value by half of that
            return None
        start = Trial(0.0, float(self.point.value), down)
        found = line_search(self._trial_at, start, 1.0)
        return None if found is None else found.point

    def flatter(self) -> Point | None:
        """The point at the length 1, where the gradient is half as large or less.

        For the last steps, in which the value tells nothing any more: it must be the same but for
        rounding.
        """
        found: Point = self._trial_at(1.0).point
        same = float(found.value) <= float(self.point.value) + _NOISE * self.rounding
        flatter = _norm(_flat(found.gradients)) <= _norm(self.slope) / 2
        return found if same and flatter else None

    def _trial_at(self, length: float) -> Trial:
        at = _like(self.point.at, _flat(self.point.at) + length * self.direction)
        there = Point(at, *self.evaluate(at))
        slope = float(self.direction @ _flat(there.gradients))
        return Trial(length, float(there.value), slope, there)


def _norm(slope: Flat) -> float:
    """The Euclidean norm, also where squares overflow or vanish."""
    most = float(np.max(np.abs(slope)))
    scaled = slope / most
    return most * math.sqrt(scaled @ scaled)


def _flat(arrays: Arrays) -> Flat:
    return np.concatenate([np.asarray(a, np.float64).reshape(-1) for a in arrays.values()])


def _like(arrays: Arrays, flat: Flat) -> Arrays:
    """The numbers of ``flat`` in the shapes and dtypes of ``arrays``."""
    ends = np.cumsum([np.size(a) for a in arrays.values()])
    found: dict[str, Any] = {}
    for (name, array), end in zip(arrays.items(), ends):
        part = flat[end - np.size(array) : end].reshape(np.shape(array))
        found[name] = part.astype(array.dtype)[()]
    return found
