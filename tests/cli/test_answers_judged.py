"""gradcli check run: many answers in one call, with the values that they give."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tests.conftest import Gradcli

SQUARE = {"formula": "x^2", "values": {"x": 3.0}}
LINEAR = {"loss": "mse", "x": [[1.0, 2.0]], "y": [[0.5, 0.7]], "w": [[1, 0], [0, 1]]}
"""z = (1, 2), so the loss is (0.5^2 + 1.3^2) / 2 = 0.97."""


def lines(*documents: Any) -> bytes:
    return "\n".join(map(json.dumps, documents)).encode()


def test_a_value_is_judged_beside_its_gradients(gradcli: Gradcli) -> None:
    documents = [
        {**SQUARE, "grads": {"x": 6}, "value": 9},
        {**SQUARE, "grads": {"x": 6}, "value": 8.99},
        {"spec": SQUARE, "value": 9},
        {"spec": LINEAR, "loss": 0.97},
        {"spec": LINEAR, "loss": 1.94},
        {"spec": LINEAR, "loss": 0.971},
        {**LINEAR, "value": 0.97},
        {"spec": LINEAR, "loss": [1, 2]},
    ]
    ran = gradcli("check run - --json", stdin=lines(*documents))
    found = list(map(json.loads, ran.out.splitlines()))
    told = ["pass", "fail", "pass", "pass", "fail", "fail", "pass", "fail"]
    assert [d["verdict"] for d in found] == told
    assert ran.code == 1
    assert found[1]["params"]["x"]["verdict"] == "pass"
    assert found[1]["value"]["worst"]["numeric"] == 9
    assert found[1]["value"]["max_abs_error"] == pytest.approx(0.01)
    assert "1/M missing: M = 2" in found[4]["value"]["cause"]
    assert found[5]["value"]["cause"] is None
    assert found[5]["value"]["worst"]["numeric"] == pytest.approx(0.97)
    assert found[7]["value"]["given_shape"] == [2]
    for one in (found[1], found[4], found[6]):
        again = gradcli("run - --json", stdin=json.dumps(one).encode())
        assert again.json == one


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), float("-inf")])
def test_a_value_that_is_not_finite_is_wrong_and_stays_so(gradcli: Gradcli, value: Any) -> None:
    """A null is what an answer writes for it: a class's empty field is no right one."""
    for name in ("value", "loss"):
        ran = gradcli("check run - --json", stdin=lines({"spec": SQUARE, name: value}))
        found = (ran.code, ran.json["value"]["verdict"], ran.json["params"]["x"]["verdict"])
        assert found == (1, "fail", "pass")
        again = gradcli("run - --json", stdin=ran.out.encode())
        assert (again.code, again.out) == (1, ran.out)


def test_a_null_in_place_of_gradients_is_none_of_them(gradcli: Gradcli) -> None:
    pair = {"formula": "sum(x*y)", "values": {"x": [1, 2], "y": [3, 4]}}
    nulls = [{**pair, "grads": None}, {**pair, "grads": {"x": [3, 4], "y": None}}]
    ran = gradcli("check run - --json", stdin=lines(*nulls))
    found = [json.loads(line)["params"] for line in ran.out.splitlines()]
    causes = [[params[name]["cause"] for name in "xy"] for params in found]
    assert (ran.code, causes) == (1, [["missing", "missing"], [None, "missing"]])
    again = gradcli("run - --json", stdin=ran.out.encode())
    assert (again.code, again.out) == (1, ran.out)
    yes = gradcli("check run -", stdin=lines({**SQUARE, "grads": {"x": True}}))
    assert (yes.code, yes.err) == (2, "gradcli: error: -: grads: x is not a list of numbers\n")


def test_a_warning_says_whose_it_is(gradcli: Gradcli) -> None:
    right = {**SQUARE, "grads": {"x": 6}}
    ran = gradcli("check run -", stdin=lines(right, {**SQUARE, "grads": {"x": 6, "q": 1}}))
    told = "'q' is no parameter of this problem (x), and not judged"
    assert (ran.code, ran.err) == (0, f"gradcli: warning: -: line 2: grads: {told}\n")


