"""Formulas: the notes' examples, closed forms, safety, and fuzzing."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradcli.answer import Answer, derivatives, hessians
from gradcli.check import check
from gradcli.engine.op import REGISTRY
from gradcli.errors import FormulaError, GradcliError
from gradcli.formula import Formula
from gradcli.gradient import differentiate
from tests.conftest import GOLDEN
from tests.numeric import derivative


def value(text: str, **values: Any) -> Any:
    return Formula(text, values or {"x": 2.0}).value


def gradients(text: str, wrt: list[str] | None = None, **values: Any) -> Any:
    return {n: g.tolist() for n, g in differentiate(Formula(text, values, wrt)).gradients.items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2^3^2", 512), ("-x^2", -4), ("2**-1", 0.5), ("-2^2", -4), ("x^-1", 0.5),
        ("1 - 2 - 3", -4),
        ("2/4/2", 0.25), ("ln(e)", 1), ("pi", math.pi), ("exp(-inf)", 0), ("abs(-x)", 2),
        ("min(3, x, 1)", 1), ("max(x, 5)", 5), ("1 if x > 1 else 0", 1),
        ("x if 1 < x < 2 else 7", 7),
        ("sum([1, x, 3])", 6), ("[1, x, 3][1]", 2), ("[[1, 2], [3, x]][1, 0]", 3),
        ("[1, x, 3][-2:][0]", 2), ("sum([[1, 2], [3, x]] @ [1, 1])", 8), ("sqrt(x + 2)", 2),
        ("y = x + 1; y * y", 9), ("y = x\nz = y^2\nz + 1", 5), ("x == 2", 1), ("1e2", 100),
        ("mean([1, 2, 3])", 2), ("softmax([0, 0])[0]", 0.5), ("sum([1, 2], axis=0)", 3),
        ("relu(-x) + sigmoid(0)", 0.5), ("arcsin(1)", math.pi / 2), ("log10(100)", 2),
        ("x ^ 0.5", 2**0.5),
        ("sum(concatenate([[1, 2], [x]]))", 5), ("gather([5, 6, 7], [2, 0])[0]", 7),
        ("norm([3, 4])", 5),
        ("(x)", 2), ("+x", 2), ("1_000", 1000), ("clip(x, 0, 1)", 1),
        ("sum(reshape([1,2,3,4],(2,2)))", 10),
        ("x # a comment", 2),
    ],
)  # fmt: skip
def test_the_language(text: str, expected: float) -> None:
    assert float(value(text)) == pytest.approx(expected, rel=1e-15)


def test_the_notes_chain_rule() -> None:
    text = "y1 = x*w1 + b1; y1*w2 + b2"
    values = {"x": 1, "w1": 2, "b1": 1, "w2": 2, "b2": 1}
    expect = GOLDEN["chain_rule"]["expect"]
    assert gradients(text, ["y1", "w1"], **values) == {
        "y1": expect["dy2_dy1"], "w1": expect["dy2_dw1"],
    }  # fmt: skip
    assert gradients("x*w1 + b1", ["w1"], **values) == {"w1": expect["dy1_dw1"]}
    formula = Formula(text, values, ["y1", "w1"])
    assert check(formula).verdict == "pass"


def test_the_notes_orders() -> None:
    expect = GOLDEN["cube_second_order"]["expect"]
    assert derivatives(Formula("x^3", {"x": 1}), 2) == [expect["dy_dx"], expect["d2y_dx2"]]
    assert gradients("x*x", x=3) == {"x": GOLDEN["square"]["expect"]["dy_dx"]}


def test_any_order_of_a_power() -> None:
    assert derivatives(Formula("x^5", {"x": 2}), 6) == [80, 160, 240, 240, 120, 0]
    sines = derivatives(Formula("sin(x)", {"x": 0.3}), 8)
    cycle = [math.cos(0.3), -math.sin(0.3), -math.cos(0.3), math.sin(0.3)] * 2
    np.testing.assert_allclose(sines, cycle, rtol=1e-13)


def test_hessian_of_rosenbrock() -> None:
    """f = (1-x)^2 + 100 (y-x^2)^2: [[2 - 400 y + 1200 x^2, -400 x], [-400 x, 200]]."""
    found = hessians(Formula("(1 - x)^2 + 100*(y - x^2)^2", {"x": -1.2, "y": 1}))
    assert found["x"]["x"] == pytest.approx(2 - 400 + 1200 * 1.44, rel=1e-13)
    assert found["x"]["y"] == found["y"]["x"] == pytest.approx(480, rel=1e-13)
    assert found["y"]["y"] == pytest.approx(200, rel=1e-13)


def test_hessian_of_a_quadratic_form_of_arrays() -> None:
    a = np.array([[2.0, 1.0], [0.0, 3.0]])
    found = hessians(Formula("sum(x * (a @ x)) * b", {"x": [1, 2], "a": a, "b": 2}, ["x", "b"]))
    np.testing.assert_allclose(found["x"]["x"], 2 * (a + a.T))
    np.testing.assert_allclose(found["x"]["b"], (a + a.T) @ [1, 2])
    assert found["b"]["b"] == 0


def test_jacobian_of_an_array() -> None:
    formula = Formula("[x*y, x + y^2, sin(x)]", {"x": 2, "y": 3})
    answer = Answer(formula, jacobian=True)
    np.testing.assert_allclose(answer.value, [6, 11, math.sin(2)])
    assert answer.jacobian is not None
    np.testing.assert_allclose(answer.jacobian["x"], [3, 1, math.cos(2)])
    np.testing.assert_allclose(answer.jacobian["y"], [2, 6, 0])
    assert Answer(formula).gradients is None
    with pytest.raises(GradcliError, match=r"shape \(3,\).*the jacobian"):
        Answer(formula, order=2)


def test_float32_formulas_stay_float32() -> None:
    formula = Formula("2*pi*x^2 + 1/3", {"x": 1}, None, "float32")
    found = differentiate(formula)
    assert found.value.dtype == found.gradients["x"].dtype == np.float32
    assert formula.stepper()({"x": np.float32(1)})[0].dtype == np.float32


def test_the_stepper_replays_and_records_where_it_must() -> None:
    for text in ("sin(x)*x", "x^2 if x > 0 else -x"):
        step = Formula(text, {"x": 1.0}).stepper()
        for x in (0.5, -0.5):
            found, slope = step({"x": np.float64(x)})
            expected = differentiate(Formula(text, {"x": x}))
            assert (found, slope["x"]) == (expected.value, expected.gradients["x"])


def test_a_branch_takes_only_its_own_side() -> None:
    assert gradients("log(x) if x > 0 else 0*x", x=-1.0) == {"x": 0.0}
    assert gradients("sum(x^2 if x > 0 else -x)", x=[-1.0, 3.0]) == {"x": [-1.0, 6.0]}


def test_checks_of_formulas() -> None:
    assert check(Formula("sin(x)*y", {"x": 1, "y": 2})).verdict == "pass"
    assert check(Formula("abs(x)", {"x": 0})).verdict == "inconclusive"
    assert check(Formula("max(x, y)", {"x": 1, "y": 1})).verdict == "inconclusive"
    assert check(Formula("sum(softmax(x)*[1,2,3])", {"x": [0.1, 0.2, -0.3]})).verdict == "pass"
    found = check(Formula("log(x)", {"x": -1}))
    assert found.verdict == "fail"
    assert "nan, first made by log: v1 = log(x)" in (found.nonfinite or "")


def test_terms_that_cancel_leave_only_their_rounding_behind() -> None:
    """The gradient of g - g is 0; on the way back it is 1e-17, which is no error."""
    text = "((y / (2 + y^2)))^2 - ((y / (2 + y^2)))^2"
    assert check(Formula(text, {"y": 0.5})).verdict != "fail"


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("sinn(x)", "there is no function 'sinn'; did you mean 'sin'?", 0),
        ("2*x + yy", "yy has no value: give yy=VALUE", 6),
        ("x +* 2", "this does not fit here", 3),
        ("(x + 1", "'(' was never closed", 0),
        ("x.real", "this attribute has no place in a formula", 0),
        ("__import__('os')", "there is no function '__import__'", 0),
        ("2 + x.__class__", "this attribute has no place in a formula", 4),
        ("(lambda: 1)()", "only functions can be called, by their name", 0),
        ("[y for y in x]", "a comprehension has no place", 0),
        ("{1: x}", "a dictionary has no place", 0),
        ("'a'*9999999999", "only numbers are allowed here", 0),
        ("f'{x}'", "text has no place", 0),
        ("True", "only numbers are allowed here", 0),
        ("x << 2", "this operator has no place", 0),
        ("~x", "this has no place in a formula: write not", 0),
        ("x is 2", "this comparison has no place", 0),
        ("sum(*x)", "a star has no place", 4),
        ("sum(x, **x)", "this argument has no place", 9),
        ("sum(x, dtype=1)", "sum(x, axis=None, keepdims=False) has no argument 'dtype'", 13),
        ("x = 3; x", "x has a value already", 0),
        ("y = 1; import os", "this is no formula", 7),
        ("y = 1; y = 2; y", "y has a formula already: take a new name", 7),
        ("a = x; a = a*2; a", "a has a formula already: take a new name", 7),
        ("x; x", "only the last formula may go without a name", 0),
        ("sin", "sin is a function: write sin(...)", 0),
        ("[]", "an empty list has no value", 0),
        ("[1, 2] + [1, 2, 3]", "operands could not be broadcast", 0),
        ("[1, 2][5]", "index 5 is out of bounds", 0),
        ("[1, 2][0.5]", "an index is a whole number or a slice", 7),
        ("[1, 2][x + 0] + x", "x is an index and a number, too: take two names", 16),
        ("[1, 2][True]", "an index is a whole number or a slice", 7),
        ("log(x, where=False)", "log(x) has no argument 'where'", 13),
        ("tile(x, 2, x=x)", "tile(x, reps): x is given twice", 0),
        ("tile(x)", "tile(x, reps): reps is missing", 0),
        ("top_k([1, 2], k=x)", "k of top_k(x, k=1) is a number as it is written", 16),
        ("sum([1, x], axis=[x])", "a number as it is written, or a list of them: not a value", 17),
        ("gather([1, 2], [0.5])", "an index is a whole number or a slice", 16),
        ("gather([1, 2], 1 / 2)", "an index is a whole number", 15),
        ("'ij' + x", "only numbers are allowed here", 0),
        ("einsum(x, x)", "subscripts of einsum(subscripts, *operands) is text", 7),
        ("cast(x, complex)", "a dtype is one of float, float64", 8),
        ("cast(inf, int)", "cast: nan, inf and numbers beyond 2^63 are no whole numbers", 0),
        ("x + None", "only numbers are allowed here", 4),
        ("softmax(x, axis=3)", "axis 3 is out of bounds", 0),
        ("tanh(x, 1, 2)", "tanh(x) takes no more than 1 arguments", 0),
        ("x^2 é", "this does not fit here", 4),
        ("x\0", "source code", None),
    ],
)  # fmt: skip
def test_errors_point_at_the_character(text: str, message: str, column: int | None) -> None:
    with pytest.raises(FormulaError) as caught:
        Formula(text, {"x": 2.0})
    first, _, caret = str(caught.value).partition("\n")
    assert message in first
    if column is not None:
        assert caret.endswith("^")
        shown_at = first.rindex(text.splitlines()[0][:9])
        assert len(caret) - 1 == shown_at + column


def test_carets_of_long_and_many_lined_formulas() -> None:
    with pytest.raises(FormulaError) as caught:
        Formula("x + " * 500 + "oops", {"x": 1})
    first, caret = str(caught.value).split("\n")
    assert len(first) < 150
    assert first[len(caret) - 1 :].startswith("oops")
    with pytest.raises(FormulaError) as caught:
        Formula("y = x\nz = y^2 + nope\nz", {"x": 1})
    first, caret = str(caught.value).split("\n")
    assert first[len(caret) - 1 :] == "nope"


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("other", ["", "\v", "\f", "\x1c", "\x85", "\u2028"])
def test_lines_end_where_pythons_parser_ends_them(end: str, other: str) -> None:
    """\\n, \\r and \\r\\n do; the others, at which str.splitlines() splits too, do not."""
    assert Formula(f"a = x{end}a + 1 # {other}{end}", {"x": 1.0}).value == 2
    with pytest.raises(FormulaError) as caught:
        Formula(f"a = x # {other}{end}b = a{end}1 + 2 + 3 + 4 + sinn(b)", {"x": 1.0})
    first, caret = str(caught.value).split("\n")
    assert first.endswith("1 + 2 + 3 + 4 + sinn(b)")
    assert first[len(caret) - 1 :] == "sinn(b)"


@pytest.mark.parametrize(
    ("name", "same"),
    [("\u00b5", "\u03bc"), ("\U0001d465", "x"), ("\ufb01", "fi"), ("\u212b", "\u00c5"), ("é", "é")],
)
def test_names_are_pythons(name: str, same: str) -> None:
    """Unicode, UAX 31: names are compared in NFKC, as Python compares them."""
    for text in (f"{name}^2", f"{same}^2"):
        for spelt in (name, same):
            formula = Formula(text, {spelt: 3.0}, [spelt])
            assert {n: g.tolist() for n, g in differentiate(formula).gradients.items()} == {same: 6}
            assert formula.in_float64().value == 9
    y = Formula(f"{name} = z^2; {same} + 1", {"z": 2.0}, [name])
    assert differentiate(y).gradients == {same: 1}


def test_a_sum_too_long_for_the_parser_says_what_to_do() -> None:
    for text in ("+".join(["x"] * 5000), "-x" * 4000, "*".join(["x"] * 4900)):
        assert message_of(lambda text=text: Formula(text, {"x": 1.0})) == (
            "the formula has too many terms in one expression: "
            "name parts of it, as in y = x + x; y + y"
        )
    parts = "y = {0}; z = y + {0}; z + {0}".format("+".join(["x"] * 1600))
    assert gradients(parts, x=1.0) == {"x": 4800}


@pytest.mark.parametrize(
    "text",
    ["", "  ", "x" * 20_000, "(" * 500 + "x" + ")" * 500, "[" * 90 + "]" * 90, "-" * 5000 + "x",
     "9**9**9**9**9", "10^10^10^10", "1e999999", "x" + "^9" * 3000, "x" + "*x" * 4000, "9" * 9000,
     "sum([" + "1," * 4000 + "1])", "x if " * 1000, "zeros_like(x)" * 500, "eye(99999999999)",
     "a=1;" * 2000 + "x", "repeat(x, 99999999999)", "tile(x, (99999,99999,99999))"],
)  # fmt: skip
def test_large_and_deep_formulas_are_bounded(text: str) -> None:
    start = time.monotonic()
    assert message_of(lambda: differentiate(Formula(text, {"x": 1.5}))).count("\n") <= 1
    assert time.monotonic() - start < 1.0


def test_length_and_depth_have_their_bounds() -> None:
    long = message_of(lambda: Formula("x+" * 5000 + "x", {"x": 1}))
    assert long == "the formula has 10,001 characters; 10,000 are allowed"
    formula = Formula("x+" * 499 + "x", {"x": 1})
    assert formula.value == 500
    assert differentiate(formula).gradients["x"] == 500
    for text in (
        "(" * 61 + "x" + ")" * 61,
        "abs(" * 61 + "x" + ")" * 61,
        "[" * 61 + "x" + "]" * 61,
    ):
        assert "nested more than 60 deep" in message_of(lambda text=text: Formula(text, {"x": 1}))
    assert Formula("(" * 60 + "x" + ")" * 60, {"x": 1}).value == 1
    assert "nested more than 60 deep" in message_of(lambda: Formula("-" * 99 + "x", {"x": 1}))


def message_of(call: Callable[[], object]) -> str:
    """The message with which ``call`` refuses, empty where it does not; other errors pass."""
    try:
        call()
    except GradcliError as error:
        return str(error)
    return ""


# Fuzzing


def formulas() -> st.SearchStrategy[str]:
    leaves = st.sampled_from(["x", "y", "1.5", "2", "pi", "0.3"])

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner),
            st.builds("({} / (2 + {}^2))".format, inner, inner),
            st.builds("{}({})".format, st.sampled_from(["sin", "cos", "tanh", "sigmoid"]), inner),
            st.builds("exp(sin({}))".format, inner),
            st.builds("ln(2 + sin({}))".format, inner),
            st.builds("({})^{}".format, inner, st.sampled_from(["2", "3"])),
            st.builds("sum([{}, {}])".format, inner, inner),
            st.builds("({} if {} < 0.1 else {})".format, inner, inner, inner),
        )

    return st.recursive(leaves, grow, max_leaves=8)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(formulas(), st.floats(-1, 1), st.floats(-1, 1))
def test_valid_formulas_agree_with_numeric_derivatives(text: str, x: float, y: float) -> None:
    formula = Formula(text, {"x": x, "y": y})
    found = check(formula)
    assert found.verdict in ("pass", "inconclusive"), (text, x, y, found.params)
    again = Formula(text.replace("^", "**"), {"x": x, "y": y})
    assert again.value == formula.value


@settings(deadline=1000, max_examples=400)
@given(
    st.one_of(
        st.text(max_size=40),
        st.text(alphabet="xy0123456789.+-*/^@()[],;=<> \nifelsum'\"{}:_#é\\", max_size=60),
        st.lists(
            st.sampled_from(
                [*REGISTRY, "x", "(", ")", "[", "]", ",", "1", "-", "if", "else", "=", ";"]
            ),
            max_size=12,
        ).map(" ".join),
    )
)
def test_garbage_is_refused_in_one_message_or_has_a_value(text: str) -> None:
    assert message_of(lambda: Answer(Formula(text, {"x": 0.5, "y": 2.0}))).count("\n") <= 1


@st.composite
def calls(draw: st.DrawFn) -> str:
    """A call of any op, by position and by keyword, right or not."""

    def argument(depth: int) -> str:
        if depth and draw(st.booleans()):
            return f"({call(depth - 1)}){draw(st.sampled_from(['', '', '[0]', '.T', '[:, 0]']))}"
        return draw(st.sampled_from(ARGUMENTS))

    def call(depth: int) -> str:
        op = REGISTRY[draw(st.sampled_from(sorted(REGISTRY)))]
        names = [n for n in op.names if n not in (*op.defaults, *op.optional)]
        parts = [argument(depth) if i < op.arrays else draw(st.sampled_from(SETTINGS))
                 for i in range(len(names))]  # fmt: skip
        for name in sorted({*op.defaults, *op.optional}):
            if draw(st.integers(0, 3)) == 0:
                parts.append(f"{name}={draw(st.sampled_from(SETTINGS))}")
        return f"{op.name}({', '.join(parts)})"

    return call(2)


ARGUMENTS = ["x", "a", "m", "[a, a]", "0", "2.5", "[]", "a > 0", "[1, x]", "m[0]", "i", "a[i]", "e"]
SETTINGS = ["0", "-1", "1", "2", "[0, 1]", "(1, 0)", "[2, 3]", "None", "True", "1.5", '"ij,j"',
            "[[1, 0], [0, 1]]", "float32", "int", "x", "i", "a", "[1, 2, 3]", "3"]  # fmt: skip


@settings(deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
@given(calls(), st.sampled_from(["{}", "sum({})", "sum(({})[0])", "y = {}; sum(y*y)"]))
def test_any_call_has_an_answer_or_one_message(text: str, form: str) -> None:
    """Value, gradient, replay and Jacobian: nothing else is raised, and nothing warned of."""
    values = {"x": 0.5, "a": [0.3, -0.2, 1.5], "m": [[1.0, 2.0, 3.0], [0.5, -1.0, 4.0]], "i": 1}

    def run() -> None:
        for dtype in ("float64", "float32"):
            formula = Formula(form.format(text), values, None, dtype)
            answer = Answer(formula)
            if answer.gradients is None:
                Answer(formula, jacobian=True)
                continue
            assert {g.dtype for g in answer.gradients.values()} == {formula.dtype}
            with np.errstate(all="ignore"):
                _, replayed = formula.stepper()(formula.primals)
            for name, gradient in answer.gradients.items():
                np.testing.assert_array_equal(replayed[name], gradient)

    assert message_of(run).count("\n") <= 1


@pytest.mark.parametrize("x", [0.2, 1.7])
def test_against_an_independent_numeric_derivative(x: float) -> None:
    def f(at: Any) -> float:
        return float(np.exp(np.sin(at)) / (1 + at**2))

    found = gradients("exp(sin(x)) / (1 + x^2)", x=x)["x"]
    assert found == pytest.approx(float(derivative(f, np.array(x))), rel=1e-9)
