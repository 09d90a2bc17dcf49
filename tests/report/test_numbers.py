"""Numbers as text: read back what is shown, and look where the points are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradcli.report.numbers import EXACT, columns, text
from gradcli.report.report import Screen

FLOATS = st.sampled_from([np.float16, np.float32, np.float64])
GRIDS: Any = FLOATS.flatmap(
    lambda dtype: arrays.arrays(dtype, st.tuples(st.integers(1, 4), st.integers(1, 3)))
)
SIX = Screen()


def same(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> bool:
    return bool(np.array_equal(left, right, equal_nan=True))


@settings(max_examples=40)
@given(GRIDS)
def test_every_digit_reads_back(grid: npt.NDArray[Any]) -> None:
    for number in grid.reshape(-1):
        assert same(grid.dtype.type(text(number, EXACT)), number)
    assert same(columns(grid, None).astype(grid.dtype), grid)


@settings(max_examples=40)
@given(GRIDS)
def test_six_digits_are_right_to_six_digits(grid: npt.NDArray[Any]) -> None:
    for number, cell in zip(grid.reshape(-1), columns(grid, 6).reshape(-1)):
        for shown in (cell, text(number, SIX)):
            if math.isfinite(number):
                # Above: half a unit of the sixth digit; below: what a subnormal double rounds by.
                assert abs(float(shown) - float(number)) <= 5.0001e-6 * abs(float(number)) + 5e-324
            else:
                assert str(float(shown)) == str(float(number))


def point(cell: str) -> int:
    places = [cell.index(mark) for mark in ".e" if mark in cell.replace("-inf", "    ")]
    return min(places, default=len(cell.rstrip()))


@settings(max_examples=40)
@given(GRIDS, st.sampled_from([None, 6, 3]))
def test_points_stand_under_each_other_in_a_column_of_one_width(
    grid: npt.NDArray[Any], digits: int | None
) -> None:
    for column in columns(grid, digits).T.tolist():
        assert len({point(cell) for cell in column}) == 1
        assert len({len(cell) for cell in column}) == 1
        assert max(map(len, column)) <= (digits or 17) + 9


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (2.4612648487091064, 6, "2.46126"),
        (np.float32(2.4612648), None, "2.4612648"),
        (np.float32(0.8), None, "0.8"),
        (0.1 + 0.2, None, "0.30000000000000004"),
        (6.0, 6, "6.0"),
        (123456.7, 6, "123457"),
        (1234567.0, 6, "1.23457e+06"),
        (1e-9, 6, "1e-09"),
        (-0.0, 6, "-0.0"),
        (math.nan, 6, "nan"),
        (-math.inf, 6, "-inf"),
        (12345678901, 6, "12345678901"),
        (True, 6, "True"),
        (math.pi, 3, "3.14"),
    ],
)
def test_one_number(value: Any, digits: int | None, shown: str) -> None:
    assert text(value, Screen(digits=digits)) == shown


def test_a_column_of_the_very_large_and_the_very_small_is_scientific() -> None:
    near = columns(np.array([[123456.0], [1e-9]]), 6)
    assert near[:, 0].tolist() == ["123456    ", "     1e-09"]
    far = columns(np.array([[123456.0], [0.000123456]]), 6)
    assert far[:, 0].tolist() == ["1.23456e+05", "1.23456e-04"]


def test_whole_numbers_are_whole_and_flush() -> None:
    assert columns(np.array([[1, 20], [300, 4]]), 6).tolist() == [["  1", "20"], ["300", " 4"]]
