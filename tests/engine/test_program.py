"""A Program gives what a tape gives, at other numbers and other shapes, too."""

from __future__ import annotations

import platform
import subprocess
import sys
import tracemalloc
from typing import Any

import numpy as np
import pytest

import gradcli.engine as engine
from gradcli.engine import GradientTape, Op, Program, Tensor, tensor, variable
from gradcli.engine.domain import Case
from gradcli.engine.op import REGISTRY
from gradcli.engine.program import MOST_COURSES
from gradcli.engine.tensor import active
from gradcli.errors import GradientError
from tests.engine.test_ops import CALLS, call


def sources_of(op: Op, case: Case, seed: int) -> list[Any]:
    return op.sample(case, np.random.default_rng(seed))


def test_other_outcomes_come_with_the_value_and_its_gradients() -> None:
    """They may be made before the value or after it, be an argument, or stay what they were."""

    def function(x: Any, w: Any) -> Any:
        z = x @ w
        loss = (z * z).sum()
        return loss, [z, engine.exp(loss), x, np.float64(7)]

    rng = np.random.default_rng(0)
    program = None
    for rows in (2, 3, 2):
        x, w = rng.normal(size=(rows, 3)), rng.normal(size=(3, 1)) / 4
        program = program or Program(function, (x, w), 1, has_aux=True)
        loss, (gradient,), (z, grown, same, seven) = program.value_and_grad(x, w)
        np.testing.assert_allclose(z, x @ w, 1e-14)
        np.testing.assert_allclose(loss, np.sum((x @ w) ** 2), 1e-14)
        np.testing.assert_allclose(gradient, 2 * x.T @ (x @ w), 1e-13)
        assert grown == pytest.approx(np.exp(loss), rel=1e-14)
        assert same is x
        assert seven == 7
    bare = Program(lambda x: ((x * x).sum(), ()), (np.ones(2),), 0, has_aux=True)
    assert bare.value_and_grad(np.ones(2))[2] == ()


@pytest.mark.parametrize(("op", "case"), CALLS)
def test_replay_equals_tape_for_every_op(op: Op, case: Case) -> None:
    """At other values (another order, another side of a kink) and at the shapes of other cases."""
    arrays = sources_of(op, case, 5)
    smooth = op.smooth_inputs(arrays)
    if op.sized_by_values:
        return
    assert smooth

    def value(*tensors: Any) -> Any:
        moved = dict(zip(smooth, tensors))
        out = call(op, [moved.get(i, a) for i, a in enumerate(arrays)], case.params)
        return (out * out * np.arange(1, 1 + out.size).reshape(out.shape)).sum() + (
            tensors[0] * tensors[0]
        ).sum()

    def pick(found: list[Any]) -> list[Any]:
        return [found[i] for i in smooth]

    points = [pick(sources_of(op, case, seed)) for seed in (5, 6, 7, 8)]
    points += [[-x for x in points[0]], [x.astype(np.float32) for x in points[0]]]
    for other in op.cases:
        if len(other.shapes) == len(case.shapes):
            found = sources_of(op, other, 9)
            if all(isinstance(found[i], np.ndarray) for i in smooth):
                points.append(pick(found))
    program = None
    for at in points:
        with np.errstate(all="ignore"):
            try:
                expected, gradients = by_tape(value, at)
            except (ValueError, IndexError, TypeError):  # this shape does not suit the parameters
                continue
            program = program or Program(value, at, range(len(at)))
            found, replayed = program.value_and_grad(*at)
        np.testing.assert_array_equal(found, expected.value)
        for a, b in zip(replayed, gradients):
            np.testing.assert_array_equal(0 * b.value if a is None else a, b.value)


