"""Tensor operations of the notes, by the numbers printed there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcli.engine as engine
from gradcli.engine import GradientTape, tensor, variable
from tests.conftest import GOLDEN


def close(name: str, found: Any, expected: Any) -> None:
    rtol = GOLDEN[name].get("rtol", 0)
    np.testing.assert_allclose(np.asarray(found), expected, rtol=rtol, atol=rtol / 100)


def test_topk_accuracy() -> None:
    case = GOLDEN["topk_accuracy"]
    logits = np.array(case["inputs"]["logits"], np.float32)
    labels = np.array(case["inputs"]["labels"])
    probabilities = engine.softmax(logits)
    close("topk_accuracy", probabilities[0], case["expect"]["prob_row0"])
    assert engine.argmax(probabilities, axis=1).tolist() == case["expect"]["argmax"]
    accuracy = [
        100 * np.mean(np.any(engine.top_k(probabilities, k)[1] == labels[:, None], axis=1))
        for k in case["inputs"]["k"]
    ]
    assert accuracy == case["expect"]["accuracy"]


def test_pad_and_tile() -> None:
    for name, key in (("pad", "paddings"), ("tile", "multiples")):
        case = GOLDEN[name]
        op = getattr(engine, name)
        found = op(np.array(case["inputs"]["a"]), tuple(map(tuple_or_int, case["inputs"][key])))
        assert found.tolist() == case["expect"]["value"]


def tuple_or_int(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def test_clip() -> None:
    case = GOLDEN["clip"]
    a = np.array(case["inputs"]["a"])
    assert engine.maximum(a, 2).tolist() == case["expect"]["maximum"]
    assert engine.minimum(a, 8).tolist() == case["expect"]["minimum"]
    assert engine.relu(a - 5).tolist() == case["expect"]["relu_minus_5"]


def test_clip_by_norm() -> None:
    case = GOLDEN["clip_by_norm"]
    a = np.array(case["inputs"]["a"], np.float32)
    close("clip_by_norm", engine.norm(a), case["expect"]["norm"])
    clipped = engine.clip_by_norm(a, case["inputs"]["clip_norm"])
    close("clip_by_norm", clipped, case["expect"]["value"])
    close("clip_by_norm", engine.norm(clipped), case["expect"]["clipped_norm"])


def test_clip_by_global_norm() -> None:
    """Pascanu et al. 2013: both arrays scaled by clip / norm, here 1 / 5."""
    arrays = [np.array([3.0]), np.array([4.0])]
    clipped, norm = engine.clip_by_global_norm(arrays, 1.0)
    assert norm == 5.0
    np.testing.assert_allclose(np.concatenate(clipped), [0.6, 0.8])
    x = variable([3.0])
    with GradientTape() as tape:
        (first, _), _ = engine.clip_by_global_norm([x, np.array([4.0])], 1.0)
    # d(x / sqrt(x^2 + 16))/dx = 16 / 125.
    np.testing.assert_allclose(tape.gradient(first, x).numpy(), [16 / 125])


@pytest.mark.parametrize("name", ["scatter_nd_1d", "scatter_nd_rows"])
def test_scatter_nd(name: str) -> None:
    case = GOLDEN[name]
    given = case["inputs"]
    updates = variable(np.array(given["updates"], np.float64))
    with GradientTape() as tape:
        found = engine.scatter_nd(given["indices"], updates, given["shape"])
    assert found.numpy().tolist() == case["expect"]["value"]
    assert np.all(tape.gradient(found, updates).numpy() == 1)


def test_where_and_the_two_ways_to_pick() -> None:
    case = GOLDEN["where"]
    mask = np.array(case["inputs"]["mask"])
    for given in (mask, mask.tolist(), tensor(mask)):
        assert engine.REGISTRY["where"](given).tolist() == case["expect"]["indices"]
    indices = engine.argwhere(mask)
    ones, zeros = np.ones(mask.shape), np.zeros(mask.shape)
    assert engine.where(mask, ones, zeros).tolist() == case["expect"]["where"]
    a = np.arange(9.0).reshape(3, 3)
    picked = engine.gather_nd(a, indices)
    assert picked.tolist() == engine.boolean_mask(a, mask).tolist() == a[mask].tolist()


def test_meshgrid() -> None:
    expect = GOLDEN["meshgrid"]["expect"]
    x, y = engine.meshgrid(engine.linspace(-2.0, 2, 5), engine.linspace(-2.0, 2, 5))
    points = engine.stack([x, y], axis=2)
    assert list(points.shape) == expect["shape"]
    assert points[0].tolist() == expect["points_0"]
    assert points[4].tolist() == expect["points_4"]


def test_entropy() -> None:
    for case in GOLDEN["entropy"]["cases"]:
        p = np.array(case["p"], np.float32)
        close("entropy", -engine.sum(p * engine.log2(p)), case["bits"])


def test_losses_by_the_names_of_the_notes() -> None:
    expect = GOLDEN["mse_sigmoid_3_2"]["expect"]
    for name in ("MSE", "mean_squared_error"):
        [found] = getattr(engine, name)([[0.0, 1.0]], expect["output"])
        assert found == pytest.approx(expect["loss"], rel=1e-6)
    for name in ("MAE", "mean_absolute_error"):
        assert getattr(engine, name)([0.0, 1.0], [0.5, 0.25]) == 0.625


def test_entropy_entry_by_entry() -> None:
    case = GOLDEN["entropy_elementwise"]
    a = np.array(case["inputs"]["a"], np.float32)
    close("entropy_elementwise", a * engine.log(a) / engine.log(2.0), case["expect"]["values"])


def test_sigmoid_and_its_gradient() -> None:
    case = GOLDEN["sigmoid_gradient"]
    x = variable(np.linspace(-10, 10, 10, dtype=np.float32))
    with GradientTape() as tape:
        y = engine.sigmoid(x)
    gradient = tape.gradient(y, x).numpy()
    close("sigmoid_gradient", y.numpy(), case["expect"]["value"])
    # The last two were printed from 1 - y after y had rounded; the closed form stands for them.
    close("sigmoid_gradient", gradient[:8], case["expect"]["grad"][:8])
    exact = 1 / (2 + 2 * np.cosh(np.linspace(-10, 10, 10)))
    np.testing.assert_allclose(gradient, exact, rtol=2e-6)


@pytest.mark.parametrize(("name", "grid"), [("tanh", 10), ("relu", 1), ("leaky_relu", 1)])
def test_activations(name: str, grid: float) -> None:
    x = np.linspace(-grid, grid, 10, dtype=np.float32)
    close(name, getattr(engine, name)(x), GOLDEN[name]["expect"]["value"])


@pytest.mark.parametrize("name", ["softmax_mse_3_rows", "softmax_mse_2_rows"])
def test_softmax_and_mse_from_probabilities(name: str) -> None:
    """The logits are not printed: log(p) is one set of them."""
    case = GOLDEN[name]
    probabilities = np.array(case["inputs"]["prob"])
    b = variable(np.zeros(3))
    targets = np.eye(3)[case["inputs"]["labels"]]
    with GradientTape() as tape:
        p = engine.softmax(np.log(probabilities) + b)
        loss = engine.squared_difference(targets, p).mean()
    found = tape.gradient(loss, b).numpy()
    np.testing.assert_allclose(found, case["expect"]["b_grad"], rtol=case["rtol"])
