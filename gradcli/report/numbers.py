"""Numbers as text: so many digits, and in a column every decimal point under the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.report.report import Screen

EXACT = Screen(digits=None)

_EXPONENT = 6
"""What scientific notation adds to the digits at most: a sign, a point, and such as ``e-05``."""
_LONGEST = 17
"""Digits that a float64 needs at most to be read back."""


def text(value: Any, screen: Screen = EXACT) -> str:
    """One number by itself.

    A float has ``screen.digits`` significant digits without the zeros at their end, or, where
    that is None, the shortest text that gives it back in its dtype. Whole numbers and truth
    values are whole.
    """
    return str(texts(np.asarray(value), screen.digits)[()])


def texts(array: npt.NDArray[Any], digits: int | None) -> npt.NDArray[Any]:
    """Every entry of ``array`` as ``text`` gives it, in an array of text of the same shape."""
    if digits is None or array.dtype.kind != "f":
        return array.astype(str)
    shown = [_rounded(value, digits) for value in array.reshape(-1).tolist()]
    return np.array(shown, dtype=str).reshape(array.shape)


def shape_text(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) or "scalar"


def norm(array: npt.NDArray[Any]) -> np.float64:
    """The Euclidean norm over all entries, computed in float64."""
    with np.errstate(all="ignore"):
        return np.float64(np.sqrt(np.sum(np.square(array, dtype=np.float64))))


def columns(grid: npt.NDArray[Any], digits: int | None) -> npt.NDArray[Any]:
    """The entries of ``grid``, (rows, columns), as text padded to the width of its column.

    In each column the decimal points stand under each other. A column that gets wider than
    scientific notation is written in that.
    """
    cells = texts(grid, digits)
    if grid.dtype.kind != "f" or not grid.size:
        return np.strings.rjust(cells, np.strings.str_len(cells).max(axis=0, initial=0))
    left, right = around_the_point(cells)
    widths = left.max(axis=0) + right.max(axis=0)
    for j in np.flatnonzero(widths > (digits or _LONGEST) + _EXPONENT).tolist():
        science = np.array([scientific(value, digits) for value in grid[:, j]])
        cells = cells.astype(np.result_type(cells, science))
        cells[:, j] = science
    return aligned(cells)


def aligned(cells: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Texts of numbers, (rows, columns), padded so that the points of a column are in line.

    Where there is no point the end of the whole part stands for it.
    """
    left, right = around_the_point(cells)
    padded = np.strings.ljust(cells, left + right.max(axis=0, initial=0))
    return np.strings.rjust(padded, left.max(axis=0, initial=0) + right.max(axis=0, initial=0))


def _rounded(value: float, digits: int) -> str:
    shown = f"{value:.{digits}g}"
    whole = shown.lstrip("-").isdecimal() and len(shown.lstrip("-")) < digits
    return f"{shown}.0" if whole else shown


def scientific(value: Any, digits: int | None) -> str:
    """A float with an exponent, and ``digits`` as in ``text``."""
    precision = None if digits is None else digits - 1
    return np.format_float_scientific(value, precision, unique=digits is None, trim="-")


def around_the_point(cells: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """How much of each text stands before its point, or where a point would be; and after."""
    length = np.strings.str_len(cells)
    point, exponent = np.strings.find(cells, "."), np.strings.find(cells, "e")
    left = np.where(point >= 0, point, np.where(exponent >= 0, exponent, length))
    return left, length - left
