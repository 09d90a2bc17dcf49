"""A problem's scalar along straight lines, at many points at a time.

The perturbed arrays are stacked and evaluated in one forward pass a chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.check.courses import Courses
from gradcli.problem import Problem

EPS = float(np.finfo(np.float64).eps)
CENTRAL_STEP = EPS ** (1 / 3)
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


class Precision(NamedTuple):
    """How finely a problem's values are known, and what can be measured with them."""

    eps: float
    """The rounding of a number, as a part of it."""
    resolution: float
    """An entry counts as measured where the uncertainty is below this part of the largest."""
    coarse: bool = False
    """Whether one short step tells nothing: every entry takes many, and long ones."""
    grid: np.dtype[Any] | None = None
    """The dtype in which the arrays are handled, if that is a narrower one."""
    words: str = ""
    """What there is to say of it."""


DOUBLE = Precision(EPS, 1e-5)


class Point(NamedTuple):
    """A problem at its own point."""

    problem: Problem
    value: float
    rounding: float = 0.0
    """How far rounding on the way may have moved the value."""
    precision: Precision = DOUBLE
    courses: Courses | None = None
    """The operations on that way, for those who ask how each is rounded."""


class Lines:
    """Straight lines through a point along which entries of one primal move, in float64."""

    x: Vector
    """Where on each line (n,) the point itself is."""

    def __init__(self, point: Point, name: str) -> None:
        self.point = point
        self.name = name
        self.primal = point.problem.primals[name]
        self.near: Vector | float = point.rounding
        """The rounding of the value on each line, near the point."""
        self.growth: Vector | float = 0.0
        """By how much it grows with the way along each line."""

    @property
    def unit(self) -> Vector:
        """The steps (n,) that suit the numbers: max(1, |x|).

        Where values are coarse, short steps do not show what long ones pass over: then these go by
        how far the numbers of the primal lie apart, not by how far from 0 they are.
        """
        if self.point.precision.coarse and self.primal.size > 1:
            return np.minimum(scale(self.x), max(1.0, float(np.std(self.primal))))
        return scale(self.x)

    def placed(self, points: Vector) -> Vector:
        """``points`` where the problem can have them: what it would round is rounded before."""
        grid = self.point.precision.grid
        return points if grid is None else points.astype(grid).astype(np.float64)

    def at(self, points: Vector) -> Vector:
        """The scalar at ``points`` (n, m) of the lines: values (n, m)."""
        raise NotImplementedError


class Entries(Lines):
    """Chosen entries, each a line of its own. ``flat`` are positions in the flattened primal."""

    def __init__(
        self,
        point: Point,
        name: str,
        flat: Vector,
        progress: Progress = lambda done: None,
    ) -> None:
        super().__init__(point, name)
        self.flat = flat
        self.x = self.primal.reshape(-1)[flat]
        self.progress = progress
        self._stack: Vector | None = None

    def chosen(self, some: Vector | slice, progress: Progress = lambda done: None) -> Entries:
        """The same for some of the entries, by mask or position."""
        return Entries(self.point, self.name, self.flat[some], progress)

    def at(self, points: Vector) -> Vector:
        """The scalar with each entry in turn at its ``points`` (n, m): values (n, m)."""
        n, m = points.shape
        if self.primal.size * points.itemsize > _GOOD_CHUNK // 2:
            return self._singly(points)
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

    def _singly(self, points: Vector) -> Vector:
        """The same, of a primal that is too large to be stacked: one after the other."""
        values = np.empty(points.shape, points.dtype)
        moved = np.array(self.primal, points.dtype, order="C")
        for i, position in enumerate(self.flat):
            for j, x in enumerate(points[i]):
                moved.reshape(-1)[position] = x
                values[i, j] = self.point.problem.values(self.name, moved[None])[0]
            moved.reshape(-1)[position] = self.x[i]
            self.progress(1)
        return values


class Joined(Lines):
    """Entries of one primal and another, each a line of its own."""

    def __init__(self, parts: Sequence[Entries]) -> None:
        super().__init__(parts[0].point, parts[0].name)
        self.parts = parts
        self.x = np.concatenate([part.x for part in parts])
        ends = list(accumulate([len(part.x) for part in parts], initial=0))
        self.places = [slice(*pair) for pair in pairwise(ends)]
        """Where the lines of each part are."""

    @property
    def unit(self) -> Vector:
        return np.concatenate([part.unit for part in self.parts])

    def at(self, points: Vector) -> Vector:
        """The scalar with each entry in turn at its ``points`` (n, m): values (n, m)."""
        each = zip(self.parts, self.places)
        return np.concatenate([part.at(points[place]) for part, place in each])


class Blocks(Lines):
    """Lines along which all entries of a block move at once, each by its own weight."""

    def __init__(
        self, point: Point, name: str, blocks: Sequence[Vector], weights: Sequence[Vector]
    ) -> None:
        super().__init__(point, name)
        self.blocks = blocks
        self.weights = weights
        self.x = np.zeros(len(blocks))

    def at(self, points: Vector) -> Vector:
        """The scalar with each block moved by its ``points`` (n, m): values (n, m)."""
        n, m = points.shape
        values = np.empty((n, m))
        rows = max(1, min(m, LARGEST_CHUNK // (1 + 8 * self.primal.size)))
        stack = np.empty((rows, self.primal.size))
        for k, (flat, weights) in enumerate(zip(self.blocks, self.weights)):
            for first in range(0, m, rows):
                some = points[k, first : first + rows]
                part = stack[: len(some)]
                part[...] = self.primal.reshape(-1)
                part[:, flat] += some[:, None] * weights
                shaped = part.reshape((len(some), *self.primal.shape))
                values[k, first : first + rows] = self.point.problem.values(self.name, shaped)
        return values


def index_of(flat: int, shape: tuple[int, ...]) -> list[int]:
    """The index of the entry at position ``flat`` of an array of that ``shape``."""
    return [int(i) for i in np.unravel_index(int(flat), shape)] if shape else []


def scale(x: Vector) -> Vector:
    return np.maximum(1.0, np.abs(x))


def rounding(lines: Lines, values: Vector, width: Vector, moved: Vector | float = 0.0) -> Vector:
    """What rounding does to differences of ``values`` (n, ...) that are divided by ``width``.

    Where values are coarse, so is by how much they have ``moved``, beside what is near the point.
    """
    as_column = (-1, *[1] * (width.ndim - 1))
    near, growth = np.reshape(lines.near, as_column), np.reshape(lines.growth, as_column)
    far = 2 * EPS * np.abs(values)
    if lines.point.precision.coarse:
        far = far + 2 * lines.point.precision.eps * moved
    return np.asarray(2 * (near + far) / np.abs(width) + growth)


def slopes_of(slope: Vector, uncertainty: Vector, gap: Vector, step: Vector) -> Slopes:
    """Slopes, none of them known to either side of a kink."""
    left, right = np.full((2, *slope.shape), np.nan)
    return Slopes(slope, uncertainty, gap, step, left, right)
