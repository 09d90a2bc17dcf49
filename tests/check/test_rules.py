"""The rules of others beside ours: their figures, their words, and whose verdict counts."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from gradcli.catalogue import RULES as MEANINGS
from gradcli.check import check
from gradcli.check.plan import Options
from gradcli.check.rules import RULES, compare
from gradcli.formula import Formula
from tests.conftest import Gradcli

CUBE = Formula("x^3", {"x": 1.0})
"""A central difference of step h gives 3 + h^2."""


def test_every_rule_is_declared_and_told() -> None:
    assert set(RULES) == set(MEANINGS)


@pytest.mark.parametrize(
    ("given", "figure", "word"),
    [
        (3.0, 1e-10 / 6, "happy"),
        (3.0001, 1e-4 / 6.0001, "okay where there are kinks"),
        (3.03, 0.03 / 6.03, "uncomfortable"),
        (6.0, 3 / 9, "probably wrong"),
        (-3.0, 1.0, "probably wrong"),
        (0.0, 1.0, "probably wrong"),
    ],
)
def test_cs231n(given: float, figure: float, word: str) -> None:
    """rel_error of the assignments is |a - n| / max(1e-8, |a| + |n|)."""
    found = compare(CUBE, "cs231n", {"x": np.array(given)}).params["x"]
    assert found.figure == pytest.approx(figure, rel=2e-4, abs=1e-11)
    assert (found.verdict, found.gradient) == (word, given)
    assert found.numeric == pytest.approx(3 + 1e-10, abs=3e-11)


@pytest.mark.parametrize(
    ("given", "verdict"), [(3.0, "pass"), (3.002, "pass"), (3.004, "fail"), (np.nan, "fail")]
)
def test_torch(given: float, verdict: str) -> None:
    """gradcheck allows 1e-5 + 1e-3 * 3 = 0.00301 here; ours a millionth of 3."""
    against = {"x": np.array(given)}
    found = compare(CUBE, "torch", against)
    assert found.verdict == found.params["x"].verdict == verdict
    if given == given:
        assert found.params["x"].figure == pytest.approx(abs(given - 3) / 0.00301, abs=1e-6)
    assert check(CUBE, against=against).verdict == ("pass" if given == 3 else "fail")


def test_their_steps_see_kinks_that_ours_passes_by() -> None:
    """|x| at 5e-6: (1.5e-5 - 0.5e-5) / 2e-5 = 0.5 by cs231n's step, and 1 by torch's."""
    near = Formula("sum(abs(x))", {"x": [2.0, 5e-6]})
    assert check(near).verdict == "pass"
    found = compare(near, "cs231n")
    assert found.params["x"].figure == pytest.approx(0.5 / 1.5)
    assert list(found.params["x"].worst_index) == [1]
    assert found.verdict == "probably wrong"
    assert compare(near, "torch").verdict == "pass"


def test_the_worst_of_all_parameters_counts_and_what_is_missing_is_worse() -> None:
    two = Formula("x*y", {"x": 2.0, "y": 3.0})
    found = compare(two, "cs231n", {"x": np.array(3.0), "y": np.array(2.05)})
    assert [v.verdict for v in found.params.values()] == ["happy", "probably wrong"]
    assert found.verdict == "probably wrong"
    missing = compare(two, "torch", {"x": np.array(3.0)})
    assert (missing.verdict, missing.params["y"].verdict) == ("fail", "fail")
    assert math.isnan(missing.params["y"].figure)
    holed = compare(Formula("sum(x^2)", {"x": [1.0, 2.0]}), "cs231n", {"x": np.array([2, np.nan])})
    assert (holed.verdict, list(holed.params["x"].worst_index)) == ("probably wrong", [1])


def test_ours_decides_and_theirs_is_shown(gradcli: Gradcli) -> None:
    command = "check formula x^3 x=1 --against - --rule torch"
    ran = gradcli(command, stdin=b'{"x": 3.002}')
    assert ran.code == 1
    assert "by torch's rule: max |a - n| / (1e-5 + 1e-3 |n|) <= 1, " in ran.out
    assert "│ 6.64e-01 │ pass    │" in ran.out
    answer = {"formula": "x^3", "values": {"x": 1}, "grads": {"x": 3.002}}
    ran = gradcli("check run - --json --rule torch", stdin=json.dumps(answer).encode())
    assert (ran.json["verdict"], ran.json["other"]["verdict"]) == ("fail", "pass")
    again = gradcli("run - --json", stdin=json.dumps(ran.json["spec"]).encode())
    assert again.json == ran.json
    assert gradcli("check mse --in 2 --out 2 --rule keras").err.count("cs231n, torch") == 1


def test_an_absolute_tolerance_adds_to_the_relative_one() -> None:
    for off, absolute, tolerance, verdict in (
        (0.009, 0.01, None, "pass"),
        (0.011, 0.01, None, "fail"),
        (0.011, 0.01, 1e-3, "pass"),  # 0.01 + 0.001 * 3.011
        (0.014, 0.01, 1e-3, "fail"),
    ):
        options = Options(tolerance=tolerance, absolute=absolute)
        assert check(CUBE, options, {"x": np.array(3 + off)}).verdict == verdict


def test_what_need_not_be_known_so_well_is_not_inconclusive() -> None:
    """1e-9 x beside 1e9 is rounded by more than its slope, and by less than 1e-5."""
    faint = Formula("a*x + 1e9", {"a": 1e-9, "x": 1.0}, ["x"])
    assert check(faint).verdict == "inconclusive"
    assert check(faint, Options(absolute=1e-5)).verdict == "pass"
    wrong = {"x": np.array(3e-5)}
    assert check(faint, Options(absolute=1e-5), wrong).verdict == "fail"


def test_the_tolerances_on_the_command_line(gradcli: Gradcli) -> None:
    command = "check formula x^3 x=1 --against -"
    for options, code in (
        ("--rtol 1e-3", 0), ("--tol 1e-3", 0), ("--rtol 1e-4", 1), ("--atol 0.002", 0),
        ("--atol 0", 1),
    ):  # fmt: skip
        ran = gradcli(f"{command} {options}", stdin=b'{"x": 3.001}')
        assert ran.code == code, options
    ran = gradcli(f"{command} --tol 1 --rtol 1", stdin=b'{"x": 3}')
    assert (ran.code, ran.err) == (
        2,
        "gradcli: error: --rtol: is another name of tol: give one of them\n",
    )
    told = gradcli("check formula x^3 x=1 --atol 1e-9 --explain").out
    assert "rule: |a - n| <= 1e-06 max(|a|, |n|) + 1e-09 + uncertainty of n" in told
    again = gradcli("check formula x^3 x=1 --atol 1e-9 --rtol 1e-5 --json")
    assert gradcli("run - --json", stdin=again.out.encode()).json == again.json


def test_the_figure_is_of_what_torch_itself_measures() -> None:
    """Printed by torch 2.13: the numeric Jacobian of gradcheck at eps=1e-6, and its worst."""
    found = compare(Formula("sum(abs(x)^1.5)", {"x": [2.0, 5e-6, 1.3]}), "torch").params["x"]
    assert found.numeric == pytest.approx(0.00334846905758468, rel=1e-12)
    assert found.figure == pytest.approx(0.42198911655747806, rel=1e-12)


def test_of_a_large_problem_some_entries_are_looked_at() -> None:
    class Large(Formula):
        work = 1e9

    large = Large("sum(x^3)", {"x": np.linspace(1, 2, 1000)})
    found = compare(large, "cs231n")
    assert "; 256 entries of each parameter, for the size of the problem" in found.formula
    assert found.params["x"].figure < 1e-8
    assert "entries" not in compare(large, "cs231n", sample=5).formula
