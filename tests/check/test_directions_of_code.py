"""Random directions for problems that bring gradients of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from gradcli.check import check
from gradcli.check.cost import is_large
from gradcli.check.plan import Options
from gradcli.code.callee import Reply
from gradcli.code.inputs import read_inputs
from gradcli.code.problem import Code, CodeProblem
from gradcli.report.findings import findings

DIRECTIONS = Options("directions")
Change = Callable[[Any], Any]


def layer(
    dtype: Any, change: Change = lambda g: g, rows: int = 4, values: Any = None
) -> CodeProblem:
    """tanh(x @ w) with its backward pass; ``change`` is made to the gradient by w."""

    def call(inputs: Mapping[str, Any], upstreams: Sequence[Any] | None) -> Reply:
        x, w = (np.asarray(inputs[name], dtype) for name in ("x", "w"))
        out = np.tanh(x @ w)
        if upstreams is None:
            return Reply([out])
        slope = np.asarray(upstreams[0], dtype) * (1 - out * out)
        return Reply([out], {"x": slope @ w.T, "w": change(x.T @ slope)})

    rng = np.random.default_rng(0)
    drawn = {"x": rng.normal(size=(rows, 40)), "w": 0.2 * rng.normal(size=(40, 20))}
    values = values or drawn
    inputs, stream = read_inputs({"values": values}, 0, None)
    code = Code(call, "mine", {"python": "mine"})
    return CodeProblem(code, inputs, stream, dtype=np.dtype(dtype).name)


def largest(times: float) -> Change:
    def change(gradient: Any) -> Any:
        gradient = gradient.copy()
        gradient.reshape(-1)[np.argmax(np.abs(gradient))] *= times
        return gradient

    return change


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_right_ones_pass_and_wrong_ones_fail(dtype: Any) -> None:
    """The code's own gradients are judged: of single precision, as well as that can be known."""
    assert check(layer(dtype), DIRECTIONS).verdict == "pass"
    for change, expected in (
        (largest(1.05), "1 of 800 entries off: ["),
        (lambda g: 2 * g, "20 of 20 sampled entries off: every entry is 2.000 times too large"),
        (lambda g: -g, "20 of 20 sampled entries off: sign flipped"),
    ):
        found = check(layer(dtype, change), DIRECTIONS)
        assert {n: v.verdict for n, v in found.params.items()} == {"x": "pass", "w": "fail"}
        assert expected in next(findings(found.params["w"]))


def test_a_curve_in_single_precision_is_no_kink() -> None:
    rng = np.random.default_rng(22)
    rows = rng.integers(2, 12)
    x = rng.normal(size=(rows, 120)) * rng.choice([0.3, 1, 3])
    w = rng.normal(size=(120, 60)) * rng.choice([0.05, 0.1, 0.3])
    assert check(layer(np.float32, values={"x": x, "w": w}), DIRECTIONS).verdict == "pass"


def test_a_misshapen_gradient_fails_and_why_is_told() -> None:
    found = check(layer(np.float64, np.transpose), DIRECTIONS)
    told = list(findings(found.params["w"]))
    assert told == ["has shape 20x40, not 40x20: transposed"]
    assert found.params["x"].verdict == "pass"


def test_code_takes_as_much_work_as_a_thousand_numbers_squared() -> None:
    """Nobody knows what it does in a call: with thousands of entries not every one is moved."""
    assert not is_large(layer(np.float64))
    assert is_large(layer(np.float64, rows=140))
