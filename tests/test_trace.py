"""The trace: what each use of a value gives to its gradient, and that the uses add up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcli.formula import Formula
from gradcli.gradient import differentiate
from gradcli.model import Model
from gradcli.problem import Problem
from gradcli.trace import Trace, trace_of
from tests.conftest import Gradcli


def traced(problem: Problem) -> Trace:
    return trace_of(differentiate(problem))


def formula(text: str, **values: Any) -> Formula:
    return Formula(text, {n: np.asarray(v, np.float64) for n, v in values.items()}, None, "float64")


def test_each_use_of_a_variable_gives_its_part() -> None:
    """d(xy + x + x^2)/dx = y + 1 + 2x, at x = 3, y = 2."""
    uses = traced(formula("x*y + x + x^2", x=3, y=2)).uses
    assert [(use.by, float(use.gradient)) for use in uses["x"]] == [
        ("v1", 2.0), ("v2", 1.0), ("v3", 6.0),
    ]  # fmt: skip
    assert list(uses) == ["x"]


def test_a_step_that_takes_a_value_twice_uses_it_twice() -> None:
    uses = traced(formula("x*x", x=3)).uses
    assert [(use.by, float(use.gradient)) for use in uses["x"]] == [("v1", 3.0), ("v1", 3.0)]


def test_parts_have_the_shape_of_what_is_used() -> None:
    """d sum(W b + b)/db: the column sums of W for one use, 1 for the other."""
    uses = traced(formula("sum(W*b) + sum(b)", W=[[1, 2], [3, 5]], b=[1, 1])).uses
    np.testing.assert_array_equal([use.gradient for use in uses["b"]], [[4, 7], [1, 1]])


def test_a_use_that_leads_nowhere_is_no_use() -> None:
    assert traced(formula("y = x*x; sin(x)", x=3)).uses == {}


@pytest.mark.parametrize(
    "problem",
    [
        formula("a = exp(x); sum(a * x / (1 + a)) + max(x) * sum(x^2)", x=[0.5, -1, 2]),
        formula("sum(concatenate([x, y, x*2]) * 3) + x[0] * y[1]", x=[1, 2], y=[3, 4]),
    ],
    ids=["formula", "lists"],
)  # fmt: skip
def test_the_uses_add_up_to_the_gradient(problem: Problem) -> None:
    trace = traced(problem)
    gradients = {made.name: made.gradient for made in (*trace.leaves, *trace.steps)}
    assert trace.uses
    for name, uses in trace.uses.items():
        total = np.sum([use.gradient for use in uses], axis=0)
        np.testing.assert_allclose(total, gradients[name], rtol=1e-5, atol=1e-12)
        assert len(uses) > 1


def test_leaves_are_all_that_a_model_is_made_from() -> None:
    model = Model.from_spec({"loss": "mse", "in": 3, "out": 2})
    leaves = {leaf.name: leaf for leaf in traced(model).leaves}
    assert set(leaves) == {"x", "y", "w", "b"}
    assert leaves["x"].gradient is None
    gradient = leaves["w"].gradient
    assert gradient is not None
    assert gradient.shape == (3, 2)


def test_the_screen_shows_leaves_and_sums(gradcli: Gradcli) -> None:
    out = gradcli('formula "x*y + x" x=3 y=2 --trace').out
    assert "x  scalar\n  value      3.0\n  dvalue/dx  2.0 (by v1) + 1.0 (by v2) = 3.0\n" in out
    assert "y  scalar\n  value      2.0\n  dvalue/dy  3.0\n" in out


def test_the_screen_shows_the_parts_of_an_array_below_it(gradcli: Gradcli) -> None:
    out = gradcli('formula "sum(x*y) + sum(x)" x=3,4 y=2,10 --trace').out
    assert "  dvalue/dx  3.0  11.0\n    by v1    2.0  10.0\n    by v3    1.0  1.0\n" in out


def test_json_has_the_contributions_where_there_are_several(gradcli: Gradcli) -> None:
    answer = gradcli('formula "y = x^2; y*x + y" x=3 --trace --json').json
    assert answer["contributions"] == {"x": [{"by": "y", "grad": 24.0}, {"by": "v1", "grad": 9.0}]}
    steps = {step["name"]: step for step in answer["trace"]}
    assert steps["y"]["contributions"] == [{"by": "v1", "grad": 3.0}, {"by": "v2", "grad": 1.0}]
    assert "contributions" not in steps["v1"]


def test_an_op_of_a_list_has_a_rule_for_each_input(gradcli: Gradcli) -> None:
    out = gradcli('formula "sum(concatenate([x, y]))" x=1,2 y=3,4 --trace').out
    part = "the part of g that came from it"
    assert f"dx = {part}, dy = {part}" in out


def test_numbers_in_a_step_have_the_digits_of_their_dtype(gradcli: Gradcli) -> None:
    formula = 'formula "x * 0.123456789 + y / 3" x=1 y=2 --trace'
    assert "multiply(x, 0.123456789)" in gradcli(formula).out
    assert "divide(y, 3)" in gradcli(formula).out
