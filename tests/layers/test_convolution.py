"""Convolution and pooling: as torch and Keras have them, and the mistakes that people make."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcli.check.check import check
from gradcli.engine import conv, grad, max_pool
from gradcli.errors import GradcliError
from gradcli.gradient import differentiate
from gradcli.problem import Problem
from gradcli.problems import problem_from
from tests.conftest import Gradcli
from tests.layers.convolution_reference import inputs, projections, upstream

REFERENCE = json.loads((Path(__file__).parent / "convolution.json").read_text())
GROUPS = sorted({(entry["framework"], entry["layer"]["kind"]) for entry in REFERENCE})


def problem(layer: dict[str, Any], **more: Any) -> Problem:
    """A layer of the reference by itself, with its arrays."""
    keys = {key: value for key, value in layer.items() if key not in ("kind", "ties", "in")}
    arrays = {letter: value.tolist() for letter, value in inputs(layer).items()}
    return problem_from({"layer": layer["kind"], "dtype": "float64", **keys, **arrays, **more})


@pytest.mark.parametrize(("framework", "kind"), GROUPS)
def test_values_and_gradients_are_those_of_the_framework(framework: str, kind: str) -> None:
    """With strides, margins, dilation and groups; where entries tie, the first of a window."""
    entries = [e for e in REFERENCE if (e["framework"], e["layer"]["kind"]) == (framework, kind)]
    for entry in entries:
        layer = entry["layer"]
        shape = np.shape(differentiate(problem(layer)).noted["value"])
        result = differentiate(problem(layer, upstream=upstream(shape).tolist()))
        found = {"value": result.noted["value"], **result.gradients}
        expected = {"value": entry["value"], **entry["grads"]}
        assert found.keys() == expected.keys()
        for name, three in expected.items():
            told = f"{layer}: {name}"
            np.testing.assert_allclose(projections(found[name]), three, 1e-10, 1e-11, err_msg=told)


def naive(x: Any, w: Any, stride: int, margin: int) -> Any:
    """A convolution of images entry by entry, by its definition."""
    x = np.pad(x, ((0, 0), (margin,) * 2, (margin,) * 2, (0, 0)))
    kh, kw, _, filters = w.shape
    oh, ow = ((n - k) // stride + 1 for n, k in zip(x.shape[1:3], (kh, kw)))
    y = np.zeros((len(x), oh, ow, filters))
    for i, j in product(range(oh), range(ow)):
        seen = x[:, i * stride : i * stride + kh, j * stride : j * stride + kw]
        y[:, i, j] = np.einsum("nhwc,hwcf->nf", seen, w)
    return y


def by_hand(x: Any, w: Any, up: Any, stride: int, margin: int, mistake: str = "") -> Any:
    """The gradients of sum(conv * up) by hand, with the mistakes that people make."""
    wide = np.pad(x, ((0, 0), (margin,) * 2, (margin,) * 2, (0, 0)))
    if mistake == "margin behind":
        wide = np.pad(x, ((0, 0), (0, 2 * margin), (0, 2 * margin), (0, 0)))
    dx, dw = np.zeros_like(wide), np.zeros_like(w)
    kernel = w[::-1, ::-1] if mistake == "x flipped" else w
    step = 1 if mistake == "stride" else stride
    for i, j in product(range(up.shape[1]), range(up.shape[2])):
        at = (slice(None), slice(i * step, i * step + len(w)))
        at = (*at, slice(j * step, j * step + w.shape[1]))
        dw += np.einsum("nhwc,nf->hwcf", wide[at], up[:, i, j])
        dx[at] += np.einsum("hwcf,nf->nhwc", kernel, up[:, i, j])
    first = 0 if mistake == "margin behind" else margin
    dx = dx[:, first : first + x.shape[1], first : first + x.shape[2]]
    if mistake == "w flipped":
        dw = dw[::-1, ::-1]
    if mistake == "channels first":
        dw = dw.transpose(3, 2, 0, 1).reshape(w.shape)
    return {"x": dx, "w": dw, "b": up.sum(axis=(0, 1, 2))}


LAYER = {"kind": "conv2d", "filters": 3, "kernel": 2, "in": [3, 3, 2]}


@pytest.mark.parametrize(
    ("mistake", "wrong", "told"),
    [
        ("", "", None),
        ("x flipped", "x", "the kernel is flipped in the gradient of x"),
        ("w flipped", "w", "the gradient of w is flipped"),
        ("channels first", "w", "w has its channels first"),
        ("stride", "xw", "the stride is forgotten"),
        ("margin behind", "xw", "the margin is cut off behind alone, not on both sides"),
    ],
)
def test_a_mistaken_backward_pass_of_a_convolution_is_named(
    mistake: str, wrong: str, told: str | None
) -> None:
    layer = {**LAYER, "stride": 2, "padding": 1}
    arrays = inputs(layer)
    x, w = arrays["x"], arrays["w"]
    value = naive(x, w, 2, 1)
    up = upstream(value.shape)
    own = problem(layer, upstream=up.tolist())
    result = differentiate(own)
    np.testing.assert_allclose(result.noted["value"], value + arrays["b"], rtol=1e-12)
    found = check(own, against=by_hand(x, w, up, 2, 1, mistake)).params
    for name, verdict in found.items():
        assert verdict.verdict == ("fail" if name in wrong else "pass"), name
        assert verdict.cause == (told if name in wrong else None)


def test_a_mistaken_backward_pass_of_pooling_is_named() -> None:
    layer = {"kind": "max_pool2d", "pool": 2, "in": [4, 2, 2]}
    up = upstream((2, 2, 1, 2))
    shared = {"x": np.repeat(np.repeat(up, 2, axis=1), 2, axis=2) / 4}
    verdict = check(problem(layer, upstream=up.tolist()), against=shared).params["x"]
    assert verdict.cause == "the gradient of a largest entry is shared over its window"
    layer["kind"] = "avg_pool2d"
    own = problem(layer, upstream=up.tolist())
    assert check(own, against=shared).verdict == "pass"
    layer = {"kind": "avg_pool1d", "pool": 2, "padding": "same", "in": [3, 2]}
    up = upstream((2, 2, 2))
    margin = {"x": np.repeat(up, 2, axis=1)[:, :3] / 2}
    cause = check(problem(layer, upstream=up.tolist()), against=margin).params["x"].cause
    assert cause == "the margin counts as entries of the mean"


def test_at_a_tie_of_pooling_a_check_is_inconclusive() -> None:
    assert check(problem({"kind": "max_pool1d", "in": [9, 2]})).verdict == "pass"
    layer = {"kind": "max_pool1d", "in": [9, 2], "ties": True}
    assert check(problem(layer)).verdict == "inconclusive"


def test_the_second_derivative_by_the_weights_is_a_convolution_of_the_direction() -> None:
    """Of sum(conv(x, w)^2) / 2: twice differentiated by w along v, sum(conv(x, v)^2)."""
    arrays = inputs({**LAYER, "padding": "same", "stride": 2})
    x, w = arrays["x"], arrays["w"]
    v = np.cos(np.arange(w.size)).reshape(w.shape)
    sliding: dict[str, Any] = {"stride": 2, "padding": "same"}

    def half_square(w: Any) -> Any:
        return (conv(x, w, **sliding) ** 2).sum() / 2

    def along(w: Any) -> Any:
        return (grad(half_square)(w) * v).sum()

    twice = (grad(along)(w).numpy() * v).sum()
    assert twice == pytest.approx((conv(x, v, **sliding) ** 2).sum(), rel=1e-12)


def test_what_a_convolution_gives_lies_with_the_batch_last_in_memory() -> None:
    """So that neither the next layer nor an elementwise op between them copies it."""
    x = np.ones((3, 6, 6, 2))
    y = conv(x, np.ones((3, 3, 2, 5)))
    after = np.maximum(y, 0)
    for found in (y, max_pool(after, 2), max_pool(after, 3, padding="same")):
        assert found.strides[0] == 8
        assert found.strides[2] == 8 * 3
        assert found.transpose(1, 3, 2, 0).flags.c_contiguous


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("conv2d --in 5,5,2 --filters 3 --kernel 7", "a window over 7 entries is longer than 5"),
        ("conv2d --in 5,5,2 --filters 3 --kernel 2 --dilation 5", "a window over 6 entries"),
        ("conv1d --in 2,2 --filters 3 --kernel 5 --padding 1", "longer than 2 and a margin of 2"),
        ("conv2d --in 5,2 --filters 3 --kernel 2", "takes images (h, w, channels), not (5, 2)"),
        ("conv1d --in 5,5,2 --filters 3 --kernel 2", "takes sequences (time, channels)"),
        ("conv2d --in 5,5,3 --filters 4 --kernel 2 --groups 2", "do not divide 3 channels"),
        ("conv2d --in 5,5,4 --filters 3 --kernel 2 --groups 2", "do not divide 3 filters"),
        ("conv2d --in 5,5,2 --filters 3 --kernel 2,2,2", "kernel: is one number or 2, not 3"),
        ("conv2d --in 5,5,2 --filters 3 --kernel 2 --padding sane", "must be valid, same, "),
        ("max_pool2d --in 5,1,2", "gets (5, 1, 2): a window over 2 entries is longer than 1"),
        ("max_pool1d --in 5,2 --padding 2", "a margin of 2 holds whole windows over 2"),
        ("global_avg_pool --in 5", "takes positions and channels"),
        ("reshape --in 6 --shape 4,-1", "makes (4, -1), but gets (6,), 6 entries"),
        ("reshape --in 6 --shape=-1,-1", "makes (-1, -1), but gets (6,), 6 entries"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_words(gradcli: Gradcli, line: str, told: str) -> None:
    run = gradcli(f"layer {line}")
    assert run.code == 2
    assert told in run.err
    assert run.err.count("\n") == 1


def test_one_entry_is_an_image() -> None:
    """A kernel as large as the image is a dense layer; a window over one entry is no pooling."""
    x, w = np.array([[[[2.0, 3.0]]]]), np.array([[[[1.0], [10.0]]]])
    assert conv(x, w).tolist() == [[[[32.0]]]]
    assert conv(x, np.ones((3, 3, 2, 1)), padding="same").tolist() == [[[[5.0]]]]
    assert max_pool(x, 1).tolist() == x.tolist()


def test_a_pool_that_does_not_divide_is_warned_of(gradcli: Gradcli) -> None:
    told = "max_pool2d: windows over 2, 2 apart, do not divide h 5: the last 1 of it count for"
    assert told in gradcli("layer max_pool2d --in 5,4,1").err
    for line in ("max_pool2d --in 4,4,1", "max_pool2d --in 5,4,1 --padding same",
                 "avg_pool1d --in 7,1 --pool 3 --stride 2"):  # fmt: skip
        assert gradcli(f"layer {line}").err == ""


def test_shapes_are_shapes_only(gradcli: Gradcli) -> None:
    x = "--x [[[1,2],[3,4]],[[5,6],[7,8]]] --in 2,2,2"
    answer = gradcli(f"layer flatten {x} --json").json
    assert answer["value"] == [[1, 2, 3, 4, 5, 6, 7, 8]]
    answer = gradcli(f"layer reshape --shape 4,-1 {x} --json").json
    assert answer["value"] == [[[1, 2], [3, 4], [5, 6], [7, 8]]]
    answer = gradcli("layer activation --act relu --x -1,2 --upstream 3,4 --json").json
    assert (answer["value"], answer["grads"]) == ([[0, 2]], {"x": [[0, 4]]})


def test_a_network_of_them_is_proven(gradcli: Gradcli) -> None:
    layers = (
        "conv2d(2, 3, padding=same, act=tanh), max_pool2d(2), conv2d(4, 2, act=tanh), "
        "avg_pool2d(2, 1), reshape((2, 2)), conv1d(2, 2), flatten, dense(3)"
    )
    line = f'ce --in 6,6,1 --layers "{layers}"'
    assert gradcli(f"check {line}").code == 0
    answer = gradcli(f"{line} --json").json
    assert list(answer["grads"]) == ["w1", "b1", "w2", "b2", "w3", "b3", "w4", "b4"]


def test_what_lies_far_outside_counts_for_nothing() -> None:
    """Windows far apart are one; of a wide one, only what is inside is gone over."""
    far = 2**63 - 1
    x = np.arange(8.0).reshape(1, 4, 2)
    w = np.array([[[1.0], [0.0]], [[0.0], [2.0]]])
    assert conv(x, w, stride=far).tolist() == [[[0 + 2 * 3.0]]]
    assert conv(x, w[:1], dilation=far).tolist() == [[[0.0], [2.0], [4.0], [6.0]]]
    assert max_pool(x, far, padding="same").tolist() == [[[6.0, 7.0]]]
    layer = {"layer": "avg_pool1d", "x": x.tolist(), "pool": far, "padding": "same"}
    assert differentiate(problem_from(layer)).noted["value"].tolist() == [[[3.0, 4.0]]]


def test_a_wide_margin_is_counted_before_it_is_made(gradcli: Gradcli) -> None:
    layer = "conv1d --in 5,2 --filters 3 --kernel 3 --padding same --dilation 1000000000000"
    assert "too large for memory" in gradcli(f"layer {layer}").err


def test_a_bad_word_or_number_is_refused_by_the_op_too() -> None:
    x, w = np.ones((1, 4, 4, 1)), np.ones((2, 2, 1, 1))
    for wrong in ({"padding": "full"}, {"padding": -1}, {"stride": 0}, {"groups": 2}):
        with pytest.raises((ValueError, GradcliError)):
            conv(x, w, **wrong)
    with pytest.raises(ValueError, match="take 2 channels in 1 groups"):
        conv(x, np.ones((2, 2, 2, 1)))
    with pytest.raises(ValueError, match="three axes or more"):
        max_pool(np.ones((2, 2)), 2)
