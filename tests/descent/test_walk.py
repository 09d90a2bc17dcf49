"""Walks: the notes' walk, what a row holds, the optimizers by Keras's numbers, stopping."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcli.catalogue import METHODS
from gradcli.descent import Row, Settings, descend
from gradcli.formula import LANDSCAPES, Formula, LandscapeProblem
from gradcli.model import Model
from gradcli.problem import Problem
from tests.conftest import GOLDEN


def landscape(name: str, start: Any = None, dtype: str = "float64") -> LandscapeProblem:
    return LandscapeProblem(name, start, dtype)


def test_the_notes_walk_on_himmelblau() -> None:
    case = GOLDEN["himmelblau"]
    given = case["inputs"]
    walk = descend(
        landscape("himmelblau", given["start"], "float32"),
        Settings(given["lr"], given["steps"], every=1),
    )
    assert [row.step for row in walk.path] == list(range(201))
    for printed in case["expect"]["rows"]:
        # They print the value before a step, and the point after it.
        row, after = walk.path[printed["step"] : printed["step"] + 2]
        assert after.at is not None
        assert after.at["x"].dtype == row.value.dtype == row.grad_norm.dtype == np.float32
        np.testing.assert_allclose(list(after.at.values()), printed["x"], rtol=case["rtol"])
        np.testing.assert_allclose(row.value, printed["f"], rtol=case["rtol"])


@pytest.mark.parametrize(
    ("start", "end"),
    [((-4, 0), (-3.7793, -3.2832)), ((1, 0), (3, 2)), ((4, 0), (3.5844, -1.8481))],
)
def test_the_three_starts_of_the_notes(start: Any, end: Any) -> None:
    problem = landscape("himmelblau", start, "float32")
    walk = descend(problem, Settings(0.01, 200, 20))
    np.testing.assert_allclose([*walk.end.values()], end, atol=5e-5)
    assert walk.arrival is not None
    assert walk.arrival.reached


@pytest.mark.parametrize("name", LANDSCAPES)
def test_the_default_walk_reaches_a_minimum(name: str) -> None:
    problem = landscape(name, dtype="float32")
    lr, steps = problem.walk
    walk = descend(problem, Settings(lr, steps, steps))
    assert walk.arrival is not None
    assert walk.arrival.reached == walk.converged == (name != "ackley")  # which has a kink there
    assert walk.arrival.distance < 2e-3


def test_a_row_holds_the_value_and_the_gradient_at_its_point() -> None:
    """By hand: (x - 1)^2 from 3 at 0.25 halves the distance to 1, and its gradient is 2 (x - 1)."""
    shown: list[Row] = []
    walk = descend(Formula("(x - 1)^2", {"x": 3}), Settings(0.25, 5, 2), shown.append)
    assert [tuple(row) for row in walk.path] == [
        (0, {"x": 3.0}, 3.0, 4.0, 4.0),
        (2, {"x": 1.5}, 1.5, 0.25, 1.0),
        (4, {"x": 1.125}, 1.125, 2**-6, 0.25),
        (5, {"x": 1.0625}, 1.0625, 2**-8, 0.125),
    ]
    assert shown == walk.path
    assert walk.values == [4.0**-k for k in range(-1, 5)]
    assert walk.points == [(1 + 2.0**-k,) for k in range(-1, 5)]
    assert (walk.start, walk.end, walk.value, walk.steps) == ({"x": 3}, {"x": 1.0625}, 2**-8, 5)


def test_the_gradient_is_computed_once_at_every_point(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = landscape("sphere")
    step = problem.stepper()
    calls: list[Any] = []
    monkeypatch.setattr(problem, "stepper", lambda: lambda at: calls.append(at) or step(at))
    walk = descend(problem, Settings(0.1, 25, 10))
    assert walk.points == [(at["x"], at["y"]) for at in calls]
    assert len(calls) == 26


def test_rows_and_progress_come_while_the_walk_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of 0.06 s: progress at every second one, whatever the number of steps to go."""
    problem = landscape("sphere")
    step = problem.stepper()

    def slow(at: Any) -> Any:
        seen.append("step")
        time.sleep(0.06)
        return step(at)

    seen: list[Any] = []
    monkeypatch.setattr(problem, "stepper", lambda: slow)
    descend(problem, Settings(0.1, 4, 1), lambda row: seen.append(row.step), seen.append)
    assert seen[:3] == ["step", 0, "step"]
    assert [s for s in seen if s != "step"][:4] == [0, 1, 2, 2]


