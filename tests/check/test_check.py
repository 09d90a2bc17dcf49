"""The checker itself: planted errors are found, right gradients are not accused."""

from __future__ import annotations

import math
import sys
from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gradcli.catalogue import ACTIVATIONS, LOSSES
from gradcli.check import check, cost
from gradcli.check.cost import duration, estimate
from gradcli.check.ladder import RUNGS, ladder
from gradcli.check.lines import LARGEST_CHUNK, Entries, Point
from gradcli.check.methods import METHODS, central
from gradcli.check.ops import check_ops
from gradcli.check.plan import Options
from gradcli.check.rounding import value_rounding
from gradcli.check.sweep import sweep
from gradcli.engine import REGISTRY, Array, Tensor
from gradcli.engine.domain import case
from gradcli.engine.op import op
from gradcli.errors import GradcliError, SpecError
from gradcli.formula import Formula
from gradcli.gradient import differentiate
from gradcli.model import Model
from gradcli.problem import Problem

NET = {
    "loss": "mse", "in": 3, "out": 2, "hidden": [4, 3], "hidden_act": "tanh", "act": "sigmoid",
    "batch": 5, "dtype": "float64", "w1": "he_normal", "w2": "he_normal", "w3": "he_normal",
}  # fmt: skip


def model(**spec: Any) -> Model:
    return Model.from_spec({**NET, **spec})


def point(problem: Problem) -> Point:
    result = differentiate(problem)
    return Point(problem, float(result.value), value_rounding(problem, result))


def judged(net: Model, **wrong: Any) -> Any:
    """A check of the net's own gradients, some of them replaced."""
    return check(net, against={**net.evaluate().gradients, **wrong})


def test_right_gradients_pass() -> None:
    found = check(model())
    assert found.verdict == "pass"
    assert sum(v.entries for v in found.params.values()) == 3 * 4 + 4 + 4 * 3 + 3 + 3 * 2 + 2
    assert all(v.max_rel_error < 1e-6 for v in found.params.values())


@pytest.mark.parametrize(
    ("plant", "cause"),
    [
        (lambda g, n: {"w2": -g["w2"]}, {"w2": "sign flipped"}),
        (lambda g, n: {"w1": 2 * g["w1"]}, {"w1": "every entry is 2.000 times too large"}),
        (lambda g, n: {"b1": g["b1"] / 3}, {"b1": "every entry is 3.000 times too small"}),
        (
            lambda g, n: {name: 5 * v for name, v in g.items()},
            dict.fromkeys(
                ["w1", "b1", "w2", "b2", "w3", "b3"],
                "every entry is 5.000 times too large; 1/N missing: N = 5 is the batch size",
            ),
        ),
        (lambda g, n: {"w1": -g["w1"] / 5}, {"w1": "sign flipped, and every entry is 5.000 times"}),
        (lambda g, n: {"w1": g["w1"].T}, {"w1": "transposed"}),
        (lambda g, n: {"w2": g["b2"] * np.eye(4, 3)}, {"w2": None}),
        (
            lambda g, n: {"b3": cotangent(n, "z3")},
            {"b3": "b3 is not summed over the batch"},
        ),
        (
            lambda g, n: {"b3": cotangent(n, "z3")[0]},
            {"b3": "b3 is not summed over the batch"},
        ),
        (
            lambda g, n: without_sigmoid(n),
            {"w3": "the derivative of sigmoid is missing in layer 3",
             "b3": "the derivative of sigmoid is missing in layer 3"},
        ),
        (lambda g, n: {"b1": g["b1"][None]}, {"b1": "has shape"}),
        (lambda g, n: {"w1": g["w1"] * 1.01}, {"w1": "every entry is 1.010 times too large"}),
        (lambda g, n: {"w1": g["w1"] / 1.0004}, {"w1": "every entry is 1.00040 times too small"}),
        (lambda g, n: {"w1": g["w1"] + 1e-3}, {"w1": None}),
    ],
)  # fmt: skip
def test_planted_errors_are_found_and_their_cause_named(plant: Any, cause: Any) -> None:
    net = model()
    found = judged(net, **plant(net.evaluate().gradients, net))
    assert found.verdict == "fail"
    for name, verdict in found.params.items():
        assert verdict.verdict == ("fail" if name in cause else "pass")
        if cause.get(name) is None:
            assert verdict.cause is None
        else:
            assert cause[name] in (verdict.cause or "")


