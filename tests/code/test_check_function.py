"""``check_function``: somebody's functions in somebody's tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcli.check import check_function
from gradcli.errors import GradcliError

X = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])
W = np.array([[0.5], [-1.0], [2.0]])


def affine(x: Any, w: Any, scale: float = 1.0) -> Any:
    return scale * (x @ w), (x, w, scale)


def affine_backward(dout: Any, cache: Any) -> Any:
    x, w, scale = cache
    return scale * dout @ w.T, scale * x.T @ dout


def test_what_is_right_passes_in_one_line() -> None:
    assert check_function(affine, affine_backward, {"x": X, "w": W}).require().verdict == "pass"
    assert check_function(affine, affine_backward, {"x": X, "w": W, "scale": 3.0}).require()
    assert check_function(lambda x, w: np.tanh(x @ w), inputs={"x": X, "w": W}).require()
    assert check_function(lambda x: (np.sum(x**2), 2 * x), inputs={"x": X}).require()


def test_a_failure_names_parameter_index_both_values_and_cause() -> None:
    def one_off(dout: Any, cache: Any) -> Any:
        dx, dw = affine_backward(dout, cache)
        dx[1, 2] += 1.0
        return dx, -dw

    given = {"x": X, "w": W}
    with pytest.raises(AssertionError) as caught:
        check_function(affine, one_off, given, upstream=np.ones((2, 1))).require()
    assert str(caught.value).splitlines() == [
        "affine(x 2x3, w 3x1), float64: fail",
        "x: fail: 1 of 6 entries off; [1, 2] is 3, numeric 2",
        "w: fail: 3 of 3 entries off; sign flipped; [0, 0] is -1.25, numeric 1.25",
    ]


def test_what_is_chosen_and_what_is_held_fixed() -> None:
    def loss(w: Any, x: Any, reg: float) -> Any:
        return np.sum(x @ w) + reg * np.sum(w**2), x.sum(axis=0)[:, None] + 2 * reg * w

    found = check_function(loss, inputs={"w": W, "x": X, "reg": 0.1}, wrt=["w"]).require()
    assert list(found.checked.params) == ["w"]


def test_several_upstreams_are_given_in_order() -> None:
    def two(x: Any) -> Any:
        return 2 * x, 3 * x, None

    def back(da: Any, db: Any, cache: Any) -> Any:
        return 2 * da + 3 * db

    ones = np.ones(X.shape)
    found = check_function(two, back, {"x": X}, upstream=[ones, ones]).require()
    assert found.checked.params["x"].backprop == 5.0
    with pytest.raises(GradcliError, match="of 2 outputs, not 1"):
        check_function(two, back, {"x": X}, upstream=ones)


def test_arrays_that_come_in_are_never_written_to() -> None:
    def greedy(x: Any, state: Any) -> Any:
        state["n"] = state.get("n", 0) + 1
        x *= 2
        return np.sum(x), np.full(x.shape, 2.0)

    frozen, state = X.copy(), {"a": 1}
    frozen.flags.writeable = False
    found = check_function(greedy, inputs={"x": frozen, "state": state}).require()
    assert state == {"a": 1}
    assert "writes to x" in str(found)


def test_the_readers_own_error_stays_the_cause() -> None:
    def broken(x: Any) -> Any:
        raise KeyError("k")

    with pytest.raises(GradcliError, match=r"test_check_function\.py:\d+: KeyError: 'k'") as caught:
        check_function(broken, inputs={"x": X})
    assert isinstance(caught.value.__cause__, KeyError)
