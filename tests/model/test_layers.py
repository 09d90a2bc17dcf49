"""A kind of layer is one declaration: one made here is read, named, proven and trained."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradcli.layers
from gradcli.check.check import check
from gradcli.errors import SpecError, TooLargeError
from gradcli.inputs.initialisers import Fans
from gradcli.keys import Key
from gradcli.layer_kinds import LAYERS, LayerKind
from gradcli.layers.layer import KINDS, Layer, layer_kind
from gradcli.layers.weights import Parameter, Weight
from gradcli.model import Model
from tests.conftest import Gradcli


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """scale has a parameter and a mistake, nudge has neither, pairs changes the shape."""
    act = LAYERS["dense"].keys[1]
    made = {"scale": (act,), "nudge": (Key("by", "number", "How far."),), "pairs": ()}
    for kind, keys in made.items():
        monkeypatch.setitem(LAYERS, kind, LayerKind("made for a test", keys))

    class Scale(Layer, kind="scale"):
        """Every entry times one number."""

        act: str
        weights = (Weight("s", "ones"),)

        def parameters(self, shape: tuple[int, ...], batch: int) -> dict[str, Parameter]:
            return {"s": Parameter((), "()")}

        def forward(self, params: Mapping[str, Any], x: Any, note: Any) -> Any:
            return x * params["s"]

        def mistakes(self, batch: int) -> Iterator[tuple[str, Any]]:
            first = np.eye(batch)[0][:, None]
            yield "{s} is that of the first row alone", lambda p, x, note: x * first * p["s"]

    class Nudge(Layer, kind="nudge"):
        """Every entry plus a given number."""

        by: float
        stacks = True

        def forward(self, params: Mapping[str, Any], x: Any, note: Any) -> Any:
            return note("before", x * 1) + self.by

    class Pairs(Layer, kind="pairs"):
        """The sum of every two neighbours, weighted."""

        weights = (Weight("p"),)

        def parameters(self, shape: tuple[int, ...], batch: int) -> dict[str, Parameter]:
            return {"p": Parameter((shape[-1] // 2,), "(pairs,)", Fans(2, 1))}

        def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
            if shape[-1] % 2:
                raise ValueError(f"takes an even number of features, not {shape[-1]}")
            return (shape[-1] // 2,)

        def forward(self, params: Mapping[str, Any], x: Any, note: Any) -> Any:
            return (x[:, ::2] + x[:, 1::2]) * params["p"]

    yield
    for kind in made:
        del KINDS[kind]


X, Y = np.array([[1.0, 2.0], [-3.0, 0.5]]), np.array([[1.0, 1.0], [0.0, 2.0]])


def scale(**more: Any) -> dict[str, Any]:
    spec = {"loss": "mse", "x": X.tolist(), "y": Y.tolist(), "dtype": "float64"}
    return {**spec, "layers": [{"kind": "scale", "s": 3}], **more}


def test_every_kind_has_its_line_in_the_catalogue() -> None:
    with pytest.raises(KeyError):
        layer_kind("no such kind, so that every file is loaded")
    assert set(KINDS) == set(LAYERS)


def test_a_layer_of_another_kind(gradcli: Gradcli) -> None:
    """mse of s x: dloss/ds is the mean of 2 (s x - y) x."""
    stdin = json.dumps(scale()).encode()
    answer = gradcli("run - --json", stdin=stdin).json
    assert answer["loss"] == pytest.approx(np.mean((3 * X - Y) ** 2), rel=1e-14)
    assert answer["grads"]["s"] == pytest.approx(np.mean(2 * (3 * X - Y) * X), rel=1e-14)
    assert gradcli("run -", stdin=stdin).out.startswith("mse: 2 -> scale 2, batch 2, float64")
    again = gradcli("run - --json", stdin=json.dumps(answer["spec"]).encode())
    assert again.json == answer


def test_it_is_proven_and_its_mistake_is_named(gradcli: Gradcli, tmp_path: Path) -> None:
    (tmp_path / "scale.json").write_text(json.dumps(scale()))
    assert gradcli(f"check run {tmp_path / 'scale.json'}").code == 0
    of_the_first_row = float(np.sum(((3 * X - Y) * X)[0]) / 2)
    (tmp_path / "mine.json").write_text(json.dumps({"s": of_the_first_row}))
    ran = gradcli(f"check run {tmp_path / 'scale.json'} --against {tmp_path / 'mine.json'} --json")
    assert ran.code == 1
    assert "s is that of the first row alone" in ran.out


def test_it_is_trained(gradcli: Gradcli) -> None:
    """The least squares: s = sum(x y) / sum(x x)."""
    net = Model.from_spec(scale())
    step, params = net.stepper(), dict(net.parameters)
    for _ in range(200):
        params["s"] = params["s"] - 0.1 * step(params)[1]["s"]
    assert float(params["s"]) == pytest.approx(np.sum(X * Y) / np.sum(X * X), rel=1e-12)
    assert gradcli("descend run - --steps 3", stdin=json.dumps(scale()).encode()).code == 0


def mixed(**more: Any) -> Model:
    layers = [
        {"kind": "nudge", "by": 1},
        {"units": 4, "act": "tanh"},
        {"kind": "nudge", "by": 2},
        {"kind": "scale", "act": "sigmoid"},
        {"kind": "dense", "units": 3, "bias": False},
    ]
    return Model.from_spec({"loss": "ce", "in": 2, "batch": 5, "layers": layers, **more})


def test_names_count_the_layers_that_have_parameters() -> None:
    net = mixed()
    assert list(net.parameters) == ["w1", "b1", "s2", "w3"]
    assert [placed.a for placed in net.spec.layers][::2] == ["nudge1", "nudge2", "a3"]
    noted = [step.name for step in net.evaluate().steps if step.name[0] != "v"]
    assert noted == ["z1", "a1", "nudge2.before", "nudge2", "z2", "a2", "z3", "loss"]
    alone = Model.from_spec(
        {"loss": "mse", "in": 2, "layers": [{"kind": "nudge", "by": 1}, {"units": 1}]}
    )
    assert list(alone.parameters) == ["w", "b"]
    assert alone.spec.layers[0].a == "nudge"


def test_a_mixed_network_is_proven_whole() -> None:
    params = check(mixed(dtype="float64")).params
    assert list(params) == ["w1", "b1", "s2", "w3"]
    assert {judged.verdict for judged in params.values()} == {"pass"}


def test_stacked_and_one_by_one_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    net = mixed(dtype="float64")
    rng = np.random.default_rng(0)
    for name, value in net.parameters.items():
        stack = rng.standard_normal((6, *value.shape))
        one_by_one = [float(net.values(name, one[None])[0]) for one in stack]
        np.testing.assert_allclose(net.values(name, stack), one_by_one, rtol=1e-14)
        with monkeypatch.context() as patch:
            patch.setattr(KINDS["scale"], "stacks", True)
            np.testing.assert_allclose(net.values(name, stack), one_by_one, rtol=1e-14)


def test_a_layer_that_takes_no_stacks_is_given_none() -> None:
    layers = [{"units": 4, "act": "tanh"}, {"kind": "pairs"}]
    net = Model.from_spec({"loss": "mse", "in": 3, "batch": 4, "layers": layers})
    stack = np.random.default_rng(0).standard_normal((5, 3, 4))
    expected = []
    for w in stack:
        a = np.tanh(net.x @ w + net.parameters["b1"])
        output = (a[:, ::2] + a[:, 1::2]) * net.parameters["p2"]
        expected.append(np.mean((output - net.y) ** 2))
    np.testing.assert_allclose(net.values("w1", stack), expected, rtol=1e-6)


def test_a_dense_layer_knows_a_bias_of_one_row() -> None:
    net = Model.from_spec({"loss": "mse", "in": 2, "out": 2, "hidden": 3, "batch": 3})
    z = {step.name: step.gradient for step in net.evaluate().steps}
    known = [(name, wrong) for name, wrong in net.mistakes() if "summed" in name]
    assert [name for name, _ in known] == [
        f"b{n} is not summed over the batch" for n in (1, 1, 2, 2)
    ]
    for (name, wrong), row in zip(known, (0, -1, 0, -1)):
        np.testing.assert_allclose(wrong[name[:2]], z[f"z{name[1]}"][row], rtol=1e-6)


def test_a_layer_tells_its_shapes_fans_and_size() -> None:
    """he_uniform of fan-in 2 fills up to sqrt(6 / 2); 10^12 entries and half are too many."""
    wide = {"kind": "pairs", "p": "he_uniform"}
    spec = {"loss": "mse", "in": 4000, "layers": [wide, {"kind": "pairs"}]}
    net = Model.from_spec({**spec, "y": 0})
    assert net.y.shape == (1, 1000)
    assert [p.shape for p in net.parameters.values()] == [(2000,), (1000,)]
    assert 1.7 < np.max(np.abs(net.parameters["p1"])) <= math.sqrt(3)
    with pytest.raises(TooLargeError, match="1,500,000,000,000 parameters"):
        Model.from_spec({**spec, "in": 2 * 10**12})
    with pytest.raises(
        SpecError, match=r"layers\[2\]: pairs takes an even number of features, not 3"
    ):
        Model.from_spec({**spec, "in": 6})


@pytest.mark.parametrize(
    ("spec", "warning"),
    [
        ({"s": 0}, "the gradient of w1 is all zeros: s2 passes nothing back (it is all zeros)"),
        ({"act": "relu", "s": 0}, "the gradient of w1 is all zeros: dead relu, every entry of z2"),
        ({"act": "relu6", "s": 1e4}, "s2 is all zeros: saturated relu6, its slope is 0"),
    ],
)
def test_lint_follows_the_gradient_through_any_layer(spec: dict[str, Any], warning: str) -> None:
    layers = [{"units": 3, "act": "softplus"}, {"kind": "scale", **spec}]
    found = Model.from_spec({"loss": "mse", "in": 2, "layers": layers}).evaluate().warnings
    assert any(warning in w for w in found)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ({"kind": "scael"}, "layers[1]: kind: unknown value 'scael'; did you mean 'scale'?"),
        ({"kind": "scale", "w": 1}, "layers[1]: unknown key 'w'"),
        ({"kind": "scale", "act": "rleu"}, "act: unknown value 'rleu'; did you mean 'relu'?"),
        ({"kind": "nudge"}, "layers[1]: by: needed by nudge: How far."),
        ({"kind": "nudge", "by": -1}, "layers[1]: by: must be a number above 0, not -1"),
        ({"kind": "scale", "s": [1, 2]}, "s: has shape (2,), but () is needed, ()"),
        ({"kind": "scale", "s": "eye"}, "s: eye needs two axes, and s has the shape ()"),
    ],
)
def test_what_is_wrong_with_a_layer(layer: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        Model.from_spec({"loss": "mse", "in": 2, "layers": [layer]})
    assert message in str(caught.value)


def test_the_width_of_a_layer_may_be_told() -> None:
    spec = {"loss": "mse", "in": 2, "layers": [{"units": 3}, {}]}
    assert Model.from_spec({**spec, "y": [[1, 2]]}).parameters["w2"].shape == (3, 2)
    with pytest.raises(
        SpecError, match=r"^layers\[2\]: needs units \(or a y, w or b of numbers\)$"
    ):
        Model.from_spec(spec)
    told = Model.from_spec({**spec, "layers": [{"w": [[1, 2, 3], [4, 5, 6]]}, {"units": 1}]})
    assert told.parameters["b1"].shape == (3,)
    with pytest.raises(SpecError, match=r"^layers\[1\]: needs units \(or a w or b of numbers\)$"):
        Model.from_spec({**spec, "layers": [{}, {"units": 1}]})


def test_a_file_among_the_layers_declares_its_kinds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "found_by_itself.py").write_text(
        "from gradcli.layers.layer import Layer\n\n\n"
        'class Same(Layer, kind="same"):\n    """Its input."""\n'
    )
    monkeypatch.setattr(gradcli.layers, "__path__", [*gradcli.layers.__path__, str(tmp_path)])
    monkeypatch.setitem(LAYERS, "same", LayerKind("its input"))
    layers = [{"units": 2, "act": "relu"}, {"kind": "same"}]
    spec = {"loss": "mse", "in": 3, "w": None}
    same = Model.from_spec({**spec, "layers": layers}).evaluate()
    assert same.value == Model.from_spec({**spec, "layers": layers[:1]}).evaluate().value
    assert KINDS.pop("same").__doc__ == "Its input."


def test_a_title_names_the_numbers_that_stand_out_of_order() -> None:
    layers = [
        {"kind": "conv2d", "filters": 6, "kernel": 5, "padding": 2, "act": "relu", "bias": False},
        {"kind": "max_pool2d", "pool": 3, "stride": 2},
        {"kind": "max_pool2d", "stride": 1},
    ]
    title = Model.from_spec({"loss": "mse", "in": [8, 8, 1], "layers": layers}).title
    assert title.startswith(
        "mse: 8x8x1 -> conv2d(6, 5, padding=2, relu, no bias) 8x8x6 -> max_pool2d(3, 2) 3x3x6 "
        "-> max_pool2d(stride=1) 2x2x6, batch 1"
    )
