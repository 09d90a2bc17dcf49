"""Every declared op, from its own domain: orders 1 and 2, both dtypes, broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcli.engine as engine
from gradcli.engine import REGISTRY, GradientTape, Op, Tensor
from gradcli.engine.domain import Case
from gradcli.engine.op import Variadic
from tests.numeric import derivative

CALLS = [
    pytest.param(op, case, id=f"{op.name}-{i}")
    for op in REGISTRY.values()
    if op.differentiable
    for i, case in enumerate(op.cases)
]


def inputs(op: Op, case: Case, dtype: Any = np.float64) -> list[Any]:
    rng = np.random.default_rng(5)
    arrays = []
    for i, shape in enumerate(case.shapes):
        domain = op.domains[min(i, len(op.domains) - 1)]
        array = domain.sample(rng, shape).astype(dtype)
        array.flags.writeable = False
        arrays.append(array)
    if op.name == "where":
        arrays[0] = arrays[0] > 0
    return arrays


def call(op: Op, arrays: Any, params: dict[str, Any]) -> Any:
    out = op(list(arrays), **params) if isinstance(op, Variadic) else op(*arrays, **params)
    if op.name == "top_k":
        return out[0]
    return engine.concatenate(out) if isinstance(out, list) else out


def smooth(op: Op) -> list[int]:
    """The positions of the inputs that carry a gradient."""
    if op.name in ("where", "scatter_nd"):
        return [i for i, vjp in enumerate(op.vjps) if vjp]
    return list(range(9))


@pytest.mark.parametrize(("op", "case"), CALLS)
def test_first_and_second_order_match_numeric_derivatives(op: Op, case: Case) -> None:
    arrays = inputs(op, case)
    rng = np.random.default_rng(6)
    weights = rng.uniform(0.5, 1.5, np.shape(call(op, arrays, case.params)))
    for i in smooth(op)[: len(arrays)]:
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
        tensors = [Tensor(a) for a in arrays]
        wanted = [tensors[i] for i in smooth(op)[: len(arrays)]]
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
    on_tensor = call(op, [Tensor(a) for a in inputs(op, case)], case.params)
    np.testing.assert_array_equal(out, on_tensor.value)


@pytest.mark.parametrize("op", REGISTRY.values(), ids=lambda op: op.name)
def test_every_declaration_says_its_rule(op: Op) -> None:
    assert op.signature == f"{op.name}({op.signature.partition('(')[2]}"
    assert len(op.rules) == len(op.vjps) or isinstance(op, engine.op.Composite)
    assert all(rule.isascii() for rule in op.rules)
    assert bool(op.rules) == op.differentiable
