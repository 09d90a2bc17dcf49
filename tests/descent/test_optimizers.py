"""Optimizers: Keras's numbers, their state, and one more that is declared in a test."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from gradcli import catalogue
from gradcli.cli.main import cli
from gradcli.descent import Optimizer, Settings, descend
from gradcli.descent.optimizers import RULES, optimizer
from gradcli.errors import SpecError
from gradcli.formula import Formula
from tests.conftest import HERE, Gradcli

KERAS = json.loads((HERE / "keras_optimizers.json").read_text())


def test_the_catalogue_has_a_line_for_each() -> None:
    assert list(RULES) == list(catalogue.OPTIMIZERS)
    assert all(rule.update.__doc__ for rule in RULES.values())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", RULES)
def test_optimizers_walk_as_in_keras(name: str, dtype: str) -> None:
    x, y = KERAS["start"]
    problem = Formula(KERAS["function"], {"x": x, "y": y}, None, dtype)
    expected = KERAS["paths"][name]
    walk = descend(problem, Settings(KERAS["lr"], len(expected), 1, name))
    assert walk.points is not None
    # Keras holds momentum and betas in float32.
    exact = name in ("gd", "rmsprop") and dtype == "float64"
    atol = 1e-12 if exact else 5e-6
    np.testing.assert_allclose(walk.points[1:], expected, rtol=0, atol=atol)
    assert all(value.dtype == dtype for value in walk.end.values())
    state = walk.optimizer.state["x"]
    assert list(state) == list(RULES[name].slots)
    assert all(slot.dtype == dtype for slot in state.values())


def test_what_an_optimizer_carries_can_be_read() -> None:
    """Momentum 0.5 at 0.1 down a slope of 1: v = -0.1, -0.15; x = 0.9, 0.75. Arrays likewise."""
    found = Optimizer("momentum", 0.1, momentum=0.5)
    given = {"x": np.float64(1), "w": np.ones((2, 1))}
    for array in given.values():
        np.asarray(array).flags.writeable = False
    at: Any = given
    for _ in range(2):
        at = found.step(at, {"x": np.float64(1), "w": np.ones((2, 1))})
    np.testing.assert_allclose(at["x"], 0.75, rtol=1e-15)
    np.testing.assert_allclose(at["w"], [[0.75], [0.75]], rtol=1e-15)
    np.testing.assert_allclose(found.state["x"]["velocity"], -0.15, rtol=1e-15)
    np.testing.assert_allclose(found.state["w"]["velocity"], [[-0.15], [-0.15]], rtol=1e-15)
    assert (found.name, found.taken, found.keys) == ("momentum", 2, {"momentum": 0.5})
    np.testing.assert_array_equal(given["w"], 1)


def test_a_name_that_is_not_known() -> None:
    with pytest.raises(SpecError, match="unknown optimizer 'adm'; did you mean 'adam'"):
        descend(Formula("x^2", {"x": 1}), Settings(0.1, 1, 1, "adm"))


def test_an_optimizer_is_added_by_one_declaration(
    gradcli: Gradcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps of the learning rate's length along each axis: from 1 by 0.25, three of them."""
    monkeypatch.setattr("gradcli.descent.optimizers.RULES", dict(RULES))
    monkeypatch.setattr("gradcli.catalogue.OPTIMIZERS", catalogue.OPTIMIZERS)
    monkeypatch.setitem(catalogue.OPTIMIZERS, "sign_descent", "by the gradient's sign alone")

    @optimizer
    def sign_descent(p: Any, g: Any, lr: float, t: int) -> tuple[Any, ...]:
        return (p - lr * np.sign(g),)

    assert "sign_descent" in gradcli("descend formula --help").out
    told = gradcli("descend formula x^2 x=1 --optimizer sign_decent")
    assert (told.code, "did you mean 'sign_descent'?" in told.err) == (2, True)
    words = "gradcli descend formula --optimizer sig"
    completion = {"_GRADCLI_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "4"}
    assert "sign_descent" in CliRunner().invoke(cli, [], env=completion, prog_name="gradcli").output
    walk = "descend formula x^2 x=1 --lr 0.25 --steps 3 --every 1 --optimizer sign_descent --json"
    assert [row["at"]["x"] for row in gradcli(walk).json["path"]] == [1, 0.75, 0.5, 0.25]
