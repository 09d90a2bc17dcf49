"""The numeric side: steps inside the domain, honest uncertainty, what cannot be measured."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

from gradcli.check import check
from gradcli.check.plan import Options
from gradcli.check.sweep import sweep
from gradcli.formula import Formula
from gradcli.gradient import differentiate
from gradcli.model import Model

METHODS = ("central", "forward", "ridders", "complex")


def judged(text: str, against: Any = None, method: str = "central", **values: Any) -> Any:
    given = None if against is None else {"x": np.asarray(against, np.float64)}
    return check(Formula(text, values, ["x"]), Options(method), given)


EDGES = [
    ("log(x)", 1e-6, 1e6),
    ("sqrt(x)", 1e-6, 500.0),
    ("sqrt(x)", 1e-7, 0.5 / math.sqrt(1e-7)),
    ("x*log(x)", 1e-6, math.log(1e-6) + 1),
    ("arcsin(x)", 0.999999, 1 / math.sqrt(1 - 0.999999**2)),
    ("arccos(x)", -0.99999999, -1 / math.sqrt(1 - 0.99999999**2)),
    ("1/x", -1e-8, -1e16),
    ("x^1.5", 1e-6, 1.5e-3),
    ("log(x)", 1e-30, 1e30),
    ("sin(1e6*x)", 1.3, 1e6 * math.cos(1.3e6)),
    ("exp(1e5*x)", 1e-5, 1e5 * math.e),
    ("x^2", 1e12, 2e12),
    ("x", 1e-12, 1.0),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("text", "x", "truth"), EDGES)
def test_steep_places_are_measured(text: str, x: float, truth: float, method: str) -> None:
    found = judged(text, truth * (1 + 1e-13), method, x=x)
    assert found.verdict == "pass", found
    assert found.params["x"].numeric == pytest.approx(truth, rel=1e-8)
    for factor in (1 + 1e-4, 1 - 1e-4, -1, 0, 2):
        assert judged(text, truth * factor, method, x=x).verdict == "fail"


@pytest.mark.parametrize("method", ["central", "forward", "ridders"])
@pytest.mark.parametrize("x", [1e-8, -1e-8, 3e-7, 1e-5, -1e-3])
def test_beside_a_kink_the_slope_is_that_of_its_side(x: float, method: str) -> None:
    for text, truth in (
        ("abs(x)", np.sign(x)),
        ("relu(x)+2", x > 0),
        ("maximum(3*x,x)", 2 + np.sign(x)),
    ):
        assert judged(text, truth, method, x=x).verdict == "pass"
        assert judged(text, truth + 1e-3, method, x=x).verdict == "fail"


def test_a_period_that_the_step_hits_is_no_plateau() -> None:
    """With h = eps^(1/3), sin(pi x / h) is 0 at x - h, x and x + h, and its slope is pi / h."""
    h = float(np.finfo(np.float64).eps) ** (1 / 3)
    k = math.pi / h
    assert judged("sin(k*x)", 0.0, x=0.0, k=k).verdict == "fail"
    assert judged("sin(k*x)", k, x=0.0, k=k).verdict == "pass"
    many = np.zeros(40)
    assert judged("sum(sin(k*x))", many, x=many, k=k).verdict == "fail"
    assert judged("sum(sin(k*x))", many + k, x=many, k=k).verdict == "pass"
    hidden = many + 1.0
    hidden[7] += k
    assert judged("sum(x+w*sin(k*x))", hidden - [0.0], x=many, k=k, w=(hidden > 2) * 1.0
                  ).verdict == "pass"  # fmt: skip
    assert judged("sum(x+w*sin(k*x))", many + 1, x=many, k=k, w=(hidden > 2) * 1.0
                  ).verdict == "fail"  # fmt: skip


@pytest.mark.parametrize("n", [1, 20, 60])
def test_differences_that_the_step_itself_makes_wrong_do_not_pass(n: int) -> None:
    """Gradients that somebody took by central differences, at the very step of the check."""
    rng = np.random.default_rng(n)
    for k in (1e4, 1e5, 3e7):
        x = rng.uniform(-1, 1, n)
        h = float(np.finfo(np.float64).eps) ** (1 / 3)
        differences = (np.sin(k * (x + h)) - np.sin(k * (x - h))) / ((x + h) - (x - h))
        assert np.max(np.abs(differences - k * np.cos(k * x))) > 1e-4 * k
        assert judged("sum(sin(k*x))", differences, x=x, k=k).verdict == "fail"
        assert judged("sum(sin(k*x))", k * np.cos(k * x), x=x, k=k).verdict == "pass"


def test_a_complex_step_that_is_no_small_step_is_not_believed() -> None:
    """At a slope of 1e19 a step of 1e-20 is a tenth of a period."""
    x = 5.1e-11
    truth = math.cos(1 / x) * -1 / x**2 / math.cosh(math.sin(1 / x)) ** 2
    for claim in (truth, 0.0):
        found = judged("tanh(sin(1/x))", claim, "complex", x=x).verdict
        assert found in ("pass" if claim else "fail", "inconclusive")
    far = judged("tanh(1.7037*exp(0.9*sin(1/x)))", 0.0, "complex", x=5.105347365259342e-11)
    assert far.verdict != "pass"


def test_what_rounding_took_from_a_small_entry_is_no_error() -> None:
    """1 - tanh^2 at 20 is 0 in float64 and 1.7e-17 in truth; the other slope is near 1."""
    for method in METHODS:
        found = check(Formula("sum(tanh(x))", {"x": [20.0, 0.1]}), Options(method))
        assert found.verdict == "pass", found


def test_a_number_that_is_none_is_inconclusive_where_the_value_does_without_it() -> None:
    formula = Formula("sum(where(x > 0, x, y))", {"x": [np.nan, 2.0], "y": 0.0})
    for method in ("central", "forward", "ridders"):
        found = check(formula, Options(method)).params
        assert (found["x"].verdict, found["y"].verdict) == ("inconclusive", "pass")
        assert found["x"].unsure == [[0]]
    assert sweep(formula, "central").best is None


def test_what_is_finer_than_any_step_is_inconclusive() -> None:
    """A ripple of 1e-13 with slope 0.1, and an angle that float64 does not resolve."""
    ripple = "x + 1e-13*sin(1e12*x)"
    truth = 1 + 0.1 * math.cos(1e12 * 0.3)
    assert judged(ripple, truth, x=0.3).verdict == "inconclusive"
    assert check(Formula("sin(1e10*x^1.5)", {"x": 3.2e9})).verdict == "inconclusive"
    assert judged("sin(1e12*x)", 1e12 * math.cos(0.3e12), x=0.3).verdict == "inconclusive"


def test_rounding_is_that_of_the_intermediates() -> None:
    """(1e8 + x) - 1e8 near 0.3 is rounded by 1e-8; 1e12 x - (1e12 - 1) x, by 1e-4."""
    assert judged("(1e8+x)-1e8", 1.0, x=0.3).verdict == "pass"
    assert judged("(1e8+x)-1e8", 1.0001, x=0.3).verdict == "fail"
    assert judged("(1e15+x)-1e15", 1.0, x=0.3).verdict == "inconclusive"
    assert judged("1e20*x-1e20*x+x", 1.0, x=0.3).verdict != "fail"


def test_small_entries_of_a_large_gradient_pass_below_noise() -> None:
    found = judged("sum(a*x)", [1e9, 1e-9, 1.0], x=[1.0, 1.0, 1.0], a=[1e9, 1e-9, 1.0])
    assert found.verdict == "pass"
    assert found.params["x"].below_noise == [[1]]
    # Alone, the same entry is all that there is, and is told.
    assert judged("a*x+1e9", 1e-9, x=1.0, a=1e-9).verdict == "inconclusive"
    assert judged("a*x", 1e-9, x=1.0, a=1e-9).verdict == "pass"


def test_one_entry_below_noise_of_940_leaves_the_verdict() -> None:
    net = Model.from_spec(
        {"loss": "ce", "in": 30, "hidden": [20], "hidden_act": "tanh", "out": 15,
         "b2": [-40.0] + [0.0] * 14, "w1": "normal", "dtype": "float64"}
    )  # fmt: skip
    found = check(net)
    assert sum(v.entries for v in found.params.values()) == 30 * 20 + 20 + 20 * 15 + 15
    assert [0] in found.params["b2"].below_noise
    assert found.verdict == "pass"


def test_a_dead_relu_passes_with_0_and_with_nothing_else() -> None:
    for text in ("relu(x)", "relu(x)+y^2", "1e3*relu(x-1)+y"):
        assert judged(text, 0.0, x=-1.0, y=3.0).verdict == "pass"
        assert judged(text, 1e-12, x=-1.0, y=3.0).verdict != "pass"
        assert judged(text, 1e-4, x=-1.0, y=3.0).verdict == "fail"
    net = Model.from_spec(
        {"loss": "mse", "in": 3, "hidden": [4], "out": 2, "b1": "-99", "dtype": "float64"}
    )
    assert check(net).verdict == "pass"


def test_a_gradient_that_rounding_took_to_0_is_inconclusive() -> None:
    """tanh'(20) is 1.7e-17, tanh'(40) 7e-35: the engine's 1 - y^2 is 0, but not flat."""
    for text, x in (("tanh(x)", 20), ("tanh(x)", 40), ("relu(x-50)+tanh(x)", 40)):
        assert check(Formula(text, {"x": x})).verdict == "inconclusive"


