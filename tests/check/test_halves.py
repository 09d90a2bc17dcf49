"""Gradients in float16 and bfloat16 are judged by what these can tell, and it is said what that is.

``halves.json`` has such gradients as torch computes them: ``torch_halves.py``.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcli.check import Checked, check
from gradcli.check.given import Gradients
from gradcli.formula import Formula
from gradcli.model.model import Model
from tests.conftest import Gradcli
from tests.inputs.test_binary_formats import safetensors

TORCH = json.loads((Path(__file__).parent / "halves.json").read_text())
EPS = {"bfloat16": 2.0**-7, "float16": 2.0**-10}


def bfloat16(array: Any) -> Any:
    """Rounded to the nearest, ties to even, as float32: the upper 16 bits are kept."""
    bits = np.asarray(array, "<f4").view("<u4")
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).astype("<u4").view("<f4")


def judged(problem: Any, grads: dict[str, Any], digits: str) -> Checked:
    if digits == "float16":
        return check(problem, against={n: np.float16(g) for n, g in grads.items()})
    return check(problem, against=Gradients({n: bfloat16(g) for n, g in grads.items()}, {}, grads))


def digits_of(way: str) -> str:
    return way if way in EPS else "bfloat16"


@pytest.mark.parametrize("net", TORCH)
def test_what_torch_computes_passes(net: str) -> None:
    problem = Model.from_spec(TORCH[net]["spec"])
    for way, grads in TORCH[net]["grads"].items():
        digits = digits_of(way)
        found = judged(problem, grads, digits)
        assert found.verdict == "pass", way
        for verdict in found.params.values():
            assert verdict.digits == digits
            assert 8 * EPS[digits] < (verdict.told_to or 0) < 0.4


@pytest.mark.parametrize(
    ("net", "way", "factor"),
    [("tanh", "bfloat16", 0.5), ("relu", "mixed", 2), ("tanh", "float16", -1)],
)
def test_what_is_wrong_is_told_from_it(net: str, way: str, factor: float) -> None:
    """All of it, or one entry by twice what is said to be told."""
    problem, grads = Model.from_spec(TORCH[net]["spec"]), TORCH[net]["grads"][way]
    wrong = {name: np.multiply(g, factor) for name, g in grads.items()}
    found = judged(problem, wrong, digits_of(way))
    assert {v.verdict for v in found.params.values()} == {"fail"}
    name = next(iter(grads))
    one = np.array(grads[name])
    at = np.unravel_index(np.argmax(np.abs(one)), one.shape)
    off = 2.0 * (found.params[name].told_to or 0)
    one[at] *= 1 + off
    verdict = judged(problem, {**grads, name: one}, digits_of(way)).params[name]
    if net == "relu":  # one entry may be off so because a relu has switched
        assert verdict.verdict == "fail" or (verdict.told_to or 0) > off
    else:
        assert (verdict.verdict, verdict.worst_index) == ("fail", list(at))


def test_causes_are_named() -> None:
    problem = Model.from_spec({"loss": "mse", "in": 2, "out": 2, "act": "tanh", "batch": 5})
    right = problem.evaluate().gradients
    turned = judged(problem, {**right, "w": right["w"].T}, "bfloat16")
    assert turned.params["w"].cause == "transposed"
    summed = judged(problem, {n: g * 5 for n, g in right.items()}, "bfloat16")
    told = "every entry is about 5 times too large; 1/N missing: N = 5 is the batch size"
    assert {v.cause for v in summed.params.values()} == {told}
    flipped = judged(problem, {n: -g for n, g in right.items()}, "bfloat16")
    assert {v.cause for v in flipped.params.values()} == {"sign flipped"}


def test_what_cannot_be_told_is_not_called_right() -> None:
    """Rounded to 8 bits 1.01 is 1.0078, and the gradient of ((1 + x) - 1)^2 there 22 % less."""
    formula = Formula("((1 + x) - 1)^2", {"x": 0.01})
    found = judged(formula, {"x": 2 * 0.0078125}, "bfloat16").params["x"]
    assert found.verdict == "inconclusive"
    assert found.told_to is not None
    assert found.told_to > 0.5
    assert found.cause == "what bfloat16 leaves of it could be half of it"
    found = judged(formula, {"x": 0.02}, "float16").params["x"]
    assert (found.verdict, found.told_to is not None and found.told_to < 0.4) == ("pass", True)
    assert judged(formula, {"x": 0.5}, "bfloat16").params["x"].verdict == "fail"
    plain = judged(Formula("x^2", {"x": 0.01}), {"x": 0.02}, "bfloat16").params["x"]
    assert plain.told_to == pytest.approx(8 * 2**-7 + 4 * 2**-7, rel=0.1)


def test_underflow_of_float16_is_no_mistake() -> None:
    """2 x 3e-8 is 6e-8, of which float16 has its smallest number, 5.96e-8, or 0."""
    formula = Formula("x^2*c", {"x": 3.0, "c": 1e-8}, wrt=["x"])
    assert judged(formula, {"x": 5.96e-8}, "float16").verdict == "inconclusive"
    assert judged(formula, {"x": 6e-8}, "bfloat16").verdict == "pass"
    assert judged(formula, {"x": 1e-5}, "float16").verdict == "fail"


def test_what_is_0_stays_so() -> None:
    dead = Formula("relu(x)", {"x": -1.0})
    for digits in EPS:
        found = judged(dead, {"x": 0.0}, digits)
        assert (found.verdict, found.params["x"].told_to) == ("pass", None)
        assert judged(dead, {"x": 1.0}, digits).verdict == "fail"


def test_an_exact_0_is_not_rounded() -> None:
    formula = Formula("y + y*sign(y*z)", {"y": 2.0, "z": 0.0}, wrt=["y"])
    assert judged(formula, {"y": 1.0}, "float16").verdict == "pass"


def test_a_relu_that_switches_is_not_told_from_a_mistake() -> None:
    """1.01 - 1.005 is 0 in bfloat16, 1.0078 - 1.0078: the slope there, 1.01, is then 0."""
    values = {"x": [1.01, 3, 5, 2], "w": np.ones(4), "b": [1.005, 1, 1, 1]}
    formula = Formula("sum(relu(x*w - b))", {n: np.array(v) for n, v in values.items()}, ["w"])
    found = judged(formula, {"w": [1.01, 3, 5, 2]}, "bfloat16").params["w"]
    assert found.verdict == "pass"
    assert found.told_to == pytest.approx(12 * 2**-7, rel=0.3)
    switched = judged(formula, {"w": [0, 3, 5, 2]}, "bfloat16").params["w"]
    assert switched.verdict == "pass"
    assert switched.told_to == pytest.approx(8 * 2**-7 + 1.25 * 1.01 / 5, rel=0.1)
    assert judged(formula, {"w": [1.01, 0, 5, 2]}, "bfloat16").verdict == "fail"
    assert judged(formula, {"w": [0, 3, 5, 3]}, "bfloat16").params["w"].verdict == "pass"
    assert judged(formula, {"w": [0, 4, 6, 3]}, "bfloat16").verdict == "fail"


def test_the_answer_says_what_is_told(gradcli: Gradcli, tmp_path: Path) -> None:
    """6 and 12 are bfloat16's; a file of it holds the upper halves of float32."""
    line = f'check formula "sum(x*c)^2" x=1,1 c=1,2 --wrt x --against {tmp_path}/g.safetensors'
    halves = (np.array([6, 12], "<f4").view("<u4") >> 16).astype("<u2")
    (tmp_path / "g.safetensors").write_bytes(safetensors({"dx": halves}, {"dx": "BF16"}))
    ran = gradcli(line)
    assert (ran.code, ran.err) == (0, "")
    assert re.search(
        r"pass: 2 entries of 1 parameter; bfloat16 tells errors from 1\d % on\n", ran.out
    )
    verdict = gradcli(f"{line} --json").json["params"]["x"]
    assert verdict["digits"] == "bfloat16"
    assert 0.09 < verdict["told_to"] < 0.2
    (tmp_path / "g.safetensors").write_bytes(
        safetensors({"dx": np.array([6, 14], "<f2")}, {"dx": "F16"})
    )
    ran = gradcli(line)
    assert ran.code == 1
    assert "1 of 1 parameter, 2 entries compared; float16 tells errors from" in ran.out


def network(layers: str) -> Model:
    return Model.from_spec({"loss": "mse", "in": [6, 6, 2], "batch": 3, "layers": layers})


@pytest.mark.parametrize("digits", EPS)
@pytest.mark.parametrize(
    "pool", ["max_pool2d, flatten", "max_pool2d(3, 1), flatten", "global_max_pool"]
)
def test_what_picks_its_entries_is_not_rounded(digits: str, pool: str) -> None:
    """Else none of them is the largest, and the gradient is lost in the blur."""
    problem = network(f"conv2d(3, 3), {pool}, dense(4)")
    right = problem.evaluate().gradients
    assert judged(problem, right, digits).verdict == "pass"
    for name in right:
        wrong = judged(problem, {**right, name: 2 * right[name]}, digits)
        assert wrong.verdict == "fail", name
