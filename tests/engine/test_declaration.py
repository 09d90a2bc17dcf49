"""An op declared by anyone, anywhere, is known everywhere from its declaration."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gradcli.engine as engine
from gradcli.check.ops import check_ops
from gradcli.engine import REGISTRY, GradientTape, Program, Tensor, tensor, variable
from gradcli.engine.domain import case
from gradcli.engine.op import op
from gradcli.engine.tensor import Array, Outcome
from gradcli.engine.trace import Slot, trace
from gradcli.errors import FormulaError, GradcliError, GradientError
from gradcli.formula import Formula
from gradcli.gradient import differentiate
from gradcli.report.oplist import OpList


@pytest.fixture
def strangers() -> Iterator[None]:
    """``pick``: the entries at positions; ``count_from``: as many entries as the value says."""

    @op(
        lambda g, y, x, places: engine.scatter(g, (places,), x.shape),
        rule="g at the places",
        positions=("places",),
        order=("places", "x"),
        cases=(case((4,), places=[2, 0, 2]),),
    )
    def pick_places(x: Array, places: Any = 0) -> Outcome:
        """The entries of ``x`` at ``places``."""
        return np.asarray(x)[np.asarray(places)]

    @op(sized_by_values=True, of_several="maximum")
    def count_from(x: Array) -> Outcome:
        """0, 1, ... below ``x``."""
        return np.arange(x)

    yield
    for name in ("pick_places", "count_from"):
        del REGISTRY[name]
        delattr(Tensor, name)


@pytest.mark.usefixtures("strangers")
def test_a_stranger_is_listed_suggested_proved_and_called() -> None:
    document = OpList(["pick_places"]).document()["pick_places"]
    assert document["signature"] == "pick_places(x, places=0)"
    assert document["rules"] == ["g at the places"]
    with pytest.raises(GradcliError, match="did you mean 'pick_places'"):
        OpList(["pick_plases"])
    with pytest.raises(FormulaError, match="did you mean 'pick_places'"):
        Formula("pick_plases(x)", {"x": 1.0})
    (verdict,) = check_ops(["pick_places"])
    assert verdict.verdict == "pass"
    assert "pick_places" in dir(engine)
    assert engine.pick_places([5.0, 6.0], 1) == 6.0
    assert tensor([5.0, 6.0]).pick_places(places=1).item() == 6.0


@pytest.mark.usefixtures("strangers")
def test_a_formula_gives_a_strangers_arguments_in_its_order_and_its_places_whole() -> None:
    formula = Formula("pick_places([2, 0, 2], x=x) @ [1, 10, 100]", {"x": [3.0, 4.0, 5.0]})
    found = differentiate(formula)
    assert found.value == 5 + 30 + 500
    assert found.gradients["x"].tolist() == [10.0, 0.0, 101.0]
    assert Formula("count_from(x, 7)", {"x": 3.0}).value == 7.0  # of several: the larger


@pytest.mark.usefixtures("strangers")
def test_a_program_takes_a_strangers_places_anew_and_refuses_its_size() -> None:
    pick, count = REGISTRY["pick_places"], REGISTRY["count_from"]
    program = Program(lambda x: pick(x, places=engine.argsort(x))[0] * 2, (np.arange(3.0),), [0])
    value, (gradient,) = program.value_and_grad(np.array([3.0, 1.0, 2.0]))
    assert (value, gradient.tolist()) == (2.0, [0.0, 2.0, 0.0])
    with pytest.raises(GradientError, match="the shape of count_from depends"):
        Program(lambda x: count(engine.argmax(x)).sum() * x.sum(), (np.arange(3.0),), [0])


def test_one_op_stands_for_several_of_numpys_functions() -> None:
    for function in (np.radians, np.deg2rad):
        assert function(tensor(180.0)).item() == pytest.approx(np.pi)
    assert np.fabs(tensor(-2.0)).item() == np.abs(tensor(-2.0)).item() == 2.0
    assert np.fix(tensor(-2.7)).item() == -2.0


@pytest.mark.parametrize("use", ["t[0] == 5", "7 % t == 2"])
def test_an_operator_loads_its_family(use: str) -> None:
    text = f"from gradcli.engine import tensor; t = tensor([5.0]); assert bool({use})"
    subprocess.run([sys.executable, "-c", text], check=True)


def test_a_constant_is_a_tensor() -> None:
    x = engine.constant(2.0)
    assert isinstance(x, Tensor)
    assert engine.constant([1, 2], dtype=np.float32).dtype == np.float32
    with GradientTape() as tape:
        tape.watch(x)
        y = engine.constant([x, 3.0]).sum() * x  # what a tape follows stays connected
    assert tape.gradient(y, x).item() == 7.0


class Counted(list[Any]):
    """A list that counts how many of its entries are asked for."""

    asked = 0

    def __getitem__(self, at: Any) -> Any:
        self.asked += len(range(len(self))[at]) if isinstance(at, slice) else 1
        return super().__getitem__(at)

    def __iter__(self) -> Iterator[Any]:
        self.asked += len(self)
        return super().__iter__()


@pytest.mark.parametrize("axis", [0, None])
def test_the_gradient_of_a_concatenation_is_linear_in_the_number_of_arrays(axis: Any) -> None:
    parts = Counted([np.ones((2, 3)) for _ in range(100)])
    g = np.arange(600.0).reshape((200, 3) if axis == 0 else (600,))
    (rule,) = REGISTRY["concatenate"].vjps
    assert rule is not None
    at = rule(g, g, parts, axis=axis)
    found = [at(i) for i in range(100)]
    np.testing.assert_array_equal(np.concatenate(found).ravel(), np.arange(600.0))
    assert parts.asked <= 3 * len(parts)


def test_products_that_do_not_fit_say_their_shapes() -> None:
    a, b = np.ones((2, 3)), np.ones((2, 3))
    with pytest.raises(ValueError, match=r"matmul: \(2, 3\) @ \(2, 3\) .* of 3 entries, .* of 2"):
        tensor(a) @ b
    with pytest.raises(ValueError, match=r"dense: \(2, 3\) @ \(2, 3\) does not fit"):
        engine.dense(a, b, np.ones(3))
    with pytest.raises(ValueError, match="a number in it"):
        engine.matmul(tensor(2.0), a)
    with pytest.raises(ValueError, match=r"stacks of \(2,\) and \(3,\) matrices"):
        engine.matmul(np.ones((2, 1, 1)), np.ones((3, 1, 1)))


def test_a_trace_is_a_flat_list_of_steps_with_slots() -> None:
    """sum(w * x[order of x])^2, with a Variable and an unused step."""
    w = variable([2.0, 3.0])

    def value(x: Any, unused: Any) -> Any:
        engine.exp(x)
        total = (w * x[engine.argsort(x)]).sum()
        return total * total + 1.5

    course = trace(value, [np.array([7.0, 5.0]), np.array(0.0)])
    assert [step.op.name for step in course.steps] == [
        "argsort",
        "getitem",
        "multiply",
        "sum",
        "multiply",
        "add",
    ]
    assert (course.arguments, course.out) == (2, course.steps[-1].slot)
    assert [step.slot.number for step in course.steps] == [2, 3, 4, 5, 6, 7]
    order, item, product, total, square, shifted = course.steps
    assert [arg.number for arg in order.args] == [0]
    assert item.params["index"] is order.slot
    assert product.args == (w, item.slot)
    assert total.params == {"axis": None, "keepdims": False}
    assert square.args == (total.slot, total.slot)
    assert isinstance(shifted.args[0], Slot)
    assert shifted.args[1] == 1.5
    assert shifted.record.out.value == (2 * 5 + 3 * 7) ** 2 + 1.5


def test_a_list_of_positions_stays_a_list_in_a_program() -> None:
    """x[[i, j]] takes two rows, x[i, j] one entry."""
    program = Program(
        lambda x: (x[[engine.argmax(x[:, 0]), engine.argmin(x[:, 0])]] * [[1.0], [10.0]]).sum(),
        (np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),),
        [0],
    )
    value, (gradient,) = program.value_and_grad(np.array([[5.0, 6.0], [3.0, 4.0], [1.0, 2.0]]))
    assert value == 11 + 30
    assert gradient.tolist() == [[1.0, 1.0], [0.0, 0.0], [10.0, 10.0]]