@pytest.mark.parametrize(
    ("text", "x"),
    [("(x-1)^2*(x+3)", 1.0), ("cos(x)", 0.0), ("x^2+5", 0.0), ("x-x", 0.3), ("0*x+y", 0.3),
     ("sin(y)", 0.3), ("abs(x)*0", 2.0), ("sum(x)^2", [1.0, -1.0])],
)  # fmt: skip
def test_a_gradient_of_0_at_a_minimum_or_of_no_way_passes(text: str, x: Any) -> None:
    found = check(Formula(text, {"x": x, "y": 2.0}, ["x"]))
    assert found.verdict == "pass", found
    assert judged(text, 1e-3 + 0 * np.asarray(x), x=x, y=2.0).verdict != "pass"


def test_a_kink_beneath_rounding_is_inconclusive() -> None:
    """relu, 1e-8 below its kink, beside a term whose rounding hides it: slope 704.8 or 705.0."""
    text = "(relu(0.613*x)+0.328)^2 + 3.3e5*1.88/(1+(235.75*x)^2)"
    problem = Formula(text, {"x": -1.0373727255313491e-08})
    truth = differentiate(problem).gradients["x"]
    assert check(problem, Options("forward")).verdict != "fail"
    assert check(problem, Options("forward"), {"x": truth * 2}).verdict != "pass"


