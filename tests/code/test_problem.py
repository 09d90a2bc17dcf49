"""Code with gradients of its own, as a problem of every verb."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from gradcli.answer import Answer
from gradcli.check import check
from gradcli.code.callee import Reply, Undefined
from gradcli.code.inputs import read_inputs
from gradcli.code.problem import Code, CodeProblem
from gradcli.errors import SpecError

Call = Callable[[Mapping[str, Any], Sequence[Any] | None], Reply]


def problem(call: Call, values: Mapping[str, Any], **more: Any) -> CodeProblem:
    inputs, stream = read_inputs({"values": values}, 0, None)
    return CodeProblem(Code(call, "mine", {"python": "mine"}), inputs, stream, **more)


def product(inputs: Mapping[str, Any], upstreams: Sequence[Any] | None) -> Reply:
    x, w = inputs["x"], inputs["w"]
    if upstreams is None:
        return Reply([x @ w])
    return Reply([x @ w], {"x": upstreams[0] @ w.T, "w": x.T @ upstreams[0]})


X, W, G = [[1.0, 2.0]], [[3.0], [4.0]], [[10.0]]


def test_value_and_gradients_are_the_codes_own() -> None:
    answer = Answer(problem(product, {"x": X, "w": W}, upstreams={"upstream": G}))
    assert answer.value.tolist() == [[11.0]]
    assert answer.gradients is not None
    assert answer.gradients["x"].tolist() == [[30.0, 40.0]]
    assert answer.gradients["w"].tolist() == [[10.0], [20.0]]
    assert answer.shown["upstream"].tolist() == G


def test_a_right_one_passes() -> None:
    assert check(problem(product, {"x": X, "w": W})).verdict == "pass"


def test_a_gradient_of_another_shape_is_a_failure() -> None:
    def wrong(inputs: Mapping[str, Any], upstreams: Sequence[Any] | None) -> Reply:
        reply = product(inputs, upstreams)
        return Reply(reply.outputs, reply.gradients and {"w": reply.gradients["w"].T})

    checked = check(problem(wrong, {"x": X, "w": W}))
    assert checked.params["w"].given_shape == (1, 2)
    assert checked.params["w"].cause == "transposed"
    assert checked.verdict == "fail"


def test_what_is_not_repeatable_gets_no_verdict() -> None:
    rng = np.random.default_rng(0)

    def noisy(inputs: Mapping[str, Any], upstreams: Sequence[Any] | None) -> Reply:
        reply = product(inputs, upstreams)
        return reply._replace(outputs=[reply.outputs[0] + rng.random()])

    checked = check(problem(noisy, {"x": X, "w": W}))
    assert checked.verdict == "inconclusive"
    assert "not repeatable" in str(checked.params["x"].cause)


def test_a_value_that_is_another_beside_gradients_gets_no_verdict() -> None:
    def two_faced(inputs: Mapping[str, Any], upstreams: Sequence[Any] | None) -> Reply:
        reply = product(inputs, upstreams)
        return reply if upstreams is None else reply._replace(outputs=[reply.outputs[0] + 1])

    checked = check(problem(two_faced, {"x": X, "w": W}))
    assert checked.verdict == "inconclusive"
    assert "1 apart" in str(checked.params["x"].cause)


def test_writing_to_inputs_is_told_and_harms_nothing() -> None:
    def greedy(inputs: Mapping[str, Any], upstreams: Sequence[Any] | None) -> Reply:
        reply = product(inputs, upstreams)
        inputs["x"][:] = 0
        if upstreams is not None:
            upstreams[0][:] = 0
        return reply

    found = problem(greedy, {"x": X, "w": W})
    assert [text.partition(":")[0] for text in found.cautions] == [
        "mine writes to x",
        "mine writes to the upstream gradient",
    ]
    assert check(found).verdict == "pass"


def test_where_the_code_has_no_value_there_is_nan() -> None:
    def root(inputs: Mapping[str, Any], upstreams: Sequence[Any] | None) -> Reply:
        x = float(inputs["x"])
        if x < 0:
            raise Undefined("mine: math domain error")
        return Reply([np.float64(x**0.5)], None if upstreams is None else {"x": 0.5 * x**-0.5})

    found = problem(root, {"x": 1e-7})
    assert np.isnan(found.values("x", np.array([-1.0]))).all()
    assert check(found).verdict == "pass"


def test_whole_numbers_are_constants_and_by_what_has_no_gradient_is_said() -> None:
    def picked(inputs: Mapping[str, Any], upstreams: Sequence[Any] | None) -> Reply:
        x, y = inputs["x"], inputs["y"]
        gradient = np.zeros_like(x)
        gradient[y] = 1.0
        return Reply([x[y]], None if upstreams is None else {"x": gradient})

    found = problem(picked, {"x": [3.0, 5.0], "y": 1, "z": 2.0})
    assert list(found.primals) == ["x"]
    assert found.cautions == ["mine gives no gradient by z"]
    assert Answer(found).value == 5.0
    with pytest.raises(SpecError, match="y is of whole numbers"):
        problem(picked, {"x": [3.0, 5.0], "y": 1}, wrt=["y"])
    with pytest.raises(SpecError, match="gives no gradient by z"):
        problem(picked, {"x": [3.0, 5.0], "y": 1, "z": 2.0}, wrt=["z"])


def test_kinks_near_by_are_no_noise() -> None:
    def largest(inputs: Mapping[str, Any], upstreams: Sequence[Any] | None) -> Reply:
        x = inputs["x"].reshape(6, -1)
        best = x.argmax(axis=1)
        gradient = np.zeros_like(x)
        if upstreams is not None:
            gradient[np.arange(6), best] = upstreams[0]
        return Reply([x.max(axis=1)], {"x": gradient.reshape(-1)})

    x = np.random.default_rng(0).standard_normal(96)
    checked = check(problem(largest, {"x": x}))
    assert checked.verdict == "pass"


@pytest.mark.parametrize("wrong", [[1.0, 1.0, 2.0], [1.5, 1.0, 2.25], [1.5, 1.0625, 2.0]])
def test_gradients_of_few_digits_are_exact(wrong: list[float]) -> None:
    def linear(inputs: Mapping[str, Any], upstreams: Sequence[Any] | None) -> Reply:
        return Reply([inputs["x"] @ [1.5, 1.0, 2.0]], {"x": np.array(wrong)})

    checked = check(problem(linear, {"x": [1.0, 2.0, 3.0]}))
    assert (checked.verdict, checked.params["x"].failed) == ("fail", 1)


@pytest.mark.parametrize(("given", "verdict"), [(1e-17, "pass"), (1e-4, "fail")])
def test_what_cancels_but_for_rounding_is_noise(given: float, verdict: str) -> None:
    def centred(inputs: Mapping[str, Any], upstreams: Sequence[Any] | None) -> Reply:
        x, b = inputs["x"], inputs["b"]
        out = np.tanh(x + b - (x + b).mean())
        if upstreams is None:
            return Reply([out])
        slope = upstreams[0] * (1 - out**2)
        slope -= slope.mean()
        return Reply([out], {"x": slope, "b": np.asarray(slope.sum() + given * np.cos(1e16 * b))})

    checked = check(problem(centred, {"x": [0.5, -1.25, 0.1, 2.2], "b": 0.3}))
    assert {n: v.verdict for n, v in checked.params.items()} == {"x": "pass", "b": verdict}


def test_where_the_value_is_not_finite_nothing_is_said_of_its_precision() -> None:
    def log(inputs: Mapping[str, Any], upstreams: Sequence[Any] | None) -> Reply:
        with np.errstate(invalid="ignore"):
            return Reply([np.log(inputs["x"])], {"x": 1 / inputs["x"]})

    checked = check(problem(log, {"x": -1.0}))
    assert (checked.verdict, checked.nonfinite) == ("fail", "the value is nan")
    assert "float32" not in checked.rule
