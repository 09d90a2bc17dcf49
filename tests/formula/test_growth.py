"""How much each op makes, foretold: every declaration, at scales where growth shows."""

from __future__ import annotations

import itertools
import math
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from gradcli.answer import Answer, jacobians
from gradcli.engine import REGISTRY, Op
from gradcli.engine.domain import BINARY, UNARY, Case, case
from gradcli.engine.nest import leaves
from gradcli.errors import FormulaError, GradcliError
from gradcli.formula import Formula, growth, limits
from gradcli.formula.limits import MOST, PARTS, require_small

TIMES = 24
"""How much larger than the declared cases."""
OTHERS = {
    "eye": [case(n=9)], "zeros": [case(shape=(9, 9))], "ones": [case(shape=(9, 9))],
    "one_hot": [case(np.arange(9), depth=9)],
    "invert": [case(np.ones((2, 3), bool))], "signdet": [case((3, 3)), case((5, 2, 2))],
    "bitwise_and": [case(np.ones((9, 1), bool), np.ones(9, bool))],
    "bitwise_or": [case(np.ones((9, 1), bool), np.ones(9, bool))],
    "argwhere": [case((3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1))],
    "solve": [case((4, 1, 3, 3), (5, 3, 2))],
    "getitem": [
        case((1, 9), index=(slice(None), np.zeros((9, 9), int))),
        case((9, 9), index=(np.ones(9, bool), np.zeros((9, 1), int))),
        case((2, 9, 2), index=(..., np.zeros(99, int), slice(None))),
        case((9,), index=(None, np.array([True, False, True] * 3))),
    ],
    "einsum": [
        case((9, 1), (1, 9), subscripts="...,..."),
        case((3, 4, 2), (5, 1, 2), subscripts="...i,...j"),
        case((1, 2), (9, 2), subscripts="ij,ij->ij"),
    ],
    "dense": [case((2, 3), (5, 3, 4), (7, 1, 1, 4))],
    "conv": [case((1, 400, 1), (200, 1, 1))],
    "max_pool": [case((1, 1, 9), size=99, stride=1, padding=98)],
    "sum_pool": [case((1, 1, 9), size=99, stride=1, padding=98)],
    "arange": [case(np.float64(-4), np.float64(4), np.float64(0.01))],
    "linspace": [case((3, 1), (1, 4), num=50)],
    "split": [case((300,), sections=300)],
    "array_split": [case((3,), sections=300)],
    "unstack": [case((300,))],
    "diff": [case((3,), n=300)],
}  # fmt: skip
"""Calls that the declared cases do not grow into."""


def larger(case: Case) -> Iterator[Case]:
    """``case`` and its like: every choice of lengths multiplied, and of parameters."""
    lengths = {n for s in case.shapes if isinstance(s, tuple) for n in s} - {1}
    for count in range(len(lengths) + 1):
        for chosen in itertools.combinations(sorted(lengths), count):
            shapes = tuple(
                [tuple([n * (TIMES if n in chosen else 1) for n in s]) if isinstance(s, tuple)
                 else s for s in case.shapes]
            )  # fmt: skip
            for longer in itertools.product((False, True), repeat=len(case.params)):
                params = [
                    _longer(value) if more else value
                    for value, more in zip(case.params.values(), longer)
                ]
                yield Case(shapes, dict(zip(case.params, params)))


def _longer(value: Any) -> Any:
    """More positions in a list of them, larger numbers otherwise."""
    if isinstance(value, list | np.ndarray) and np.size(value):
        return np.concatenate([np.asarray(value)] * TIMES)
    if isinstance(value, int) and not isinstance(value, bool):
        return value * TIMES
    if isinstance(value, tuple) and all(type(part) is int for part in value):
        return tuple([part * TIMES for part in value])
    return value


def calls(op: Op) -> Iterator[tuple[list[Any], dict[str, Any], int, int]]:
    """Each call that the op takes: arrays, parameters, bytes at the most, and outcomes."""
    rng = np.random.default_rng(3)
    declared = BINARY if op.cases is UNARY and op.arrays == 2 else op.cases
    for base in [*declared, *OTHERS.get(op.name, [])]:
        for found in larger(base):
            params = {**op.defaults, **found.params}
            if len(found.shapes) != op.arrays and not op.takes_list and not op.optional:
                continue  # the cases of those without a gradient are anyone's
            if any(math.prod(s) > 1e5 for s in found.shapes if isinstance(s, tuple)):
                continue
            arrays = op.sample(found, rng)
            tracemalloc.start()
            try:
                with np.errstate(all="ignore"):
                    value = op.call(arrays, params)
            except (TypeError, ValueError, IndexError, OverflowError):
                continue  # these lengths do not fit each other
            finally:
                _, peak = tracemalloc.get_traced_memory()
                tracemalloc.stop()
            made = list(leaves(value))
            yield arrays, params, max([peak, *[8 * np.size(m) for m in made]]), len(made)


