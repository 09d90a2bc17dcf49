"""Where an op is smooth: what a test or a check may feed it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class Domain(NamedTuple):
    """A union of intervals to sample from; with ``step``, a grid whose values never tie."""

    intervals: tuple[tuple[float, float], ...]
    step: float = 0.0

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """An array of ``shape``, float64."""
        n = int(np.prod(shape))
        if self.step:
            grid = self.intervals[0][0] + self.step * np.arange(n)
            rng.shuffle(grid)
            return np.array(grid).reshape(shape)
        which = rng.integers(0, len(self.intervals), n)
        low, high = np.array(self.intervals).T
        return np.asarray(rng.uniform(low[which], high[which])).reshape(shape)


real = Domain(((-2.0, 2.0),))
above_zero = Domain(((0.3, 3.0),))
nonzero = Domain(((-2.0, -0.3), (0.3, 2.0)))
unit = Domain(((-0.8, 0.8),))
probability = Domain(((0.1, 0.9),))
distinct = Domain(((-1.0, 0.0),), step=0.37)
"""No two entries tie, and none lies at 0."""
distinct_too = Domain(((-0.85, 0.0),), step=0.37)
"""As ``distinct``, and no entry ties with one of that."""


class Case(NamedTuple):
    """One call to sample: shapes of array inputs (or an array itself), and other arguments."""

    shapes: tuple[Any, ...]
    params: dict[str, Any]


def case(*shapes: Any, **params: Any) -> Case:
    return Case(shapes, params)


UNARY = (case(()), case((3,)), case((2, 3)))
BINARY = (
    case((2, 3), (2, 3)),
    case((2, 3), (3,)),
    case((2, 1), (1, 3)),
    case((), (2, 3)),
    case((2, 3), ()),
)