def cotangent(net: Model, name: str) -> Any:
    [found] = [step.gradient for step in net.evaluate().steps if step.name == name]
    return found


def without_sigmoid(net: Model) -> Any:
    """By hand: the last layer's gradients with a = z's derivative left out."""
    steps = {step.name: step for step in net.evaluate().steps}
    dz = steps["a3"].gradient
    return {"w3": steps["a2"].value.T @ dz, "b3": dz.sum(axis=0)}


def test_swapped_parameters_are_named() -> None:
    net = model(hidden=[3, 3], **{"in": 3})
    g = net.evaluate().gradients
    found = judged(net, w1=g["w2"], w2=g["w1"], b1=g["b2"], b2=g["b1"])
    assert found.params["w1"].cause == "w1 and w2 are swapped"
    assert found.params["b2"].cause == "b2 and b1 are swapped"


def test_softmax_without_cross_terms_is_named() -> None:
    net = Model.from_spec(
        {"loss": "mse", "act": "softmax", "in": 3, "out": 4, "batch": 2, "dtype": "float64"}
    )
    steps = {step.name: step for step in net.evaluate().steps}
    p = steps["a"].value
    dz = steps["a"].gradient * p * (1 - p)
    found = judged(net, w=net.x.T @ dz, b=dz.sum(axis=0))
    assert found.params["w"].cause == (
        "the derivative of softmax is taken as p (1 - p), without its cross terms"
    )


def test_one_wrong_entry_of_ten_thousand() -> None:
    net = Model.from_spec({"loss": "mse", "in": 100, "out": 100, "dtype": "float64"})
    w = net.evaluate().gradients["w"].copy()
    w[37, 71] *= 1.0001
    found = judged(net, w=w)
    assert found.params["w"].entries == 10_000
    assert found.params["w"].failed == 1
    assert found.params["w"].worst_index == [37, 71]
    assert found.params["w"].verdict == found.verdict == "fail"


def test_wrong_for_one_row_of_a_batch_only() -> None:
    net = model()
    dz = cotangent(net, "z3").copy()
    [a2] = [step.value for step in net.evaluate().steps if step.name == "a2"]
    dz[3] *= 0.5
    found = judged(net, w3=a2.T @ dz, b3=dz.sum(axis=0))
    assert found.params["w3"].verdict == found.params["b3"].verdict == "fail"
    assert found.params["w3"].cause is None


@pytest.mark.parametrize("factor", [0.5, -1.0, 2.0])
def test_a_tiny_gradient_that_is_wrong_by_half_fails(factor: float) -> None:
    """A gradient near 1e-9 beside a loss near 1: the rule is relative."""
    net = Model.from_spec(
        {"loss": "mse", "act": "sigmoid", "x": [[1]], "w": [[-20.0]], "b": [0], "y": [[1]],
         "dtype": "float64"}
    )  # fmt: skip
    gradients = net.evaluate().gradients
    assert 1e-9 < abs(gradients["w"][0, 0]) < 1e-8
    assert check(net).verdict == "pass"
    assert judged(net, w=gradients["w"] * factor).verdict == "fail"


def test_an_entry_drowned_in_noise_is_inconclusive() -> None:
    net = Model.from_spec(
        {"loss": "mse", "act": "sigmoid", "x": [[1]], "w": [[-50.0]], "b": [0], "y": [[1]],
         "dtype": "float64"}
    )  # fmt: skip
    found = check(net)
    assert found.verdict == "inconclusive"
    assert found.params["w"].unsure == [[0, 0]]
    assert found.params["w"].below_noise == []


