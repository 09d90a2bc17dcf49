"""No connection is lost without a word: every door by which a Tensor comes to an op.

Each declared op meets positional arguments, its own keywords, Tensor's method, NumPy's function
by position and by NumPy's keywords, and lists of Tensors: the gradient is the same through all.
"""

from __future__ import annotations

import copy
import inspect
import math
import pickle
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
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
    if op.sized_by_values or not all(np.ndim(arrays[i]) for i in smooth):
        return

    def listed(given: list[Any]) -> Any:
        lists = [list(a) if i in smooth else a for i, a in enumerate(given)]
        return op(*lists, **case.params)

    agree(op, case, listed)


X = np.array([0.5, 1.5, 2.5])
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    MATRIX = np.matrix([[1.0], [2.0]])


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
        (lambda x: (copy.copy(x) ** 2).sum(), [1.0, 3.0, 5.0]),
        (lambda x: (copy.deepcopy({"a": [x]})["a"][0] ** 2).sum(), [1.0, 3.0, 5.0]),
        (lambda x: (engine.gather(x, x > 1) * [3.0, 5.0, 7.0]).sum(), [3.0, 12.0, 0.0]),
        (lambda x: np.take(x, [True, False]).sum(), [1.0, 1.0, 0.0]),
        (lambda x: np.sort(x, kind="stable")[0], [1.0, 0.0, 0.0]),
        (lambda x: np.linalg.norm(x, 1, axis=(0,)), [1.0, 1.0, 1.0]),
        (lambda x: x[0] * Fraction(1, 2), [0.5, 0.0, 0.0]),
        (lambda x: engine.arctan2(x[0] * 1e-200, 1e-200), [0.8, 0.0, 0.0]),
        (lambda x: engine.arcsinh(x[0] * 1e200), [2.0, 0.0, 0.0]),
        (lambda x: engine.clip(x, 3.0, 1.0).sum(), [0.0, 0.0, 0.0]),
        (lambda x: engine.clip(5.0, 3.0 + 0 * x, x - 9).sum(), [1.0, 1.0, 1.0]),
        (lambda x: engine.diff(x, n=5).sum() + x[0], [1.0, 0.0, 0.0]),
        (lambda x: engine.dense(x, np.ones((3, 1)), np.ones(4)).sum(), [4.0, 4.0, 4.0]),
        (lambda x: engine.expm1(x[0] - 40.5), [math.exp(-40), 0.0, 0.0]),
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
        lambda x: pickle.loads(pickle.dumps(x)).sum(),
        lambda x: (x * np.array([1, 2, 3], object)).sum(), lambda x: x.astype(object).sum(),
        lambda x: (x * MATRIX).sum(), lambda x: (np.ma.array(X) * x).sum(),
        lambda x: np.meshgrid(x, x, sparse=True)[0].sum(),
        lambda x: sum(ThreadPoolExecutor().map(lambda a: a * a, [x[0], x[1]])),
        lambda x: engine.Program(lambda z: z * x[0], (1.0,), 0).value_and_grad(np.array(1.0))[0],
        lambda x: custom_gradient(lambda a: (a * x[0], lambda g: g))(tensor(2.0)),
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
    ways = (
        "stop_gradient", "gradcli", "use where", "the mode is", "np.asarray() it", "real numbers",
        "reshape()", "make it an argument",
    )  # fmt: skip
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
    for wrong in (lambda g: None, lambda g: 1.0, lambda g: g[:2]):
        with pytest.raises(
            GradientError, match=r"backward of the function gives .* of shape \(3,\)"
        ):
            grad(lambda x, w=wrong: custom_gradient(lambda a: (a * 1.0, w))(x).sum())(X)


def test_a_custom_gradient_is_that_of_the_run_that_was_answered() -> None:
    """A mask drawn anew by each run: value and gradient are of one of them."""
    rng = np.random.default_rng(0)

    def dropped(x: Any) -> Any:
        mask = (rng.random(x.shape) > 0.5) * 1.0
        return x * mask, lambda g: g * mask

    for _ in range(5):
        value, slope = value_and_grad(lambda x: custom_gradient(dropped)(x).sum())(np.ones(9))
        assert float(value) == slope.numpy().sum()
    unused = grad(lambda x: custom_gradient(lambda a: ((a * 1.0, 1 / a), two))(x)[0])

    def two(g: Any, h: Any) -> Any:
        return g + h

    with np.errstate(all="ignore"):
        assert float(unused(0.0)) == 1.0
    program = engine.Program(lambda x: custom_gradient(lambda a: (a**2, lambda g: 2 * g * a))(x),
                             (np.array(1.0),), 0)  # fmt: skip
    assert program.value_and_grad(np.array(3.0)) == (9.0, (6.0,))


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
    for spelling, name in REGISTRY.spellings.items():
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


def test_std_of_equal_numbers_whose_mean_rounds() -> None:
    """The mean of three 0.1 is not 0.1 in float64; the slope is 0 by convention all the same."""
    assert grad(engine.std)(np.full(3, 0.1)).tolist() == [0.0, 0.0, 0.0]


