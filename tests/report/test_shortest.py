"""Singles as JSON: what Python's own ``repr`` writes of the number that ``str`` tells."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcli.report.document import dumps
from gradcli.report.shortest import MOST_AXES, texts

WIDTH = 32
TWOS = (2.0 ** np.arange(-149, 128)).astype(np.float32)
TENS = (10.0 ** np.arange(-45, 39)).astype(np.float32)
LEAST, BELOW = np.array([1e-4, 1e4], np.float32).view(np.uint32).tolist()


def by_one(number: np.float32) -> str:
    return repr(float(str(number))) if np.isfinite(number) else "null"


def assert_shortest(numbers: Any) -> None:
    numbers = np.asarray(numbers, np.float32)
    expected = [by_one(number) for number in numbers]
    assert texts([numbers, -numbers])[0] == f"[{', '.join(expected)}]"


@pytest.mark.parametrize("numbers", [TWOS, TENS], ids=["powers of two", "powers of ten"])
def test_numbers_at_edges(numbers: Any) -> None:
    for toward in (np.float32(0), np.float32(3e38)):
        assert_shortest(np.nextafter(numbers, toward))
    assert_shortest(numbers)
    assert_shortest(-numbers)


def test_odd_numbers_stand_among_usual_ones() -> None:
    assert texts([np.array([0.1, np.nan, -0.0, np.inf, 1e-5, 0, -9999.999], np.float32)]) == [
        "[0.1, null, -0.0, null, 1e-05, 0.0, -9999.999]"
    ]


def test_numbers_of_every_size() -> None:
    rng = np.random.default_rng(0)
    assert_shortest(rng.integers(LEAST, BELOW, 20_000, dtype=np.uint32).view(np.float32))
    assert_shortest(rng.integers(0, 2**31, 2_000, dtype=np.uint32).view(np.float32))
    assert_shortest(np.arange(4_000) / 2**12)  # ties of decimals are among them
    for digits in range(1, 9):
        assert_shortest(np.round(rng.normal(size=1_000), digits))


@given(st.lists(st.floats(width=WIDTH), min_size=1))
def test_any_numbers(numbers: list[float]) -> None:
    assert_shortest(numbers)


@pytest.mark.parametrize(
    "shape", [(), (1,), (3,), (2, 3), (1, 1), (2, 1, 3), (3, 2, 2), (2, 3, 2, 2), (2, 1, 1, 1, 2)]
)
def test_brackets_are_those_of_nested_lists(shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape) + 0.5
    expected = json.dumps({"a": array.tolist(), "b": [array.tolist(), "\0"]})
    singles = array.astype(np.float32)
    assert dumps({"a": singles, "b": [singles, "\0"]}) == expected
    if 0 < singles.ndim <= MOST_AXES:
        assert texts([singles, singles]) == [json.dumps(array.tolist())] * 2


def test_an_empty_array_and_one_of_another_kind() -> None:
    empty = np.zeros((2, 0), np.float32)
    answer = {"a": empty, "b": np.arange(2), "c": np.array([0.1, np.nan]), "d": np.float32(0.1)}
    assert dumps(answer) == '{"a": [[], []], "b": [0, 1], "c": [0.1, null], "d": 0.1}'