def test_forward_alone() -> None:
    """No gradient is written, complex numbers go the course of real ones, a branch is refused."""

    def value(x: Any, w: Any) -> Any:
        return (engine.softmax(x @ w) * engine.exp(w[0])).sum() / len(x)

    rng = np.random.default_rng(3)
    program = Program(value, (rng.normal(size=(4, 3)), rng.normal(size=(3, 2))))
    for rows in (4, 7, 4):
        x, w = rng.normal(size=(rows, 3)), rng.normal(size=(3, 2))
        both = Program(value, (x, w), [0, 1])
        assert program.value(x, w) == both.value_and_grad(x, w)[0]
        step = 1e-30 * np.eye(3, 2)
        slope = program.value(x, w + 1j * step).imag / 1e-30
        assert slope == pytest.approx(float((both.value_and_grad(x, w)[1][1] * np.eye(3, 2)).sum()))
        assert program.value(x, w) == both.value_and_grad(x, w)[0]
    assert "vjp" not in program.source
    assert "g" not in {name[0] for name in program.source.split() if name[1:].isdigit()}
    with pytest.raises(GradientError, match="a branch"):
        Program(lambda x: x if x > 0 else -x, (np.float64(1),))


def by_tape(value: Any, at: list[Any]) -> Any:
    tensors = [Tensor(np.asarray(a)) for a in at]
    with GradientTape() as tape:
        tape.watch(tensors)
        expected = value(*tensors)
    return expected, tape.gradient(expected, tensors, unconnected_gradients="zero")


@pytest.mark.parametrize("size", [3, 4, 9])
def test_a_program_of_an_inner_gradient_takes_its_choices_anew(size: int) -> None:
    """d/dx of sum(grad of sum(sort(x) w)^2 x): the order is that of each replay."""

    def value(x: Any) -> Any:
        w = np.arange(1.0, len(x) + 1)
        inner = engine.grad(lambda t: (engine.sort(t) * w * engine.prod(t)).sum())(x)
        return (inner * inner * x).sum()

    rng = np.random.default_rng(size)
    program = Program(value, (rng.permutation(5) + 1.0,), [0])
    for _ in range(3):
        at = rng.permutation(size) / 3 + 0.5
        found, (gradient,) = program.value_and_grad(at)
        expected, [slope] = by_tape(value, [at])
        np.testing.assert_allclose(found, expected.value, rtol=1e-12)
        np.testing.assert_allclose(gradient, slope.value, rtol=1e-12)


def test_python_sees_the_shape_of_each_replay() -> None:
    program = Program(lambda x: x.sum() / len(x), (np.ones(4),), [0])
    value, (gradient,) = program.value_and_grad(np.ones(8))
    assert value == 1.0
    assert gradient.tolist() == [0.125] * 8


def test_variables_from_outside_are_read_at_each_replay() -> None:
    scale = variable(2.0)
    program = Program(lambda x: x * scale, (np.array(1.0),), [0])
    scale.assign(5.0)
    assert program.value_and_grad(np.array(3.0)) == (15.0, (5.0,))


@pytest.mark.parametrize(
    "sized",
    [
        lambda x: x[x > 0].sum(), lambda x: engine.boolean_mask(x, x > 0).sum(),
        lambda x: engine.repeat(x, engine.argsort(x)).sum(),
        lambda x: engine.argwhere(x > 0).shape[0] * x.sum(),
        lambda x: engine.arange(x[0], x[1], 0.5).sum(),
        lambda x: engine.top_k(x, engine.argmax(x)).values.sum(),
        lambda x: engine.reshape(x, (engine.argmax(x), -1)).sum(),
    ],
)  # fmt: skip
def test_a_shape_that_depends_on_values_is_refused(sized: Any) -> None:
    with pytest.raises(GradientError, match="depends on a Tensor's value"):
        Program(sized, (np.array([0.5, 2.0, 1.0]),), [0])
    assert active.recorders == ()


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


V = variable(2.0)