def test_an_answer_that_would_not_be_judged_is_refused(gradcli: Gradcli) -> None:
    """Beside a specification with gradients of its own, or under a name that is misspelt."""
    theirs = {"grads": {"x": 7}}
    for document, told in (
        ({**SQUARE, **theirs, "against": {"x": 6}}, "grads: stands beside a specification"),
        ({"spec": {**SQUARE, "value": 9}, "value": 8}, "value: stands beside a specification"),
        ({**SQUARE, "gards": {"x": 7}}, "unknown key 'gards'; did you mean 'grads'?"),
        ({**LINEAR, "grad": {"w": 7}}, "unknown key 'grad'; did you mean 'grads'?"),
    ):
        ran = gradcli("check run -", stdin=lines(document))
        assert (ran.code, told in ran.err) == (2, True), ran.err


def test_what_is_allowed_of_gradients_is_allowed_of_a_value(gradcli: Gradcli) -> None:
    for option, code in (("", 1), ("--atol 0.1", 0), ("--atol 0.01", 1), ("--rtol 0.01", 0)):
        assert gradcli(f"check formula x^2 x=3 --value 9.05 {option}").code == code


def test_a_value_and_a_claim_that_six_digits_do_not_tell_from_the_right_one(
    gradcli: Gradcli,
) -> None:
    ran = gradcli("check formula x x=1 --value 1.0000021")
    assert "value: given 1.0000021, is 1.0\n" in ran.out
    ran = gradcli("check formula x^2*y x=1 y=1 --claim y=x^2*(1+2.1e-6*(x-1))")
    told = ran.out.partition("the claim gives ")[2].partition("\n")[0]
    claimed, right = told.split(", the derivative is ")
    assert ran.code == 1
    assert claimed != right
    assert ran.out.endswith("fail: 0 of 1 parameter, 1 entry compared; wrong at other points\n")


def test_the_value_of_a_layer_is_an_array(gradcli: Gradcli) -> None:
    layer = {"layer": "dense", "x": [[1.0, 2.0]], "w": [[1, 0], [0, 1]], "upstream": [[1.0, 1.0]]}
    documents = [{**layer, "value": [[1, 2]]}, {**layer, "value": [[1, 2.1]]}]
    ran = gradcli("check run -", stdin=lines(*documents))
    assert ran.code == 1
    assert "pass: 8 entries of 3 parameters; the value is right\n" in ran.out
    assert "value: given 2.1, is 2 at [0, 1]\n" in ran.out
    assert "fail: 0 of 3 parameters, 8 entries compared; the value is off\n" in ran.out


def test_our_own_answers_pass_in_the_digits_of_their_dtype(gradcli: Gradcli) -> None:
    for dtype in ("float32", "float64"):
        command = "ce --in 3 --out 4 --labels 1,2 --hidden 5 --seed 4 --json --dtype"
        own = gradcli(f"{command} {dtype}")
        ran = gradcli("check run - --json", stdin=own.out.encode())
        assert (ran.code, ran.json["value"]["verdict"]) == (0, "pass")
    # 1e-6 off is nothing in float32, and in float64 it is not the value.
    off = {**own.json, "loss": own.json["loss"] * (1 + 3e-6)}
    assert gradcli("check run -", stdin=lines(off)).code == 1
    off["spec"]["dtype"] = "float32"
    assert gradcli("check run -", stdin=lines(off)).code == 0


def test_single_precision_is_judged_by_what_its_terms_leave(gradcli: Gradcli) -> None:
    """1 - tanh(z)^2 at z = 6.7 has four digits in float32: what it makes is 0.2 % off."""
    model = "mse --in 3 --hidden 4 --hidden-act tanh --out 2 --act sigmoid --seed 125 --json"
    own = gradcli(model).json
    assert gradcli("check run -", stdin=lines(own)).code == 0
    own["grads"]["w1"] = (1.02 * np.array(own["grads"]["w1"])).tolist()
    ran = gradcli("check run - --json", stdin=lines(own))
    assert [v["verdict"] for v in ran.json["params"].values()] == ["fail", *["pass"] * 3]


def test_a_walk_has_the_value_of_another_point(gradcli: Gradcli) -> None:
    walk = gradcli("himmelblau --steps 3 --json")
    ran = gradcli("check run - --json", stdin=walk.out.encode())
    assert (ran.code, "value" in ran.json) == (0, False)


