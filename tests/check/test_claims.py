"""Derivatives that are claimed as formulas: right at the point, and everywhere else."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcli.check.formula_claims import POINTS, claimed, elsewhere, rounding_of
from gradcli.check.plan import Options
from gradcli.errors import SpecError
from gradcli.formula import Formula
from gradcli.keys import Key
from tests.conftest import Gradcli

CLAIM = Key("claim", "texts", "")


@pytest.mark.parametrize(
    ("formula", "values", "claims"),
    [
        ("x^2*sin(x)", "x=1.3", ["x=2*x*sin(x)+x^2*cos(x)"]),
        ("x^2*sin(x)", "x=1.3", ["x = x*(2*sin(x) + x*cos(x))"]),
        ("log(x)*sqrt(1-y)", "x=1.3 y=0.2", ["x=sqrt(1-y)/x", "y=-log(x)/2/sqrt(1-y)"]),
        ("abs(x)", "x=1.3", ["x=sign(x)"]),
        ("y = x*w; y^2", "x=2 w=3", ["x=2*y*w", "w=2*y*x"]),
        ("y = x*w; y^2", "x=2 w=3", ["y=2*y"]),
        ("y = x^2", "x=2", ["x=2*y/x"]),
        ("y = x^2\nz = y*y", "x=2", ["x=4*x*y"]),
        ("sum(x^2*w)", "x=1,2,3 w=2,3,4", ["x=2*x*w", "w=x^2"]),
        ("sum(3*x)", "x=1,2,3", ["x=3"]),
        ("sum(a@x)", "a=1,2;3,4 x=1,2", ["x=sum(a, axis=0)"]),
        ("x[k]*2", "x=1,2,3 k=1", ["x=[0, 2, 0]"]),
        ("arcsin(x)", "x=0.5", ["x=1/sqrt(1-x^2)"]),
        ("exp(x)", "x=1", ["x=exp(x)"]),
        ("(x-1)^6", "x=1.01", ["x=6*(x^5-5*x^4+10*x^3-10*x^2+5*x-1)"]),
        ("tan(x)", "x=1", ["x=1+tan(x)^2"]),
        ("2*pi*x", "x=1", ["x=6.28318530718"]),
    ],
)
def test_right_claims_pass(formula: str, values: str, claims: list[str], gradcli: Gradcli) -> None:
    told = [word for claim in claims for word in ("--claim", claim)]
    ran = gradcli("check", "formula", formula, *values.split(), *told)
    assert (ran.code, ran.err) == (0, ""), ran.out
    assert f"; right at {POINTS} random points, too\n" in ran.out


@pytest.mark.parametrize(
    ("formula", "values", "claim"),
    [
        ("abs(x)", "x=1.3", "x=1"),  # right for x > 0
        ("relu(x)*y", "x=2 y=3", "x=y"),
        ("sqrt(x^2)", "x=2", "x=1"),
        ("x^2", "x=1", "x=2"),  # right at 1
        ("x^2", "x=1", "x=x+1"),
        ("x^2", "x=2", "x=x^2"),  # right at 2 and 0
        ("maximum(x, y)", "x=3 y=2", "x=1"),
        ("sum(abs(x))", "x=1,2,3", "x=1"),
        ("x^3/3", "x=1", "x=x^4"),
        ("log(x)", "x=1", "x=1"),
    ],
)
def test_right_at_the_point_and_wrong_elsewhere_fails(
    formula: str, values: str, claim: str, gradcli: Gradcli
) -> None:
    ran = gradcli("check", "formula", formula, *values.split(), "--claim", claim)
    assert ran.code == 1
    assert "x: wrong at x = " in ran.out
    assert "│ pass    │" in ran.out  # at the point itself
    ran = gradcli("check", "formula", formula, *values.split(), "--claim", claim, "--json")
    found = ran.json["claims"]["x"]
    assert (ran.json["verdict"], found["verdict"]) == ("fail", "fail")
    assert abs(found["claimed"] - found["derivative"]) > 1e-6
    there = dict(word.split("=") for word in values.split())
    there |= {n: json.dumps(v) for n, v in found["at"].items()}
    words = [f"{name}={value}" for name, value in there.items()]
    index = tuple(found["worst_index"])
    gradient = np.array(gradcli("formula", formula, *words, "--json").json["grads"]["x"])
    assert found["derivative"] == pytest.approx(gradient[index])


def test_wrong_at_the_point_is_told_there(gradcli: Gradcli) -> None:
    ran = gradcli("check formula x^2 x=3 --claim x=x")
    assert ran.code == 1
    assert "x: 1 of 1 entry off: every entry is 2.000 times too small\n" in ran.out
    assert "random" not in ran.out
    ran = gradcli("check formula x^2 x=-3 --claim x=2*sqrt(x)^2")
    assert (ran.code, "x: 1 of 1 entry off: 1 entry is not finite\n" in ran.out) == (1, True)
    ran = gradcli("check formula sum(x^2) x=1,2 --claim x=[1,2,3]")
    assert (ran.code, "x: has shape 3, not 2\n" in ran.out) == (1, True)


def test_the_point_and_both_values_are_told(gradcli: Gradcli) -> None:
    """|x| y at negative x: the derivative by x is -y."""
    answer = gradcli("check formula abs(x)*y x=1.3 y=2 --claim x=y --json").json["claims"]["x"]
    assert answer["at"]["x"] < 0
    assert answer["claimed"] == answer["at"]["y"] == -answer["derivative"]
    told = gradcli("check formula abs(x)*y x=1.3 y=2 --claim x=y --claim y=abs(x)")
    x, y = answer["at"]["x"], answer["at"]["y"]
    line = f"wrong at x = {x:.6g}, y = {y:.6g}: the claim gives {y:.6g}, the derivative is {-y:.6g}"
    assert f"x: {line}\n" in told.out
    assert "fail: 0 of 2 parameters, 2 entries compared; wrong at other points\n" in told.out


def test_a_kink_leaves_it_open(gradcli: Gradcli) -> None:
    assert gradcli("check formula abs(x) x=0 --claim x=sign(x)").code == 3


def test_a_domain_without_other_points_is_said(gradcli: Gradcli) -> None:
    ran = gradcli("check", "formula", "sqrt(1e-9-(x-7)^2)", "x=7", "--claim", "x=0")
    assert (ran.code, "; no other point was found\n" in ran.out) == (0, True)


def test_documents_carry_claims_and_are_repeated(gradcli: Gradcli) -> None:
    document = {
        "formula": "x^2*y", "values": {"x": 1.5, "y": 2}, "verb": "check",
        "claim": {"x": "2*x*y"}, "dtype": "float32",
    }  # fmt: skip
    ran = gradcli("run - --json", stdin=json.dumps(document).encode())
    assert (ran.code, list(ran.json["params"])) == (0, ["x"])
    assert ran.json["claims"]["x"]["points"] == POINTS
    again = gradcli("run - --json", stdin=ran.out.encode())
    assert again.json == ran.json
    assert gradcli("check himmelblau --claim y=2*(x^2+y-11)+4*y*(x+y^2-7)").code == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("formula x^2 x=3 --claim z=3", "--claim: there is no 'z' here"),
        ("formula x^2 x=3 --claim x", "--claim: must be NAME=TEXT, not 'x'"),
        ("formula x^2 x=3 --claim x=2*x --claim x=3", "--claim: x is given twice"),
        ("formula x^2 x=3 --claim x=2*", "the claim of x: this does not fit here: 2*"),
        ("formula x^2 x=3 --claim x=2*z", "the claim of x: "),
        ("formula x^2 x=3 --claim x=x>2", "--claim: x: x>2 is no real number"),
        ("formula x^2 x=3 --claim x=2*x --against a.npz", "--claim: does not go with"),
        ("formula x^2 x=3 --claim x=2*x --order 2", "--claim: is of order 1"),
        ("mse --in 2 --out 1 --claim w=2", "--claim: goes with a formula"),
    ],
)
def test_bad_claims(options: str, message: str, gradcli: Gradcli) -> None:
    ran = gradcli("check", *options.split())
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_a_claim_is_held_to_its_own_rounding_only() -> None:
    """10 (x-1)^9, multiplied out, loses all digits near 1, and none at 3."""
    near, far = Formula("(x-1)^6", {"x": 1.01}), Formula("(x-1)^6", {"x": 3.0})
    text = {"x": "6*(x^5-5*x^4+10*x^3-10*x^2+5*x-1)"}
    assert rounding_of(near, text) > 1e-15 > rounding_of(far, text) == 0
    formula, given = claimed(near, text)
    assert given["x"] == pytest.approx(6e-10, rel=1e-3)
    assert elsewhere(formula, text, Options())["x"].verdict == "pass"


@given(
    st.dictionaries(st.from_regex(r"[a-z]\w{0,3}", fullmatch=True), st.text("x+=,2 *", min_size=1))
)
def test_texts_by_name_are_read_as_written(texts: dict[str, str]) -> None:
    texts = {name: text.strip() for name, text in texts.items() if text.strip()}
    assert CLAIM.read([f"{name} = {text}" for name, text in texts.items()]) == texts
    assert CLAIM.read(texts) == texts


@pytest.mark.parametrize("wrong", [3, "x=2", ["=2"], ["x="], [2], {"x": 3}, ["x=1", "x=2"]])
def test_what_are_no_texts(wrong: object) -> None:
    with pytest.raises(SpecError, match="claim"):
        CLAIM.read(wrong)
