"""Evenly spaced numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.engine.domain import case
from gradcli.engine.op import op
from gradcli.engine.tensor import Array, Outcome


def _share(y: Any, num: int, endpoint: bool) -> Any:
    """How far along each number lies, from 0 to 1, to be multiplied with ``y``."""
    steps = np.arange(num, dtype=y.dtype) / max(num - endpoint, 1)
    return steps.reshape((num,) + (1,) * (y.ndim - 1))


@op(
    lambda g, y, start, stop, num, endpoint: (g * (1 - _share(y, num, endpoint))).sum(axis=0),
    lambda g, y, start, stop, num, endpoint: (g * _share(y, num, endpoint)).sum(axis=0),
    rule=("sum(g * (1 - t)), t from 0 to 1", "sum(g * t), t from 0 to 1"),
    numpy=np.linspace,
    cases=(case((), (), num=4), case((2,), (2,), num=3), case((), (), num=1)),
    analytic=False,
)
def linspace(start: Array, stop: Array, num: int = 50, endpoint: bool = True) -> Outcome:
    """``num`` numbers from ``start`` to ``stop``, evenly spaced along a new first axis."""
    dtype = np.result_type(start, stop)
    dtype = dtype if dtype.kind == "f" else np.dtype(np.float64)
    return np.linspace(start, stop, num, endpoint, dtype=dtype)


def _index(y: Any) -> Any:
    return np.arange(y.size, dtype=y.dtype)


@op(
    lambda g, y, start, stop, step: g.sum() if stop is not None else start * 0,
    lambda g, y, start, stop, step: stop * 0,
    lambda g, y, start, stop, step: (g * _index(y)).sum(),
    rule=("sum(g)", "0", "sum(g * [0, 1, 2, ...])"),
    cases=(case(np.array(0.3), np.array(2.5), np.array(0.7)),),
    sized_by_values=True,
    analytic=False,
)
def arange(start: Array, stop: Array | None = None, step: Array = 1) -> Outcome:
    """``start``, ``start + step``, ... as far as they lie before ``stop``; from 0 with one given.

    How many there are depends on the numbers.
    """
    if stop is None:
        start, stop = 0, start
    dtype = np.result_type(start, stop, step)
    return np.arange(start, stop, step, dtype=dtype)


# Other spellings.
range = arange
