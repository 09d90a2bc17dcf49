"""Values as one array moves are replays, and what a plain call gives.

To the last bit but for two ops: NumPy's numbers and its arrays have powers, and products of complex
numbers, of their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcli.engine import Op
from gradcli.engine.domain import Case
from gradcli.errors import GradcliError
from gradcli.formula import Formula
from gradcli.formula.written import as_formula, outcomes
from gradcli.gradient import quiet
from tests.engine.test_ops import CALLS


def plainly(formula: Formula, name: str, stack: Any) -> list[Any]:
    found = []
    for moved in stack:
        try:
            found.append(formula.forward({**formula.primals, name: moved}))
        except GradcliError:
            found.append(np.nan)
    return found


@pytest.mark.parametrize(("op", "case"), CALLS)
def test_every_op_moves_as_it_is_computed(op: Op, case: Case) -> None:
    rng = np.random.default_rng(2)
    arrays = op.sample(case, rng)
    written = as_formula(op, arrays, case.params)
    [text, _], *_ = outcomes(written.text, op.call(arrays, case.params))
    formula = Formula(f"y = {text}; sum(y * sin(y))", written.values)
    others = [op.sample(case, rng) for _ in range(9)]
    for i, array in enumerate(arrays):
        name = f"a{i}"
        if name not in formula.primals:
            continue
        stack = np.stack([np.asarray(other[i]) for other in others])
        assert stack.shape[1:] == np.shape(array)
        with quiet():
            found = formula.values(name, stack)
            expected = np.array(plainly(formula, name, stack))
            limit = 1e-15 if op.name in ("mish", "clip_by_global_norm") else 0
            np.testing.assert_allclose(found, expected, limit)
            if op.analytic:
                stack = stack + 1e-20j
                found, expected = formula.values(name, stack), plainly(formula, name, stack)
                np.testing.assert_allclose(np.real(found), np.real(expected), limit)
                np.testing.assert_allclose(np.imag(found), np.imag(expected), limit)


@pytest.mark.parametrize(
    "text", ["x[argmax(x)]*3 + x[0]", "sort(x)[3]*y", "x[0] if x[1] > 2 else y"]
)
def test_what_goes_by_numbers_is_computed_anew(text: str) -> None:
    formula = Formula(text, {"x": np.arange(5.0), "y": 2.0})
    stack = np.random.default_rng(0).uniform(0, 4.9, (20, 5))
    np.testing.assert_array_equal(formula.values("x", stack), plainly(formula, "x", stack))


def test_what_does_not_move_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    formula = Formula("sum(tanh(w)) * x", {"x": 2.0, "w": np.ones(3)})
    formula.values("x", np.arange(9.0))
    monkeypatch.setattr(formula, "forward", None)
    np.testing.assert_allclose(formula.values("x", np.arange(20.0)), 3 * np.tanh(1) * np.arange(20))


def test_where_a_replay_fails_there_is_no_value() -> None:
    """Its rows are judged one by one: inv of a singular matrix has no value, the others have."""
    formula = Formula("sum(inv(x))", {"x": np.eye(2)})
    stack = np.stack([np.eye(2) * k for k in range(12)])
    found = formula.values("x", stack)
    assert np.isnan(found[0])
    np.testing.assert_allclose(found[1:], 2 / np.arange(1, 12))
