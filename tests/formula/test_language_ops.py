"""Every op through the formula language, its declaration found by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcli.answer import jacobians
from gradcli.engine import REGISTRY, GradientTape, Op, Tensor
from gradcli.engine.domain import Case
from gradcli.engine.nest import leaves
from gradcli.formula import Formula
from gradcli.formula.written import as_formula, outcomes
from gradcli.gradient import differentiate

CASES = [
    pytest.param(op, case, id=f"{op.name}-{i}")
    for op in REGISTRY.values()
    if op.differentiable
    for i, case in enumerate(op.cases)
]
CONSTANT = {
    "equal": ("equal([1, 2, x], 2)", [False, True, False]),
    "not_equal": ("[1, 2, x] != 2", [True, False, True]),
    "less": ("less(a=x, b=[1, 4])", [False, True]),
    "less_equal": ("[x, 4] <= 3", [True, False]),
    "greater": ("[x, 4] > 3", [False, True]),
    "greater_equal": ("[x, 2] >= 3", [True, False]),
    "logical_and": ("x > 2 and [1, 0]", [True, False]),
    "logical_or": ("x < 2 or [1, 0]", [True, False]),
    "logical_not": ("not [x, 0]", [False, True]),
    "bitwise_and": ("bitwise_and(x > 2, [x, 4] > 3)", [False, True]),
    "bitwise_or": ("bitwise_or(x > 3, [x, 4] > 3)", [False, True]),
    "invert": ("invert([x, 4] > 3)", [True, False]),
    "isnan": ("isnan([x, inf - inf])", [False, True]),
    "isinf": ("isinf([x, -inf])", [False, True]),
    "isfinite": ("isfinite([x, -inf])", [True, False]),
    "signbit": ("signbit([x, -x])", [False, True]),
    "all": ("all([[x, 0], [1, 2]], axis=1)", [False, True]),
    "any": ("reduce_any([[x, 0], [0, 0]], axis=1)", [True, False]),
    "isclose": ("isclose([1, 2], [1 + 1e-9, x])", [True, False]),
    "allclose": ("allclose([1, 2], [1 + 1e-9, 2])", True),
    "argmax": ("argmax([[1, x, 2], [7, 4, 5]], axis=1)", [1, 0]),
    "argmin": ("argmin([4, x, 5], keepdims=True)", [1]),
    "argsort": ("argsort([4, x, 5])", [1, 0, 2]),
    "argwhere": ("where([[0, x], [1, 0]] > 0)", [[0, 1], [1, 0]]),
    "flatnonzero": ("flatnonzero([[0, x], [1, 0]])", [1, 2]),
    "nonzero": ("nonzero([[0, x], [1, 0]])", [[0, 1], [1, 0]]),
    "count_nonzero": ("count_nonzero([[0, x], [1, 1]], axis=1)", [1, 2]),
    "zeros_like": ("zeros_like([x, 1])", [0.0, 0.0]),
    "ones_like": ("ones_like([x, 1])", [1.0, 1.0]),
    "stop_gradient": ("stop_gradient(x)^2", 9.0),
    "one_hot": ("one_hot([0, 2, 5], depth=3)", [[1.0, 0, 0], [0, 0, 1], [0, 0, 0]]),
    "eye": ("eye(2)", [[1.0, 0], [0, 1]]),
    "zeros": ("zeros([1, 2])", [[0.0, 0]]),
    "ones": ("ones([3])", [1.0, 1, 1]),
    "signdet": ("slogdet([[0, 1], [x, 0]]).sign", -1.0),
}
"""For each op without a gradient a formula of x = 3, and its value as NumPy's documents say."""


def sampled(op: Op, case: Case) -> list[Any]:
    return op.sample(case, np.random.default_rng(11))


def engine_gradients(op: Op, case: Case, arrays: list[Any]) -> tuple[list[Any], list[Any]]:
    """The outcomes and, for each real array, the gradient of the sum of their squares."""
    inputs = [Tensor(a) if getattr(a, "dtype", np.dtype(int)).kind == "f" else a for a in arrays]
    watched = [a for a in inputs if isinstance(a, Tensor)]
    with GradientTape() as tape:
        tape.watch(watched)
        out = op.call(inputs, case.params)
        parts = [part for part in leaves(out) if part.dtype.kind == "f"]
        total: Any = Tensor(np.float64(0))
        for part in parts:
            total = total + (part * part).sum()
    slopes = tape.gradient(total, watched, unconnected_gradients="zero")
    return parts, [slope.value for slope in slopes]


def formula_of(op: Op, case: Case, arrays: list[Any], dtype: str) -> Formula:
    text, values = as_formula(op, arrays, case.params)
    parts = list(outcomes("y", op.call(arrays, case.params)))
    total = " + ".join([f"sum({part}^2)" for part, _ in parts])
    return Formula(f"y = {text}; {total}", values, None, dtype)


@pytest.mark.parametrize(("op", "case"), CASES)
def test_a_formula_has_the_value_and_gradients_of_the_engine(op: Op, case: Case) -> None:
    arrays = sampled(op, case)
    expected, slopes = engine_gradients(op, case, arrays)
    text, values = as_formula(op, arrays, case.params)
    for part, value in outcomes(text, op.call(arrays, case.params)):
        np.testing.assert_array_equal(Formula(part, values).value, value, err_msg=part)
    formula = formula_of(op, case, arrays, "float64")
    found = differentiate(formula)
    total = sum(float((p.value**2).sum() if isinstance(p, Tensor) else (p**2).sum())
                for p in expected)  # fmt: skip
    np.testing.assert_allclose(found.value, total, 1e-13)
    for slope, by_name in zip(slopes, found.gradients.values()):
        np.testing.assert_allclose(by_name, slope, 1e-13, 1e-15)


@pytest.mark.parametrize(("op", "case"), CASES)
def test_in_float32_everything_is_float32(op: Op, case: Case) -> None:
    arrays = sampled(op, case)
    formula = formula_of(op, case, arrays, "float32")
    assert formula.value.dtype == np.float32
    found = differentiate(formula)
    assert found.value.dtype == np.float32
    assert {g.dtype for g in found.gradients.values()} == {np.dtype(np.float32)}
    assert {step.value.dtype for step in found.steps} <= {np.dtype(np.float32)}
    value, gradients = formula.stepper()(formula.primals)
    np.testing.assert_array_equal(value, found.value)
    for name, gradient in gradients.items():
        np.testing.assert_array_equal(gradient, found.gradients[name])
    wide = differentiate(formula_of(op, case, arrays, "float64"))
    for name, gradient in found.gradients.items():
        scale = np.max(np.abs(wide.gradients[name]), initial=1.0)
        np.testing.assert_allclose(gradient, wide.gradients[name], 2e-4, 2e-5 * scale)


@pytest.mark.parametrize("op", REGISTRY.values(), ids=lambda op: op.name)
def test_ops_without_a_gradient_have_their_value(op: Op) -> None:
    assert op.differentiable is (op.name not in CONSTANT)
    if op.name in CONSTANT:
        text, expected = CONSTANT[op.name]
        for dtype in ("float32", "float64"):
            value = Formula(text, {"x": 3.0}, None, dtype).value
            np.testing.assert_array_equal(value, expected)
            kind = np.asarray(expected).dtype.kind
            assert value.dtype == (dtype if kind == "f" else np.asarray(expected).dtype)


def test_jacobians_of_several_outcomes() -> None:
    found = jacobians(Formula("split(x, 2)", {"x": [1.0, 2, 3, 4]}))["x"]
    np.testing.assert_array_equal(found, np.eye(4).reshape(2, 2, 4))