def test_a_jump_beside_the_point_is_no_rounding() -> None:
    """arctan(1/x) has slope -1 at 1e-10, and jumps by pi at 0; the other term is far larger."""
    x = 1.2e-10
    truth = -1 / (1 + x * x) + 2e5 * (x + 1)
    assert judged("arctan(1/x)+1e5*(x+1)^2", truth, x=x).verdict != "fail"
    assert judged("arctan(1/x)+1e5*(x+1)^2", truth * 1.0001, x=x).verdict != "pass"


@pytest.mark.parametrize("method", ["central", "forward", "ridders"])
def test_a_wrong_entry_among_many_is_found_and_only_that(method: str) -> None:
    rng = np.random.default_rng(5)
    x = rng.uniform(0.5, 2, 700)
    truth = 1 / x
    wrong = truth.copy()
    wrong[432] += 1e-4 * truth.max()
    assert judged("sum(log(x))", truth, method, x=x).verdict == "pass"
    found = judged("sum(log(x))", wrong, method, x=x).params["x"]
    assert (found.verdict, found.failed, found.worst_index) == ("fail", 1, [432])


def test_one_steep_entry_among_many_is_measured_by_itself() -> None:
    x = np.linspace(1, 2, 200)
    x[77] = 1e-7
    assert judged("sum(sqrt(x))", 0.5 / np.sqrt(x), x=x).verdict == "pass"
    off = 0.5 / np.sqrt(x)
    off[77] *= 1.0002
    assert judged("sum(sqrt(x))", off, x=x).params["x"].worst_index == [77]


