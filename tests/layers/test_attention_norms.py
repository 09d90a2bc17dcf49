"""Attention, normalisation and dropout: against torch and Keras, and their mistakes by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcli.answer import Answer
from gradcli.check import check
from gradcli.engine import GradientTape, tensor
from gradcli.layers.dropout import Dropout
from gradcli.model import Model
from gradcli.model.single import SingleLayer
from tests.conftest import Gradcli

HERE = Path(__file__).parent
PRINTED = [
    pytest.param(case, id=f"{source}-{i}-{case['layer']['kind']}")
    for source in ("torch", "keras")
    for i, case in enumerate(json.loads((HERE / f"attention_norms_{source}.json").read_text()))
]
RNG = np.random.default_rng(4)


def single(layer: dict[str, Any], **arrays: Any) -> SingleLayer:
    keys = {k: v for k, v in layer.items() if k != "kind"}
    return SingleLayer.from_spec({"layer": layer["kind"], **keys, "dtype": "float64", **arrays})


@pytest.mark.parametrize("case", PRINTED)
def test_values_and_gradients_are_those_of_torch_and_keras(case: Any) -> None:
    arrays = {"x": case["x"], **case["params"], "upstream": case["upstream"]}
    layer = single(case["layer"], **{name: np.array(v, float) for name, v in arrays.items()})
    answer = Answer(layer)
    np.testing.assert_allclose(answer.value, case["y"], 1e-10, 1e-10)
    assert list(answer.gradients) == ["x", *[n for n in case["params"] if n in case["grads"]]]
    for name, gradient in case["grads"].items():
        np.testing.assert_allclose(answer.gradients[name], gradient, 1e-10, 1e-10, err_msg=name)


def test_batch_norm_keeps_its_kind_of_mean_and_variance() -> None:
    """By hand: of 1, 3 the mean is 2 and the variance 1; in inference those that are given."""
    x = [[1.0], [3.0]]
    trained = Answer(single({"kind": "batch_norm", "eps": 3.0}, x=x, gamma=[4.0], beta=[0.5]))
    np.testing.assert_allclose(trained.value, [[-1.5], [2.5]], rtol=1e-15)
    layer = {"kind": "batch_norm", "eps": 3.0}
    given = Answer(single(layer, x=x, gamma=[4.0], beta=[0.5], mean=[0.0], var=[1.0]))
    np.testing.assert_allclose(given.value, [[2.5], [6.5]], rtol=1e-15)
    assert set(given.gradients) == {"x", "gamma", "beta"}


@pytest.mark.parametrize(
    ("mask", "factors"),
    [([0, 1, 1], [0, 2, 2]), ([0, 1.5, 1], [0, 1.5, 1]), ([2, 2, 0], [2, 2, 0])],
)
def test_a_mask_tells_what_is_kept_or_is_the_factors(mask: Any, factors: Any) -> None:
    layer = single({"kind": "dropout", "rate": 0.5}, x=[[3.0, 4, 5]], mask=[mask])
    answer = Answer(layer)
    np.testing.assert_array_equal(answer.value, [np.multiply(factors, [3, 4, 5])])
    np.testing.assert_array_equal(answer.gradients["x"], layer.arrays["upstream"] * factors)


def test_a_mask_is_drawn_from_the_stream_and_written_down(gradcli: Gradcli) -> None:
    """Kept where the next uniform number is at least the rate, and scaled."""
    line = "layer dropout --rate 0.25 --x 1,2,3,4;5,6,7,8 --seed 5 --dtype float64 --json"
    answer = gradcli(line).json
    kept = np.random.default_rng(5).random((2, 4)) >= 0.25
    assert 0 < kept.sum() < 8
    expected = np.where(kept, np.arange(1.0, 9).reshape(2, 4) / 0.75, 0)
    np.testing.assert_allclose(answer["value"], expected, rtol=1e-15)
    assert gradcli("run - --json", stdin=json.dumps(answer["spec"]).encode()).json == answer


def test_what_is_dropped_may_be_infinite() -> None:
    """0 * inf must not reach an answer, nor a gradient."""
    x = tensor([[np.inf, 4.0]])
    with GradientTape() as tape:
        tape.watch(x)
        y = Dropout(rate=0.5).forward({"mask": np.array([[0.0, 2.0]])}, x, lambda name, v: v)
    assert y.tolist() == [[0, 8]]
    with np.errstate(invalid="ignore"):
        assert tape.gradient(y, x, [[np.inf, 1.0]]).tolist() == [[0, 2]]


def test_a_step_of_causal_attention_sees_none_after_it() -> None:
    """The value at a step, and so its gradients, are those of the sequence that ends there."""
    x = RNG.standard_normal((2, 5, 4))
    whole = single({"kind": "attention", "heads": 2, "causal": True}, x=x)
    params = {**whole.parameters, "upstream": np.zeros((2, 3, 4))}
    cut = single({"kind": "attention", "heads": 2, "causal": True}, x=x[:, :3], **params)
    np.testing.assert_allclose(Answer(whole).value[:, :3], Answer(cut).value, rtol=1e-13)
    free = single({"kind": "attention", "heads": 2}, x=x, **whole.parameters)
    np.testing.assert_allclose(Answer(whole).value[:, -1], Answer(free).value[:, -1], rtol=1e-13)


def _softmax(s: Any) -> Any:
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def attention_by_hand(arrays: Any, forward: float, backward: float, causal: bool) -> dict[str, Any]:
    """The gradients, with the scores multiplied by other factors there and on the way back."""
    x, up = arrays["x"], arrays["upstream"]
    q, k, v = (
        np.einsum("btd,dhk->bhtk", x, arrays[f"w{c}"]) + arrays[f"b{c}"][:, None] for c in "qkv"
    )
    s = forward * q @ k.mT
    p = _softmax(np.where(np.tri(x.shape[1]) > 0, s, -np.inf) if causal else s)
    d = np.einsum("bte,hke->bhtk", up, arrays["wo"])
    dp = d @ v.mT
    ds = backward * p * (dp - (dp * p).sum(axis=-1, keepdims=True))
    by = {"q": ds @ k, "k": ds.mT @ q, "v": p.mT @ d}
    found = {f"w{c}": np.einsum("btd,bhtk->dhk", x, by[c]) for c in "qkv"}
    found["wo"] = np.einsum("bhtk,bte->hke", p @ v, up)
    found |= {f"b{c}": by[c].sum(axis=(0, 2)) for c in "qkv"} | {"bo": up.sum(axis=(0, 1))}
    x_of = sum(np.einsum("bhtk,dhk->btd", by[c], arrays[f"w{c}"]) for c in "qkv")
    return {"x": x_of, **found}


ROOT = 3**-0.5


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        ((1, 1, True), "1/sqrt(key_dim) of the scores is missing"),
        ((ROOT, 1, True), "1/sqrt(key_dim) is missing on the way back"),
        ((ROOT, ROOT, False), "the causal mask is missing"),
    ],
)
def test_mistakes_of_attention_are_named(wrong: Any, cause: str) -> None:
    keys = {"kind": "attention", "heads": 1, "key_dim": 3, "causal": True, "wrt": ["x", "wq", "bo"]}
    layer = single(keys, x=RNG.standard_normal((1, 3, 2)), bq="normal", bv="normal")
    found = check(layer, against=attention_by_hand(layer.arrays, *wrong)).params
    assert [v.cause for v in found.values()] == [cause, cause, None]
    right = attention_by_hand(layer.arrays, ROOT, ROOT, True)
    assert check(layer, against={name: right[name] for name in found}).verdict == "pass"


def _normalised(x: Any, axes: Any, eps: float) -> Any:
    c = x - x.mean(axis=axes, keepdims=True)
    r = 1 / np.sqrt((c * c).mean(axis=axes, keepdims=True) + eps)
    return c * r, r


@pytest.mark.parametrize(
    ("cause", "mean", "variance"),
    [
        ("the mean is taken as constant", 0, 1),
        ("the variance is taken as constant", 1, 0),
        ("the mean and variance are taken as constant", 0, 0),
    ],
)
@pytest.mark.parametrize(
    ("keys", "axes"),
    [
        ({"kind": "batch_norm"}, (0, 1)),
        ({"kind": "layer_norm"}, (2,)),
        ({"kind": "group_norm", "groups": 1}, (1, 2)),
    ],
)
def test_mistakes_of_normalisation_are_named(
    keys: Any, axes: Any, cause: str, mean: int, variance: int
) -> None:
    x = RNG.standard_normal((2, 2, 3))
    layer = single(keys, x=x, gamma=RNG.uniform(1, 2, 3))
    h, r = _normalised(x, axes, 1e-3)
    d = layer.arrays["upstream"] * layer.arrays["gamma"]
    by_mean, by_variance = d.mean(axis=axes, keepdims=True), (d * h).mean(axis=axes, keepdims=True)
    np.testing.assert_allclose(Answer(layer).gradients["x"], r * (d - by_mean - h * by_variance))
    found = check(layer, against={"x": r * (d - mean * by_mean - variance * h * by_variance)})
    assert (found.verdict, found.params["x"].cause) == ("fail", cause)


def test_a_mean_square_taken_as_constant_is_named() -> None:
    x = RNG.standard_normal((3, 4))
    layer = single({"kind": "rms_norm"}, x=x)
    by_x = layer.arrays["upstream"] / np.sqrt((x * x).mean(axis=1, keepdims=True) + 1e-6)
    found = check(layer, against={"x": by_x}).params["x"]
    assert (found.verdict, found.cause) == ("fail", "the mean square is taken as constant")


@pytest.mark.parametrize(
    ("power", "scale", "cause"),
    [
        (1, 2.5, None),
        (0, 1, "the mask of dropout is not applied"),
        (1, 1, "the scale 1/(1 - rate) of dropout is missing"),
        (2, 6.25, "the mask of dropout is applied once too often"),
    ],
)
def test_mistakes_of_dropout_are_named(power: int, scale: float, cause: str | None) -> None:
    """Of the weights before it, whose gradient is x' times what came through the mask."""
    x, mask = RNG.standard_normal((3, 2)), np.array([[1.0, 0, 1], [0, 1, 1], [1, 1, 0]])
    layers = [{"units": 3}, {"kind": "dropout", "rate": 0.6, "mask": mask}]
    net = Model.from_spec(
        {"loss": "mse", "x": x, "layers": layers, "y": np.ones((3, 3)), "dtype": "float64"}
    )
    z = x @ net.parameters["w"] + net.parameters["b"]
    up = 2 * (z * mask * 2.5 - 1) / 9 * mask**power * scale
    found = check(net, against={"w": x.T @ up, "b": up.sum(axis=0)}).params
    assert {v.verdict for v in found.values()} == {"fail" if cause else "pass"}
    assert {v.cause for v in found.values()} == {cause}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "attention --in 3,5 --heads 2",
            "attention has 2 heads, which do not divide 5 features: give key_dim",
        ),
        ("attention --in 4 --heads 2", "attention takes sequences (time, features), not (4,)"),
        ("group_norm --in 4,6 --groups 4", "group_norm has 4 groups, which do not divide 6 chann"),
        ("batch_norm --in 4 --mean 0", "--var: is needed where mean is given"),
        ("batch_norm --in 4 --var 1", "--mean: is needed where var is given"),
        ("dropout --in 4 --rate 1", "--rate: must be a number from 0 to below 1, not 1"),
        ("dropout --x 1,2 --rate 0.5 --mask 1,0,1", "mask"),
    ],
)
def test_what_does_not_fit_is_refused(gradcli: Gradcli, line: str, words: str) -> None:
    ran = gradcli(f"layer {line}")
    assert ran.code == 2
    assert words in ran.err


