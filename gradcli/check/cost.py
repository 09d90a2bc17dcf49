"""What a check will take, before it is begun."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from gradcli.check.ladder import RUNGS
from gradcli.check.numeric import Entries, Point, Vector
from gradcli.errors import TooLargeError

MOST_ENTRIES = 1_000_000
"""Above this a check asks for a sample."""
_SHORT = 64
"""So few entries are begun without an estimate."""
_PASSES = {"central": 1.0, "forward": 1.5, "complex": 4.0, "ridders": float(RUNGS)}
"""Pairs of values that a method takes for each entry."""


def estimate(point: Point, chosen: Mapping[str, Vector], method: str) -> float:
    """About how many seconds the ``chosen`` entries, by parameter, will take: a few are timed.

    Raises TooLargeError, with that time, where they are over a million.
    """
    count = sum(flat.size for flat in chosen.values())
    if count <= _SHORT:
        return 0.0
    seconds = _PASSES[method] * sum(_seconds(point, name, chosen[name]) for name in chosen)
    if count > MOST_ENTRIES:
        raise TooLargeError(
            f"--sample: {count:,} entries would take about {duration(seconds)}: "
            "give --sample N to check N entries of each parameter"
        )
    return seconds


def _seconds(point: Point, name: str, flat: Vector) -> float:
    """The time of a first difference at each entry ``flat``, by that of some of them."""
    spent = 0.0
    for few in (16, 256):
        entries = Entries(point, name, flat[:few])
        start = time.perf_counter()
        entries.at(np.stack([entries.x, entries.x], axis=1))
        spent = time.perf_counter() - start
        if few >= flat.size or spent > 0.05:
            break
    return spent * max(1.0, flat.size / few)


def duration(seconds: float) -> str:
    """``seconds`` in words: 40 seconds, 13 minutes, 5 hours."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
