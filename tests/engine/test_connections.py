"""No connection is lost without a word: every door by which a Tensor comes to an op.

Each declared op meets positional arguments, its own keywords, Tensor's method, NumPy's function
by position and by NumPy's keywords, and lists of Tensors: the gradient is the same through all.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcli.engine as engine
from gradcli.engine import (
    REGISTRY,
    GradientTape,
    Op,
    Tensor,
    custom_gradient,
    grad,
    jacobian,
    stop_gradient,
    tensor,
    value_and_grad,
    variable,
    vjp,
)
from gradcli.engine.domain import Case
from gradcli.engine.nest import leaves
from gradcli.engine.program import SIZED_BY_VALUES
from gradcli.engine.spellings import SPELLINGS
from gradcli.engine.tensor import active
from gradcli.errors import DtypeError, GradcliError, GradientError, OpError
from tests.engine.test_ops import CALLS, inputs

METHODS = {"getitem": "__getitem__"}


def gradients(call: Callable[[list[Any]], Any], op: Op, arrays: list[Any]) -> list[Any]:
    """The gradients of a weighted sum of all that ``call`` gives."""
    smooth = op.smooth_inputs(arrays)
    given = [Tensor(a) if i in smooth else a for i, a in enumerate(arrays)]
    with GradientTape() as tape:
        tape.watch([given[i] for i in smooth])
        out = [part for part in leaves(call(given)) if part.dtype.kind == "f"]
        total = sum([(p * np.arange(1.0, p.size + 1).reshape(p.shape)).sum() for p in out])
    found = tape.gradient(total, [given[i] for i in smooth])
    assert all(g is not None for g in found)
    return [g.value for g in found]


def agree(op: Op, case: Case, *calls: Callable[[list[Any]], Any]) -> None:
    arrays = inputs(op, case)
    expected = gradients(lambda given: op.call(given, case.params), op, arrays)
    for call in calls:
        for a, b in zip(gradients(call, op, arrays), expected):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("op", "case"), CALLS)
def test_keywords_methods_and_positions_are_one(op: Op, case: Case) -> None:
    names = op.names

    def by_keyword(given: list[Any]) -> Any:
        if op.takes_list:
            return op(**{names[0]: given}, **case.params)
        return op(**dict(zip(names, given)), **case.params)

    def by_position(given: list[Any]) -> Any:
        defaults = op.optional | op.defaults
        rest = [case.params.get(n, defaults.get(n)) for n in names[op.arrays :]]
        return op(given, *rest) if op.takes_list else op(*given, *rest)

    def by_method(given: list[Any]) -> Any:
        if not isinstance(given[0], Tensor) or op.name in METHODS:
            return op.call(given, case.params)
        return getattr(given[0], op.name)(*given[1:], **case.params)

    calls = [by_keyword, by_position]
    if not op.takes_list:
        calls.append(by_method)
    agree(op, case, *calls)


NUMPY_CALLS = [
    pytest.param(function, op, case, id=f"{op.name}-{i}")
    for function, op in Tensor.numpy_ops.items()
    if isinstance(op, Op) and op.differentiable
    for i, case in enumerate(op.cases)
]


@pytest.mark.parametrize(("function", "op", "case"), NUMPY_CALLS)
def test_numpy_functions_are_the_op(function: Any, op: Op, case: Case) -> None:
    """By position, and by the names that NumPy gives its parameters."""
    parameters = {} if isinstance(function, np.ufunc) else inspect.signature(function).parameters
    aliases = {own: theirs for theirs, own in op.aliases.items() if theirs in parameters}
    params = {aliases.get(name, name): value for name, value in case.params.items()}
    # Positional-only ones, such as astype's dtype, follow the arrays.
    last = [v for n, v in params.items() if n in parameters and parameters[n].kind == 0]
    params = {n: v for n, v in params.items() if n not in parameters or parameters[n].kind != 0}

    def by_numpy(given: list[Any]) -> Any:
        return function(given, **params) if op.takes_list else function(*given, *last, **params)

    def by_keyword(given: list[Any]) -> Any:
        named = list(parameters)[: len(given)]
        if op.takes_list or len(named) < len(given) or any(parameters[n].kind != 1 for n in named):
            return by_numpy(given)
        return function(**dict(zip(named, given)), **params)

    if all(a is not None for a in inputs(op, case)) and op.name != "average":
        agree(op, case, by_numpy, by_keyword)


@pytest.mark.parametrize(("op", "case"), [c for c in CALLS if not c.values[0].takes_list])
def test_a_list_of_tensors_is_their_stack(op: Op, case: Case) -> None:
    arrays = inputs(op, case)
    smooth = op.smooth_inputs(arrays)
    if op.name in SIZED_BY_VALUES or not all(np.ndim(arrays[i]) for i in smooth):
        return

    def listed(given: list[Any]) -> Any:
        lists = [list(a) if i in smooth else a for i, a in enumerate(given)]
        return op(*lists, **case.params)

    agree(op, case, listed)


X = np.array([0.5, 1.5, 2.5])


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: tensor([x[0], x[1] * x[2]]).sum(), [1.0, 2.5, 1.5]),
        (lambda x: (x * [x[2], 1.0, x[0]]).sum(), [5.0, 1.0, 1.0]),
        (lambda x: engine.mean([x[0], x[1]]), [0.5, 0.5, 0.0]),
        (lambda x: engine.linspace(0, x[0], 3)[1], [0.5, 0.0, 0.0]),
        (lambda x: engine.arange(x[0], x[0] + 3, 1)[1], [1.0, 0.0, 0.0]),
        (lambda x: engine.split(x, 3)[1].sum(), [0.0, 1.0, 0.0]),
        (lambda x: engine.max(engine.split(x, 3)), [0.0, 0.0, 1.0]),
        (lambda x: engine.top_k(x, 2).values[1], [0.0, 1.0, 0.0]),
        (lambda x: engine.meshgrid(x, x)[0].sum(), [3.0, 3.0, 3.0]),
        (lambda x: engine.tensordot(x, x, axes=1), [1.0, 3.0, 5.0]),
        (lambda x: np.outer(a=x, b=x).sum(), [9.0, 9.0, 9.0]),
        (lambda x: np.sum(a=x), [1.0, 1.0, 1.0]),
        (lambda x: np.clip(x, None, 2).sum(), [1.0, 1.0, 0.0]),
        (lambda x: np.clip(x, a_min=1, a_max=None).sum(), [0.0, 1.0, 1.0]),
        (lambda x: np.std(x, 0), [-0.40824829, 0.0, 0.40824829]),
        (lambda x: x.std(0), [-0.40824829, 0.0, 0.40824829]),
        (lambda x: np.dot(x, 2.0).sum(), [2.0, 2.0, 2.0]),
        (lambda x: np.pad(x, 1, mode="constant")[1], [1.0, 0.0, 0.0]),
        (lambda x: np.pad(x, 1, constant_values=7).sum(), [1.0, 1.0, 1.0]),
        (lambda x: np.split(x, [1])[0].sum(), [1.0, 0.0, 0.0]),
        (lambda x: np.sort(x, axis=None)[2], [0.0, 0.0, 1.0]),
        (lambda x: np.meshgrid(x, x, indexing="ij")[1].sum(), [3.0, 3.0, 3.0]),
        (lambda x: x[np.where(x > 1)].sum(), [0.0, 1.0, 1.0]),
        (lambda x: x[x > 1].sum(), [0.0, 1.0, 1.0]),
        (lambda x: np.linalg.norm(x), [0.16903085, 0.50709255, 0.84515425]),
        (lambda x: np.linalg.norm(x, ord=1), [1.0, 1.0, 1.0]),
        (lambda x: np.append(x, x[0]).sum(), [2.0, 1.0, 1.0]),
        (lambda x: (x // 1 + x % 1).sum(), [1.0, 1.0, 1.0]),
        (lambda x: x.sum() / len(x), [1 / 3] * 3),
        (lambda x: engine.repeat(x, [2, 0, 1]).sum(), [2.0, 0.0, 1.0]),
        (lambda x: engine.roll(engine.reshape(x, (3, 1)), [1, 1], [0, 1])[0, 0], [0.0, 0.0, 1.0]),
        (lambda x: engine.concatenate([x, 2 * x], axis=None).sum(), [3.0, 3.0, 3.0]),
        (lambda x: np.average(x, weights=[1.0, 0.0, 1.0]), [0.5, 0.0, 0.5]),
    ],
)  # fmt: skip
def test_connections_that_were_once_lost(f: Any, expected: list[float]) -> None:
    np.testing.assert_allclose(grad(f)(X).numpy(), expected, rtol=1e-7)


def scipy_like(x: Any) -> Any:
    """What a library does that takes arrays only."""
    return 1 / (1 + np.exp(-np.asarray(x)))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x[0] * math.sin(x[0]), lambda x: np.array([x[0], x[0] * x[1]]).sum(),
        lambda x: np.asarray(x).sum(), lambda x: np.eye(3).dot(x).sum(),
        lambda x: np.full(2, x[0]).sum(), lambda x: np.r_[x, 1].sum(),
        lambda x: np.mean([x[0], x[1]]),
        lambda x: written(x), lambda x: scipy_like(x).sum(), lambda x: float(x[0]) * x[1],
        lambda x: int(x[0]) * x[1], lambda x: variable(x).sum(), lambda x: x[0] + complex(x[1]),
        lambda x: np.fft.fft(x).sum(), lambda x: np.add.reduce(x), lambda x: np.nan_to_num(x).sum(),
        lambda x: np.full_like(np.ones(2), x[0]).sum(),
        lambda x: np.sum(x, where=[True, False, True]),
        lambda x: np.sum(x, initial=3.0), lambda x: np.std(x, dtype=np.float32),
        lambda x: np.multiply(x, x, where=x > 1).sum(),
        lambda x: np.linalg.svd(engine.outer(x, x))[1].sum(),
        lambda x: np.pad(x, 1, mode="edge").sum(),
    ],
)  # fmt: skip
def test_what_would_lose_a_connection_is_an_error_that_names_the_way_out(f: Any) -> None:
    with pytest.raises((GradcliError, ValueError)) as caught:
        grad(f)(X)
    # NumPy says of z[0] = t that t is a sequence, and gives the reason as the cause.
    error = caught.value.__cause__ or caught.value
    assert isinstance(error, GradcliError)
    message = str(error)
    assert "<lambda>" not in message
    ways = ("stop_gradient", "gradcli", "use where", "the mode is")
    assert any(way in message for way in ways), message
    assert active.recorders == ()


def written(x: Any) -> Any:
    z = np.zeros(3)
    z[0] = x[0]
    return z.sum()


def test_printing_and_comparing_go_on_inside_a_tape(capsys: pytest.CaptureFixture[str]) -> None:
    t = variable(2.5)
    with GradientTape() as tape:
        assert f"{t:.3f}" == "2.500"
        assert "2.5" in str(t)
        assert t.item() == t.numpy() == t.tolist() == 2.5
        y = t * t if t > 0 else t
        assert [float(c) for c in tensor([1.0])] == [1.0]  # no tape follows a constant
    assert float(tape.gradient(y, t)) == 5.0
    assert float(t) == 2.5
    assert np.asarray(t) == 2.5


def test_a_function_that_gives_no_number_is_an_error() -> None:
    for nothing in (lambda x: None, lambda x: "3", lambda x: x > 1, lambda x: np.allclose(x, x)):
        with pytest.raises(GradientError, match="must give a floating-point number"):
            grad(nothing)(1.0)
    assert float(grad(lambda x: 3.0)(1.0)) == 0.0


def test_complex_numbers_are_refused() -> None:
    for f in (lambda x: x * (1 + 0.2j), lambda x: np.add(x, 1j), lambda x: x ** (1j)):
        with pytest.raises(DtypeError, match="complex"):
            grad(f)(1.0)


def test_stop_gradient_is_a_constant() -> None:
    """d/dx of x * stop_gradient(x) at 3 is 3, and its value 9."""
    value, slope = value_and_grad(lambda x: x * stop_gradient(x))(3.0)
    assert (float(value), float(slope)) == (9.0, 3.0)
    assert float(grad(lambda x: x * float(stop_gradient(x)))(3.0)) == 3.0


def test_custom_gradients() -> None:
    """log(1 + e^x) with the stable derivative of TensorFlow's documentation: 1 at x = 100."""

    @custom_gradient
    def log1pexp(x: Any) -> Any:
        e = engine.exp(x)

        def backward(g: Any) -> Any:
            return g * (1 - 1 / (1 + e))

        return engine.log(1 + e), backward

    assert float(grad(log1pexp)(100.0)) == 1.0
    s = 1 / (1 + np.exp(-0.3))
    assert float(grad(grad(log1pexp))(0.3)) == pytest.approx(s * (1 - s), rel=1e-12)

    @custom_gradient
    def both(a: Any, b: Any) -> Any:
        return (a * b, a + b), lambda g, h: (g * b + h, g * a + 10 * h)

    found = grad(lambda a, b: both(a, b)[0] + 2 * both(a, b)[1], (0, 1))(3.0, 4.0)
    assert [float(g) for g in found] == [6.0, 23.0]
    with pytest.raises(GradientError, match="gives 1 gradients for 2 arrays"):
        grad(custom_gradient(lambda a, b: (a * b, lambda g: g)))(1.0, 2.0)


