"""In how many digits numbers are written, and what these leave open."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from gradcli.check.lines import Vector

_SHOWN = 64
"""Entries of the outputs whose digits are counted."""
_FEW = 7
"""So many digits are fewer than those of a single,"""
_ROUNDED = 5
"""and with fewer than these numbers such as 1 and 0.25 are no first digits, but exact."""


class Digits(NamedTuple):
    """How numbers are written, the shortest decimals that they are."""

    most: int
    places: int
    """Digits behind the point."""
    smallest: float

    @property
    def few(self) -> str | None:
        """How many they are, in words, where that is fewer than a single has."""
        if self.most <= _FEW:
            return f"{self.most} digits"
        # Nine digits of the smallest would have had more places.
        if self.places <= _FEW and 8 - math.log10(self.smallest) > self.places + 2:
            return f"{self.places} digits behind the point"
        return None


def digits_of(array: Vector) -> Digits | None:
    """Of some entries of an ``array`` of doubles, as far as they are neither 0 nor infinite."""
    shown = array.reshape(-1)
    shown = shown[np.isfinite(shown) & (shown != 0)][:_SHOWN]
    if not shown.size or shown.dtype != np.float64:
        return None
    numbers = [Decimal(repr(float(v))).normalize().as_tuple() for v in shown]
    places = max(0, *[-int(n.exponent) for n in numbers])
    return Digits(max(len(n.digits) for n in numbers), places, float(np.min(np.abs(shown))))


def last_digit(gradient: Vector) -> float:
    """What the last digit of a ``gradient`` leaves open that is written with few; 0 with others."""
    digits = digits_of(gradient)
    if digits is None or digits.few is None or digits.most < _ROUNDED:
        return 0.0
    return left_open(gradient, digits)


def left_open(array: Vector, digits: Digits) -> float:
    """What the last of these ``digits`` leaves open, of the largest entry."""
    largest = np.max(np.abs(array), initial=0.0, where=np.isfinite(array))
    # As many significant digits, or as many places, as the entries have.
    significant = 10.0 ** (1 - digits.most + math.floor(math.log10(largest)))
    return 0.6 * max(significant, 10.0**-digits.places)
