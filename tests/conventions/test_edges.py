"""What a convention changes at the edges of a network: names, layouts, defaults, errors."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from gradcli.errors import SpecError
from gradcli.gradient import differentiate
from gradcli.model import Model
from gradcli.model.single import SingleLayer
from tests.conftest import Gradcli

Floats = npt.NDArray[np.float64]
X, Y = np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]]), np.array([[1.0], [0.0]])


def dense(**more: Any) -> dict[str, Any]:
    layers = [{"units": 2, "act": "leaky_relu"}, {"units": 1}]
    spec = {"loss": "mse", "x": X, "y": Y, "layers": layers, "dtype": "float64", "seed": 3}
    return {**spec, **more}


def test_torch_names_modules_and_has_weights_out_by_in() -> None:
    """The numbers by hand: leaky_relu has the slope 0.01, and counts as a module."""
    net = Model.from_spec(dense(convention="torch"))
    p = net.parameters
    assert {n: a.shape for n, a in p.items()} == {
        "0.weight": (2, 3),
        "0.bias": (2,),
        "2.weight": (1, 2),
        "2.bias": (1,),
    }
    z = X @ p["0.weight"].T + p["0.bias"]
    a = np.where(z > 0, z, 0.01 * z)
    r = a @ p["2.weight"].T + p["2.bias"] - Y
    by_z = (r @ p["2.weight"]) * np.where(z > 0, 1, 0.01)
    found = net.evaluate()
    assert float(found.value) == pytest.approx(np.mean(r**2), rel=1e-14)
    np.testing.assert_allclose(found.gradients["0.weight"], by_z.T @ X, rtol=1e-13)
    np.testing.assert_allclose(found.gradients["2.weight"], r.T @ a, rtol=1e-13)


def test_draws_are_keras_s() -> None:
    """What is drawn is laid out afterwards: the same seed gives the same function."""
    keras = Model.from_spec(dense())
    for convention, names in {
        "torch": ("0.weight", "0.bias", "2.weight", "2.bias"),
        "cs231n": ("w1", "b1", "w2", "b2"),
    }.items():
        net = Model.from_spec(dense(convention=convention))
        for ours, theirs in zip(keras.parameters.values(), (net.arrays[n] for n in names)):
            turned = convention == "torch" and ours.ndim == 2
            np.testing.assert_array_equal(theirs, ours.T if turned else ours)


def test_a_wrong_shape_is_told_in_the_convention_s_axes(gradcli: Gradcli) -> None:
    line = 'mse --in 3 --layers "dense(2, weight=[[1, 2], [3, 4], [5, 6]])" --convention torch'
    ran = gradcli(line)
    told = "0.weight: has shape (3, 2), but (2, 3) is needed, (out, in); it fits transposed\n"
    assert (ran.code, ran.err) == (2, f"gradcli: error: {told}")


def test_layers_take_the_convention_s_names(gradcli: Gradcli) -> None:
    line = 'mse --x 1,2 --y 0 --layers "dense({}), dense(1, name=out)" --convention torch --json'
    answer = gradcli(line.format("3, bias=[1, 2, 3], weight=ones")).json
    assert answer["params"]["0.weight"] == [[1, 1]] * 3
    assert answer["params"]["0.bias"] == [1, 2, 3]
    assert list(answer["grads"]) == ["0.weight", "0.bias", "out.weight", "out.bias"]
    again = gradcli("run - --json", stdin=json.dumps(answer["spec"]).encode()).json
    assert again == answer
    assert "0.bias" not in gradcli(line.format("3, bias=false")).json["grads"]
    assert "dense has no key 'w'" in gradcli(line.format("3, w=ones")).err


def test_channels_first_for_one_dense_layer_on_images() -> None:
    """An upstream gradient of many models at once is laid out as the output is."""
    spec = {"layer": "dense", "in": [3, 2, 5], "units": 2, "dtype": "float64", "batch": 2}
    keras = SingleLayer.from_spec({**spec, "in": [2, 5, 3]})
    first = SingleLayer.from_spec({**spec, "convention": "cs231n"})
    np.testing.assert_array_equal(np.moveaxis(first.x, 1, -1), keras.x)
    for name in ("w", "b"):
        stack = first.arrays[name] + np.linspace(0, 1, 3).reshape(3, *[1] * first.arrays[name].ndim)
        np.testing.assert_allclose(first.values(name, stack), keras.values(name, stack), rtol=1e-13)


def test_what_is_not_there_is_refused() -> None:
    for more, told in {
        "w": "unknown key 'w'",
        "weigth": "unknown key 'weigth'; did you mean 'weight'?",
    }.items():
        layers = [{"units": 1, more: [[1, 2, 3]]}]
        with pytest.raises(SpecError, match=told.replace("?", r"\?")):
            Model.from_spec(dense(convention="torch", layers=layers))
    layers = [{"units": 1, "bias": False, "b": [1]}]
    with pytest.raises(SpecError, match="has b, but bias is false"):
        Model.from_spec(dense(convention="cs231n", layers=layers))


def test_what_arrays_tell_of_units_is_read_from_the_convention_s(gradcli: Gradcli) -> None:
    """Two rows of three are two units of three features in torch; a bias alone tells of units."""
    line = 'mse --y 1 --layers "dense({})" --convention torch --json'
    assert gradcli(line.format("weight=[[1, 2, 3]]")).json["spec"]["in"] == 3
    assert gradcli("layer dense --convention torch --x 1 weight=3;4 bias=1,2 --json").json[
        "value"
    ] == [[4, 6]]
    told = gradcli("layer dense --convention torch --x 1 weight=ones bias=1,2 --json").json
    assert told["value"] == [[2, 3]]


def test_two_biases_add_or_are_each_for_themselves() -> None:
    """Drawn: ours and zeros; each is drawn by its own initialiser. torch's GRU has them apart."""
    spec = {"layer": "lstm", "units": 2, "in": [4, 3], "convention": "torch", "dtype": "float64"}
    first = SingleLayer.from_spec({**spec, "bias_ih_l0": "normal"}).arrays
    second = SingleLayer.from_spec({**spec, "bias_hh_l0": "normal"})
    assert [bool(np.any(first[n])) for n in ("bias_ih_l0", "bias_hh_l0")] == [True, False]
    assert [bool(np.any(second.arrays[n])) for n in ("bias_ih_l0", "bias_hh_l0")] == [False, True]
    swapped = {"bias_ih_l0": second.arrays["bias_hh_l0"], "upstream": second.arrays["upstream"]}
    one, two = differentiate(SingleLayer.from_spec({**spec, **swapped})), differentiate(second)
    np.testing.assert_array_equal(one.noted["value"], two.noted["value"])
    for result in (one, two):
        biases = [result.gradients[n] for n in ("bias_ih_l0", "bias_hh_l0")]
        np.testing.assert_array_equal(*biases)
    gru = SingleLayer.from_spec({**spec, "layer": "gru", "bias_hh_l0": "ones"}).arrays
    assert [gru[n].tolist() for n in ("bias_ih_l0", "bias_hh_l0")] == [[0] * 6, [1] * 6]
    with pytest.raises(SpecError, match="gru has reset_after true in torch"):
        SingleLayer.from_spec({**spec, "layer": "gru", "reset_after": False})
    with pytest.raises(SpecError, match="unknown key 'c0'"):
        SingleLayer.from_spec({**spec, "layer": "rnn", "c0": "ones"})