def test_prod_of_numbers_whose_products_are_none() -> None:
    """1e-300 * 1e200^3 = 1e300; without one of the large ones 1e100."""
    with np.errstate(over="ignore"):
        slope = grad(engine.prod)([1e-300, 1e200, 1e200, 1e200]).numpy()
    np.testing.assert_allclose(slope, [np.inf, 1e100, 1e100, 1e100], rtol=1e-12)


def test_nothing_of_nothing() -> None:
    """As NumPy and torch: the mean of nothing is nan, its softmax nothing."""
    with np.errstate(all="ignore"):
        for reduced in (engine.mean, engine.var, engine.std):
            assert np.isnan(reduced(np.zeros(0)))
            assert grad(reduced)(np.zeros(0)).shape == (0,)
        assert engine.softmax(np.zeros((3, 0))).shape == (3, 0)
        assert engine.logsumexp(np.zeros(0)) == -np.inf
        assert grad(engine.prod)(np.zeros(0)).shape == (0,)


def test_variables_are_copied_where_no_tape_follows_them() -> None:
    w = variable([1.0, 2.0], name="w")
    twin = copy.deepcopy(w)
    twin.assign([5.0, 6.0])
    assert w.tolist() == [1.0, 2.0]
    assert pickle.loads(pickle.dumps(w)).name == "w"
    with GradientTape(), pytest.raises(GradientError, match="another Variable"):
        copy.copy(w)

    class Own(engine.Variable):
        pass

    mine = Own(np.array(3.0))
    with GradientTape() as tape:
        y = mine * mine
    assert float(tape.gradient(y, mine)) == 6.0


def test_a_second_order_after_assign_is_refused() -> None:
    w = variable(2.0)
    with GradientTape() as outer:
        with GradientTape() as inner:
            y = w * w * w
        w.assign(5.0)
        with pytest.raises(GradientError, match="take this gradient before assign"):
            inner.gradient(y, w)
    del outer


def test_whole_numbers_do_not_wrap_around() -> None:
    """sigmoid(1) = 0.7310585786300049; softmax(0, log 3) would be 1/4, 3/4."""
    assert float(engine.sigmoid(np.uint8(1))) == pytest.approx(0.7310585786300049)
    assert engine.log_sigmoid(np.uint8([1]))[0] == pytest.approx(math.log(0.7310585786300049))
    assert engine.softmax(np.uint8([0, 200]))[1] == 1.0
    assert engine.norm(np.uint8([20, 15])) == 25.0
    assert engine.mean(np.full(10_000, 10.0, np.float16)) == 10.0
    assert grad(lambda x: engine.mean(x))(np.ones(70_000, np.float16)).numpy()[0] > 1e-5
    assert float(grad(lambda a: a ** np.array(0, np.uint8))(1e10)) == 0.0
    # 1 - 9 * 0.1: 0.1 is a little more than a tenth, and 1 / 0.1 rounds up to 10.
    assert float(grad(lambda b: engine.fmod(1.0, b))(0.1)) == -9.0
    assert np.isnan(engine.median(np.array([1.0, np.nan, 3.0])))


@pytest.mark.parametrize(
    "call",
    [
        lambda: engine.tensordot(np.ones((2, 2)), np.ones((2, 2)), axes=((2,), (0,))),
        lambda: engine.tensordot(np.ones((2, 2)), np.ones((2, 2)), axes=1.5),
        lambda: engine.split(np.ones(4), 2.7), lambda: engine.top_k(np.ones(4), 2.7),
        lambda: engine.repeat(np.ones(4), 1.9),
        lambda: engine.take_along_axis(np.ones(2), np.array([True, False])),
        lambda: engine.gather_nd(np.ones(2), [[True]]), lambda: engine.max(-5, 0),
        lambda: engine.meshgrid(X, X, indexing="xyz"),
        lambda: grad(lambda x: x)(x=3.0),
        lambda: engine.Program(lambda x: x * 2.5, [np.array([1])], 0),
        lambda: GradientTape().jacobian([tensor(1.0)], tensor(1.0)),
    ],
)  # fmt: skip
def test_what_means_nothing_is_an_error(call: Any) -> None:
    with pytest.raises((TypeError, ValueError, IndexError, GradcliError)):
        call()


@pytest.mark.parametrize("shape", [(40, 30), (4, 10, 30), (2, 2, 10, 30)])
def test_what_is_repeated_many_times_is_summed_up(shape: tuple[int, ...]) -> None:
    """Along all axes but the last: sums of whole numbers, which are exact."""
    g = np.arange(1200, dtype=np.float32).reshape(shape)
    for wide in (g, g[..., ::-1], np.asfortranarray(g)):
        gradient = grad(lambda b, wide=wide: (b * wide).sum())(np.ones(30, np.float32))
        assert gradient.tolist() == np.sum(wide.reshape(40, 30), axis=0, dtype=int).tolist()
        assert gradient.dtype == np.float32
