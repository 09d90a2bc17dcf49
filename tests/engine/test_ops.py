"""Every declared op, from its own domain: orders 1 and 2, both dtypes, broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcli.engine as engine
from gradcli.engine import REGISTRY, GradientTape, Op, Tensor
from gradcli.engine.domain import Case
from gradcli.engine.nest import leaves
from tests.numeric import derivative

CALLS = [
    pytest.param(op, case, id=f"{op.name}-{i}")
    for op in REGISTRY.values()
    if op.differentiable
    for i, case in enumerate(op.cases)
]


def inputs(op: Op, case: Case, dtype: Any = np.float64) -> list[Any]:
    arrays = []
    for array in op.sample(case, np.random.default_rng(5)):
        if array is not None:
            array = array.astype(dtype) if array.dtype.kind == "f" else array.copy()
            array.flags.writeable = False
        arrays.append(array)
    return arrays


def call(op: Op, arrays: Any, params: dict[str, Any]) -> Any:
    """The op's floating-point results as one array."""
    out = op.call(list(arrays), params)
    if not isinstance(out, (list, tuple)):
        return out
    parts = [p for p in leaves(out) if p.dtype.kind in "fc"]
    return engine.concatenate([p.reshape(-1) for p in parts])


@pytest.mark.parametrize(("op", "case"), CALLS)
def test_first_and_second_order_match_numeric_derivatives(op: Op, case: Case) -> None:
    arrays = inputs(op, case)
    rng = np.random.default_rng(6)
    weights = rng.uniform(0.5, 1.5, np.shape(call(op, arrays, case.params)))
    for i in op.smooth_inputs(arrays):
        direction = rng.uniform(0.5, 1.5, arrays[i].shape)

        def with_input(x: Any, i: int = i) -> Any:
            return call(op, [*arrays[:i], x, *arrays[i + 1 :]], case.params)

        def value(x: Any, f: Any = with_input) -> Any:
            return np.sum(f(x) * weights)

        def slope(x: Any, f: Any = with_input, d: Any = direction) -> Any:
            return np.sum(engine.grad(lambda t: (f(t) * weights).sum())(x) * d)

        first = engine.grad(lambda t, f=with_input: (f(t) * weights).sum())(arrays[i])
        np.testing.assert_allclose(first.numpy(), derivative(value, arrays[i]), 1e-8, 1e-9)
        second = engine.grad(slope)(arrays[i])
        expected = derivative(lambda x, s=slope: s(x).numpy(), arrays[i])
        np.testing.assert_allclose(second.numpy(), expected, 1e-7, 1e-8)


@pytest.mark.parametrize(("op", "case"), CALLS)
def test_float32_stays_float32_and_agrees_with_float64(op: Op, case: Case) -> None:
    if op.name == "astype":
        return
    results = []
    for dtype in (np.float32, np.float64):
        arrays = inputs(op, case, dtype)
        tensors = tensors_of(arrays)
        wanted = [tensors[i] for i in op.smooth_inputs(arrays)]
        with GradientTape() as tape:
            tape.watch(wanted)
            out = call(op, tensors, case.params)
        grads = tape.gradient(out, wanted)
        assert out.dtype == dtype
        assert [g.dtype for g in grads] == [dtype] * len(grads)
        assert [g.shape for g in grads] == [t.shape for t in wanted]
        results.append([out, *grads])
    for single, double in zip(*results):
        np.testing.assert_allclose(single.numpy(), double.numpy(), 2e-5, 2e-6)


@pytest.mark.parametrize(("op", "case"), CALLS)
def test_plain_arrays_pass_straight_to_numpy(op: Op, case: Case) -> None:
    out = call(op, inputs(op, case), case.params)
    assert not isinstance(out, Tensor)
    on_tensor = call(op, tensors_of(inputs(op, case)), case.params)
    np.testing.assert_array_equal(out, on_tensor.value)


@pytest.mark.parametrize("op", REGISTRY.values(), ids=lambda op: op.name)
def test_every_declaration_says_its_rule(op: Op) -> None:
    assert op.signature == f"{op.name}({op.signature.partition('(')[2]}"
    assert len(op.rules) == len(op.vjps) or isinstance(op, engine.op.Composite)
    assert all(rule.isascii() for rule in op.rules)
    assert bool(op.rules) == op.differentiable


def tensors_of(arrays: list[Any]) -> list[Any]:
    return [a if a is None or a.dtype.kind != "f" else Tensor(a) for a in arrays]


@pytest.mark.parametrize(("op", "case"), [c for c in CALLS if c.values[0].analytic])
def test_analytic_ops_take_a_complex_step(op: Op, case: Case) -> None:
    """Squire & Trapp 1998: Im f(x + ih) / h is the derivative, where f is analytic."""
    arrays = inputs(op, case)
    for i in op.smooth_inputs(arrays):
        gradient = engine.grad(lambda t, i=i: call(op, swap(arrays, i, t), case.params).sum())
        direction = np.random.default_rng(7).uniform(0.5, 1.5, arrays[i].shape)
        stepped = call(op, swap(arrays, i, arrays[i] + 1e-30j * direction), case.params)
        expected = np.imag(np.sum(stepped)) / 1e-30
        assert np.sum(gradient(arrays[i]).numpy() * direction) == pytest.approx(expected, rel=1e-11)


def swap(arrays: list[Any], i: int, value: Any) -> list[Any]:
    return [*arrays[:i], value, *arrays[i + 1 :]]