def test_modules_within_modules_are_named_by_their_path() -> None:
    layers = [{"kind": "residual", "name": "res", "layers": [{"units": 4}, {"units": 3}]}]
    layers[0]["layers"][1]["name"] = "fc"  # type: ignore[index]
    net = Model.from_spec(dense(layers=[*layers, {"units": 1}], convention="torch"))
    assert list(net.parameters)[::2] == ["res.0.weight", "res.fc.weight", "1.weight"]
    assert list(net.parameters)[1::2] == ["res.0.bias", "res.fc.bias", "1.bias"]


def test_two_layers_of_one_name_are_refused(gradcli: Gradcli) -> None:
    for line, name in {
        '"dense(3, name=a), dense(1, name=a)"': "a",
        "\"dense(3), dense(1, name='0')\" --convention torch": "0",
    }.items():
        ran = gradcli(f"mse --in 2 --layers {line}")
        assert (ran.code, ran.out) == (2, "")
        assert f"--layers: two have the name {name}: each needs its own" in ran.err


def test_arrays_and_settings_by_name(gradcli: Gradcli) -> None:
    """One layer takes what other frameworks call its settings, and arrays called as flags are."""
    line = "layer dense --x 1,2 weight=ones {} --convention torch --units 1 --json"
    assert gradcli(line.format("bias=3")).json["value"] == [[6]]
    assert gradcli(line.format("bias=false")).json["value"] == [[3]]
    kept = "layer dropout --x 1,2 mask=1,0 p=0.25 --json --convention"
    assert gradcli(f"{kept} cs231n").json["value"] == [[4, 0]]
    assert gradcli(f"{kept} torch").json["value"] == pytest.approx(np.array([[4 / 3, 0]]))
    text = '--layers "attention(1, out_proj.weight=zeros), dense(1)" --convention torch --json'
    assert not np.any(gradcli(f"mse --in 2,2 {text}").json["params"]["0.out_proj.weight"])
    ran = gradcli("layer batch_norm --in 3 --convention torch running_mean=0")
    assert "running_var: is needed where running_mean is given" in ran.err


