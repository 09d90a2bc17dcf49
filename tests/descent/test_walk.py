"""Descent: the notes' walk, published minima, the optimizers by Keras's numbers, stopping."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

import gradcli.descent
from gradcli.catalogue import LANDSCAPES as LANDSCAPE_NAMES
from gradcli.catalogue import METHODS, OPTIMIZERS
from gradcli.descent import Settings, descend
from gradcli.formula import Formula, LandscapeProblem
from gradcli.model import Model
from gradcli.report.walks import reached
from tests.conftest import GOLDEN, HERE

KERAS = json.loads((HERE / "keras_optimizers.json").read_text())


def landscape(name: str, start: Any = None, dtype: str = "float64") -> LandscapeProblem:
    return LandscapeProblem(name, start, dtype)


def test_the_notes_walk_on_himmelblau() -> None:
    case = GOLDEN["himmelblau"]
    given = case["inputs"]
    walk = descend(
        landscape("himmelblau", given["start"], "float32"),
        Settings(given["lr"], given["steps"], every=20),
    )
    rows = {row.step: row for row in walk.path}
    assert list(rows) == list(range(0, 200, 20))
    for printed in case["expect"]["rows"]:
        row = rows[printed["step"]]
        assert row.at is not None
        assert row.at["x"].dtype == np.float32
        np.testing.assert_allclose(list(row.at.values()), printed["x"], rtol=case["rtol"])
        np.testing.assert_allclose(row.value, printed["f"], rtol=case["rtol"])


@pytest.mark.parametrize(
    ("start", "end"),
    [((-4, 0), (-3.7793, -3.2832)), ((1, 0), (3, 2)), ((4, 0), (3.5844, -1.8481))],
)
def test_the_three_starts_of_the_notes(start: Any, end: Any) -> None:
    problem = landscape("himmelblau", start, "float32")
    walk = descend(problem, Settings(0.01, 200, 20))
    np.testing.assert_allclose([*walk.end.values()], end, atol=5e-5)
    assert reached(problem, walk) is not None


@pytest.mark.parametrize("name", LANDSCAPE_NAMES)
def test_the_default_walk_reaches_a_minimum(name: str) -> None:
    problem = landscape(name)
    lr, steps = problem.walk
    walk = descend(problem, Settings(lr, steps, steps))
    assert reached(problem, walk) is not None


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers_walk_as_in_keras(optimizer: str) -> None:
    x, y = KERAS["start"]
    problem = Formula(KERAS["function"], {"x": x, "y": y})
    expected = KERAS["paths"][optimizer]
    walk = descend(problem, Settings(KERAS["lr"], len(expected), 1, optimizer))
    assert walk.points is not None
    # Keras holds momentum and betas in float32.
    exact = optimizer in ("gd", "rmsprop")
    atol = 1e-12 if exact else 5e-6
    np.testing.assert_allclose(walk.points[1:], expected, rtol=0, atol=atol)


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
    assert all(math.isfinite(row.value) for row in walk.path)


def test_stopping_on_an_interrupt_keeps_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = landscape("sphere")
    step = problem.stepper()
    calls = 0

    def interrupted(at: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 7:
            raise KeyboardInterrupt
        return step(at)

    monkeypatch.setattr(problem, "stepper", lambda: interrupted)
    walk = descend(problem, Settings(0.1, 100, 1))
    assert (walk.stopped, walk.steps, len(walk.path)) == ("interrupted", 6, 6)


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
    from gradcli.check.numeric import STEPS

    assert set(METHODS) == set(STEPS)


def test_rows_are_taken_every_so_many_steps() -> None:
    walk = descend(landscape("sphere"), Settings(0.01, 10, 4))
    assert [row.step for row in walk.path] == [0, 4, 8]
    assert len(walk.values) == 10
    assert walk.points is not None
    assert len(walk.points) == 11
    assert gradcli.descent.Settings._fields[0] == "lr"
