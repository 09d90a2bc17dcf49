"""What a check will take, before it is begun."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from gradcli.check.lines import Entries, Point, Vector
from gradcli.check.methods import Method
from gradcli.errors import SpecError
from gradcli.problem import Problem

LONG = 10
"""Seconds above which work is announced before it is begun."""
MOST_ENTRIES = 1_000_000
"""Above this a check asks for a sample."""
_MOST_WORK = 6e9
"""Entries times multiply-adds of an evaluation: beyond, a check of every entry takes long."""
_SHORT = 64
"""So few entries are begun without an estimate."""


def is_large(problem: Problem) -> bool:
    """Whether a check of every entry would take about ten seconds, by the work that it is."""
    entries = sum(primal.size for primal in problem.primals.values())
    return entries * problem.work > _MOST_WORK


def estimate(point: Point, chosen: Mapping[str, Vector], method: Method) -> float:
    """About how many seconds the ``chosen`` entries, by parameter, will take.

    A few are timed, and more of them only where it seems long, so that it costs little. Raises
    SpecError, with that time, where the entries are over a million.
    """
    count = sum(flat.size for flat in chosen.values())
    seconds = 0.0
    for few in (4, 64) if count > _SHORT else ():
        each = [_seconds(point, name, flat, few) for name, flat in chosen.items() if flat.size]
        seconds = method.passes * sum(each)
        if seconds < LONG:
            break
    if count > MOST_ENTRIES:
        raise SpecError(
            "sample",
            f"{count:,} entries would take about {duration(seconds)}: "
            "give N to check N entries of each parameter",
        )
    return seconds


def _seconds(point: Point, name: str, flat: Vector, few: int) -> float:
    """The time of a first difference at each entry ``flat``, by that of a ``few`` of them."""
    entries = Entries(point, name, flat[:few])
    start = time.perf_counter()
    entries.at(np.stack([entries.x, entries.x], axis=1))
    return (time.perf_counter() - start) * flat.size / entries.flat.size


def duration(seconds: float) -> str:
    """``seconds`` in words: 40 seconds, 13 minutes, 5 hours."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
