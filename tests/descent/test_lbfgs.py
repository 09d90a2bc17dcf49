"""L-BFGS: SciPy's minima, least squares in closed form, its line search, and what it refuses."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcli.descent import Lbfgs, Optimizer, Settings, descend
from gradcli.descent.line_search import CURVATURE, DECREASE, Trial, line_search
from gradcli.descent.optimizers import Point
from gradcli.errors import SpecError
from gradcli.formula import LANDSCAPES, Formula, LandscapeProblem
from gradcli.model import Model
from gradcli.problem import Problem
from tests.conftest import HERE, Gradcli

SCIPY = json.loads((HERE / "reference" / "lbfgs.json").read_text())


@pytest.mark.parametrize("name", LANDSCAPES)
def test_the_landscapes_as_in_scipy(name: str) -> None:
    expected = SCIPY["walks"][name]
    problem = LandscapeProblem(name, expected["start"], "float64")
    settings = Settings(1.0, 1000, 1, "lbfgs", tol=None if name == "ackley" else SCIPY["tol"])
    walk = descend(problem, settings)
    np.testing.assert_allclose([*walk.end.values()], expected["end"], rtol=0, atol=1e-6)
    assert walk.value == pytest.approx(expected["value"], abs=1e-7 if name == "ackley" else 1e-12)
    assert walk.steps <= 1.5 * expected["steps"] + 3
    assert all(b <= a + 1e-13 * abs(a) for a, b in zip(walk.values, walk.values[1:]))


WALKS = [(n, d) for n in LANDSCAPES for d in ("float32", "float64")]
WALKS.remove(("rastrigin", "float32"))  # whose values are differences of 20: rounding, at its end


@pytest.mark.parametrize(("name", "dtype"), WALKS)
def test_it_goes_on_until_nothing_is_lower(name: str, dtype: str) -> None:
    walk = descend(LandscapeProblem(name, None, dtype), Settings(1.0, 200, 1, "lbfgs"))
    assert walk.stopped == "search"
    assert walk.converged == (name != "ackley")  # which has a kink there
    nearest = SCIPY["walks"][name]["end"]  # of rastrigin's minima another one than the lowest
    found = [float(value) for value in walk.end.values()]
    np.testing.assert_allclose(found, nearest, atol=1e-5 if dtype == "float32" else 1e-7)
    assert all(value.dtype == dtype for value in walk.end.values())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_regression_reaches_the_least_squares(dtype: str) -> None:
    """The normal equations, solved by NumPy's lstsq; three outputs, each by itself."""
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(40, 6)), rng.normal(size=(40, 3))
    spec = {"loss": "mse", "x": x.tolist(), "y": y.tolist(), "dtype": dtype, "seed": 1}
    walk = descend(Model.from_spec(spec), Settings(1.0, 200, 10, "lbfgs"))
    expected, *_ = np.linalg.lstsq(np.column_stack([x, np.ones(40)]), y, rcond=None)
    found = np.concatenate([walk.end["w"], walk.end["b"][None]])
    np.testing.assert_allclose(found, expected, atol=1e-8 if dtype == "float64" else 2e-3)
    assert walk.converged
    assert walk.steps < 40


def test_a_search_ends_where_the_wolfe_conditions_hold() -> None:
    """Moré & Thuente, Line search algorithms with guaranteed sufficient decrease, 1994.

    Their functions 1 and 2 with their first steps, of which some are far too short or too long.
    """

    def first(a: float) -> Trial:
        return Trial(a, -a / (a * a + 2), (a * a - 2) / (a * a + 2) ** 2)

    def second(a: float) -> Trial:
        b = a + 0.004
        return Trial(a, b**5 - 2 * b**4, 5 * b**4 - 8 * b**3)

    for function in (first, second):
        start = function(0.0)
        for step in (1e-3, 1e-1, 1e1, 1e3):
            found = line_search(function, start, step)
            assert found is not None
            assert found.value <= start.value + DECREASE * found.length * start.slope
            assert abs(found.slope) <= -CURVATURE * start.slope


def test_a_search_turns_back_where_there_is_no_value() -> None:
    """-log(1 - x) - 2 log x from 0.05 on: no value beyond 1, the minimum at 2/3."""

    def value(x: float) -> Trial:
        if not 0 < x + 0.05 < 1:
            return Trial(x, math.nan, math.nan)
        at = x + 0.05
        return Trial(x, -math.log(1 - at) - 2 * math.log(at), 1 / (1 - at) - 2 / at)

    found = line_search(value, value(0.0), 64.0)
    assert found is not None
    assert found.value < value(0.0).value
    walk = descend(Formula("-log(1 - x) - 2*log(x)", {"x": 0.05}), Settings(1, 50, 1, "lbfgs"))
    assert walk.end["x"] == pytest.approx(2 / 3, rel=1e-7)
    assert walk.converged


def test_there_is_no_step_from_a_minimum() -> None:
    walk = descend(Formula("x^2", {"x": 0}), Settings(1.0, 10, 1, "lbfgs"))
    assert (walk.steps, walk.stopped, walk.converged) == (0, "search", True)


