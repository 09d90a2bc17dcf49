"""Optimizers: Keras's numbers, their state, and one more that is declared in a test."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from gradcli import catalogue
from gradcli.cli.main import cli
from gradcli.descent import Optimizer, Schedule, Settings, descend
from gradcli.descent.rules import RULES, rule
from gradcli.errors import GradcliError, SpecError
from gradcli.formula import Formula
from gradcli.verb_keys import OPTIMIZER_KEYS
from tests.conftest import HERE, Gradcli

KERAS = json.loads((HERE / "reference" / "optimizers.json").read_text())


def test_the_catalogue_has_a_line_for_each() -> None:
    assert [*RULES, "lbfgs"] == list(catalogue.OPTIMIZERS)
    assert all(rule.update.__doc__ for rule in RULES.values())


def test_the_keys_are_those_of_the_rules() -> None:
    declared = {name: dict(rule.keys) for name, rule in RULES.items()}
    told: dict[str, dict[str, float]] = {name: {} for name in RULES}
    for key in OPTIMIZER_KEYS:
        for name in key.only:
            told[name][key.name] = float(key.default)
    assert told == declared


def keras_walk(case: dict[str, Any], dtype: str, lr: Any) -> tuple[Optimizer, Any, dict[int, Any]]:
    """The points of a walk after the steps that ``case`` has, from its own start."""
    problem = Formula(KERAS["function"], dict(zip("xy", KERAS["start"])), None, dtype)
    step = problem.stepper()
    optimizer = Optimizer(case["optimizer"], lr, **case["keys"])
    at: Any = {name: value[()] for name, value in problem.primals.items()}
    found = {}
    for taken in range(1, 51):
        at = optimizer.step(at, step(at)[1])
        found[taken] = [float(value) for value in at.values()]
    return optimizer, at, found


@pytest.mark.parametrize("case", KERAS["walks"], ids=lambda c: f"{c['optimizer']} {c['dtype']}")
def test_optimizers_walk_as_in_keras(case: dict[str, Any]) -> None:
    name, dtype = case["optimizer"], case["dtype"]
    optimizer, end, found = keras_walk(case, dtype, case["lr"])
    assert len(case["at"]) == 9
    # Keras holds momentum, betas and the like in float32: 1 - 0.999 has five right digits.
    rounding = 1e-13 if dtype == "float64" else 1e-6
    atol = rounding if case["exact"] else 5e-6
    for taken, point in case["at"].items():
        np.testing.assert_allclose(found[int(taken)], point, rtol=0, atol=atol)
    assert all(value.dtype == dtype for value in end.values())
    state = optimizer.state.get("x", {})
    assert list(state) == list(RULES[name].slots)
    assert all(slot.dtype == dtype for slot in state.values())


def test_the_learning_rate_of_a_schedule() -> None:
    case = KERAS["under_a_schedule"]
    schedule = Schedule(case["schedule"], case["lr"], 50, **case["decay"])
    _, _, found = keras_walk(case, case["dtype"], schedule)
    for taken, point in case["at"].items():
        np.testing.assert_allclose(found[int(taken)], point, rtol=0, atol=5e-6)


def test_weights_and_biases_decay_as_in_keras() -> None:
    """Without a gradient each is multiplied by 1 - lr * weight_decay a step, as by hand, too."""
    case = KERAS["decayed"]
    optimizer = Optimizer("adamw", case["lr"], **case["keys"])
    at: Any = {name: np.full(3, value) for name, value in zip("wb", KERAS["start"])}
    for taken in range(1, 51):
        optimizer.step_in_place(at, {name: np.zeros(3) for name in "wb"})
        for value, start, name in zip(case["at"].get(str(taken), ()), KERAS["start"], "wb"):
            np.testing.assert_allclose(at[name], value, rtol=1e-14)
            np.testing.assert_allclose(value, start * (1 - 0.125 * 0.25) ** taken, rtol=1e-13)


SHAPES = {"w1": (70, 60), "b1": (60,), "w2": (60, 3), "b2": (3,), "s": (1,), "n": ()}


def drawn(rng: np.random.Generator, dtype: str, turned: bool = False) -> Any:
    """Arrays of ``SHAPES``, the first of them large; ``turned``, they are not contiguous."""
    found = {n: np.asarray(rng.normal(size=s[::-1]), dtype).T for n, s in SHAPES.items()}
    return found if turned else {name: np.array(a, order="C") for name, a in found.items()}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("turned", [False, True])
def test_a_step_in_place_is_the_same_to_the_bit(name: str, dtype: str, turned: bool) -> None:
    """As ``step``, and as scalars one by one; what comes in is not written to."""
    rng = np.random.default_rng(3)
    start = drawn(rng, dtype, turned)
    owned = {n: np.array(a) if n != "n" else np.array(a)[()] for n, a in start.items()}
    places = {n: a for n, a in owned.items() if a.ndim}
    pure, one = start, start["b2"][1]
    optimizers = [Optimizer(name, 0.1) for _ in range(3)]
    for _ in range(5):
        gradients = drawn(rng, dtype, turned)
        for array in [*pure.values(), *gradients.values()]:
            array.flags.writeable = False
        pure = optimizers[0].step(pure, gradients)
        optimizers[1].step_in_place(owned, gradients)
        one = optimizers[2].step({"b2": one}, {"b2": gradients["b2"][1]})["b2"]
        pure["n"] = np.asarray(pure["n"])
    for key, array in pure.items():
        np.testing.assert_array_equal(owned[key], array)
        assert owned[key].dtype == array.dtype == dtype
        assert array.shape == SHAPES[key]
    assert all(owned[key] is place for key, place in places.items())
    assert (one, one.dtype) == (pure["b2"][1], dtype)


@pytest.mark.parametrize("name", RULES)
def test_a_restored_optimizer_goes_on_to_the_bit(name: str) -> None:
    rng = np.random.default_rng(4)
    at, gradients = drawn(rng, "float32"), [drawn(rng, "float32") for _ in range(6)]
    whole = Optimizer(name, Schedule("cosine", 0.1, 6))
    for g in gradients[:3]:
        whole.step_in_place(at, g)
    saved = {p: {s: np.array(a) for s, a in slots.items()} for p, slots in whole.state.items()}
    there = {key: array.copy() for key, array in at.items()}
    for array in [array for slots in saved.values() for array in slots.values()]:
        array.flags.writeable = False
    again = Optimizer(name, Schedule("cosine", 0.1, 6))
    again.restore(saved, whole.taken)
    for g in gradients[3:]:
        whole.step_in_place(at, g)
        again.step_in_place(there, g)
    assert again.taken == whole.taken == 6
    for key, array in at.items():
        np.testing.assert_array_equal(there[key], array)
        for slot, value in whole.state.get(key, {}).items():
            np.testing.assert_array_equal(again.state[key][slot], value)
            assert value.shape == SHAPES[key]


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"w": {"speed": np.zeros(2)}}, "the state of 'w' has speed, and momentum needs velocity"),
        ({"w": {}}, "the state of 'w' has no slots, and momentum needs velocity"),
        ({"v": {"velocity": np.zeros(2)}}, "the state of the optimizer lacks 'w'"),
        (
            {"w": {"velocity": np.zeros(3)}},
            r"velocity of 'w' is float64 of shape \(3,\), and w float64 of shape \(2,\)",
        ),
    ],
)
def test_a_state_that_does_not_fit_is_refused(state: Any, message: str) -> None:
    def go_on() -> None:
        optimizer = Optimizer("momentum", 0.1)
        optimizer.restore(state, 1)
        optimizer.step({"w": np.zeros(2)}, {"w": np.ones(2)})

    with pytest.raises(GradcliError, match=message):
        go_on()


def test_what_an_optimizer_carries_can_be_read() -> None:
    """Momentum 0.5 at 0.1 down a slope of 1: v = -0.1, -0.15; x = 0.9, 0.75. Arrays likewise."""
    found = Optimizer("momentum", 0.1, momentum=0.5)
    assert found.state == {}
    at: Any = {"x": np.float64(1), "w": np.ones((2, 1))}
    for _ in range(2):
        at = found.step(at, {"x": np.float64(1), "w": np.ones((2, 1))})
    np.testing.assert_allclose(at["x"], 0.75, rtol=1e-15)
    np.testing.assert_allclose(at["w"], [[0.75], [0.75]], rtol=1e-15)
    np.testing.assert_allclose(found.state["x"]["velocity"], -0.15, rtol=1e-15)
    np.testing.assert_allclose(found.state["w"]["velocity"], [[-0.15], [-0.15]], rtol=1e-15)
    assert (found.name, found.taken, found.keys) == ("momentum", 2, {"momentum": 0.5})


def test_numbers_of_numpy_do_not_widen_float32() -> None:
    optimizer = Optimizer("adam", np.float64(0.1), beta_1=np.float64(0.5))
    at = optimizer.step({"x": np.float32(1)}, {"x": np.float32(1)})
    assert at["x"].dtype == optimizer.state["x"]["first"].dtype == np.float32


def test_a_name_that_is_not_known() -> None:
    with pytest.raises(SpecError, match="unknown optimizer 'adm'; did you mean 'adam'"):
        descend(Formula("x^2", {"x": 1}), Settings(0.1, 1, 1, "adm"))


def test_an_optimizer_is_added_by_one_declaration(
    gradcli: Gradcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps of the learning rate's length along each axis: from 1 by 0.25, three of them."""
    monkeypatch.setitem(RULES, "sign_descent", RULES["gd"])
    monkeypatch.setitem(catalogue.OPTIMIZERS, "sign_descent", "by the gradient's sign alone")

    @rule
    def sign_descent(p: Any, g: Any, lr: float, t: int, work: Any) -> tuple[Any, ...]:
        p -= lr * np.sign(g)
        return (p,)

    assert "sign_descent" in gradcli("descend formula --help").out
    told = gradcli("descend formula x^2 x=1 --optimizer sign_decent")
    assert (told.code, "did you mean 'sign_descent'?" in told.err) == (2, True)
    words = "gradcli descend formula --optimizer sig"
    completion = {"_GRADCLI_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "4"}
    assert "sign_descent" in CliRunner().invoke(cli, [], env=completion, prog_name="gradcli").output
    walk = "descend formula x^2 x=1 --lr 0.25 --steps 3 --every 1 --optimizer sign_descent --json"
    assert [row["at"]["x"] for row in gradcli(walk).json["path"]] == [1, 0.75, 0.5, 0.25]