@pytest.mark.parametrize(
    ("text", "x"),
    [("sqrt(relu(x))", -1.0), ("sin(x*1e160)*1e160", 1.0), ("exp(x)", 709.7), ("x^0.5", 0.0)],
)
def test_nothing_is_warned_of(text: str, x: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(Formula(text, {"x": x}))
        sweep(Formula(text, {"x": x}), "central")


@pytest.mark.parametrize("text", ["[x]", "[[x]]", "[x]*2"])
def test_a_value_with_one_entry_is_a_number(text: str) -> None:
    assert check(Formula(text, {"x": 3.0})).verdict == "pass"
    assert sweep(Formula(text, {"x": 3.0}), "central").best.max_abs_error < 1e-6


def test_empty_and_one_entry_parameters() -> None:
    empty = check(Formula("sum(x)+y", {"x": [], "y": 1.0}))
    assert empty.verdict == "pass"
    assert empty.params["x"].entries == 0
    assert check(Formula("x^2", {"x": [3.0]})).verdict == "pass"
    for method in METHODS:
        assert check(Formula("sum(x)+y", {"x": [], "y": 1.0}), Options(method)).verdict == "pass"


def test_nan_on_the_numeric_side_never_passes() -> None:
    """1 for x > 0 and nan on both sides but at 0 itself: nothing can be measured."""
    found = judged("log(1-abs(x)*1e300)+x", 1.0, x=0.0)
    assert found.verdict == "inconclusive"


# Two points


def test_a_claim_is_judged_at_the_data_as_given_and_as_rounded() -> None:
    spec = {"loss": "mse", "x": [[0.1, 0.7]], "w": [[1.0], [-1.0]], "b": [0.6000001], "y": [[0.0]]}
    net = Model.from_spec(spec)
    for round_to in (np.float64, np.float32):
        x, w, b = (np.asarray(spec[k]).astype(round_to).astype(np.float64) for k in "xwb")
        dz = 2 * (x @ w + b)
        claims = {"w": x.T @ dz, "b": dz[0]}
        found = check(net, against=claims)
        assert found.verdict == "pass"
        word = None if round_to is np.float64 else "given data rounded to float32"
        assert {v.point for v in found.params.values()} == {word}
        wrong = {name: 1.03 * claim for name, claim in claims.items()}
        assert check(net, against=wrong).verdict == "fail"
    exact = Model.from_spec({**spec, "dtype": "float64"})
    assert check(exact, against=claims).verdict == "fail"


def test_formulas_have_two_points_too() -> None:
    for x in (0.1, float(np.float32(0.1))):
        found = check(
            Formula("(x-0.1000001)^2", {"x": 0.1}, dtype="float32"),
            against={"x": np.array(2 * (x - 0.1000001))},
        )
        assert found.verdict == "pass"
        assert (found.params["x"].point is None) == (x == 0.1)


def test_drawn_data_are_those_that_are_printed() -> None:
    net = Model.from_spec({"loss": "mse", "in": 3, "out": 2, "x": [[0.1, 0.2, 0.3]], "w": "normal"})
    exact = net.in_float64()
    assert np.array_equal(exact.parameters["w"], net.parameters["w"])
    assert exact.x[0, 0] == 0.1 != float(net.x[0, 0])
    rounded = net.rounded()
    assert rounded is not None
    assert rounded.x[0, 0] == net.x[0, 0]
    assert rounded.in_float64().x[0, 0] == net.x[0, 0]
    assert differentiate(exact).gradients["w"].dtype == np.float64


def test_steps_of_a_few_roundings_of_x_do_not_agree_by_accident() -> None:
    """cos(1/u) at u = 1.3e-8 turns by 6e15 a unit of x, 1/3 of a turn from one number to the
    next: no difference in float64 knows its slope, sin(1/u) / u^2, however well a few agree."""
    x = -0.2909999869160081
    for text in (
        "0.00041411181329249573*cos(1/(x + 0.291) + 1.5526359355138504)",
        "exp(0.635293093399256*sin(1/(2.129*(x + 0.291))))",
    ):
        for method in ("central", "forward", "ridders"):
            assert check(Formula(text, {"x": x}), Options(method)).verdict != "fail"


def test_a_mistake_before_a_smooth_op_that_is_flat_there_is_told() -> None:
    """gelu has its minimum at -0.751, where it rises and falls by as little as it bends."""
    gelu = Formula("sum(gelu(x*w))", {"x": [1.0, 0.5], "w": [-0.7518, 0.4]}, ["x"])
    right = differentiate(gelu).gradients["x"]
    assert abs(right[0]) < 1e-3
    for entry in (0, 1):
        wrong = right.copy()
        wrong[entry] += 0.01
        assert check(gelu, against={"x": wrong}).params["x"].verdict == "fail", entry
    spec = {"loss": "ce", "in": 3, "batch": 5, "from_logits": True, "labels": [0, 1, 2, 0, 1],
            "layers": "dense(6), layer_norm, activation(gelu), dense(3)", "seed": 3}  # fmt: skip
    net = Model.from_spec({**spec, "convention": "torch", "dtype": "float64"})
    given = {name: g.copy() for name, g in net.evaluate().gradients.items()}
    given["0.weight"][1, 0] *= 1.35
    assert check(net, against=given).params["0.weight"].verdict == "fail"
