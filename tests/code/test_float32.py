"""Code that computes in single precision: right layers pass, and what is off fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcli.check import check
from gradcli.check.check import Checked
from gradcli.code.callee import Reply
from gradcli.code.inputs import read_inputs
from gradcli.code.problem import Code, CodeProblem
from gradcli.gradient import differentiate
from gradcli.problems import problem_from
from tests.conftest import Gradcli

NORMAL = np.random.default_rng(0).standard_normal
LAYERS: dict[str, dict[str, Any]] = {
    "layernorm": {"x": NORMAL((2, 6)), "w": NORMAL(6), "b": NORMAL(6)},
    "gelu": {"x": NORMAL((2, 5))},
    "matmul": {"x": NORMAL((3, 4)), "w": NORMAL((2, 4)), "b": NORMAL(2)},
    "attention": {"x": NORMAL((1, 3, 12)), "heads": [2]},
    "crossentropy": {"x": NORMAL((3, 5)), "labels": [1, 4, 0]},
}
SAID = "its values are rounded like float32"


def judged(
    program: Path, words: str, values: Mapping[str, Any] | None = None, **more: Any
) -> Checked:
    own = LAYERS[words.partition(" ")[0]] if values is None else values
    named = {"program": f"{program} {words}", "values": own}
    problem = problem_from({**named, **more}, allow_code=True)
    checked = check(problem)
    problem.code.callee.close()  # type: ignore[attr-defined]
    return checked


@pytest.mark.parametrize("layer", LAYERS)
def test_layers_in_c_pass_and_what_is_off_fails(layer: str, layers: Path) -> None:
    """One entry that is 5 % off, and a whole gradient that is 1 % off."""
    right = judged(layers, layer)
    assert (right.verdict, right.precision.words) == ("pass", SAID)
    first = next(iter(right.params))
    entry = judged(layers, f"{layer} entry")
    assert entry.verdict == "fail"
    assert entry.params[first].failed == 1
    assert entry.params[first].rel_error == pytest.approx(0.05 / 1.05, abs=2e-3)
    factor = judged(layers, f"{layer} factor")
    assert factor.params[first].verdict == "fail"
    cause = factor.params[first].cause
    assert cause is not None
    assert cause.startswith("every entry is 1.01")
    others = [v.verdict for name, v in factor.params.items() if name != first]
    assert others == ["pass"] * len(others)


def test_large_numbers_with_small_gradients_are_never_called_wrong(layers: Path) -> None:
    """At 1e4 singles are a thousandth apart: layernorm's gradient by x cannot be told there."""
    values = {**LAYERS["layernorm"], "x": 1e4 + NORMAL((2, 6))}
    checked = judged(layers, "layernorm", values)
    assert {n: v.verdict for n, v in checked.params.items()} == {
        "x": "inconclusive",
        "w": "pass",
        "b": "pass",
    }
    assert checked.params["x"].cause == SAID
    values = {"x": 1e4 * NORMAL((3, 4)), "w": 1e-4 * NORMAL((2, 4)), "b": NORMAL(2)}
    assert judged(layers, "matmul", values).verdict == "pass"
    assert judged(layers, "matmul factor", values).verdict == "fail"


def test_a_saturated_gelu_is_flat_among_others_and_open_alone(layers: Path) -> None:
    assert judged(layers, "gelu", {"x": [8.0, -8.0, -20.0, 0.5]}).verdict == "pass"
    assert judged(layers, "gelu", {"x": [-18.0, -20.0]}).verdict == "inconclusive"


def test_a_causal_mask_gives_zeros_that_pass(layers: Path) -> None:
    """With an upstream at the first place alone, all that comes later has no gradient."""
    upstream = np.zeros((1, 3, 4))
    upstream[:, 0] = NORMAL(4)
    checked = judged(layers, "attention", upstream=upstream)
    assert checked.verdict == "pass"
    assert checked.params["x"].entries == 36


