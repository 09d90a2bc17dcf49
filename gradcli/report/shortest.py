"""Arrays of singles as JSON: each number the shortest decimal that gives it back.

``str`` of a single finds that decimal with integers of any length, one number after the other
(Steele & White, "How to print floating-point numbers accurately", 1990). For numbers of usual
size doubles are exact enough to do it for all at once; what they cannot decide for certain is
left to ``str``.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_LEAST, _BELOW = np.float32(1e-4), np.float32(1e4)
"""From here, and below there, a number has no exponent, and a whole part of four digits at most."""
_DIGITS = 9
"""Significant digits that tell a single from all others."""
_PLACES = 12
"""Digits after the point of the smallest number that is written so."""
_TENS = 10.0 ** np.arange(_PLACES + 1)
_GRAINS = np.array([[1.0], [10.0], [100.0], [1000.0]])
"""The last digit of nine, of eight, seven and six: a decimal of six survives as a single, so that
what is left to leave out are zeros."""
_SURE = 1e-6
"""How near to an edge, as a part of one step, doubles do not decide."""
MOST_AXES = 4
"""Axes whose brackets go into the eight characters between two numbers."""


def texts(arrays: Sequence[npt.NDArray[np.float32]]) -> list[str]:
    """Each of ``arrays``, which have MOST_AXES at most and are not empty, as JSON.

    nan and infinity are null.
    """
    numbers = np.concatenate([array.reshape(-1) for array in arrays])
    characters = np.empty((len(numbers), 8), np.uint32)
    characters[:, 6:] = _between(tuple([array.shape for array in arrays]))
    others = _write(numbers, characters)
    text = characters.tobytes().translate(None, b"\0").decode("ascii")
    if len(others):
        first, *rest = text.split("?")
        text = first + "".join([_alone(n) + part for n, part in zip(others, rest)])
    found = text.split("\n")
    return [f"{'[' * a.ndim}{part}{']' * a.ndim}" for a, part in zip(arrays, found)]


def _alone(number: np.float32) -> str:
    return repr(float(str(number))) if np.isfinite(number) else "null"


def _write(numbers: npt.NDArray[np.float32], to: npt.NDArray[np.uint32]) -> Sequence[np.float32]:
    """Write ``numbers`` into words of four characters or NULs each; ``to`` has six for each.

    Gives those that are left to others, where a question mark is written.
    """
    size = np.abs(numbers)
    usual = (size >= _LEAST) & (size < _BELOW)
    all_usual = usual.all()
    if not all_usual:
        size[~usual] = 1
    digits, unit, sure = _shortest(size)
    if not all_usual:
        zero = numbers == 0
        digits[zero] = 0
        usual |= zero
    groups = np.empty((4, len(numbers)))
    whole, first, second, third = groups
    np.floor(digits / unit, out=whole)
    fraction = (digits - whole * unit) * (10.0**_PLACES / unit)
    upper = np.floor(fraction / 1e4)
    np.floor(upper / 1e4, out=first)
    np.subtract(upper, first * 1e4, out=second)
    np.subtract(fraction, upper * 1e4, out=third)
    ends = third == 0
    third += _ENDING
    first += (ends & (second == 0)) * float(_ONE)
    second += ends * float(_ENDING)
    whole += _LEADING
    words = _words().take(groups.astype(np.intp))
    to[:, 0] = np.signbit(numbers) * np.uint32(ord("-"))
    to[:, 1] = words[0]
    to[:, 2] = ord(".")
    to[:, 3:6] = words[1:].T
    usual &= sure
    if usual.all():
        return ()
    to[~usual, :6] = (0, ord("?"), 0, 0, 0, 0)
    return list(numbers[~usual])


def _shortest(size: npt.NDArray[np.float32]) -> tuple[Any, Any, Any]:
    """The shortest decimals of positive singles: whole numbers, the power of ten by which they are
    divided, and whether that is certain."""
    unit = _TENS.take((_DIGITS - 1 - np.floor(np.log10(size))).astype(np.intp))
    exact = size * unit
    bits = size.view(np.int32)
    # Half the way to the next single: what is nearer is read as this one. (Below a power of two it
    # is half of that; of those that are written here no decimal lies between.)
    half = ((bits & 0x7F800000) - (24 << 23)).view(np.float32) * unit
    near = np.rint(exact / _GRAINS)
    near *= _GRAINS
    away = np.abs(near - exact)
    _, eight, seven, six = away < half
    fits = np.add(eight, seven, dtype=np.intp)
    fits += six
    sure = np.logical_and.reduce(np.abs(away - half) > _SURE * half)
    grain = _GRAINS.take(fits)
    fits *= len(size)
    fits += np.arange(len(size))
    sure &= np.abs(away.take(fits) - grain / 2) > _SURE * grain
    return near.take(fits), unit, sure


_ENDING, _ONE, _LEADING = 10_000, 20_000, 30_000
"""Where the tables of ``_words`` begin, after that of whole numbers."""


@functools.cache
def _words() -> npt.NDArray[np.uint32]:
    """The numbers below 10,000 in four characters each: whole; without the zeros at its end; the
    same with one zero for none; and without the zeros before it."""
    digits = np.arange(10_000)[:, None] // [1000, 100, 10, 1] % 10
    zeros = digits == 0
    whole = (digits + ord("0")).astype(np.uint8)
    ending = np.where(np.logical_and.accumulate(zeros[:, ::-1], axis=1)[:, ::-1], 0, whole)
    leading = np.where(np.logical_and.accumulate(zeros, axis=1), 0, whole)
    one = ending.copy()
    one[0, 0] = leading[0, 0] = ord("0")
    table = np.concatenate([whole, ending, one, leading]).astype(np.uint8)
    return table.view(np.uint32).reshape(-1)


@functools.lru_cache(256)
def _between(shapes: tuple[tuple[int, ...], ...]) -> npt.NDArray[np.uint32]:
    """What stands after each number of arrays of ``shapes``, in two words; a line ends an array."""
    found = []
    for shape in shapes:
        after = np.full(math.prod(shape), b", ", "S8")
        for axis in range(len(shape) - 1, 0, -1):
            row = math.prod(shape[axis:])
            depth = len(shape) - axis
            after[row - 1 :: row] = b"]" * depth + b", " + b"[" * depth
        after[-1] = b"\n"
        found.append(after)
    return np.concatenate(found).view(np.uint32).reshape(-1, 2)
