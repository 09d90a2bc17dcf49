"""One layer by itself, layers within layers, and what to differentiate by."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gradcli.errors import SpecError
from gradcli.model import Model
from gradcli.model.single import SingleLayer
from tests.conftest import Gradcli

X, W, B = np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]]), np.arange(6.0).reshape(3, 2), [1.0, -1.0]
UP = np.array([[1.0, 0.5], [-2.0, 3.0]])
DENSE = {"layer": "dense", "x": X, "w": W, "b": B, "upstream": UP, "dtype": "float64"}


def test_a_layer_by_itself(gradcli: Gradcli) -> None:
    """The value is x w + b; the gradients are u w', x' u and the sum of u over the rows."""
    spec = json.dumps({k: np.asarray(v).tolist() for k, v in DENSE.items()})
    answer = gradcli("run - --json", stdin=spec.encode()).json
    np.testing.assert_allclose(answer["value"], X @ W + B, rtol=1e-15)
    np.testing.assert_allclose(answer["grads"]["x"], UP @ W.T, rtol=1e-15)
    np.testing.assert_allclose(answer["grads"]["w"], X.T @ UP, rtol=1e-15)
    np.testing.assert_allclose(answer["grads"]["b"], UP.sum(axis=0), rtol=1e-15)
    np.testing.assert_array_equal(answer["upstream"], UP)
    again = gradcli("run - --json", stdin=json.dumps(answer["spec"]).encode())
    assert again.json == answer


def test_its_arrays_by_option_and_by_name(gradcli: Gradcli) -> None:
    by_option = "layer dense --x 1,2 --w 3;4 --b 5 --upstream 2 --json"
    answer = gradcli(by_option).json
    assert answer["value"] == [[16]]
    assert answer["grads"] == {"x": [[6, 8]], "w": [[2], [4]], "b": [2]}
    assert gradcli("layer dense --x 1,2 --upstream 2 --json w=3;4 b=5").json == answer
    assert gradcli("layer dense --x 1,2 --w 3;4 --no-bias --json").json["value"] == [[11]]


def test_it_is_proven_walked_and_has_a_jacobian(gradcli: Gradcli) -> None:
    line = "layer dense --in 3 --units 2 --act tanh --batch 2"
    assert gradcli(f"check {line}").out.endswith("pass: 14 entries of 3 parameters\n")
    assert gradcli(f"descend {line} --steps 3").code == 0
    jacobian = gradcli("layer dense --x 1,2 --w 3;4 --b 5 --jacobian --json").json["jacobian"]
    assert jacobian == {"x": [[[[3, 4]]]], "w": [[[[1], [2]]]], "b": [[[1]]]}


def residual(**more: object) -> dict[str, object]:
    layers = [
        {"units": 3, "act": "tanh"},
        {"kind": "residual", "layers": [{"units": 5, "act": "tanh"}, {"units": 3}]},
        {"units": 2},
    ]
    return {"loss": "mse", "in": 4, "batch": 3, "layers": layers, "dtype": "float64", **more}


def test_a_residual_adds_its_input() -> None:
    net = Model.from_spec(residual())
    p = net.parameters
    assert list(p) == ["w1", "b1", "w2", "b2", "w3", "b3", "w4", "b4"]
    a = np.tanh(net.x @ p["w1"] + p["b1"])
    a = a + np.tanh(a @ p["w2"] + p["b2"]) @ p["w3"] + p["b3"]
    loss = np.mean((a @ p["w4"] + p["b4"] - net.y) ** 2)
    assert float(net.evaluate().value) == pytest.approx(loss, rel=1e-14)


def test_residuals_in_residuals_are_proven_and_written(gradcli: Gradcli) -> None:
    dense = {"units": 3, "act": "tanh"}
    inner = {"kind": "residual", "layers": [{"kind": "residual", "layers": [dense]}, dense]}
    line = json.dumps({"loss": "mse", "in": 3, "layers": [inner, {"units": 1}]}).encode()
    answer = gradcli("run - --json", stdin=line).json
    assert list(answer["grads"]) == ["w1", "b1", "w2", "b2", "w3", "b3"]
    assert gradcli("run - --json", stdin=json.dumps(answer["spec"]).encode()).json == answer
    assert gradcli("check run -", stdin=line).code == 0
    text = '--layers "residual(residual(dense(3, act=tanh)), dense(3, act=tanh)), dense(1)"'
    assert gradcli(f"mse --in 3 {text} --json").json == answer


def test_a_residual_must_keep_the_shape() -> None:
    layers = [{"kind": "residual", "layers": [{"units": 2}]}]
    with pytest.raises(SpecError, match=r"layers\[1\]: residual gets \(4,\) and makes \(2,\) of"):
        Model.from_spec({"loss": "mse", "in": 4, "layers": layers})


def test_sixty_layers(gradcli: Gradcli) -> None:
    layers = [{"units": 3, "act": "tanh", "w": "eye"}] * 59 + [{"units": 1}]
    spec = {"loss": "mse", "in": 3, "layers": layers, "dtype": "float64"}
    answer = gradcli("run - --json", stdin=json.dumps(spec).encode()).json
    assert list(answer["grads"])[-1] == "b60"
    some = json.dumps({**spec, "wrt": ["w1", "b30", "b60"]}).encode()
    assert gradcli("check run -", stdin=some).code == 0


def test_wrt_takes_arrays_and_intermediates(gradcli: Gradcli) -> None:
    """By x the gradient is that by z1 times w1'; a name of a layer makes its arrays' names."""
    line = "mse --in 3 --out 2 --hidden 4 --act sigmoid --batch 5 --dtype float64 --wrt"
    answer = gradcli(f"{line} x,z1,w2 --json").json
    w1 = np.array(answer["params"]["w1"])
    np.testing.assert_allclose(
        answer["grads"]["x"], np.array(answer["grads"]["z1"]) @ w1.T, rtol=1e-13
    )
    whole = gradcli(f"{line.removesuffix(' --wrt')} --json").json
    assert answer["grads"]["w2"] == whole["grads"]["w2"]
    assert answer["spec"]["wrt"] == ["x", "z1", "w2"]
    assert gradcli(f"check {line} x,y,z1,a1,z2").code == 0
    assert gradcli(f"descend {line} x,w1 --steps 2").code == 0
    ran = gradcli(f"{line} w9")
    assert (ran.code, ran.err) == (
        2,
        "gradcli: error: --wrt: w9: there is no such array\n",
    )


def test_without_parameters_it_is_by_x(gradcli: Gradcli) -> None:
    """The largest of two have the mean of squares' gradient, half of each; the others none."""
    layers = (
        '--layers "max_pool1d(2), flatten" --in 4,2 --x [[[1,2],[3,0],[5,4],[7,9]]] --y 0,0,0,0'
    )
    answer = gradcli(f"mse {layers} --json").json
    assert answer["loss"] == (9 + 4 + 49 + 81) / 4
    assert answer["grads"] == {"x": [[[0, 1], [1.5, 0], [0, 0], [3.5, 4.5]]]}
    assert gradcli(f"check mse {layers}").code == 0
    assert gradcli(f"descend mse {layers} --steps 2").code == 0
    model = Model.from_spec(answer["spec"])
    assert model.value_and_gradients({}, model.x, model.y) == (35.75, {})


