"""Right gradients never fail, wrong ones never pass: a small part of what the benchmark judges."""

from __future__ import annotations

import numpy as np
import pytest

from gradcli.catalogue import KINDS, LOSSES, METHODS
from gradcli.check import check
from gradcli.check.rule import Rule
from gradcli.layer_kinds import LAYERS
from gradcli.problems import problem_from
from tests.benchmarks.cases import FAMILIES, MAKERS, draw, of_code, second
from tests.benchmarks.errors import ERRORS, Right, entry, true
from tests.benchmarks.judge import run

QUICK = ("landscape", "formula", "model")
"""Families that are small enough to be judged by every method."""


@pytest.mark.parametrize("family", FAMILIES)
def test_no_false_verdicts(family: str) -> None:
    tally = run(1, 2, [family], METHODS if family in QUICK else ["central", "directions"])
    assert tally.wrong == []
    assert tally.misled == []
    assert {"fail"} == {key[3] for key in tally.planted} - {"inconclusive"}
    assert "pass" in {key[2] for key in tally.right}


def test_a_judge_that_errs_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Rule, "allowed", lambda rule, size: 0.1 * size)
    assert any("passes" in told for told in run(5, 0, ["landscape"], ["central"]).wrong)
    monkeypatch.setattr(Rule, "allowed", lambda rule, size: -1e-3 * size)
    assert any("fails" in told for told in run(3, 0, ["formula"], ["central"]).wrong)


def test_what_is_declared_is_drawn() -> None:
    assert set(KINDS) <= set(MAKERS)
    rng = np.random.default_rng(0)
    missing = {f"loss {loss}" for loss in LOSSES}
    missing |= {f"{where} {kind}" for where in ("layer", "net") for kind in LAYERS}
    for _ in range(300):
        for family in {what.split()[0].replace("loss", "model") for what in missing}:
            missing.discard(draw(family, rng).of)
    assert not missing


def test_errors_and_causes() -> None:
    problem = problem_from({"layer": "dense", "in": 3, "units": 3, "batch": 4, "dtype": "float64"})
    gradients = check(problem) and problem.stepper()(problem.primals)[1]
    right = Right(problem, gradients, "w", np.random.default_rng(0))
    for name, make in ERRORS.items():
        planted = make(right._replace(name="b") if name == "known mistake" else right)
        assert planted is not None, name
        assert not np.array_equal(planted.gradient, right.gradient), name
        assert all(true(cause, right, planted) for cause in planted.causes), name
        assert not true("the mask of dropout is not applied", right, planted), name
    assert not true("every entry is 2.000 times too large", right, entry(right))


@pytest.mark.parametrize("least", [6e-8, 3e-6])
def test_few_digits_are_fewer_near_the_least_number_of_a_dtype(least: float) -> None:
    """float16 has 6e-8 and its multiples below 6e-5: a third of it is rounded away at 8e-8."""
    formula = {"formula": "sum(a * x)", "values": {"x": [1, 2], "a": [1.34 * least, -3.4 * least]}}
    problem = problem_from({**formula, "wrt": ["x"]})
    given = np.array(formula["values"]["a"])  # type: ignore[index]
    few = given.astype(np.float16)
    assert np.max(np.abs(few / given - 1)) > 1e-3
    assert check(problem, against={"x": few}).verdict != "fail"
    assert check(problem, against={"x": few + np.float16(3 * least)}).verdict != "pass"


def test_a_wrong_gradient_by_what_a_dropout_is_given(  # its mask is none of the loss
) -> None:
    problem = problem_from({"layer": "dropout", "in": 4, "rate": 0.5, "batch": 2})
    assert check(problem, against={"x": np.ones((2, 4))}).verdict == "fail"


@pytest.mark.parametrize(("places", "dtype"), [(1, "float64"), (3, "float64"), (2, "float32")])
def test_decimals_that_are_cut_off_are_the_cause(places: int, dtype: str) -> None:
    right = np.array([[1.23456789, -0.4444321], [0.0512345, 2.0]])
    problem = problem_from({"formula": "sum(a * x)", "values": {"x": np.eye(2), "a": right},
                            "wrt": ["x"]})  # fmt: skip
    few = np.round(right, places).astype(dtype)
    word = "decimal" if places == 1 else "decimals"
    assert check(problem, against={"x": few}).params["x"].cause == f"rounded to {places} {word}"
    few[0, 1] += 2 * 10.0**-places
    assert check(problem, against={"x": few}).params["x"].cause is None


def test_a_wrong_second_order_of_somebodys_own_gradient_fails() -> None:
    """Its operation is one that no call could make again by its name."""
    net = problem_from({"loss": "mae", "in": 3, "layers": "dense(2, act=tanh)", "batch": 2,
                        "dtype": "float64"})  # fmt: skip
    slopes = second(net, "w")
    assert check(slopes.right).verdict == "pass"
    found = check(slopes.bent).params
    assert (found["w"].verdict, found["b"].verdict) == ("fail", "pass")


def test_a_value_of_0_is_not_taken_for_single_precision() -> None:
    """A singular determinant: 0, of terms that cancel, which float64 knows to 16 digits."""
    problem = problem_from({"formula": "det(a)", "values": {"a": [[1, 2], [2, 4]]}})
    right = np.array([[4.0, -2.0], [-2.0, 1.0]])
    assert check(of_code(problem, {"a": right})).verdict == "pass"
    found = check(of_code(problem, {"a": 1.0001 * right}))
    assert found.params["a"].verdict == "fail"
    assert not found.precision.coarse
