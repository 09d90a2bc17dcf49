"""How a walk ended: converged only where it has, and what went wrong where it has not."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gradcli.descent import Settings, descend
from gradcli.formula import Formula, LandscapeProblem
from tests.conftest import Gradcli


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("formula", "x", "lr", "steps", "converged", "trend"),
    [
        ("(x-3)^2 + 1", 0, 0.2, 200, True, None),
        ("(x-3)^2 + 1", 0, 0.2, 10, False, None),
        ("(x-1e6)^2", 0, 0.3, 200, True, None),
        ("(x-3)^2", 3.001, 0.2, 200, True, None),  # the walk begins near its end
        ("(x-3)^2", 3, 0.2, 5, True, None),  # and there
        ("relu(x)", -1, 0.1, 10, True, None),
        ("1e-10*(x-1)^2", 0, 1e9, 200, True, None),
        ("1e-10*(x-1)^2", 0, 0.1, 200, False, None),  # the gradient is small beside 1 only
        ("1e-10*(x-1)^2", 1, 0.1, 200, True, None),
        ("x", 1, 0.1, 100, False, None),  # no minimum at all
        ("exp(-x)", 0, 0.5, 100, False, None),  # one at infinity
        ("(x-1)^2", 0, 1, 200, False, "oscillating"),  # 0, 2, 0, 2 ...
        ("(x-1)^2", 0, 1, 2, False, "oscillating"),
        ("(x-1)^2", 0, 0.99, 5, False, None),  # to and fro, but nearer each time
        ("abs(x)", 1, 0.03, 200, False, "oscillating"),
        ("(x-1)^2", 0, 1.01, 20, False, "diverging"),
        ("(x-1)^2", 0, 1.1, 1, False, "diverging"),
    ],
)
def test_endings(
    formula: str, x: float, lr: float, steps: int, converged: bool, trend: str | None, dtype: str
) -> None:
    if (formula, lr, dtype) == ("1e-10*(x-1)^2", 0.1, "float32") and x == 0:
        trend = "still"  # 2e-11 a step: the value stays 1e-10
    walk = descend(Formula(formula, {"x": x}, None, dtype), Settings(lr, steps, steps))
    assert (walk.converged, walk.trend) == (converged, trend)


def test_a_gradient_that_is_small_beside_the_first_alone() -> None:
    """Down x^4 from 100: x = 1 / sqrt(8 lr k) after k small steps, and 4 x^3 is 62 at 2.5."""
    walk = descend(Formula("x^4", {"x": 100}, None, "float32"), Settings(1e-5, 2000, 2000))
    assert float(walk.path[-1].grad_norm) == pytest.approx(62.5, rel=0.05)
    assert not walk.converged


@pytest.mark.parametrize("steps", range(200, 208))
def test_a_swing_of_many_steps_oscillates_at_every_one(steps: int) -> None:
    """Momentum on |x|: it overshoots for some steps before it turns."""
    walk = descend(Formula("abs(x)", {"x": 1}), Settings(0.1, steps, steps, "momentum"))
    assert walk.trend == "oscillating"


def test_a_tolerance_is_the_only_measure_where_one_is_given() -> None:
    problem = Formula("(x-3)^2 + 1", {"x": 0})
    assert not descend(problem, Settings(0.2, 200, 10, tol=1e-300)).converged
    walk = descend(problem, Settings(0.5, 1, 1, tol=1e-3))  # there in one step
    assert (walk.converged, walk.stopped, walk.steps) == (True, "tol", 1)


@pytest.mark.parametrize(
    ("start", "reached"), [((0.0, 0.0), True), ((1e-9, 0.0), False), ((0.02, 0.0), None)]
)
def test_ackley_has_its_minimum_at_a_kink(start: Any, reached: bool | None) -> None:
    """Its value grows by 2.8 times the distance: 1e-9 from there it is 2.8e-9, and not 0."""
    walk = descend(LandscapeProblem("ackley", start, "float64"), Settings(1e-12, 1, 1))
    assert (None if walk.arrival is None else walk.arrival.reached) == reached


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("ackley", r"not converged: gradient norm 2\.9\d*; oscillating: .* over the last 250 steps:"
                   r" lower the learning rate \(it is 0\.001\)\n0\.0015 from the minimum at"),
        ("descend formula (x-1)^2 x=0 --lr 1 --steps 1",
         r"gradient norm 2\.0; the value has not changed over the last 1 step\n"),
        ("descend formula (x-1)^2 x=0 --lr 1.1 --steps 1",
         r"; diverging: the value rose from 1\.0 to 1\.44: lower the learning rate \(it is 1\.1\)"),
        ("descend formula (x-1)^2 x=0 --lr .1 --steps 3",
         r"not converged: gradient norm 1\.024; the value fell over the last 2 steps: take more\n"),
        ("descend formula (x-1)^2 x=0 --lr .5 --steps 1", r"\nconverged: gradient norm 0\.0\n"),
    ],
)  # fmt: skip
def test_the_ending_is_said(command: str, expected: str, gradcli: Gradcli) -> None:
    ran = gradcli(command)
    assert (ran.code, ran.err) == (0, "")
    assert re.search(expected, ran.out), ran.out
    assert ran.out.count(" step ") == ran.out.count("descend ") == 1
    document = gradcli(f"{command} --json").json
    assert document["converged"] == ("not converged" not in ran.out)
    assert document.get("trend") == next(
        (t for t in ("oscillating", "diverging") if t in ran.out),
        "still" if "has not changed" in ran.out else None,
    )