def require_foretold(op: Op) -> None:
    """Assert that ``op`` makes, and takes on the way, what ``growth`` says of it."""
    ran = 0
    for arrays, params, peak, outcomes in calls(op):
        ran += 1
        numbers = growth.numbers(op, arrays, params)
        # Compositions hold several arrays of that size at once: positions, masks, halves.
        assert peak <= 8 * ROOM * numbers + 1000 * outcomes + 20_000, (
            op,
            [np.shape(a) for a in arrays],
            params,
        )
        assert outcomes <= max(growth.parts(op, arrays, params), SMALL)
        sizes = [np.size(m) for m in leaves(op.call(arrays, params))]
        assert max(sizes, default=0) <= numbers + 1, (op, [np.shape(a) for a in arrays], params)
    assert ran, f"{op} was never run"


ROOM = 12
SMALL = 100


@pytest.mark.parametrize("op", REGISTRY.values(), ids=lambda op: op.name)
def test_no_op_makes_more_than_foretold(op: Op) -> None:
    require_foretold(op)


@pytest.mark.parametrize("name", growth.NUMBERS)
def test_every_row_is_needed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(growth.NUMBERS, name)
    with pytest.raises(AssertionError):
        require_foretold(REGISTRY[name])


@pytest.mark.parametrize("name", ["split", "array_split", "unstack"])
def test_every_row_of_parts_is_needed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(growth.PARTS, name)
    with pytest.raises(AssertionError):
        require_foretold(REGISTRY[name])


def of(*shape: int) -> Any:
    return np.broadcast_to(1.0, shape)


def test_steps_that_each_double_come_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    stack, add = REGISTRY["stack"], REGISTRY["add"]
    require_small(stack, [of(MOST // 2)] * 2, {})
    with pytest.raises(
        ValueError, match=r"stack would make 1e.08 numbers; 100,000,000 are allowed"
    ):
        require_small(stack, [of(MOST // 2 + 1)] * 2, {})
    require_small(add, [of(2 * MOST), of(2 * MOST)], {})  # no more than there is already
    monkeypatch.setattr(limits, "MOST", 2_000_000)
    x = np.ones(600_000)
    for make in ("[{0}, {0}]", "stack([{0}, {0}])", "concatenate([{0}, {0}])", "tile({0}, 2)"):
        twice = f"a = {make.format('x')}; "
        assert Formula(f"{twice}sum(a)", {"x": x}).value == 1_200_000
        with pytest.raises(FormulaError, match=r"2.4e.06 numbers; 2,000,000 are allowed"):
            Formula(f"{twice}sum({make.format('a')})", {"x": x})
    with pytest.raises(FormulaError, match=r"3.6e.06 numbers; 2,000,000 are allowed"):
        Formula("sum(y[[i, i, i, i, i, i]])", {"y": [1.0], "i": np.zeros(600_000)})
    assert Formula("sum(x * x + x)", {"x": np.ones(2_500_000)}).value == 5_000_000


@pytest.mark.parametrize(
    "text",
    ["sum(where(c > 0, v, 0))", "clip(c, v, 1)[0, 0]", "c > v", "c > 0 and v > 0", "not c < v",
     "isclose(c, v)", "allclose(c, v)", "mse(c, v)", "mae(c, v)", "huber(c, v)", "bce(c, v)",
     "log_cosh(c, v)", "hinge(c, v)", "squared_hinge(c, v)", "poisson(c, v)", "binary_focal(c, v)",
     "squared_difference(c, v)", "c if c > v else v", "c if c > 0 else v", "0 if v > 0 else c",
     "tensordot(c, v, axes=0)", "tensordot(c, [v], axes=1)", "dot(c, [v])", "inner(c, c)",
     "c @ [v]", "vecdot(c[:, None], c)", "cross(tile(c[:, None], [1, 1, 3]), tile(c, [1, 3]))",
     "solve([[[1]]] * v[:, None, None, None], [[[1]]] * v[:, None, None])",
     "average([c], weights=v)", "hypot(c, v)", "v[:, None] // v", "dense(c, [v], 0)",
     "take_along_axis(c, i, axis=1)", "gather_nd([c], zeros([99999, 1]))",
     "c[zeros([9, 9])[:, :, None] + i]", "v[i[0][:, None] + i[0]]", "v[i[i]]"],
)  # fmt: skip
def test_no_function_of_several_arrays_grows_without_limit(text: str) -> None:
    values = {"c": np.ones((100_000, 1)), "v": np.ones(100_000), "i": np.zeros((1, 100_000))}
    with pytest.raises(GradcliError, match=r"would make .* are allowed"):
        Formula(text, values)


@pytest.mark.parametrize(
    "text",
    ["split(x[:0], 1e9)[0]", "array_split(x, 3000000)[0]", "diff(x, n=20000)", "round(x, -20000)",
     "unstack(x)[0]", "stack(x)", "concatenate(x[:, None])", "split(x, range(20000))[0]"],
)  # fmt: skip
def test_many_parts_are_refused(text: str) -> None:
    assert PARTS == 10_000
    with pytest.raises(FormulaError, match="parts; 10,000 are allowed"):
        Formula(text, {"x": np.ones(1_000_000)})


def test_large_derivatives_are_refused() -> None:
    formula = Formula("x * arange(0, 4000, 1)", {"x": np.ones(4000)})
    message = "the Jacobian would have 16,000,000 numbers; 10,000,000 are allowed"
    with pytest.raises(GradcliError, match=message):
        jacobians(formula)
    with pytest.raises(GradcliError, match="the Hessian would have 16,000,000 numbers"):
        Answer(Formula("sum(x^2)", {"x": np.ones(4000)}), order=2)