@pytest.mark.parametrize(
    ("spec", "kinked"),
    [
        ({"hidden": 2, "b1": "0,1", "x": "0,0", "w2": "1;1", "y": 5}, {"b1": [[0]]}),
        ({"loss": "mae", "x": "1,1", "w": "1;1", "y": 2}, {"w": [[0, 0], [1, 0]], "b": [[0]]}),
        ({"act": "relu", "x": "1,1", "w": "1;-1", "y": -1}, {"w": [[0, 0], [1, 0]], "b": [[0]]}),
        ({"act": "relu6", "x": "1,1", "w": "3;3", "y": 1}, {"w": [[0, 0], [1, 0]], "b": [[0]]}),
        ({"act": "leaky_relu", "x": "1", "w": "0", "y": 1}, {"w": [[0, 0]], "b": [[0]]}),
    ],
)
@pytest.mark.parametrize("method", ["central", "forward", "ridders"])
def test_kinks_are_counted_named_and_inconclusive(spec: Any, kinked: Any, method: str) -> None:
    net = Model.from_spec({"loss": "mse", "out": 1, "dtype": "float64", **spec})
    found = check(net, Options(method))
    assert found.verdict == "inconclusive"
    assert {n: v.kinks for n, v in found.params.items() if v.kinks} == kinked
    bad = {name: g + 1.0 for name, g in net.evaluate().gradients.items()}
    sound = [n for n, v in found.params.items() if len(v.kinks) < v.entries]
    if sound:
        assert check(net, Options(method), bad).verdict == "fail"


@pytest.mark.parametrize("distance", [1e-2, 1e-4, 4e-6, 1e-6])
def test_relu_away_from_zero_is_no_kink(distance: float) -> None:
    for side in (1, -1):
        net = Model.from_spec(
            {"loss": "mse", "x": "1", "hidden": 1, "w1": "0", "b1": side * distance,
             "w2": "1", "out": 1, "y": 1, "dtype": "float64"}
        )  # fmt: skip
        found = check(net)
        assert found.verdict == "pass", found
        assert found.params["b1"].kinks == []


def test_kinks_of_second_order_are_no_kinks() -> None:
    """softsign has a slope of 1 at 0, from both sides."""
    net = Model.from_spec(
        {"loss": "mse", "x": "1", "w": "0", "b": 0, "act": "softsign", "y": 1, "dtype": "float64"}
    )
    assert check(net).verdict == "pass"


def test_200_random_models_right_never_fails_and_wrong_never_passes() -> None:
    rng = np.random.default_rng(20)
    seen: Counter[str] = Counter()
    for _ in range(200):
        spec: dict[str, Any] = {
            "loss": str(rng.choice(list(LOSSES))),
            "in": int(rng.integers(1, 5)),
            "out": int(rng.integers(1, 5)),
            "batch": int(rng.integers(1, 5)),
            "hidden": [int(n) for n in rng.integers(1, 6, rng.integers(0, 3))],
            "act": str(rng.choice(list(ACTIVATIONS))),
            "hidden_act": str(rng.choice(list(ACTIVATIONS))),
            "reduction": str(rng.choice(["mean", "sum"])),
            "seed": int(rng.integers(0, 10**6)),
        }
        if LOSSES[spec["loss"]].logits:
            spec["from_logits"] = bool(rng.random() < 0.5)
        net = Model.from_spec(spec).in_float64()
        found = check(net)
        seen[found.verdict if not found.nonfinite else "nonfinite"] += 1
        if found.nonfinite:
            continue
        assert found.verdict != "fail", (spec, found)
        gradients = net.evaluate().gradients
        name = str(rng.choice(list(gradients)))
        entry = tuple(int(rng.integers(0, n)) for n in gradients[name].shape)
        if gradients[name][entry]:
            wrong = gradients[name].copy()
            wrong[entry] *= rng.choice([-1, 0, 0.5, 2, 1.01])
            planted = judged(net, **{name: wrong})
            seen[f"planted {planted.verdict}"] += 1
            told = [*entry] in planted.params[name].below_noise
            assert planted.verdict != "pass" or told, (spec, name, entry)
    assert seen["pass"] > 180
    assert seen["planted fail"] > 140
    assert seen["inconclusive"] <= 10