@pytest.mark.parametrize(
    "branch",
    [
        lambda x: x * [1.0, 2.0, 3.0][engine.argmax(x)],
        lambda x: x * float(V),
        lambda x: x * V.numpy(),
        lambda x: x if x > 0 else -x,
        lambda x: x * float(x),
        lambda x: x * x.numpy(),
        np.asarray,
    ],
)
def test_a_branch_on_a_value_is_refused(branch: Any) -> None:
    with pytest.raises(GradientError, match="replays one course"):
        Program(branch, (np.array(1.0),), [0])
    assert active.recorders == ()


def test_a_constant_function_is_refused() -> None:
    with pytest.raises(TypeError, match="depends on its arguments"):
        Program(lambda x: 1.0, (np.array(1.0),), [0])


def test_the_source_can_be_read() -> None:
    program = Program(lambda x: engine.tanh(x) * x, (np.array(1.0),), [0])
    assert "v1 = tanh(v0)" in program.source
    assert all(name.isidentifier() for name in REGISTRY)


def test_a_replay_lets_go_of_what_no_later_line_reads() -> None:
    """A sum needs none of its terms; of tanh(x w) the product, but not what tanh is taken of."""
    source = Program(
        lambda x, w: engine.tanh(x @ w).sum(), (np.ones((2, 3)), np.ones(3)), [1]
    ).source
    after = source.partition("v3 = tanh(v2)\n")[2]
    assert after.splitlines()[0].strip() == "del v2"
    assert "v2" not in after.partition("\n")[2]
    assert "del v0" not in source


@pytest.mark.parametrize(
    ("step", "most"),
    [(lambda x: x + 1.0, 3.5), (lambda x: -x * 0.5, 3.5), (engine.tanh, 23.5)],
)
def test_the_memory_of_a_replay_is_what_its_backward_pass_reads(step: Any, most: float) -> None:
    """Twenty steps: of sums and multiples nothing is kept, of tanh every outcome."""

    def value(x: Any) -> Any:
        for _ in range(20):
            x = step(x)
        return x.sum()

    x = np.ones(2**15)
    program = Program(value, (x,), [0])
    tracemalloc.start()
    program.value_and_grad(x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < most * x.nbytes


def test_a_vjp_is_given_all_that_it_reads() -> None:
    """Also where it reads it in a function within, or from a list."""
    program = Program(
        lambda x: engine.custom_gradient(_cubed)(x) + engine.stack([x * x, x]).prod(),
        (np.array(2.0),),
        [0],
    )
    assert program.value_and_grad(np.array(3.0))[1][0] == 3 * 9 + 3 * 9


def _cubed(x: Any) -> Any:
    def vjp(g: Any) -> Any:
        return g * 3 * x * x

    return x * x * x, vjp


def test_tensors_from_outside_are_constants() -> None:
    c = tensor(2.0)
    program = Program(lambda x: x * c, (1.0,), -1)
    assert program.value_and_grad(np.array(3.0)) == (6.0, (2.0,))


def test_many_shapes_are_forgotten_and_traced_again() -> None:
    program = Program(lambda x: (x * x).sum(), (np.ones(1),), [0])
    for n in [*range(1, MOST_COURSES + 5), 1, 2]:
        value, (gradient,) = program.value_and_grad(np.full(n, 3.0))
        assert (value, gradient.shape) == (9.0 * n, (n,))


_REPLAYS = """
import resource
import numpy as np
from gradcli.engine import Program, softmax
x = np.ones((16, 64, 128), np.float32)
program = Program(lambda x: (softmax(x) * softmax(x * 2) * x).sum(), (x,), 0)
for _ in range(30):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    program.value_and_grad(x)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="how glibc keeps memory")
def test_a_replay_finds_the_memory_of_the_last_one() -> None:
    """Arrays of 128 pages each: without it, hundreds of pages a replay are asked for anew."""
    words = [sys.executable, "-c", _REPLAYS]
    assert int(subprocess.run(words, capture_output=True, check=True).stdout) < 50