def test_a_layer_of_a_name_names_its_arrays() -> None:
    layers = [{"units": 3, "name": "fc1", "act": "tanh"}, {"units": 1, "name": "fc2"}]
    net = Model.from_spec({"loss": "mse", "in": 2, "layers": layers})
    assert list(net.parameters) == ["fc1.w", "fc1.b", "fc2.w", "fc2.b"]
    assert [step.name for step in net.evaluate().steps][:2] == ["fc1.z", "fc1.a"]


def test_what_is_wrong_with_one_layer(gradcli: Gradcli) -> None:
    for line, told in {
        "layer dnese --in 3": "there is no kind of layer 'dnese'; did you mean 'dense'?",
        "layer dense --in 3": "--units: needed (or a w or b of numbers)",
        "layer dense --units 3": "--in: needed: the shape of a row, such as 3",
        "layer dense --in 3 --units 2 --upstream 1,2,3": "--upstream: has shape (3,), but (1, 2)",
        "layer dense --in 3 --units 2 q=1": "unknown key 'q'",
        "layer dense --in 3 --units 2 --no-bias --b 1": "has b, but bias is false",
        "layer residual --in 3": "--layers: needed by residual",
    }.items():
        ran = gradcli(line)
        assert (ran.code, ran.out) == (2, ""), line
        assert told in ran.err, (line, ran.err)
        assert ran.err.count("\n") == 1


