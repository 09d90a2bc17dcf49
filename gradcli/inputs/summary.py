"""What there is to say of data at a glance, found in one pass, a part at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

PART = 1 << 20
"""Entries that are looked at together: a large file is never held whole."""
MOST_CLASSES = 1000
"""Whole numbers of a wider range are no classes, and not counted."""
FIRST = 10
"""Entries of a list of classes that are told one by one."""


class Summary(NamedTuple):
    """What an array is like; its numbers are those of its finite entries, if it has any."""

    shape: tuple[int, ...]
    dtype: str
    low: Any
    high: Any
    mean: float | None
    nan: int
    infinite: int
    odd: tuple[int, ...] | None
    """The index of the first entry that is not finite."""
    first: list[int]
    """Of a list of whole numbers, those it begins with,"""
    classes: dict[int, int]
    """and how often each comes, if their range is small."""


def summary(array: Array, ask: Callable[[], None] = lambda: None) -> Summary:
    """``ask`` is called before each part is looked at; it may raise."""
    return summary_of(parts(array, ask), array.shape, array.dtype)


def summary_of(found: Iterable[Array], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Summary:
    """The Summary of an array of ``shape``, from its rows, some at a time."""
    low: Any = None
    high: Any = None
    total, count, nan, infinite = 0.0, 0, 0, 0
    odd: tuple[int, ...] | None = None
    classes = _Classes(math.prod(shape) == max(shape, default=0))
    at = 0
    for part in found:
        classes.add(part)
        finite = part.reshape(-1)
        if (place := first_odd(part)) is not None:
            odd = odd or ((place[0] + at, *place[1:]) if shape else ())
            nan += int(np.count_nonzero(np.isnan(part)))
            infinite += int(np.count_nonzero(np.isinf(part)))
            finite = part[np.isfinite(part)]
        at += len(part)
        if finite.size:
            small, large = np.min(finite), np.max(finite)
            low = small if low is None else min(low, small)
            high = large if high is None else max(high, large)
            total += float(np.sum(finite, dtype=_summed(finite.dtype)))
            count += finite.size
    mean = total / count if count else None
    return Summary(
        shape, dtype.name, low, high, mean, nan, infinite, odd, classes.first, classes.counts
    )


def _summed(dtype: np.dtype[Any]) -> Any:
    """In what to add numbers: small whole ones add up without rounding."""
    return np.int64 if dtype.kind in "iub" and dtype.itemsize < 4 else np.float64


class _Classes:
    """Counts whole numbers, as long as they are few different ones."""

    def __init__(self, counting: bool) -> None:
        self.first: list[int] = []
        self.counts: dict[int, int] = {}
        self._counting = counting

    def add(self, part: Array) -> None:
        flat = part.reshape(-1)
        if not self._counting or not flat.size:
            return
        low = min([float(flat.min()), *self.counts])
        high = max([float(flat.max()), *self.counts])
        whole_numbers = flat.dtype.kind != "f" or np.all(flat == np.floor(flat))
        if not (high - low < MOST_CLASSES and whole_numbers):  # nan is none
            self.first, self.counts, self._counting = [], {}, False
            return
        whole = flat.astype(np.int64)
        self.first += whole[: FIRST - len(self.first)].tolist()
        found = np.bincount(whole - int(low))
        for i in np.flatnonzero(found).tolist():
            number = i + int(low)
            self.counts[number] = self.counts.get(number, 0) + int(found[i])
        self.counts = dict(sorted(self.counts.items()))


def parts(array: Array, ask: Callable[[], None] = lambda: None) -> Iterator[Array]:
    """The rows of ``array``, as many at a time as have few enough entries; ``ask`` as above."""
    rows = array if array.ndim else array[None]
    step = max(1, PART // max(1, math.prod(rows.shape[1:])))
    for start in range(0, len(rows), step):
        ask()
        yield rows[start : start + step]


def first_odd(array: Array) -> tuple[int, ...] | None:
    """The index of the first entry that is nan or infinite; None where there is none."""
    if array.dtype.kind != "f":
        return None
    at = 0
    for part in parts(array):
        finite = np.isfinite(part)
        if not finite.all():
            row, *rest = [int(i) for i in np.unravel_index(np.argmin(finite), finite.shape)]
            return (row + at, *rest)[: array.ndim]
        at += len(part)
    return None
