"""Every verb under every convention: proven, written out, and judged by the names people write."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gradcli.check import check
from gradcli.errors import SpecError
from gradcli.model import Model
from gradcli.model.single import SingleLayer
from tests.conftest import Gradcli
from tests.conventions.networks import CONVENTIONS, written
from tests.conventions.test_same_network import NETWORKS

WEIGHTS = {"torch": "x,in_proj_weight,out_proj.weight", "cs231n": "x,wq,wv,wo"}
"""Of attention: the gradient by the biases of its keys is 0."""
FEW = [f"{family}-{seed}" for family, seed in zip(("images", "steps", "tokens") * 2, range(6))]


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("name", [name for name in FEW if name in NETWORKS])
def test_the_spec_of_an_answer_gives_the_same_bits(name: str, convention: str) -> None:
    net = Model.from_spec(written(NETWORKS[name], convention))
    document = json.loads(json.dumps(net.document, default=lambda a: np.asarray(a).tolist()))
    again = Model.from_spec(document)
    assert list(again.arrays) == list(net.arrays)
    for array in net.arrays:
        np.testing.assert_array_equal(again.arrays[array], net.arrays[array], err_msg=array)
    first, second = net.evaluate(), again.evaluate()
    assert float(first.value) == float(second.value)
    for array, gradient in first.gradients.items():
        np.testing.assert_array_equal(second.gradients[array], gradient, err_msg=array)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_check_proves_each_convention(convention: str) -> None:
    """Layers of every layout, without the kinks of relu and of largest entries."""
    layers = [
        {"kind": "conv2d", "filters": 2, "kernel": 2, "act": "tanh"},
        {"kind": "flatten"},
        {"kind": "dense", "units": 2},
    ]
    spec = {"loss": "mse", "in": [1, 3, 3], "layers": layers, "batch": 2, "wrt": "x"}
    spec |= {"convention": convention, "dtype": "float64"}
    assert check(Model.from_spec(spec)).verdict == "pass"
    assert check(Model.from_spec({**spec, "wrt": None})).verdict == "pass"
    for kind, keys in {
        "lstm": {"units": 1, "in": [2, 2]},
        "gru": {"units": 1, "in": [2, 2]},
        "attention": {"heads": 2, "in": [2, 2], "wrt": WEIGHTS[convention]},
    }.items():
        one = {"layer": kind, **keys, "convention": convention, "dtype": "float64"}
        assert check(SingleLayer.from_spec(one)).verdict == "pass", kind


def test_by_x_and_by_an_intermediate_as_the_convention_lays_them_out(gradcli: Gradcli) -> None:
    """The gradients by x and by the convolution's outcome are channels first."""
    line = (
        'mse --in {} --layers "conv2d(3, 2, act=tanh), flatten, dense(1)" --dtype float64 '
        "--reduction sum --wrt x,{} --json"
    )
    ours = gradcli(line.format("4,4,2", "z1")).json["grads"]
    for convention, z in {"torch": "0.z", "cs231n": "z1"}.items():
        words = f"{line.format('2,4,4', z)} --convention {convention}"
        theirs = gradcli(words).json["grads"]
        for a, b in zip(ours.values(), theirs.values()):
            np.testing.assert_allclose(np.moveaxis(a, -1, 1), b, rtol=1e-10, atol=1e-14)


def test_the_part_kept_and_the_part_dropped(gradcli: Gradcli) -> None:
    """CS231n's p is kept, torch's is dropped; both scale by what is kept."""
    line = (
        'mse --x 1,2,3,4 --y 0 --layers "dropout({}, mask=[1, 0, 1, 1]), dense(1, w=ones)" --json'
    )
    kept = gradcli(f"{line.format('p=0.8')} --convention cs231n").json
    assert kept["loss"] == pytest.approx((8 / 0.8) ** 2, rel=1e-6)
    torch = line.replace("w=ones", "weight=ones").format("p=0.8")
    assert gradcli(f"{torch} --convention torch").json["loss"] == pytest.approx(1600, rel=1e-6)
    for p, told in {
        "p=0": "p: must be a number above 0 up to 1, the part kept, not 0",
        "p=big": "p: must be a number above 0 up to 1, the part kept, not 'big'",
        "0.2, p=0.8": "p is given twice: it is rate",
    }.items():
        ran = gradcli(f"{line.format(p)} --convention cs231n")
        assert ran.code == 2
        assert told in ran.err, ran.err