def test_whose_document_it_is_comes_back(gradcli: Gradcli) -> None:
    documents = [
        {"id": "Zoë", **SQUARE, "grads": {"x": 6}},
        {"id": 7, "spec": SQUARE},
        {"id": "Ann", "formula": "x^", "values": {"x": 3}},
        {"id": ["a"], **SQUARE},
        SQUARE,
    ]
    for command in ("check run - --json", "run - --json"):
        ran = gradcli(command, stdin=lines(*documents))
        found = list(map(json.loads, ran.out.splitlines()))
        assert [d.get("id") for d in found] == ["Zoë", 7, "Ann", ["a"], None]
        assert ["error" in d for d in found] == [False, False, True, True, False]
        assert "id: must be text, or a whole number, not ['a']" in found[3]["error"]
        again = gradcli("run - --json", stdin=json.dumps(found[0]).encode())
        assert again.json == found[0]


def test_many_have_a_line_each(gradcli: Gradcli) -> None:
    right = [{"id": f"s{i}", **SQUARE, "grads": {"x": 6}} for i in range(6)]
    others = [{**SQUARE, "grads": {"x": -6}}, {"formula": "abs(x)", "values": {"x": 0}}, {"f": 1}]
    ran = gradcli("check run -", stdin=lines(*right, *others))
    assert ran.code == 2
    assert ran.out.splitlines() == [
        *[f"pass          s{i}: 1 entry of 1 parameter" for i in range(6)],
        "fail          line 7: x: 1 of 1 entry off: sign flipped",
        "inconclusive  line 8: x: kink: slope -1 to the left, 1 to the right; backprop takes 0",
        "refused       line 9",
        "9 documents: 6 pass, 1 fail, 1 inconclusive, 1 refused",
    ]
    assert "line 9: unknown key" in ran.err or "line 9: names no problem" in ran.err
    few = gradcli("check run -", stdin=lines(*right))
    assert few.out.count("check x^2") == 6


@pytest.mark.parametrize("value", ["abc", "1,", "normal", "", "x.npz"])
def test_what_is_no_value_is_refused_in_a_line(value: str, gradcli: Gradcli) -> None:
    ran = gradcli("check", "formula", "x^2", "x=3", "--value", value)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("gradcli: error: --value: ")
    assert ran.err.count("\n") == 1


def test_the_command_line_gives_a_value_too(gradcli: Gradcli) -> None:
    assert gradcli("check formula x^2 x=3 --value 9").code == 0
    ran = gradcli("check formula x^2 x=3 --value 4.5")
    assert (ran.code, "value: given 4.5, is 9: it is 2.000 times too small\n" in ran.out) == (
        1,
        True,
    )
    two = gradcli("check run - --value 9", stdin=lines(SQUARE, SQUARE))
    assert "--value: goes with one spec, not 2" in two.err


def test_a_value_of_the_data_as_given_or_as_rounded_passes(gradcli: Gradcli) -> None:
    data = {"x": [[0.1, 0.7]], "w": [[1, 1], [-1, -1]], "b": [0.6000001, 0.6000001]}
    layer = {"layer": "dense", "upstream": [[1.0, 1.0]], **data}
    x, w, b = (np.array(array) for array in data.values())
    rx, rb = (a.astype(np.float32).astype(np.float64) for a in (x, b))
    found = {}
    for name, value in (("given", x @ w + b), ("rounded", rx @ w + rb), ("neither", x @ w + 2 * b)):
        ran = gradcli("check run - --json", stdin=lines({**layer, "value": value.tolist()}))
        found[name] = ran.json["value"]
    assert [v["verdict"] for v in found.values()] == ["pass", "pass", "fail"]
    points = [v["point"] for v in found.values()]
    assert points == [None, "given data rounded to float32", None]


def test_a_value_may_be_off_by_the_tolerance(gradcli: Gradcli) -> None:
    for value, tol, code in (("9.000006", "", 0), ("9.00002", "", 1), ("9.00002", "--tol 1e-5", 0)):
        assert gradcli(f"check formula x^2 x=3 --value {value} {tol}").code == code
