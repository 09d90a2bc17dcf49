"""How large an array a formula may make out of nothing, or of little."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

LARGEST = 1_000_000
"""Entries that a function may make out of nothing, or of little."""

_MADE: dict[str, Callable[..., float]] = {
    "eye": lambda n, *_: n * n,
    "arange": lambda start, stop=None, step=1, *_: (start if stop is None else stop - start) / step,
    "linspace": lambda start, stop, num=50, *_: num,
    "one_hot": lambda labels, depth, *_: np.size(labels) * depth,
    "repeat": lambda x, repeats, *_: np.size(x) * np.sum(repeats, dtype=float),
    "tile": lambda x, reps, *_: np.size(x) * np.prod(reps, dtype=float),
    "broadcast_to": lambda x, shape, *_: np.prod(shape, dtype=float),
    "pad": lambda x, paddings, *_: np.prod(np.shape(x) + np.sum(np.atleast_2d(paddings), 1)),
    "outer": lambda a, b, *_: np.size(a) * np.size(b),
    "meshgrid": lambda x, y, *_: np.size(x) * np.size(y),
    "scatter": lambda x, index, shape, *_: np.prod(shape, dtype=float),
    "scatter_nd": lambda indices, updates, shape, *_: np.prod(shape, dtype=float),
}
"""For functions that make arrays larger than what they are given: how large."""


def require_small(name: str, values: Sequence[Any]) -> None:
    """Raise ValueError where the function ``name`` of ``values`` would make too many numbers."""
    if name in _MADE:
        size = _MADE[name](*values)
        if not size <= max(LARGEST, 4 * sum(np.size(v) for v in values)):
            raise ValueError(f"{name} would make {size:.3g} numbers; {LARGEST:,} are allowed")
