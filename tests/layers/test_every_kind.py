"""Every kind of layer that there is goes through every door, by the example of its declaration."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcli.answer import Answer
from gradcli.engine import Tensor, grad, jacobian
from gradcli.gradient import differentiate
from gradcli.layer_kinds import LAYERS
from gradcli.layers.layer import layer_kind
from gradcli.model.single import SingleLayer
from gradcli.problem import same
from tests.conftest import Gradcli

CONVENTIONS = ("keras", "torch", "cs231n")


def spec(kind: str, convention: str = "keras", **more: Any) -> dict[str, Any]:
    """The example of a kind, in a smooth form: relu's kink is for other tests."""
    found: dict[str, Any] = {"layer": kind, "batch": 3, "dtype": "float64"}
    keys = {key.name: key for key in LAYERS[kind].keys}
    for name, text in LAYERS[kind].example.items():
        text = shlex.split(text)[0].replace("relu", "tanh")
        if name not in ("wrt", "x", "batch"):
            found[name] = keys[name].parse(text) if name in keys else text
    row = [int(n) for n in found.get("in", "3").split(",")]
    first = convention != "keras" and (len(row) > 2 or (len(row) == 2 and layer_kind(kind).spatial))
    found["in"] = [row[-1], *row[:-1]] if first else row
    return {**found, "convention": convention, **more}


def moved(layer: SingleLayer, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {n: a + 0.5 * rng.standard_normal(a.shape) for n, a in layer.primals.items()}


CORNERS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "conv2d",
        {
            "in": [5, 6, 4],
            "filters": 6,
            "kernel": 2,
            "groups": 2,
            "stride": [2, 1],
            "padding": "same",
        },
    ),
    (
        "conv1d",
        {"in": [7, 4], "filters": 4, "kernel": 3, "groups": 4, "dilation": 2, "bias": False},
    ),
    ("batch_norm", {"in": [3, 2, 4], "wrt": ["x", "gamma", "beta"]}),
    ("batch_norm", {"mean": [1, 2, 3, 4], "var": [4, 3, 2, 1], "wrt": ["x", "mean", "var"]}),
    ("group_norm", {"in": [3, 2, 6], "groups": 3}),
)


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize(("kind", "more"), CORNERS)
def test_a_stack_is_the_same_as_one_by_one(
    kind: str, more: dict[str, Any], convention: str
) -> None:
    names = {"keras": {}, "torch": {"mean": "running_mean", "var": "running_var"}}
    if convention == "cs231n" and "mean" in more:
        pytest.skip("it has no name for them")
    own = names.get(convention, {})
    more = {own.get(n, n): v for n, v in {**more, "in": more.get("in", [4])}.items()}
    if convention != "keras":
        more["in"] = [more["in"][-1], *more["in"][:-1]]
        more.pop("wrt", None)
    layer = SingleLayer.from_spec({"layer": kind, "batch": 3, "dtype": "float64", **more,
                                   "convention": convention})  # fmt: skip
    for name, at in layer.primals.items():
        stack = at + 0.1 * np.random.default_rng(3).standard_normal((4, *at.shape))
        for some in (stack, stack + 1e-20j):
            each = np.array([layer.forward({**layer.primals, name: a}) for a in some])
            found = layer.values(name, some)
            np.testing.assert_allclose(found.real, each.real, 1e-12)
            np.testing.assert_allclose(found.imag, each.imag, 1e-9, 1e-32)


@pytest.mark.parametrize("kind", LAYERS)
class TestEveryKind:
    @pytest.mark.parametrize("convention", CONVENTIONS)
    def test_its_answer_is_given_again(
        self, kind: str, convention: str, gradcli: Gradcli, tmp_path: Path
    ) -> None:
        lines = [
            json.dumps(spec(kind, convention, dtype=dtype)) for dtype in ("float64", "float32")
        ]
        ran = gradcli("run - --json", stdin="\n".join(lines).encode())
        double, single = [json.loads(line) for line in ran.out.splitlines()]
        again = gradcli("run - --json", stdin=json.dumps(double["spec"]).encode())
        assert again.json == double
        for name, gradient in double["grads"].items():
            np.testing.assert_allclose(single["grads"][name], gradient, rtol=2e-4, atol=2e-4)
        saved = tmp_path / "g.npz"
        assert gradcli(f"run - --save {saved}", stdin=lines[0].encode()).code == 0
        with np.load(saved) as arrays:
            for name, gradient in double["grads"].items():
                np.testing.assert_array_equal(arrays[f"grads.{name}"], gradient)
        assert gradcli(f"check run - --against {saved}", stdin=lines[0].encode()).code == 0

    @pytest.mark.parametrize("convention", CONVENTIONS)
    def test_a_replay_a_tape_and_stacks_agree(self, kind: str, convention: str) -> None:
        layer = SingleLayer.from_spec(spec(kind, convention))
        step = layer.stepper()
        for seed in (1, 2):
            at = moved(layer, seed)
            value, gradients = step(at)
            taped = differentiate(layer, at)
            np.testing.assert_allclose(value, taped.value, rtol=1e-12)
            for name, gradient in taped.gradients.items():
                np.testing.assert_allclose(gradients[name], gradient, rtol=1e-9, atol=1e-12)
        for name, at in layer.primals.items():
            stack = at + np.random.default_rng(3).standard_normal((3, *at.shape))
            each = [float(np.asarray(layer.forward({**layer.primals, name: a}))) for a in stack]
            np.testing.assert_allclose(layer.values(name, stack), each, rtol=1e-11, atol=1e-12)

    def test_the_gradient_of_its_gradient(self, kind: str) -> None:
        """Along a random direction, against a central difference of gradients."""
        layer = SingleLayer.from_spec(spec(kind))
        for name, at in layer.primals.items():
            direction = np.random.default_rng(4).standard_normal(at.shape)

            def slope(t: Any, name: str = name, at: Any = at, d: Any = direction) -> Any:
                whole = grad(lambda a: layer.forward({**layer.primals, name: a}, same))
                return (whole(at + t * d) * d).sum()

            second = float(jacobian(slope)(Tensor(np.float64(0.0))).numpy())
            h = 1e-4
            sides = [
                np.sum(
                    differentiate(layer, {**layer.primals, name: at + s * h * direction}).gradients[
                        name
                    ]
                    * direction
                )
                for s in (1, -1)
            ]
            expected = (sides[0] - sides[1]) / (2 * h)
            scale = max(1.0, float(np.max(np.abs(differentiate(layer).gradients[name]))))
            assert second == pytest.approx(expected, rel=1e-5, abs=1e-5 * scale)

    def test_its_jacobian_makes_its_gradient(self, kind: str) -> None:
        layer = SingleLayer.from_spec(spec(kind))
        whole = Answer(layer, jacobian=True).jacobian
        assert whole is not None
        upstream = layer.arrays["upstream"]
        for name, gradient in differentiate(layer).gradients.items():
            made = np.tensordot(upstream, whole[name], upstream.ndim)
            np.testing.assert_allclose(made, gradient, rtol=1e-9, atol=1e-10)