def test_gates_are_told_in_the_convention_s_order() -> None:
    """What Keras's order would be called under CS231n's, and PyTorch's GRU under its own."""
    for kind, convention, told in (
        ("lstm", "keras", "gates in the order i f o c (CS231n), not i f c o"),
        ("lstm", "cs231n", "gates in the order i f c o, not i f o c"),
        ("gru", "torch", "gates in the order z r h, not r z h"),
    ):
        spec = {"layer": kind, "units": 2, "in": [3, 2], "convention": convention}
        assert told in [what for what, _ in SingleLayer.from_spec(spec).mistakes()]


def test_rows_of_channels_are_channels_first() -> None:
    """batch_norm of (batch, channels, length), and a row made into (channels, length)."""
    spec = {"layer": "batch_norm", "in": [3, 5], "batch": 4, "dtype": "float64"}
    net = SingleLayer.from_spec({**spec, "convention": "torch"})
    assert net.arrays["weight"].shape == (3,)
    x = net.x
    mean, var = (f(x, axis=(0, 2), keepdims=True) for f in (np.mean, np.var))
    found = differentiate(net).noted["value"]
    np.testing.assert_allclose(found, (x - mean) / np.sqrt(var + 1e-5), rtol=1e-10)
    layers = [{"kind": "reshape", "shape": [3, 5]}, {"kind": "conv1d", "filters": 2, "kernel": 5}]
    model = {"loss": "mse", "in": 15, "layers": [*layers, {"kind": "flatten"}], "dtype": "float64"}
    conv = Model.from_spec({**model, "convention": "cs231n"})
    z = conv.x.reshape(15) @ conv.arrays["w"].reshape(2, 15).T
    loss = np.mean((z + conv.arrays["b"] - conv.y) ** 2)
    assert float(conv.evaluate().value) == pytest.approx(loss, rel=1e-13)


def test_what_a_network_needs_is_saved_with_its_parameters(gradcli: Gradcli) -> None:
    """A state_dict has the moving mean and variance, too; there is no gradient by them."""
    text = '"batch_norm(running_mean=0, running_var=1), dense(1)"'
    answer = gradcli(f"mse --in 3 --batch 2 --layers {text} --convention torch --json").json
    moments = ["0.running_mean", "0.running_var"]
    assert [n for n in answer["params"] if n not in answer["grads"]] == moments


def test_an_act_within_a_layer_is_keras_s_or_refused() -> None:
    """torch's leaky_relu has another slope than that of the op, and its rnn has none."""
    spec = {"layer": "rnn", "units": 2, "in": [3, 2], "act": "leaky_relu"}
    with pytest.raises(SpecError, match="act: leaky_relu has a slope of its own in this conven"):
        SingleLayer.from_spec({**spec, "convention": "torch"})
    assert SingleLayer.from_spec({**spec, "convention": "cs231n"}).arrays["wx"].shape == (2, 2)
    assert SingleLayer.from_spec({**spec, "convention": "torch", "act": "relu"}).title