def test_vjp_and_nests() -> None:
    value, pullback = vjp(lambda a, b: (a * b, a.sum()), X, np.ones(3))
    da, db = pullback((np.ones(3), 2.0))
    assert float(value[1]) == 4.5
    assert da.tolist() == [3.0, 3.0, 3.0]
    assert db.tolist() == X.tolist()
    params = {"w": np.ones(2), "b": [np.array(2.0)]}
    slope = grad(lambda p, scale: (p["w"].sum() * p["b"][0]) * scale)(params, scale=3.0)
    assert slope["w"].tolist() == [6.0, 6.0]
    assert float(slope["b"][0]) == 6.0
    assert jacobian(lambda p: p["w"] * 2)({"w": np.ones(2)})["w"].tolist() == [[2.0, 0], [0, 2.0]]


def test_every_spelling_is_an_op_of_its_own_name_no_longer() -> None:
    for spelling, name in SPELLINGS.items():
        assert spelling not in REGISTRY
        assert getattr(engine, spelling) is REGISTRY[name]
    namespace: dict[str, Any] = {}
    exec("from gradcli.engine import *", namespace)
    assert namespace["softmax"] is REGISTRY["softmax"]
    assert namespace["reduce_sum"] is REGISTRY["sum"]


@pytest.mark.parametrize("op", REGISTRY.values(), ids=lambda op: op.name)
def test_help_and_signature_are_real(op: Op) -> None:
    assert op.__doc__
    assert "\n\n" not in (op.__doc__ or "").strip().partition("\n")[0]
    assert tuple(inspect.signature(op).parameters) == op.names or op.name == "einsum"
    with pytest.raises(OpError, match=r"has no argument 'nonsense'|missing"):
        op(nonsense=1)


def test_erf_of_a_whole_number() -> None:
    """erf(1) = 0.842700792949715 (Abramowitz & Stegun, table 7.1)."""
    assert float(engine.erf(1)) == pytest.approx(0.842700792949715, rel=1e-14)


def test_prod_takes_no_more_memory_than_its_input() -> None:
    """A zero among 30,000 factors: the slope there is the product of the others, 1."""
    x = np.ones(30_000)
    x[7] = 0
    slope = grad(engine.prod)(x).numpy()
    assert slope[7] == 1.0
    assert np.count_nonzero(slope) == 1


def test_nothing_of_nothing() -> None:
    """As NumPy and torch: the mean of nothing is nan, its softmax nothing."""
    with np.errstate(all="ignore"):
        for reduced in (engine.mean, engine.var, engine.std):
            assert np.isnan(reduced(np.zeros(0)))
            assert grad(reduced)(np.zeros(0)).shape == (0,)
        assert engine.softmax(np.zeros((3, 0))).shape == (3, 0)
        assert engine.logsumexp(np.zeros(0)) == -np.inf
        assert grad(engine.prod)(np.zeros(0)).shape == (0,)