def test_states_are_outputs_with_upstreams_of_their_own(gradcli: Gradcli) -> None:
    """One step of rnn: y is h, so that the gradient by h0 is (u + uh) act' u'."""
    line = "layer rnn --x 0.3,-0.2 --in 1,2 --units 1 --state --w 1;2 --u 3 --dtype float64"
    line += " h0=0.5 upstream_h=2 --upstream 1 --json"
    answer = gradcli(line).json
    h = np.tanh(0.3 - 0.4 + 1.5)
    assert answer["value"] == answer["h"] == [[pytest.approx(h, rel=1e-15)]]
    assert answer["grads"]["h0"] == [[pytest.approx(3 * (1 - h**2) * 3, rel=1e-14)]]
    assert gradcli("run - --json", stdin=json.dumps(answer["spec"]).encode()).json == answer
    screen = gradcli("layer lstm --in 3,2 --units 2 --state").out
    assert screen.index("\nvalue  1x2") < screen.index("\nh  1x2") < screen.index("\nc  1x2")
    ran = gradcli("mse --in 3,2 --layers lstm(2,state=true)")
    assert "layers[1]: state: goes with one layer by itself" in ran.err


def test_rows_of_several_axes_may_be_written_flat() -> None:
    expected = np.arange(6.0).reshape(1, 3, 2)
    for x in (np.arange(6.0), expected[0], expected, np.arange(6.0)[None]):
        layer = SingleLayer.from_spec({"layer": "dense", "in": [3, 2], "units": 1, "x": x})
        np.testing.assert_array_equal(layer.x, expected)
    with pytest.raises(SpecError, match=r"x: has shape \(5,\), but \(1, 3, 2\) is needed"):
        SingleLayer.from_spec({"layer": "dense", "in": [3, 2], "units": 1, "x": np.ones(5)})


@pytest.mark.parametrize(
    ("inner", "told"),
    [
        ({"units": 2}, r"layers[1]: residual gets (4,) and makes (2,) of it"),
        ({"kind": "dense"}, r"layers[1].layers[1]: needs units"),
        ({"kind": "dence"}, r"layers[1].layers[1]: kind: unknown value 'dence'"),
    ],
)
def test_a_layer_within_another_is_named_by_its_place(inner: dict[str, str], told: str) -> None:
    layers = [{"kind": "residual", "layers": [inner]}]
    with pytest.raises(SpecError) as caught:
        Model.from_spec({"loss": "mse", "in": 4, "layers": layers})
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "arrays", "told"),
    [
        ("conv2d", {"w": (3, 2, 4, 5)}, {"kernel": [3, 2], "filters": 5}),
        ("conv1d", {"w": (3, 4, 5)}, {"kernel": [3], "filters": 5}),
        ("embedding", {"e": (7, 3)}, {"vocab": 7, "units": 3}),
        ("lstm", {"w": (4, 12)}, {"units": 3}),
        ("gru", {"u": (2, 6)}, {"units": 2}),
    ],
)
@pytest.mark.parametrize("convention", ["keras", "cs231n"])
def test_arrays_tell_the_keys_that_are_left_out(
    kind: str, arrays: dict[str, tuple[int, ...]], told: dict[str, object], convention: str
) -> None:
    row = {"conv2d": [6, 6, 4], "conv1d": [6, 4], "embedding": [3]}.get(kind, [3, 4])
    first = convention == "cs231n" and kind.startswith("conv")
    row = [row[-1], *row[:-1]] if first else row
    given = {name: np.ones(shape) for name, shape in arrays.items()}
    if convention == "cs231n":
        calls = {"e": "w", "w": "w" if kind.startswith("conv") else "wx", "u": "wh"}
        order = (-1, -2, *range(len(row) - 1)) if first else None
        given = {calls[n]: np.transpose(a, order) if order else a for n, a in given.items()}
    spec = {"layer": kind, "in": row, "convention": convention, **given}
    layer = SingleLayer.from_spec(spec).spec.layers[0].layer
    assert {key: getattr(layer, key) for key in told} == told
    with pytest.raises(SpecError, match=r"(filters|vocab|units): needed \(or a "):
        SingleLayer.from_spec({"layer": kind, "in": row, "convention": convention})
