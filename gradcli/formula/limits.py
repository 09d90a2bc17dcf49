"""How large the arrays of a formula may become."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcli.engine import Op, plain
from gradcli.formula import growth

LARGEST = 1_000_000
"""Entries that an op may make out of nothing, or of little."""
TIMES = 4
"""How many times as much as it is given it may make, beyond that ..."""
MOST = 100_000_000
"""... up to so many entries: many steps, each a few times the last, would go on and on."""
PARTS = 10_000
"""Outcomes of one op, or its passes over the data."""


def is_limited(op: Op) -> bool:
    """Whether ``op`` can make more than its arrays broadcast together have."""
    return op.name in growth.NUMBERS or op.name in growth.PARTS


def require_small(op: Op, arrays: Sequence[Any], params: dict[str, Any]) -> None:
    """Raise ValueError where ``op`` of the values would make too many numbers or parts."""
    sizes = [np.size(plain(array)) for array in arrays if array is not None]
    # What becomes no larger than the largest array that there is already is let through.
    most = max(LARGEST, min(TIMES * sum(sizes), MOST), *sizes)
    size = growth.numbers(op, arrays, params)
    if not size <= most:
        raise ValueError(f"{op.name} would make {size:.3g} numbers; {most:,} are allowed")
    require_few(op.name, growth.parts(op, arrays, params))


def require_few(name: str, parts: float) -> None:
    """Raise ValueError where ``parts`` are too many."""
    if not parts <= PARTS:
        raise ValueError(f"{name} would make {parts:.3g} parts; {PARTS:,} are allowed")