@pytest.mark.parametrize("method", METHODS)
def test_every_method_proves_an_analytic_model(method: str) -> None:
    for loss, act in (("mse", "tanh"), ("ce", "linear"), ("bce", "linear"), ("mse", "silu")):
        net = model(loss=loss, act=act, hidden_act="mish")
        found = check(net, Options(method))
        assert found.verdict == "pass", found
        wrong = {**net.evaluate().gradients}
        wrong["b2"] = wrong["b2"] * 1.001
        assert check(net, Options(method), wrong).verdict == "fail"


def test_the_complex_step_is_exact_and_refuses_what_is_not_analytic() -> None:
    found = check(model(), Options("complex"))
    assert all(v.max_rel_error < 1e-12 for v in found.params.values())
    with pytest.raises(GradcliError, match=r"complex needs functions .* relu is not"):
        check(model(hidden_act="relu"), Options("complex"))


def test_the_numeric_derivative_against_closed_forms() -> None:
    """mse of one weight, y = 0: (w x)^2, derivative 2 w x^2."""
    net = Model.from_spec({"loss": "mse", "x": "3", "w": "0.7", "b": 0, "y": 0, "dtype": "float64"})
    entries = Entries(point(net), "w", np.array([0]))
    tolerances = {"central": 1e-9, "forward": 1e-6, "ridders": 1e-12, "complex": 1e-15}
    for name, tolerance in tolerances.items():
        slopes = (METHODS[name].first or ladder)(entries, METHODS[name].step)
        assert slopes.slope[0] == pytest.approx(2 * 0.7 * 9, rel=tolerance)
        truncation = 9 * slopes.step[0] if tolerance == 1e-6 else 0.0  # h f''/2
        assert abs(slopes.slope[0] - 2 * 0.7 * 9) <= slopes.uncertainty[0] + truncation


def test_the_ladder_extrapolates() -> None:
    """tanh at 0.5: the derivative 1 - tanh^2; a plain difference at 0.02 is off by 1e-4."""
    net = Model.from_spec(
        {"loss": "mae", "x": "0.5", "w": "1", "b": 0, "y": -1, "act": "tanh", "dtype": "float64"}
    )
    slopes = ladder(Entries(point(net), "b", np.array([0])))
    exact = 1 - math.tanh(0.5) ** 2
    assert slopes.slope[0] == pytest.approx(exact, rel=1e-12)
    assert abs(slopes.slope[0] - exact) <= slopes.uncertainty[0] < 1e-11


def test_noise_is_that_of_the_values_around_not_of_a_value_near_zero() -> None:
    """x^2 at 1e-130: the difference at a step of 6e-6 is all rounding."""
    net = Model.from_spec({"loss": "mse", "x": "1e-130", "w": "1", "b": 0, "y": 0,
                           "dtype": "float64"})  # fmt: skip
    assert check(net).verdict == "inconclusive"


def test_a_single_number_is_no_multiple_of_another() -> None:
    net = Model.from_spec({"loss": "mse", "x": "1", "w": "1", "b": 0, "y": 0, "dtype": "float64"})
    odd = judged(net, b=net.evaluate().gradients["b"] * 1.7342)
    assert odd.params["b"].verdict == "fail"
    assert odd.params["b"].cause is None
    known = judged(net, b=-net.evaluate().gradients["b"])
    assert known.params["b"].cause == "sign flipped"
    both = judged(net, **{n: 1.7342 * g for n, g in net.evaluate().gradients.items()})
    assert {v.cause for v in both.params.values()} == {"every entry is 1.734 times too large"}


