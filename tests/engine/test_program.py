"""A Program gives what a tape gives, at other numbers and other shapes, too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcli.engine as engine
from gradcli.engine import GradientTape, Program, Tensor, tensor
from gradcli.engine.op import REGISTRY
from gradcli.engine.tape import active
from gradcli.engine.tensor import tracing
from gradcli.errors import GradientError
from tests.engine.test_ops import CALLS, call, inputs


@pytest.mark.parametrize(("op", "case"), CALLS)
def test_replay_equals_tape_for_every_op(op: Any, case: Any) -> None:
    arrays = inputs(op, case)
    first = op.smooth_inputs(arrays)[0]
    constants, sources = arrays[:first], arrays[first:]

    def value(*tensors: Any) -> Any:
        out = call(op, [*constants, *tensors], case.params)
        return (out * out).sum() + (tensors[0] * tensors[0]).sum()

    program = Program(value, sources, range(len(sources)))
    moved = [s * 0.9 for s in sources]
    for at in (sources, moved):
        tensors = [Tensor(a) for a in at]
        with GradientTape() as tape:
            tape.watch(tensors)
            expected = value(*tensors)
        gradients = tape.gradient(expected, tensors, unconnected_gradients="zero")
        found, replayed = program.value_and_grad(*at)
        assert found == expected.value
        for a, b in zip(replayed, gradients):
            np.testing.assert_array_equal(a, b.value)


def test_other_shapes_replay() -> None:
    program = Program(lambda x, w: (x @ w).sum(), (np.ones((2, 3)), np.ones((3, 1))), [1])
    value, (gradient,) = program.value_and_grad(np.full((5, 3), 2.0), np.ones((3, 1)))
    assert value == 30.0
    assert gradient.tolist() == [[10.0]] * 3


def test_unused_arguments_have_no_gradient() -> None:
    program = Program(lambda a, b: a * 2.0, (np.ones(()), np.ones(())), [0, 1])
    assert program.value_and_grad(np.array(3.0), np.array(1.0)) == (6.0, (2.0, None))


def test_comparisons_are_computed_anew() -> None:
    program = Program(lambda x: engine.where(x > 0, x * 3, x * 5).sum(), (np.array([1.0]),), [0])
    assert program.value_and_grad(np.array([-1.0]))[1][0].tolist() == [5.0]


@pytest.mark.parametrize(
    "branch",
    [lambda x: x if x > 0 else -x, lambda x: x * float(x), lambda x: x * x.numpy(), np.asarray],
)
def test_a_branch_on_a_value_is_refused(branch: Any) -> None:
    with pytest.raises(GradientError, match="replays one course"):
        Program(branch, (np.array(1.0),), [0])
    assert not tracing.on
    assert active.recorders == ()


def test_a_constant_function_is_refused() -> None:
    with pytest.raises(TypeError, match="depends on its arguments"):
        Program(lambda x: 1.0, (np.array(1.0),), [0])


def test_the_source_can_be_read() -> None:
    program = Program(lambda x: engine.tanh(x) * x, (np.array(1.0),), [0])
    assert "v1 = tanh(v0)" in program.source
    assert all(name.isidentifier() for name in REGISTRY)


def test_tensors_from_outside_are_constants() -> None:
    c = tensor(2.0)
    program = Program(lambda x: x * c, (1.0,), -1)
    assert program.value_and_grad(np.array(3.0)) == (6.0, (2.0,))