def test_digits_that_a_program_does_not_print_are_told(layers: Path) -> None:
    checked = judged(layers, "gelu none %f")
    assert checked.verdict == "inconclusive"
    cause = checked.params["x"].cause
    assert cause is not None
    assert cause.endswith("print them with %.17g")
    assert judged(layers, "gelu entry %f").verdict == "fail"
    assert judged(layers, "crossentropy none %.17g").verdict == "pass"


def test_the_dtype_may_be_declared(layers: Path, gradcli: Gradcli) -> None:
    """Then its numbers are singles, in the answer, too."""
    ran = gradcli("program", f"{layers} gelu", "x=1,2", "--upstream", "1", "--dtype", "float32")
    assert "0.841192" in ran.out
    command = ["check", "program", f"{layers} gelu", "x=1,2", "--dtype", "float32"]
    answer = gradcli(*command, "--json").json
    assert (answer["verdict"], answer["precision"]) == ("pass", SAID)
    assert answer["params"]["x"]["worst"]["uncertainty"] < 2e-3
    shown = gradcli(*command).out
    assert f"{SAID}; measured to 0.002 of a parameter's largest" in shown


def bowl(dtype: str, off: float = 0.0, digits: str = "") -> CodeProblem:
    """sum(x^2 w) in that dtype; ``off`` is added to the gradient's first entry."""

    def call(inputs: Mapping[str, Any], upstreams: Sequence[Any] | None) -> Reply:
        x, w = (inputs[name].astype(dtype) for name in "xw")
        value, gradient = np.sum(x * x * w), 2 * x * w
        gradient[0] += off
        if digits:
            value = np.float64(digits % value)
        return Reply([value], {"x": gradient} if upstreams is not None else None)

    values = {"x": [1.3, -0.7, 0.2, 2.1], "w": [0.9, 1.1, -0.4, 0.3]}
    inputs, stream = read_inputs({"values": values}, 0, None)
    return CodeProblem(Code(call, "bowl", {}), inputs, stream, ["x"])


@pytest.mark.parametrize(
    ("dtype", "off", "verdict"),
    [
        ("float64", 0.0, "pass"),
        ("float64", 1e-4, "fail"),
        ("float32", 0.0, "pass"),
        ("float32", 1e-4, "pass"),  # less than can be seen
        ("float32", 0.03, "fail"),
    ],
)
def test_precision_is_that_of_the_values(dtype: str, off: float, verdict: str) -> None:
    checked = check(bowl(dtype, off))
    assert checked.verdict == verdict
    assert checked.precision.coarse == (dtype == "float32")


def test_a_double_in_six_digits_is_open_where_they_do_not_tell() -> None:
    checked = check(bowl("float64", digits="%.3f"))
    assert checked.verdict == "inconclusive"
    assert checked.params["x"].cause == "its values have 4 digits: print them with %.17g"
    assert check(bowl("float64", -5.0, "%.3f")).verdict == "fail"


@pytest.mark.parametrize(
    ("loss", "act", "seed"),
    [("bce", "sigmoid", 378590)],
)
def test_what_six_digits_hide_is_never_called_wrong(loss: str, act: str, seed: int) -> None:
    """Where a step is too short to move the last digit, the value rests, as if its slope were 0."""
    shape = {"in": 4, "out": 3, "hidden": [5], "hidden_act": "tanh", "batch": 4}
    model = problem_from({"loss": loss, "act": act, "seed": seed, "dtype": "float64", **shape})

    def rounded(array: Any) -> Any:
        flat = [float(f"{number:f}") for number in np.ravel(array)]
        return np.reshape(flat, np.shape(array))

    def call(inputs: Mapping[str, Any], upstreams: Sequence[Any] | None) -> Reply:
        result = differentiate(model, {name: np.asarray(a) for name, a in inputs.items()})
        return Reply([rounded(result.value)], {n: rounded(g) for n, g in result.gradients.items()})

    inputs, stream = read_inputs({"values": model.primals}, 0, None)
    assert check(CodeProblem(Code(call, "f", {}), inputs, stream)).verdict == "inconclusive"