def test_a_mistake_that_changes_nothing_is_no_cause() -> None:
    """In its linear part relu6 has the derivative 1: leaving it out is no mistake."""
    net = model(act="relu6", b3="3")
    g = net.evaluate().gradients
    found = judged(net, w3=g["w3"] + 1e-3)
    assert found.params["w3"].cause is None


VANISHING = {"loss": "mse", "in": 3, "batch": 5, "layers": "dense(4), batch_norm, dense(2)"}


def test_a_gradient_that_is_nothing_but_rounding_passes() -> None:
    """batch_norm takes the bias before it away: 0, to which some roundings may be added."""
    net = Model.from_spec({**VANISHING, "dtype": "float64"})
    own = net.evaluate().gradients["b1"]
    assert 0 < np.max(np.abs(own)) < 1e-15
    for given in (own, np.zeros(4), -own, own.astype(np.float32), np.float32([3e-8, 0, 0, -7e-8])):
        found = check(net, against={**net.evaluate().gradients, "b1": given})
        assert (found.verdict, found.params["b1"].verdict) == ("pass", "pass")
    for wrong in (own + 1e-9, np.float32([1e-3, 0, 0, 0]), np.full(4, np.nan)):
        assert check(net, against={"b1": wrong}).params["b1"].verdict == "fail"


def test_terms_that_nearly_cancel_are_judged_by_their_own_digits() -> None:
    """Two rows of batch_norm are -1 and 1, whatever they were: in float32 few digits are left."""
    layers = "layer_norm, batch_norm(1e-5), activation(elu), rms_norm(0.1), dense(4)"
    spec = {"loss": "hinge", "in": 4, "layers": layers, "seed": 144, "batch": 2, "wrt": "gamma1"}
    net = Model.from_spec(spec)
    given = net.evaluate().gradients
    exact = Model.from_spec({**spec, "dtype": "float64"}).evaluate().gradients["gamma1"]
    assert np.max(np.abs(given["gamma1"] - exact)) > 1e-3 * np.max(np.abs(exact))
    assert check(net, against=given).verdict == "pass"
    for wrong in (1.1 * given["gamma1"], -given["gamma1"], 0 * given["gamma1"]):
        assert check(net, against={"gamma1": wrong}).params["gamma1"].verdict == "fail"


def test_what_moves_at_a_tie_is_not_taken_for_rounding() -> None:
    """0.1 + 0.2 - 0.3 is 0 or not, as its rounding falls: relu's slope by the others is sure."""
    given = {"x": np.float32([1, 0.5])}
    tied = Formula("relu(x[0]*a - 0.3) + x[1]*b", {"x": [0.1 + 0.2, 1.0], "a": 1.0, "b": 0.5})
    assert check(tied, against=given).params["x"].verdict != "fail"
    given["x"][1] = 0.51
    assert check(tied, against=given).params["x"].verdict == "fail"


def test_a_small_gradient_is_not_taken_for_rounding() -> None:
    """Below all rounding of the value, and still not 0: what says so cannot be proven."""
    found = check(Formula("1 + 1e-17 * x", {"x": 2.0}))
    assert found.params["x"].verdict == "inconclusive"


def test_steps_are_divided_by_what_was_realised() -> None:
    """At x = 1e8 a step of 1 + 2^-30 is not representable: the error would be 1e-9 of it."""
    net = Model.from_spec({"loss": "mae", "x": "1", "w": "1e8", "b": 0, "y": 0, "dtype": "float64"})
    entries = Entries(point(net), "w", np.array([0]))
    assert central(entries, 1.1e-9).slope[0] == 1.0


def test_float32_models_are_proven_in_float64() -> None:
    assert check(model(dtype="float32")).verdict == "pass"