@pytest.mark.parametrize(
    ("line", "warned"),
    [
        ("batch_norm --in 3", "batch_norm: in one row each entry is its own mean"),
        ("batch_norm --in 3 --batch 2", ""),
        ("batch_norm --in 2,3", ""),
        ("batch_norm --in 3 --mean 0 --var 1", ""),
        ("dropout --in 3 --rate 0.5", "dropout: in one row, whatever it drops has no gradient"),
        ("dropout --in 3 --rate 0.5 --batch 2", ""),
        ("dropout --in 3 --rate 0", ""),
    ],
)
def test_one_row_is_warned_of(gradcli: Gradcli, line: str, warned: str) -> None:
    found = gradcli(f"layer {line} --json").err
    assert warned in found
    assert bool(warned) == bool(found)


def test_of_one_row_batch_norm_gives_beta_and_no_gradient() -> None:
    answer = Answer(single({"kind": "batch_norm"}, x=[[1.0, 5.0]], beta=[2.0, 3.0]))
    assert answer.value.tolist() == [[2, 3]]
    assert not answer.gradients["x"].any()


def test_they_stand_in_networks_and_are_proven(gradcli: Gradcli) -> None:
    layers = (
        "attention(2, causal=true), layer_norm, residual(rms_norm, dropout(0.3)), group_norm(2)"
    )
    line = f'mse --in 3,4 --layers "{layers}, dense(2)" --batch 2 --wrt x,wq1,wv1,gamma2,gamma3'
    assert gradcli(f"check {line}").code == 0


def test_all_of_attention_is_proven(gradcli: Gradcli) -> None:
    """The bias of the keys, too: it moves all scores of a step alike, so that its gradient is 0."""
    assert gradcli("check layer attention --in 2,2 --heads 1").code == 0