def test_defaults_of_frameworks() -> None:
    """eps is 1e-5; torch's rms_norm adds what float32, or float64, tells from 1."""
    for convention, dtype, eps in (
        ("torch", "float32", 2.0**-23),
        ("torch", "float64", 2.0**-52),
        ("cs231n", "float64", 1e-5),
        ("keras", "float64", 1e-6),
    ):
        spec = {"layer": "rms_norm", "in": 3, "convention": convention, "dtype": dtype}
        assert SingleLayer.from_spec(spec).spec.layers[0].layer.settings["eps"] == eps
    for kind in ("batch_norm", "layer_norm", "group_norm"):
        for convention, eps in {"keras": 1e-3, "torch": 1e-5, "cs231n": 1e-5}.items():
            spec = {"layer": kind, "in": 32, "convention": convention}
            assert SingleLayer.from_spec(spec).spec.layers[0].layer.settings["eps"] == eps


def test_what_torch_cannot_hold_is_refused() -> None:
    spec = {"layer": "attention", "heads": 2, "key_dim": 3, "in": [3, 4], "convention": "torch"}
    with pytest.raises(SpecError, match="key_dim = features / heads in torch, not 3"):
        SingleLayer.from_spec(spec)
    assert SingleLayer.from_spec({**spec, "key_dim": 2}).arrays["in_proj_weight"].shape == (12, 4)


def test_masks_lie_as_their_inputs_do() -> None:
    """A mask of images is channels first, and that of flattened ones in their order."""
    spec = {"loss": "mse", "in": [2, 2, 3], "batch": 2, "dtype": "float64", "seed": 2}
    layers = [
        {"kind": "dropout", "rate": 0.5},
        {"kind": "flatten"},
        {"kind": "dropout", "rate": 0.5},
        {"units": 1},
    ]
    keras = Model.from_spec({**spec, "layers": layers})
    net = Model.from_spec({**spec, "in": [3, 2, 2], "layers": layers, "convention": "cs231n"})
    mask, flat = keras.arrays["dropout1.mask"], keras.arrays["dropout2.mask"]
    np.testing.assert_array_equal(net.arrays["dropout1.mask"], np.moveaxis(mask, -1, 1))
    turned = np.moveaxis(flat.reshape(2, 2, 2, 3), -1, 1).reshape(2, -1)
    np.testing.assert_array_equal(net.arrays["dropout2.mask"], turned)
    assert float(net.evaluate().value) == pytest.approx(float(keras.evaluate().value), rel=1e-14)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_residual_adds_features_in_their_order(convention: str) -> None:
    """What it makes of a flattened image is added to it: feature by feature."""
    inner = [{"units": 5, "act": "tanh"}, {"units": 12, "act": "tanh"}]
    layers = [
        {"kind": "flatten"},
        {"kind": "residual", "layers": [{"kind": "residual", "layers": inner}, {"units": 12}]},
        {"units": 2, "act": "tanh"},
    ]
    spec = {"loss": "mse", "batch": 2, "dtype": "float64", "layers": layers}
    keras = Model.from_spec({**spec, "in": [2, 2, 3]})
    net = Model.from_spec({**spec, "in": [3, 2, 2], "convention": convention})
    assert float(net.evaluate().value) == pytest.approx(float(keras.evaluate().value), rel=1e-13)


def test_shapes_of_rows_are_told_in_the_convention_s_order(gradcli: Gradcli) -> None:
    line = 'mse --in 2,4,5 --layers "conv2d(3, {}), flatten, dense(1)" --convention cs231n'
    assert "conv2d(3, 2) 3x3x4 -> flatten 36 ->" in gradcli(line.format(2)).out
    told = "layers[1]: conv2d gets (2, 4, 5):"
    assert told in gradcli(line.format(9)).err
    told = "conv2d takes images (channels, h, w), not (7,)"
    assert told in gradcli(line.format(2).replace("2,4,5", "7")).err
