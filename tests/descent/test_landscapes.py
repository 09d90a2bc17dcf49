"""Landscapes: their published forms and minima, and one more that is declared in a test."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from gradcli import catalogue
from gradcli.check import check
from gradcli.cli.main import cli
from gradcli.formula import LANDSCAPES, Landscape, LandscapeProblem
from gradcli.gradient import differentiate
from gradcli.problem import Walk
from tests.conftest import Gradcli


def test_published_minima_are_minima() -> None:
    """The gradient vanishes there, the Hessian does not fall, the value is as published."""
    assert list(LANDSCAPES) == list(catalogue.LANDSCAPES)
    for name, found in LANDSCAPES.items():
        for x, y, value in found.minima:
            at = differentiate(LandscapeProblem(name, (x, y), "float64"))
            assert float(at.value) == pytest.approx(value, abs=1e-5), name
            if name != "ackley":  # which has a kink there
                assert all(abs(g) < 1e-3 for g in at.gradients.values()), name
            for dx, dy in ((1e-3, 0), (-1e-3, 0), (0, 1e-3), (0, -1e-3)):
                beside = LandscapeProblem(name, (x + dx, y + dy), "float64")
                assert beside.value > at.value - 1e-9


@pytest.mark.parametrize(
    ("name", "point", "value"),
    [
        ("himmelblau", (0, 0), 170), ("rosenbrock", (-1.2, 1), 24.2), ("booth", (0, 0), 74),
        ("beale", (0, 0), 14.203125), ("rastrigin", (0.5, 0.5), 40.5), ("sphere", (3, 4), 25),
        ("ackley", (1, 0), 20 - 20 * math.exp(-0.2 * math.sqrt(0.5))), ("mccormick", (0, 0), 1),
    ],
)  # fmt: skip
def test_landscapes_have_their_published_form(name: str, point: Any, value: float) -> None:
    """Values at round points, by hand from the definitions in the sources."""
    problem = LandscapeProblem(name, point, "float64")
    assert float(problem.value) == pytest.approx(value, rel=1e-12)


def test_a_landscape_stays_one_in_float64() -> None:
    """0.1 in float32 is 0.100000001490116...; as given it is 0.1."""
    problem = LandscapeProblem("sphere", (0.1, 0.0))
    given, rounded = problem.in_float64(), problem.rounded()
    assert rounded is not None
    assert (given.primals["x"], rounded.primals["x"]) == (0.1, 0.10000000149011612)
    assert given.minima == rounded.minima == ((0.0, 0.0, 0.0),)
    assert given.rounded() is None


def test_a_landscape_is_added_by_one_declaration(
    gradcli: Gradcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Matyas's function, whose minimum is 0 at the origin (Jamil & Yang 2013, function 71)."""
    matyas = Landscape(
        "0.26*(x^2 + y^2) - 0.48*x*y", ((0.0, 0.0, 0.0),), "Jamil & Yang, 2013, function 71",
        (4.0, -2.0), Walk(0.5, 1000),
    )  # fmt: skip
    monkeypatch.setitem(LANDSCAPES, "matyas", matyas)
    monkeypatch.setitem(catalogue.LANDSCAPES, "matyas", "a flat bowl")
    assert "matyas" in gradcli("--help").out
    assert "matyas" in gradcli("descend --help").out
    assert "did you mean 'matyas'" in gradcli("matias").err
    completed = {"_GRADCLI_COMPLETE": "bash_complete", "COMP_WORDS": "gradcli mat"}
    ran = CliRunner().invoke(cli, [], env={**completed, "COMP_CWORD": "1"}, prog_name="gradcli")
    assert "matyas" in ran.output
    assert matyas.formula in gradcli("landscapes").out
    assert gradcli("landscapes --json").json["matyas"]["start"] == [4, -2]
    assert check(LandscapeProblem("matyas")).verdict == "pass"
    ran = gradcli("matyas")
    assert ran.code == 0
    assert "lr 0.5, 1000 steps" in ran.out
    assert "the minimum at (0.0000, 0.0000), value 0" in ran.out


def test_a_walk_along_one_variable(gradcli: Gradcli) -> None:
    """At y = 0, d/dx = 4 x (x^2 - 11) + 2 (x - 7) = 0 at x = -3.058712..., a cubic's root."""
    answer = gradcli("himmelblau --start -4 0 --wrt x --dtype float64 --json").json
    root = min(np.roots([4, 0, -42, -14]).real)
    assert answer["path"][-1]["at"] == {"x": pytest.approx(root, rel=1e-12)}
    assert answer["spec"]["wrt"] == ["x"]
    assert gradcli("check himmelblau --wrt y").code == 0
