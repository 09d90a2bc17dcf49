"""The gradient of the gradient: what is wrong at second order only is found there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from gradcli.check import check
from gradcli.check.plan import Options
from gradcli.check.second import Slope
from gradcli.engine import REGISTRY, Array, Tensor
from gradcli.engine import plain as engine_plain
from gradcli.engine.op import op
from gradcli.errors import SpecError
from gradcli.formula import Formula
from gradcli.gradient import differentiate
from gradcli.model import Model
from tests.conftest import Gradcli


@pytest.fixture
def frozen_exp() -> Iterator[None]:
    """exp, whose slope is right and has no slope: the value in its vjp is frozen."""

    @op(lambda g, y, x: g * np.exp(engine_plain(x)), rule="g * y")
    def frozen_exp(x: Array) -> Array:
        return np.exp(x)

    yield
    del REGISTRY["frozen_exp"]
    delattr(Tensor, "frozen_exp")


def test_the_gradient_is_the_hessian_times_the_direction() -> None:
    """Of x^3 y at (2, 5): [[6xy, 3x^2], [3x^2, 0]] = [[60, 12], [12, 0]]."""
    slope = Slope(Formula("x^3*y", {"x": 2.0, "y": 5.0}))
    vx, vy = (float(v) for v in slope._direction.values())
    result = differentiate(slope)
    assert float(result.value) == pytest.approx(60 * vx + 8 * vy)  # 3x^2 y, x^3
    assert result.gradients["x"] == pytest.approx(60 * vx + 12 * vy)
    assert result.gradients["y"] == pytest.approx(12 * vx)
    stacked = slope.values("x", np.array([2.0, 3.0]))
    assert stacked == pytest.approx([60 * vx + 8 * vy, 135 * vx + 27 * vy])
    found = check(slope)
    assert (found.verdict, found.title) == ("pass", "order 2 of x^3*y")


@pytest.mark.usefixtures("frozen_exp")
def test_what_is_wrong_at_second_order_only_is_found_there() -> None:
    wrong = Formula("frozen_exp(x)*y", {"x": 0.3, "y": 2.0})
    assert check(wrong).verdict == "pass"
    found = check(Slope(wrong))
    assert found.params["x"].verdict == "fail"
    assert found.params["y"].verdict == "pass"
    right = Formula("exp(x)*y", {"x": 0.3, "y": 2.0})
    assert check(Slope(right)).verdict == "pass"


@pytest.mark.parametrize("act", ["tanh", "relu", "softplus", "gelu", "softmax"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_models_pass(act: str, dtype: str) -> None:
    spec = {"loss": "mse", "in": 3, "out": 2, "hidden": 4, "hidden_act": act, "batch": 3}
    found = check(Slope(Model.from_spec({**spec, "dtype": dtype, "act": "sigmoid"})))
    assert found.verdict == "pass"
    assert sum(v.entries for v in found.params.values()) == 26


@pytest.mark.parametrize("text", ["2*x + y", "3*x", "x - y + 4"])
def test_no_second_gradient_is_zero(text: str) -> None:
    found = check(Slope(Formula(text, {"x": 1.0, "y": 2.0})))
    assert (found.verdict, found.params["x"].backprop) == ("pass", 0)


def test_code_with_gradients_of_its_own_is_refused() -> None:
    own = Formula("x^2", {"x": 3.0})
    own.traced = False
    with pytest.raises(SpecError, match="brings its own"):
        Slope(own)


def test_the_command_line_repeats_it(gradcli: Gradcli) -> None:
    command = "check mse --in 3 --out 2 --act sigmoid --order 2"
    ran = gradcli(f"{command} --json")
    assert (ran.code, ran.json["spec"]["order"]) == (0, 2)
    assert gradcli("run - --json", stdin=json.dumps(ran.json["spec"]).encode()).json == ran.json
    assert "check order 2 of mse: 3 -> 2 sigmoid" in gradcli(command).out
    assert gradcli(f"{command} --trace").code == 0
    assert gradcli("check mse --in 3 --out 2 --order 1").code == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--order 3", "--order: must be 1 or 2, not 3"),
        ("--order 2 --value 9", "--value: is of order 1"),
        ("--order 2 --method complex", "--method: complex goes with order 1"),
    ],
)
def test_what_has_no_second_order(options: str, message: str, gradcli: Gradcli) -> None:
    ran = gradcli(f"check formula x^2 x=3 {options}")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert message in ran.err


def test_options_go_with_it() -> None:
    slope: Any = Slope(Formula("sin(x)*y", {"x": 1.0, "y": 2.0}))
    for method in ("central", "forward", "ridders"):
        assert check(slope, Options(method=method)).verdict == "pass"