def test_clipping() -> None:
    """The gradient of 3 x + 4 y is (3, 4), of norm 5."""
    problem = Formula("3*x + 4*y", {"x": 0, "y": 0})
    by_norm = descend(problem, Settings(1.0, 1, 1, clip_norm=1.0))
    np.testing.assert_allclose([*by_norm.end.values()], [-0.6, -0.8])
    by_value = descend(problem, Settings(1.0, 1, 1, clip_value=3.5))
    np.testing.assert_allclose([*by_value.end.values()], [-3.0, -3.5])
    both = descend(problem, Settings(1.0, 1, 1, clip_value=3.0, clip_norm=3.0))
    np.testing.assert_allclose([*both.end.values()], [-3 / math.sqrt(2)] * 2)
    assert by_norm.path[0].grad_norm == 5.0


def test_stopping_by_tolerance() -> None:
    walk = descend(landscape("sphere"), Settings(0.1, 1000, 100, tol=1e-3))
    assert walk.stopped == "tol"
    assert walk.steps < 60
    assert np.linalg.norm([*walk.end.values()]) <= 0.5e-3


def test_stopping_where_the_value_blows_up() -> None:
    walk = descend(landscape("himmelblau"), Settings(1.0, 100, 1))
    assert walk.stopped == "nonfinite"
    assert 0 < walk.steps < 20
    assert all(math.isfinite(row.value) for row in walk.path[:-1])
    assert not math.isfinite(walk.path[-1].grad_norm)
    assert (walk.converged, walk.trend) == (False, "diverging")


def test_stopping_on_an_interrupt_keeps_what_there_is(
    interrupt: Callable[[Problem, int], None],
) -> None:
    problem = landscape("sphere")
    interrupt(problem, 7)
    walk = descend(problem, Settings(0.1, 100, 1))
    assert (walk.stopped, walk.steps, len(walk.path)) == ("interrupted", 5, 6)
    assert walk.points is not None
    assert len(walk.values) == len(walk.points) == 6
    assert tuple(walk.end.values()) == walk.points[-1]
    interrupt(problem, 1)
    with pytest.raises(KeyboardInterrupt):
        descend(problem, Settings(0.1, 100, 1))


def test_models_are_trained() -> None:
    model = Model.from_spec(
        {"loss": "mse", "x": "0,0;0,1;1,0;1,1", "y": "0;1;1;0", "hidden": 8, "hidden_act": "tanh",
         "act": "sigmoid", "seed": 3}
    )  # fmt: skip
    walk = descend(model, Settings(0.05, 1500, 500, "adam"))
    assert float(walk.value) < 1e-3
    assert walk.points is None
    assert all(row.at is None for row in walk.path)
    np.testing.assert_array_equal(walk.start["w1"], model.parameters["w1"])
    first, gradients = model.value_and_gradients(model.parameters, model.x, model.y)
    assert walk.path[0].value == first
    norm = math.sqrt(sum(float(np.sum(g.astype(float) ** 2)) for g in gradients.values()))
    assert walk.path[0].grad_norm == pytest.approx(norm, rel=1e-6)


def test_the_command_line_knows_the_optimizers_and_methods() -> None:
    from gradcli.check.methods import METHODS as DECLARED

    assert set(METHODS) == set(DECLARED)
