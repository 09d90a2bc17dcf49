"""The language: calls by keyword, several outcomes, indices, dtypes, values without a gradient."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gradcli.answer import Answer, jacobians
from gradcli.check import check
from gradcli.errors import FormulaError, GradcliError
from gradcli.formula import Formula
from gradcli.gradient import differentiate

X = [3.0, 1.0, 2.0]
EXPS = [math.exp(x) for x in X]


def slopes(text: str, **values: Any) -> Any:
    """The gradient by x, taken by a tape, by a replay and after moving there."""
    formula = Formula(text, values)
    found = differentiate(formula).gradients["x"]
    _, replayed = formula.stepper()(formula.primals)
    np.testing.assert_array_equal(replayed["x"], found)
    return found.tolist()


@pytest.mark.parametrize(
    ("text", "value", "slope"),
    [
        # Several outcomes.
        ("sum(split(x, 3)[0])", 3, [1, 0, 0]),
        ("max(split(x, 3))", 3, [1, 0, 0]),
        ("sum(split(x, 3)[1:])", 3, [0, 1, 1]),
        ("sum(concatenate(split(x^2, 3)))", 14, [6, 2, 4]),
        ("y = split(x, 3); y[2][0]^2", 4, [0, 0, 4]),
        ("top_k(x, 2)[0][1]", 2, [0, 0, 1]),
        ("top_k(x, k=2).values[0] * 5", 15, [5, 0, 0]),
        ("x[top_k(x, 2).indices[1]]^2", 4, [0, 0, 4]),
        ("sum(x[top_k(x, 2)[1]])", 5, [1, 0, 1]),
        ("sum(stack(meshgrid(x, [1, 2]), axis=2)[:, :, 0])", 12, [2, 2, 2]),
        ("sum(stack(unstack(x)) * [1, 2, 3])", 11, [1, 2, 3]),
        ("clip_by_global_norm([x, [6, 0]], 100)[1]^2", 50, [6, 2, 4]),
        ("clip_by_global_norm([x], 100)[0][0][2]", 2, [0, 0, 1]),
        # Keywords.
        ("sum(tile(x, reps=2))", 12, [2, 2, 2]),
        ("sum(tile(multiples=[2], x=x)[:4])", 9, [2, 1, 1]),
        ("sum(repeat(x, repeats=2) * [1, 2, 3, 4, 5, 6])", 38, [3, 7, 11]),
        ("sum(repeat(x, [1, 0, 2]))", 7, [1, 0, 2]),
        ("sum(transpose([x, x], perm=[1, 0])[0])", 6, [2, 0, 0]),
        ("mean(x=x)", 2, [1 / 3, 1 / 3, 1 / 3]),
        ("sum(axis=0, x=x)", 6, [1, 1, 1]),
        ("take_along_axis(x, indices=[0, 2], axis=0)[1]", 2, [0, 0, 1]),
        ("average(x, weights=[1, 2, 1])", 7 / 4, [0.25, 0.5, 0.25]),
        ("sum(average([[1, 2, 3]], axis=1, weights=x))", 11 / 6, [-5 / 36, 1 / 36, 7 / 36]),
        ("huber([0, 0, 0], x, delta=2/2)", 4.5 / 3, [1 / 3, 1 / 3, 1 / 3]),
        # Indices and masks.
        ("sum(x[1:]^2)", 5, [0, 2, 4]),
        ("sum(x[::2])", 5, [1, 0, 1]),
        ("x[-1] * x[0]", 6, [2, 0, 3]),
        ("sum(x[:, None] * [[1, 10]])", 66, [11, 11, 11]),
        ("[x, x][..., 0][1]", 3, [1, 0, 0]),
        ("sum(x[x > 1.5]^2)", 13, [6, 0, 4]),
        ("sum(x[(x > 1) and not (x > 2)])", 2, [0, 0, 1]),
        ("sum(boolean_mask(x, [True, False, True]))", 5, [1, 0, 1]),
        ("sum(x[[2, 2, 0]])", 7, [1, 0, 2]),
        ("x[2 - 1]", 1, [0, 1, 0]),
        ("x[argmax(x) + 1]", 1, [0, 1, 0]),
        ("i = argmax(x) + 1; x[i]", 1, [0, 1, 0]),
        ("sum(x[argsort(x)] * [1, 2, 3])", 14, [3, 1, 2]),
        ("sum(x[argsort(x)[::-1]] * [1, 2, 3])", 10, [1, 3, 2]),
        ("sum(x[flip(argsort(x))] * [1, 2, 3])", 10, [1, 3, 2]),
        ("sum(x[nonzero(x > 1)])", 5, [1, 0, 1]),
        ("gather(x, [2, 0])[0]", 2, [0, 0, 1]),
        ("sum(scatter_nd([[4], [3], [1]], x, [8]) * arange(8))", 17, [4, 3, 1]),
        # Operators and attributes.
        ("sum(x % 2 + x // 2)", 4, [1, 1, 1]),
        ("sum([x, x].T[0])", 6, [2, 0, 0]),
        ("sum([[x]].mT[0, 0])", 3, [1, 0, 0]),
        ("sum(x) / x.size + x.shape[0] + x.ndim", 6, [1 / 3, 1 / 3, 1 / 3]),
        ("sum(reshape(x, [x.shape[0], 1])[2])", 2, [0, 0, 1]),
        ("sum(x * (x > 1 and x < 3))", 2, [0, 0, 1]),
        ("sum(x * ((x > 1) + (x > 2)))", 8, [2, 0, 1]),
        ("sum(x if x > 1 or x == 1 else 0)", 6, [1, 1, 1]),
        ("sum(x - (x > 2)) + mean(x > 2)", 5 + 1 / 3, [1, 1, 1]),
        # Numbers are floats.
        ("prod(arange(1, 31)) * x[1]", math.factorial(30), [0, math.factorial(30), 0]),
        ("prod(argsort(arange(0, 30)) + 1) * x[1]", math.factorial(30), [0, math.factorial(30), 0]),
        ("linspace(0, x[0], 3)[1]", 1.5, [0.5, 0, 0]),
        ("arange(x[1], x[1] + 3, 1)[1]", 2, [0, 1, 0]),
        # TensorFlow's spellings.
        ("reduce_sum(x)", 6, [1, 1, 1]),
        ("reduce_mean(x)", 2, [1 / 3, 1 / 3, 1 / 3]),
        ("sum(fill([2, 3], x[0]))", 18, [6, 0, 0]),
        ("sum(fill(value=x[1], dims=[2, 2]))", 4, [0, 4, 0]),
        ("sum(x * ones([3]) + zeros(3))", 6, [1, 1, 1]),
        ("sum(x * range(3))", 5, [0, 1, 2]),
        ("sum(constant([1, 2, 3]) * x)", 11, [1, 2, 3]),
        ("sum(cast(x > 1, float32) * x)", 5, [1, 0, 1]),
        ("sum(expand_dims(x, 0) + expand_dims(x, axis=1))", 36, [6, 6, 6]),
        ("sum(clip_by_value(x, 1.5, 2.5))", 6, [0, 0, 1]),
        ("sum(maximum(x, 1.5))", 6.5, [1, 0, 1]),
        ("sum(where(x > 1, x, 0))", 5, [1, 0, 1]),
        ("sum(pad(x, [[1, 2]])[1:3])", 4, [1, 1, 0]),
        ("mse([0, 0, 0], x)", 14 / 3, [2, 2 / 3, 4 / 3]),
        ("ce([1, 0, 0], x, from_logits=True)", math.log(sum(EXPS)) - 3,
         [EXPS[0] / sum(EXPS) - 1, EXPS[1] / sum(EXPS), EXPS[2] / sum(EXPS)]),
        ('sum(einsum("i,j->ij", x, [1, 2]))', 18, [3, 3, 3]),
        ('einsum("i,i", x, x)', 14, [6, 2, 4]),
    ],
)  # fmt: skip
def test_values_and_slopes_as_by_hand(text: str, value: float, slope: list[float]) -> None:
    assert Formula(text, {"x": X}).value == pytest.approx(value, rel=1e-14)
    assert slopes(text, x=X) == pytest.approx(slope, rel=1e-13, abs=1e-15)
    assert check(Formula(text, {"x": X})).verdict in ("pass", "inconclusive")


def test_names_that_are_indices_are_constants() -> None:
    """sum(x[i]^2): 2 x at the indices, and no gradient by i."""
    for text in (
        "sum(x[i]^2)", "sum(gather(x, i)^2)", "sum(take(x, indices=i)^2)",
        "sum(take_along_axis(x, i, axis=0)^2)", "sum(gather_nd(x, [[i[0]], [i[1]]])^2)",
        "sum(x[[i[0], i[1]]]^2)", "x[i[0]]^2 + x[i[-1]]^2", "sum(x[i[0]:i[1] + 1:2]^2)",
    ):  # fmt: skip
        formula = Formula(text, {"x": X, "i": [0, 2]})
        assert {n: g.tolist() for n, g in differentiate(formula).gradients.items()} == {
            "x": [6, 0, 4]
        }
        assert list(formula.constants) == ["i"]
        assert check(formula).verdict == "pass"
        assert formula.in_float64().primals.keys() == {"x"}
    hot = Formula("sum(one_hot(y, depth=3) * x)", {"x": X, "y": [0, 2]})
    assert differentiate(hot).gradients["x"].tolist() == [1, 0, 1]
    both = Formula("sum(scatter_nd(i, u, [4]) * [1, 2, 3, 4])", {"i": [[3], [3]], "u": [1.0, 2]})
    assert differentiate(both).gradients["u"].tolist() == [4, 4]
    with pytest.raises(GradcliError, match="i is used as an index, but holds"):
        Formula("x[i]", {"x": X, "i": 0.5})
    with pytest.raises(FormulaError, match="do not depend on a variable"):
        Formula("j = i * 1; x[j]", {"x": X, "i": 1})
    with pytest.raises(GradcliError, match="wrt: i is an index"):
        Formula("x[i]", {"x": X, "i": 1}, ["i"])


@pytest.mark.parametrize(
    ("text", "i", "message"),
    [
        ("x[i // 0]", 1, "an index is divided by 0"),
        ("x[i % j]", 1, "an index is divided by 0"),
        ("take(x, i % 0)", 1, "an index is divided by 0"),
        ("x[argmax(x) // argmin(x) + i]", 0, "an index is divided by 0"),
        ("x[i * i]", 2**32, "an index would be larger than 9,007,199,254,740,992"),
        ("x[i * i * i * i]", 2**16, "an index would be larger than"),
        ("x[i + 9007199254740991]", 5, "this number is too large"),
        ("x[i / 2]", 2, "an index is whole numbers"),
    ],
)
def test_positions_neither_wrap_nor_divide_by_zero(text: str, i: int, message: str) -> None:
    with pytest.raises(FormulaError, match=message):
        Formula(text, {"x": [1.0, 2.0, 3.0], "i": i, "j": 0})


def test_positions_are_reckoned_exactly() -> None:
    for text, i, expected in (
        ("x[(i + 7) // 4]", 1, 2.0),
        ("x[i % 2]", 94906265, 1.0), ("x[-i]", 1, 2.0), ("x[-7 // i]", 4, 1.0),
        ("x[-7 % i]", 3, 2.0), ("x[i:i + 1][0]", 2, 2.0), ("sum(x[(x > 1) * (x < 3)])", 1, 2.0),
        ("sum(x[(x > 2) + (x < 2)])", 1, 4.0),
    ):  # fmt: skip
        assert Formula(text, {"x": X, "i": i}).value == expected, text


def test_a_replay_does_not_divide_a_position_by_zero() -> None:
    step = Formula("x[2 % argmax(x)]^2", {"x": [*X[::-1], 9.0]}).stepper()
    assert step({"x": np.array([1.0, 5, 2, 0])})[0] == 1
    with pytest.raises(FormulaError, match="an index is divided by 0"):
        step({"x": np.array([5.0, 1, 2, 0])})


@pytest.mark.parametrize(
    "text",
    ["repeat(x, 1.9)", "roll(x, 1.5)", "tril([x], 1.5)", "split(x, 2.7)", "top_k(x, 2.7)[0]",
     "repeat(x, [1, 1.5, 2])", "sum(x, axis=0.5)", "eye(2.5)", "zeros([2.5])", "tile(x, 3/2)",
     "pad(x, 0.5)", "linspace(0, 1, 2.5)", "one_hot([1], 2.5)", "diff(x, n=1.5)", "diag(x, 0.5)",
     "windows(x, 1.5)", "matrix_power([[1]], 2.5)", "round(x, 0.5)", "reshape(x, [1.5, 2])",
     "std(x, ddof=0.5)", "transpose([x], [0.5, 1])", "broadcast_to(x, [1.5, 3])", "eye(inf)"],
)  # fmt: skip
def test_counts_are_whole_numbers(text: str) -> None:
    with pytest.raises(FormulaError, match=r"takes whole numbers, not (\d\.\d|inf)"):
        Formula(text, {"x": X})


def test_counts_are_not_too_large() -> None:
    for text in ("roll(x, 2^31)", "roll(x, -2^31)", "zeros([1e300])"):
        with pytest.raises(FormulaError, match="is too large"):
            Formula(text, {"x": X})


def test_whole_numbers_count_however_they_are_written() -> None:
    assert Formula("repeat(x, 2.0)[1]", {"x": X}).value == 3
    assert Formula("roll(x, x.size / 3)[0]", {"x": X}).value == 2
    assert Formula("huber([0], [x[1]], delta=0.5)", {"x": X}).value == 0.5 * (1 - 0.25)
    assert Formula("top_k(x, 4 - 2)[0][1]", {"x": X}).value == 2


def test_what_replays(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first trace no step runs the formula again, at other points, orders or masks."""
    for text, values in {
        "sin(x)*x": {"x": 1.0}, "(1 - x)^2 + 100*(y - x^2)^2": {"x": 1.0, "y": 2.0},
        "sum(sort(x) * [1, 2, 3])": {"x": X}, "sum(where(x > 1.5, x, x^2))": {"x": X},
        "sum(gather(x, i)^2)": {"x": X, "i": [0, 2]}, "x[i]^2": {"x": X, "i": 1},
        "x[argmax(x)]^2": {"x": X}, "x[(argmax(x) + 2) % 3]^2": {"x": X},
        "sum(softmax(x)*[1, 2, 3])": {"x": X}, "sum(x[1:] * x[:-1])": {"x": X},
        "sum(top_k(x, 2)[0])": {"x": X}, "max(split(x, 3))": {"x": X},
    }.items():  # fmt: skip
        formula = Formula(text, values)
        runs: list[str] = []
        forward = formula.forward

        def counted(*args: Any, text: str = text, forward: Any = forward, runs: Any = runs) -> Any:
            runs.append(text)
            return forward(*args)

        monkeypatch.setattr(formula, "forward", counted)
        step = formula.stepper()
        assert len(runs) == 1, text
        for moved in (1.0, -0.5, 0.25):
            at = {name: -value[..., ::-1] * moved if value.ndim else value * moved
                  for name, value in formula.primals.items()}  # fmt: skip
            value, slope = step(at)
            assert len(runs) == 1, text
            fresh = differentiate(Formula(text, {**values, **at}))
            np.testing.assert_allclose(value, fresh.value, 1e-14)
            for name, gradient in fresh.gradients.items():
                np.testing.assert_allclose(slope[name], gradient, 1e-14)