def test_a_file_in_few_digits_is_judged_by_its_dtype() -> None:
    net = model()
    scaled = model(x="uniform", w3="uniform")
    few = {n: np.float32(g) for n, g in scaled.evaluate().gradients.items()}
    few["w3"] = few["w3"] * np.float32(1 + 2e-5)  # more than 1e-6, less than 1000 eps
    assert check(scaled, against=few).verdict == "pass"
    assert check(scaled, against={n: np.float64(g) for n, g in few.items()}).verdict == "fail"
    for dtype in (np.float32, np.float16):
        rounded = {n: g.astype(dtype) for n, g in net.evaluate().gradients.items()}
        assert check(net, against=rounded).verdict == "pass"
    off = {n: (g * 1.001).astype(np.float32) for n, g in net.evaluate().gradients.items()}
    assert check(net, against=off).verdict == "fail"


def test_missing_extra_misshapen_and_nonfinite_gradients_are_named() -> None:
    net = model()
    g = net.evaluate().gradients
    nan = g["w2"].copy()
    nan[1, 2] = np.nan
    found = check(net, against={"w1": g["w1"][:, :2], "w2": nan, "w3": g["w3"], "v": g["b1"]})
    assert found.verdict == "fail"
    assert found.extra == ["v"]
    assert found.params["b1"].cause == "missing"
    assert found.params["w1"].cause == "has shape (3, 2), but (3, 4) is needed"
    assert found.params["w2"].cause == "1 entry is not finite at [1, 2]"
    assert found.params["w3"].verdict == "pass"


def test_figures_are_those_of_the_worst_entry() -> None:
    """Where every entry is off by the same part of it, that is the largest; else it is where
    the part is largest, whatever else is larger."""
    net = model()
    g = net.evaluate().gradients
    sizes = np.abs(g["w2"])
    large, small = (np.unravel_index(i, sizes.shape) for i in (sizes.argmax(), sizes.argmin()))
    assert 0.2 * sizes[large] > sizes[small] > 0
    off = g["w2"].copy()
    off[large] *= 1.2
    off[small] *= 2
    found = judged(net, w1=-g["w1"], w2=off).params
    w1, w2 = found["w1"], found["w2"]
    largest = np.unravel_index(np.argmax(np.abs(g["w1"])), g["w1"].shape)
    assert tuple(w1.worst_index) == largest
    assert w1.rel_error == pytest.approx(2.0)
    assert w1.numeric == pytest.approx(-w1.backprop) == pytest.approx(g["w1"][largest])
    assert tuple(w2.worst_index) == small
    assert w2.backprop == off[small]
    assert w2.numeric == pytest.approx(g["w2"][small])
    assert w2.rel_error == pytest.approx(1 / 2)
    assert w2.abs_error == pytest.approx(sizes[small])
    assert (w2.shape, w2.failed) == ((4, 3), 2)


@pytest.mark.parametrize("method", ["central", "forward", "ridders"])
@pytest.mark.parametrize(
    ("text", "x", "left", "right"),
    [
        ("abs(x)", 0.0, -1, 1),
        ("abs(x)+3*x^2+1e3", 0.0, -1, 1),
        ("5*exp(abs(x-1))", 1.0, -5, 5),
        ("maximum(3*x,x)", 0.0, 1, 3),
        ("clip(x,0,1)", 1.0, 1, 0),
        ("relu(x-1e3)*1e6", 1e3, 0, 1e6),
        ("abs(2+x-2)", 0.0, -1, 1),
        ("floor(x)", 2.0, math.inf, 0),
        ("ceil(x)+x", 2.0, 1, math.inf),
        ("sqrt(abs(x))", 0.0, -math.inf, math.inf),
    ],
)
def test_the_slopes_to_both_sides_of_a_kink(
    text: str, x: float, left: float, right: float, method: str
) -> None:
    problem = Formula(text, {"x": x})
    found = check(problem, Options(method)).params["x"]
    [sides] = found.sides
    assert (sides.left, sides.right) == pytest.approx((left, right), rel=1e-6, abs=1e-6)
    own = differentiate(problem).gradients["x"]
    [told] = check(problem, Options(method), {"x": own + 0.5}).params["x"].sides
    assert sides.backprop == told.backprop == own
    assert math.isnan(found.numeric)
    assert math.isnan(found.rel_error)