def test_a_value_that_falls_without_an_end_is_walked_as_far_as_it_goes() -> None:
    walk = descend(Formula("-x", {"x": 0}), Settings(1.0, 10, 1, "lbfgs"))
    assert walk.value < -1e6
    assert (walk.steps, walk.stopped, walk.converged) == (10, None, False)


def test_a_step_by_itself() -> None:
    """Down a line without curvature again and again, and none from where it is flat."""

    def down(at: Any) -> Any:
        return -at["x"], {"x": np.float64(-1)}

    lbfgs = Lbfgs()
    point: Any = Point({"x": np.float64(0)}, *down({"x": np.float64(0)}))
    for _ in range(4):
        there = lbfgs.advance(point, down)
        assert there is not None
        assert there.value < point.value
        point = there
    assert lbfgs.taken == 4
    assert Lbfgs().advance(Point({"x": np.float64(0)}, 0.0, {"x": np.float64(0)}), down) is None


def test_what_was_kept_is_left_where_it_misleads() -> None:
    """Curvatures of 2e8 and 2e-8: what the first steps tell of the other direction is rounding."""
    problem = Formula("1e8*x^2 + 1e-8*(y - 1)^2", {"x": 2, "y": 3})
    walk = descend(problem, Settings(1.0, 100, 1, "lbfgs"))
    np.testing.assert_allclose([*walk.end.values()], [0, 1], atol=1e-6)


@pytest.mark.parametrize("scale", [1e-200, 1e-100, 1e100, 1e150])
def test_slopes_of_any_size_are_gone_down(scale: float) -> None:
    problem = Formula(f"{scale}*((x - 3)^2 + 10*(y + 1)^2)", {"x": 2, "y": 3})
    walk = descend(problem, Settings(1.0, 200, 1, "lbfgs"))
    np.testing.assert_allclose([*walk.end.values()], [3, -1], atol=1e-6)


def test_a_search_does_not_take_what_is_no_lower() -> None:
    """Beside 1 the parabola is nothing: no point along it is lower, whatever the slopes say."""

    def value(a: float) -> Trial:
        return Trial(a, 1.0 + 1e-20 * (a - 1) ** 2, 2e-20 * (a - 1))

    assert line_search(value, value(0.0), 0.5) is None


def test_an_interrupt_keeps_what_there_is(interrupt: Callable[[Problem, int], None]) -> None:
    problem = LandscapeProblem("rosenbrock", None, "float64")
    whole = descend(problem, Settings(1.0, 100, 1, "lbfgs"))
    interrupt(problem, 12)
    walk = descend(problem, Settings(1.0, 100, 1, "lbfgs"))
    assert walk.stopped == "interrupted"
    assert 0 < walk.steps < 12
    assert [row.at for row in walk.path] == [row.at for row in whole.path[: walk.steps + 1]]


def test_who_has_no_values_for_it_refuses_it() -> None:
    assert Lbfgs.needs_values
    assert not Optimizer("adam", 0.1).needs_values
    with pytest.raises(SpecError, match="lbfgs asks for the value at points of its own choice"):
        Optimizer("lbfgs", 0.1)


def test_on_the_command_line(gradcli: Gradcli) -> None:
    """By default every step is shown, and the landscape's own steps are not taken."""
    ran = gradcli("rosenbrock --optimizer lbfgs --dtype float64 --json")
    answer = ran.json
    assert (ran.code, ran.err) == (0, "")
    assert [row["step"] for row in answer["path"]] == list(range(answer["steps"] + 1))
    assert answer["end"] == {"x": pytest.approx(1, abs=1e-8), "y": pytest.approx(1, abs=1e-8)}
    assert (answer["converged"], answer["stopped"]) == (True, "search")
    assert answer["spec"]["steps"] == 200
    assert not {"lr", "lr_schedule", "clip_norm"} & set(answer["spec"])
    assert gradcli("run - --json", stdin=json.dumps(answer).encode()).json == answer
    shown = gradcli("rosenbrock --optimizer lbfgs --dtype float64").out
    assert "\nlbfgs, 200 steps\n" in shown
    assert "\nconverged: gradient norm" in shown
    assert "stopped" not in shown
    kinked = gradcli("ackley --optimizer lbfgs").out
    assert "\nstopped: the line search found no lower point\nnot converged" in kinked


@pytest.mark.parametrize(
    "option", ["--lr 0.1", "--lr-schedule cosine", "--clip-norm 1", "--clip-value 1"]
)
def test_it_refuses_what_it_has_no_use_for(option: str, gradcli: Gradcli) -> None:
    ran = gradcli(f"himmelblau --optimizer lbfgs {option}")
    name = option.split()[0]
    assert (ran.code, ran.out) == (2, "")
    assert f"{name}: does not go with lbfgs: it finds its own steps" in ran.err
    assert gradcli(f"himmelblau --optimizer lbfgs,gd {option} --steps 3").code == 0