def test_faults_of_the_engine_are_not_taken_for_branches(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails while a course is written, and not while it is recorded, is not passed over."""
    from gradcli import stepping as module

    def broken(*_: Any, **__: Any) -> Any:
        raise ValueError("a fault")

    monkeypatch.setattr(module, "Program", broken)
    with pytest.raises(ValueError, match="a fault"):
        Formula("x^2", {"x": 1.0}).stepper()


def test_a_replay_moves_its_choices() -> None:
    """Steps at points whose order, mask and largest entry are others than where it was traced."""
    for text in (
        "sum(x[argsort(x)] * [1, 2, 3])", "sum(x[x > 1.5]^2)", "x[argmax(x)]^2",
        "sum(top_k(x, 2)[0] * [1, 5])", "i = argmax(x) - 1; x[i]^2", "max(split(x, 3))^2",
    ):  # fmt: skip
        step = Formula(text, {"x": X}).stepper()
        for moved in ([1.0, 2.5, 2.0], [0.5, 2.0, 9.0], [1.0, 8.0, 0.0]):
            value, found = step({"x": np.array(moved)})
            fresh = differentiate(Formula(text, {"x": moved}))
            assert value == fresh.value
            np.testing.assert_array_equal(found["x"], fresh.gradients["x"])


def test_unequal_parts_are_no_value() -> None:
    for text in ("top_k(x, 2)", "clip_by_global_norm([x, x], 2)", "split(x, [1])"):
        with pytest.raises(GradcliError, match=r"unequal parts: pick one with \[0\]"):
            Formula(text, {"x": X})
    with pytest.raises(FormulaError, match="unequal parts"):
        Formula("sum(split(x, [1]))", {"x": X})
    np.testing.assert_array_equal(
        jacobians(Formula("split(x, 3)", {"x": X}))["x"], np.eye(3)[:, None]
    )


@pytest.mark.parametrize(
    "text",
    ["x * linspace(0, 1, 4)", "[1, 2, 3] * x", "pi * x", "eye(2) @ [x, x]", "x + one_hot([1], 3)",
     "x * argmax([1, 3])", "x * (x > 1)", "x + arange(3) / 3", "cast(x, float64)",
     "mean(x > 1) + x",
     "x * zeros([2])", "x % 0.3", "x * 1e-50", "[argmax([1, 3]), x[0]]", "x.shape + [x]", "x"],
)  # fmt: skip
def test_float32_stays_float32(text: str) -> None:
    formula = Formula(f"y = {text}; sum(y^2) + mean(y)", {"x": [2.0]}, None, "float32")
    found = differentiate(formula)
    dtypes = {formula.value.dtype, found.value.dtype, found.gradients["x"].dtype}
    assert dtypes | {step.value.dtype for step in found.steps} == {np.dtype(np.float32)}
    assert formula.stepper()(formula.primals)[1]["x"].dtype == np.float32


def test_numbers_among_themselves_are_computed_in_full() -> None:
    """0.1 in float32 is 0.1 + 1.5e-9: what meets no array is no float32 yet."""
    for text in (
        "relu(0.1) == 0.1",
        "where(1, 0.1, 2) == 0.1",
        "sum(0.1) == 0.1",
        "0.1 + 0 == 0.1",
    ):
        assert Formula(text, {}, None, "float32").value


def test_casts_round() -> None:
    assert Formula("cast(x, float32)", {"x": 0.1}).value == float(np.float32(0.1))
    assert Formula("cast(x, int) + 0.5", {"x": [2.9, -2.9]}).value.tolist() == [2.5, -1.5]
    assert Formula("cast(x, int)", {"x": 2.9}).value.dtype == np.int64
    assert Formula("cast(x, bool)", {"x": 2.9}).value.dtype == np.bool_


def test_what_has_no_gradient_answers_its_value() -> None:
    cases = {
        "maximum(arange(0, 10, 1), 2)": ([2, 2, 2, 3, 4, 5, 6, 7, 8, 9], "needs a variable"),
        "2 + 3": (5, "needs a variable"),
    }
    for text, (value, why) in cases.items():
        answer = Answer(Formula(text, {}))
        assert answer.value.tolist() == value
        assert answer.gradients is None
        assert why in (answer.lacking or "")
    answer = Answer(Formula("pad(x, 1)", {"x": [[1.0]]}))
    assert answer.value.tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert "take sum(...), or ask for the jacobian" in (answer.lacking or "")
    answer = Answer(Formula("where(x > 0)", {"x": [[1.0, 0], [0, 2]]}))
    assert (answer.value.tolist(), answer.value.dtype) == ([[0, 0], [1, 1]], np.int64)
    assert "a position" in (answer.lacking or "")
    answer = Answer(Formula("x > 1", {"x": 2}))
    assert answer.value is np.True_
    assert "true or false" in (answer.lacking or "")
    assert Answer(Formula("x[:0]", {"x": X})).value.shape == (0,)


@pytest.mark.parametrize(
    ("text", "shape", "slope"), [("[x]^2", (1,), 6), ("sum([[x, 0]], keepdims=True)*x", (1, 1), 6)]
)
def test_an_array_of_one_entry_counts_as_a_number(
    text: str, shape: tuple[int, ...], slope: float
) -> None:
    formula = Formula(text, {"x": 3.0})
    answer = Answer(formula)
    assert answer.value.shape == shape
    assert answer.gradients == {"x": slope}
    assert formula.stepper()(formula.primals)[1] == {"x": slope}
    assert check(formula).verdict == "pass"
    assert jacobians(formula)["x"].shape == shape


@pytest.mark.parametrize(
    "text",
    ["sum(outer(x, 2))", "sum(repeat(x, [1, 2, 0]))", "sum(roll([x, x], [1, 1], [0, 1]))",
     "sum(transpose(x, 0))", "min(" + "x, " * 1000 + "30)[0]"],
)  # fmt: skip
def test_gradients_that_forward_allows_backward_has(text: str) -> None:
    formula = Formula(text, {"x": X})
    found = differentiate(formula).gradients["x"]
    for i in range(3):
        moved = [np.array(X) + s * 1e-6 * np.eye(3)[i] for s in (1, -1)]
        up, down = (Formula(text, {"x": m}).value for m in moved)
        assert found[i] == pytest.approx((up - down) / 2e-6, abs=1e-6)


def test_a_fault_on_the_way_back_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    from gradcli.engine import REGISTRY

    def broken(g: Any, y: Any, x: Any) -> Any:
        raise ValueError("something\nodd")

    monkeypatch.setattr(REGISTRY["tanh"], "vjps", (broken,))
    formula = Formula("sum(tanh(x))", {"x": X})
    message = "tanh has a value here, but no gradient: something odd"
    for call in (
        lambda: Answer(formula), lambda: Answer(formula, jacobian=True),
        lambda: Answer(Formula("tanh(x)", {"x": 1.0}), order=2), lambda: check(formula),
        lambda: formula.stepper()(formula.primals),
    ):  # fmt: skip
        with pytest.raises(GradcliError, match=message):
            call()


def test_a_replay_that_fails_is_told_in_words() -> None:
    """A row that is not there, a mask that chooses other shapes."""
    step = Formula("x[argmax(x) + 1]^2", {"x": X}).stepper()
    assert step({"x": np.array([1.0, 5, 2])})[1]["x"].tolist() == [0, 0, 4]
    with pytest.raises(FormulaError, match="index 3 is out of bounds"):
        step({"x": np.array([1.0, 2, 5])})
    step = Formula("sum(x[x > 1.5] * [1, 2])", {"x": X}).stepper()
    with pytest.raises(FormulaError, match="could not be broadcast"):
        step({"x": np.zeros(3) + 5})


@pytest.mark.parametrize(
    "text",
    ["fill([9999, 9999], x)", "zeros([1e4, 1e4])", "ones([9999, 9999])", "eye(9999)",
     "linspace(0, x, 99999999)", "arange(0, 1e9)", "arange(x, 1e9, 0.1)", "kron(a, a)",
     "outer(a, a)", "meshgrid(a, a)[0]", "a[:, None] * a", "tile(a, [1000, 1])",
     "repeat(a, 1000)", "repeat([[1, 2]], 9999999, axis=1)", "pad(a, 9999999)", "diag(a)",
     'einsum("i,j", a, a)', 'einsum("i,j->ij", a, a)', "windows(a, 5000)", "a[:, None] @ [a]",
     "broadcast_to(x, [9999, 9999])", "one_hot(range(10000), 9999)", "add(a[:, None], a)",
     "[a][zeros(9999)]", "gather([a], zeros(9999))", "maximum(a, a[:, None])",
     "scatter_nd([[0]], [x], [99999999])", "x*zeros([1000,1000,1000,1000])"],
)  # fmt: skip
def test_large_arrays_are_refused(text: str) -> None:
    values = {"x": 1.0, "a": np.ones(10_000)}
    with pytest.raises(FormulaError, match="1,000,000 are allowed"):
        Formula(text, values)


def test_names_of_higher_orders_and_traces() -> None:
    formula = Formula("sum(x[1:]^3)", {"x": X})
    hessian = Answer(formula, order=2).hessian
    assert hessian is not None
    np.testing.assert_allclose(hessian["x"]["x"], np.diag([0.0, 6, 12]))
    trace = Answer(Formula("clip(x, None, 2)^2 + where(x > 0, x, 1)", {"x": 1.0})).steps
    assert [step.op for step in trace] == ["clip", "square", "where", "add"]
    assert trace[0].inputs[0] == "x"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tf.reduce_sum(x)", r"^drop tf\.: write reduce_sum\(\.\.\.\): tf"),
        ("np.linalg.norm(x)", r"^drop np\.linalg\.: write norm\("),
        ("math.pi * x", r"^drop math\.: write pi: math"),
        ("x.sum()", r"^write sum\(\.\.\.\): x"),
        ("math.floop(x)", "only functions can be called, by their name"),
    ],
)
def test_a_name_out_of_a_library_is_told_to_drop_it(text: str, told: str) -> None:
    with pytest.raises(FormulaError, match=told):
        Formula(text, {"x": [1.0, 2.0]})
