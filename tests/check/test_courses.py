"""The roundings of operations that are replayed are those of operations that a tape records."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcli.check.courses import Courses
from gradcli.check.rounding import Rounding, entry_rounding
from gradcli.formula import Formula
from gradcli.gradient import differentiate, quiet
from gradcli.layer_kinds import LAYERS
from gradcli.model import Model
from gradcli.model.single import SingleLayer
from gradcli.problem import Problem
from tests.layers.test_every_kind import spec

FORMULAS = ("(1e8 + sum(x)) - 1e8", "sum(sort(x) * [1, 2, 3])", "u = exp(x); sum(x*u) + prod(x)")
PROBLEMS = {text: lambda text=text: Formula(text, {"x": [0.3, 1.5, -0.7]}) for text in FORMULAS}
PROBLEMS |= {kind: lambda kind=kind: SingleLayer.from_spec(spec(kind)) for kind in LAYERS}


def roundings(problem: Problem, courses: Courses) -> dict[str, list[Rounding]]:
    with quiet():
        return {
            name: [entry_rounding(courses, {name: np.array([i])}) for i in range(min(a.size, 3))]
            for name, a in problem.primals.items()
        }


@pytest.mark.parametrize("of", PROBLEMS)
def test_a_replay_is_as_a_tape(of: str, monkeypatch: pytest.MonkeyPatch) -> None:
    problem: Any = PROBLEMS[of]()
    result = differentiate(problem)
    courses = Courses(problem, result)
    assert courses._program is not None
    found = roundings(problem, courses)
    monkeypatch.setattr(Courses, "_program", None)
    recorded = roundings(problem, Courses(problem, result))
    for name, expected in recorded.items():
        np.testing.assert_allclose(found[name], expected, 1e-6, 1e-26)


def test_what_branches_is_recorded() -> None:
    """Which way it goes is asked of the value itself: no course of it can be frozen."""
    problem = SingleLayer.from_spec(spec("dense"))
    problem.forward = _branching(problem)  # type: ignore[method-assign]
    courses = Courses(problem, differentiate(problem))
    assert courses._program is None
    assert entry_rounding(courses, {"w": np.array([0])}).near > 0


def _branching(problem: Any) -> Any:
    whole = problem.forward

    def forward(primals: Any, note: Any = lambda name, value: value) -> Any:
        value = whole(primals, note)
        return value if value > 0 else -value

    return forward


def test_models_that_differ_in_numbers_only_share_a_program() -> None:
    """And each still has its own numbers: those of a tape."""
    keys = {"loss": "mse", "in": 3, "out": 2, "hidden": 5, "hidden_act": "tanh", "batch": 2}
    programs = set()
    for seed in range(3):
        model = Model.from_spec({**keys, "seed": seed}).in_float64()
        result = differentiate(model)
        courses = Courses(model, result)
        steps = np.concatenate([step.gradient.ravel() for step in result.steps])
        assert np.array_equal(courses.here.gradients, steps)
        moved = {name: 1.5 * primal for name, primal in model.primals.items()}
        value, gradients = courses.stepper(moved)
        expected = differentiate(model, moved)
        assert value == expected.value
        for name, gradient in gradients.items():
            assert np.array_equal(gradient, expected.gradients[name])
        programs.add(id(courses._program))
    assert len(programs) == 1