def test_an_interrupt_keeps_what_is_done_and_accuses_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What fails at the data as given may pass at the data as rounded: it is left open."""
    checking = sys.modules["gradcli.check.check"]
    right = checking.measure
    net = Model.from_spec({"loss": "mse", "x": "0.1,0.7", "w": "1;-1", "b": "0.6000001", "y": "0"})
    rounded = net.rounded()
    assert rounded is not None
    given = rounded.evaluate().gradients
    assert check(net, against=given).verdict == "pass"

    def stopped(count: int) -> Any:
        calls = iter(range(count))

        def measure(*args: Any) -> Any:
            if next(calls, None) is None:
                raise KeyboardInterrupt
            return right(*args)

        monkeypatch.setattr(checking, "measure", measure)
        return check(net, against=given)

    for count, second in ((1, "not reached"), (2, "inconclusive"), (3, "inconclusive")):
        found = stopped(count)
        assert found.interrupted
        assert found.verdict == "inconclusive"
        assert found.params["w"].verdict == second
    assert found.params["b"].verdict == "pass"
    assert not stopped(4).interrupted


def test_the_time_is_that_of_some_entries_times_their_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    net = Model.from_spec({"loss": "mse", "in": 100, "out": 50, "dtype": "float64"})

    clock = 0.0

    def values(name: str, stack: Any) -> Any:
        nonlocal clock
        clock += 1e-4 * len(stack)  # two values an entry
        return np.zeros(len(stack))

    monkeypatch.setattr(net, "values", values)
    monkeypatch.setattr(cost, "time", SimpleNamespace(perf_counter=lambda: clock))
    chosen = {"w": np.arange(5000), "b": np.arange(50)}
    at = Point(net, 0.0)
    assert estimate(at, chosen, METHODS["central"]) == pytest.approx(5050 * 2e-4)
    assert estimate(at, chosen, METHODS["ridders"]) == pytest.approx(5050 * 2e-4 * RUNGS)
    assert estimate(at, {"b": np.arange(50)}, METHODS["central"]) == 0  # begun at once
    assert [duration(s) for s in (14, 800, 9000, 200_000)] == [
        "14 seconds", "13 minutes", "2 hours", "2 days",
    ]  # fmt: skip


@pytest.mark.parametrize("method", ["central", "ridders"])
def test_progress_ends_at_all_entries(method: str) -> None:
    net = model(act="relu", b3="0")
    done: list[int] = []
    found = check(net, Options(method), progress=done.append)
    assert sum(done) == sum(v.entries for v in found.params.values())
    done.clear()
    wrong = {n: np.float64(g) * 2 for n, g in net.evaluate().gradients.items()}
    check(model(dtype="float32"), Options(method), wrong, progress=done.append)
    assert sum(done) == sum(v.entries for v in found.params.values())


def test_sampling_looks_at_so_many_entries_of_each() -> None:
    found = check(model(), Options(sample=5))
    assert {n: v.entries for n, v in found.params.items()} == {
        "w1": 5, "b1": 4, "w2": 5, "b2": 3, "w3": 5, "b3": 2,
    }  # fmt: skip
    assert check(model(), Options(sample=5)) == found


def test_over_a_million_entries_a_sample_is_asked_for() -> None:
    net = Model.from_spec({"loss": "mse", "in": 1001, "out": 1000})
    with pytest.raises(SpecError, match=r"sample: 1,002,000 entries would take about"):
        check(net, Options("central"))
    assert check(net, Options(sample=3)).verdict in ("pass", "inconclusive")


def test_chunks_stay_within_their_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    net = Model.from_spec({"loss": "mse", "in": 300, "out": 300, "batch": 8, "dtype": "float64"})
    largest = 0

    def values(name: str, stack: Any) -> Any:
        nonlocal largest
        largest = max(largest, stack.nbytes)
        return np.zeros(len(stack))

    monkeypatch.setattr(net, "values", values)
    Entries(Point(net, 0.0), "w", np.arange(90_000)[:600]).at(np.zeros((600, 2)))
    assert 0 < largest <= LARGEST_CHUNK


def test_a_value_that_is_not_finite_fails_with_the_reason() -> None:
    net = Model.from_spec({"loss": "mse", "x": "nan", "w": "1", "y": 1})
    found = check(net)
    assert found.verdict == "fail"
    assert found.nonfinite == "x holds nan at [0, 0]"


def test_a_sweep_finds_the_step_of_theory() -> None:
    """Central differences are best near eps^(1/3) = 6e-6, forward near eps^(1/2) = 1.5e-8."""
    central, forward = (sweep(model(), method) for method in ("central", "forward"))
    assert [row.step for row in central.rows] == [10.0**-k for k in range(1, 15)]
    assert 1e-7 < central.best.step < 1e-3
    assert 1e-10 < forward.best.step < 1e-6
    errors = [row.max_rel_error for row in central.rows]
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.2)
    assert sweep(model(), "complex").best.max_rel_error < 1e-14
    # At 1e-3, and at steps that reach below 0, the logarithm has no difference.
    rows = sweep(Formula("log(x)", {"x": 1e-3}), "central").rows
    assert [row.max_rel_error for row in rows[:3]] == [math.inf] * 3
    assert rows[3].max_rel_error == pytest.approx((math.log(1.1 / 0.9) / 0.2) - 1, rel=1e-6)
    with pytest.raises(GradcliError, match="ridders chooses its own steps"):
        sweep(model(), "ridders")


# The engine


def test_every_op_passes_to_second_order() -> None:
    found = check_ops()
    assert [v for v in found if v.verdict != "pass"] == []
    assert len(found) == sum(op.differentiable for op in REGISTRY.values())
    assert all(v.cases for v in found)


def test_ops_with_planted_errors_are_found() -> None:
    """Wrong at first order; and right at first order but wrong at second order only."""

    @op(lambda g, y, x: g * y * 1.001, rule="g")
    def planted_first(x: Array) -> Array:
        return np.exp(x)

    # The value of x is frozen: the slope is right, and its slope is 0.
    @op(lambda g, y, x: g * np.exp(engine_plain(x)), rule="g")
    def planted_second(x: Array) -> Array:
        return np.exp(x)

    @op(lambda g, y, x, n: g * min(n, 2), rule="g", cases=(case((2,), n=1), case((2,), n=3)))
    def planted_case(x: Array, n: int) -> Array:
        return x * n

    wrong, frozen, late = planted_first, planted_second, planted_case
    try:
        first, second, third = check_ops([wrong.name, frozen.name, late.name])
    finally:
        for planted in (wrong, frozen, late):
            del REGISTRY[planted.name]
            delattr(Tensor, planted.name)
    assert first.verdict == second.verdict == third.verdict == "fail"
    assert "input 0 of planted_first(()), order 1" in (first.where or "")
    assert second.first_order < 1e-8 < second.second_order
    assert "order 2" in (second.where or "")


def test_ops_that_the_formula_language_calls_otherwise_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import gradcli.check.ops as checked

    right = checked.as_formula
    monkeypatch.setattr(
        checked, "as_formula", lambda *call: right(*call)._replace(text=f"2*{right(*call).text}")
    )
    [found] = check_ops(["tanh"])
    assert found.verdict == "fail"
    assert found.where == "the formula 2*tanh(a0) has another gradient"


def engine_plain(x: Any) -> Any:
    return getattr(x, "value", x)
