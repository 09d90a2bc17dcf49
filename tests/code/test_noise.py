"""How finely values are known, from the values themselves."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcli.check import check
from gradcli.check.digits import last_digit
from gradcli.check.lines import DOUBLE
from gradcli.check.noise import entry_noise, noise_of, swallowed
from gradcli.code.callee import Reply
from gradcli.code.inputs import read_inputs
from gradcli.code.problem import Code, CodeProblem

X = np.array([0.3, -1.2, 2.5, 0.8])
Function = Callable[[Any], Any]


def problem(f: Function, gradient: Function | None = None, x: Any = X) -> CodeProblem:
    def call(inputs: Mapping[str, Any], upstreams: Sequence[Any] | None) -> Reply:
        with np.errstate(all="ignore"):
            found = None if gradient is None else {"x": gradient(inputs["x"])}
            return Reply([np.float64(f(inputs["x"]))], found if upstreams is not None else None)

    inputs, stream = read_inputs({"values": {"x": np.asarray(x, float).tolist()}}, 0, None)
    return CodeProblem(Code(call, "f", {}), inputs, stream, ["x"])


def wave(x: Any) -> Any:
    return np.sum(np.sin(x) * np.exp(-x * x / 4))


def test_a_double_has_the_noise_of_doubles() -> None:
    known = noise_of(problem(wave))
    assert known.precision == DOUBLE
    assert 1e-17 < known.near < 1e-14


@pytest.mark.parametrize("size", [1e-3, 1e-5, 1e-9])
def test_noise_that_is_put_in_is_found(size: float) -> None:
    """Uniform between -size and size, its bound is size; More & Wild tell it within a factor."""

    def noisy(x: Any) -> Any:
        seed = int.from_bytes(np.asarray(x).tobytes()[-12:], "little")
        return wave(x) + size * np.random.default_rng(seed).uniform(-1, 1)

    known = noise_of(problem(noisy))
    assert size / 3 < known.near < 10 * size
    assert known.precision.coarse
    assert "noisy" in known.precision.words


@pytest.mark.parametrize("step", [1e-3, 1e-6])
def test_rounding_to_a_step_is_found(step: float) -> None:
    known = noise_of(problem(lambda x: np.rint(wave(x) / step) * step * math.pi))
    assert step * math.pi / 16 < known.near < 10 * step * math.pi


def test_single_precision_is_seen_inside_as_well() -> None:
    """Where only the arrays are rounded, or only the value."""
    for f in (
        lambda x: wave(x.astype(np.float32)),
        lambda x: wave(x.astype(np.float32).astype(float)),
        lambda x: np.float32(wave(x)),
    ):
        precision = noise_of(problem(f)).precision
        assert (precision.grid, "float32" in precision.words) == (np.float32, True)
        assert "noisy" not in precision.words


def test_where_one_part_moves_only_its_rounding_counts() -> None:
    """The first entry goes through a single, the others do not."""
    parts = problem(lambda x: float(np.float32(np.exp(x[0]))) + wave(x[1:]))
    coarse, fine = (entry_noise(parts, "x", np.array([i])) for i in (0, 2))
    assert 1e-8 < coarse < 1e-6
    assert fine < coarse / 4


def test_points_without_a_value_do_not_count() -> None:
    edge = problem(lambda x: np.sum(np.sqrt(x)), x=[1e-9, 1.0])
    assert noise_of(edge).near < 1e-12
    nowhere = problem(lambda x: np.sum(x) if x[0] == 1.0 else math.nan, x=[1.0, 2.0])
    assert math.isfinite(noise_of(nowhere).near)
    assert noise_of(problem(lambda x: 3.0)).precision == DOUBLE


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: np.sum(np.tanh(x)), True),
        (lambda x: np.sum(1 / (1 + np.exp(-x * 2))), True),
        (lambda x: np.float32(np.sum(np.tanh(x.astype(np.float32)))), True),
        (lambda x: np.sum(np.maximum(-x, 0)), False),
        (lambda x: np.sum(np.maximum(-x, 0).astype(np.float32)), False),
        (lambda x: 3.0, False),
    ],
)
def test_what_is_flat_by_rounding_is_told_from_what_is_flat(f: Function, expected: bool) -> None:
    """tanh at 20 has a slope that is rounded away; relu has none."""
    assert swallowed(problem(f, x=[20.0, 25.0]), "x") == expected


@pytest.mark.parametrize("size", [1e-3, 1e-7, 1e-12])
def test_gradients_of_ones_own_are_never_believed_to_be_noise(size: float) -> None:
    """A gradient that turns with the last digits of x, where the value does not move at all."""

    def wild(x: Any) -> Any:
        seed = int.from_bytes(np.asarray(x).tobytes()[-12:], "little")
        return size * np.random.default_rng(seed).uniform(0.5, 1, np.shape(x))

    assert check(problem(lambda x: 3.0, wild)).verdict != "pass"
    assert check(problem(wave, wild)).verdict == "fail"
    assert check(problem(lambda x: 3.0, np.zeros_like)).verdict == "pass"


@given(
    st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=20),
    st.sampled_from(["%.5f", "%.6f", "%.6g", "%.7e", "%f"]),
)
def test_the_last_digit_covers_what_is_not_written(numbers: list[float], form: str) -> None:
    written = np.array([float(form % number) for number in numbers])
    off = float(np.max(np.abs(written - numbers)))
    found = last_digit(written)
    assert found == 0 or found >= off


def test_all_digits_leave_nothing_open() -> None:
    assert last_digit(np.array([1 / 3, 0.1])) == 0.0
    assert last_digit(np.float32([1 / 3, 0.1]).astype(float)) == 0.0
    assert last_digit(np.array([0.333333, 0.1])) == pytest.approx(0.6e-6)
    assert last_digit(np.array([1.0, 0.25])) == 0.0
