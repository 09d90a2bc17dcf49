"""Parameters by name, from a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcli.errors import SpecError
from gradcli.model import Model
from gradcli.model.single import SingleLayer
from gradcli.report.document import dumps
from tests.conftest import Gradcli

SHORT = {"loss": "ce", "in": 3, "out": 2, "hidden": 4, "labels": [0, 1]}
W1 = np.random.default_rng(5).normal(size=(3, 4)).astype(np.float32)
B2 = np.array([0.25, -0.5])


def test_names_stand_bare_in_a_file_of_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", w1=W1, b2=B2)
    (tmp_path / "p.json").write_text(json.dumps({"w1": W1.tolist(), "b2": B2.tolist()}))
    by_hand = Model.from_spec({**SHORT, "w1": W1, "b2": B2})
    for name in ("p.npz", "p.json"):
        found = Model.from_spec({**SHORT, "params": name}, str(tmp_path))
        assert dumps(found.document) == dumps(by_hand.document)
        for own, array in by_hand.parameters.items():
            np.testing.assert_array_equal(found.parameters[own], array, strict=True)
    assert "params" not in found.document
    assert dumps(Model.from_spec(json.loads(dumps(found.document))).document) == dumps(
        by_hand.document
    )


def test_weights_in_bf16_are_exact_in_float32(tmp_path: Path) -> None:
    """safetensors: the length of a JSON header, the header, the bytes; 0x3fc0 is 1.5 in BF16."""
    header = json.dumps({"b": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}).encode()
    data = len(header).to_bytes(8, "little") + header + b"\xc0\x3f"
    (tmp_path / "p.safetensors").write_bytes(data)
    spec = {"loss": "mse", "in": 1, "out": 1, "params": str(tmp_path / "p.safetensors")}
    np.testing.assert_array_equal(Model.from_spec(spec).parameters["b"], [1.5])


def test_what_is_given_by_its_name_wins(tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", w1=W1, b2=B2)
    spec = {**SHORT, "params": str(tmp_path / "p.npz")}
    found = Model.from_spec({**spec, "b2": [7.0, 8.0], "w1": "normal"})
    drawn = Model.from_spec(SHORT)
    np.testing.assert_array_equal(found.parameters["b2"], [7, 8])
    np.testing.assert_array_equal(found.parameters["w1"], drawn.parameters["w1"])


@pytest.mark.parametrize("end", ["npz", "json"])
def test_a_saved_answer_and_a_saved_walk_are_read(
    end: str, gradcli: Gradcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loss at the end of the walk is the one that the walk tells."""
    monkeypatch.chdir(tmp_path)
    model = "mse --x 1,2;3,4;5,7 --y 1;0;2 --hidden 3"
    gradcli(f"{model} --seed 3 --save a.{end}")
    walked = gradcli(f"descend {model} --lr 0.001 --steps 5 --save walk.{end} --json").json
    answer = gradcli(f"{model} --params a.{end} --json")
    assert answer.json["loss"] == gradcli(f"{model} --seed 3 --json").json["loss"]
    assert answer.err == ""
    after = gradcli(f"{model} --params walk.{end} --json").json
    assert after["loss"] == pytest.approx(walked["value"], rel=1e-6)
    assert after["params"] == walked["end"]
    again = gradcli("run - --json", stdin=json.dumps(after).encode())
    assert again.json == after


def test_large_ones_stay_named_by_their_file(tmp_path: Path) -> None:
    w = np.random.default_rng(0).normal(size=(200, 80)).astype(np.float32)
    np.savez(tmp_path / "a.npz", **{"params.w": w, "params.b": np.ones(80), "loss": 3.0})
    spec = {"loss": "mse", "in": 200, "out": 80, "params": "a.npz"}
    found = Model.from_spec(spec, str(tmp_path))
    document = json.loads(dumps(found.document))
    assert document["w"]["file"] == f"{tmp_path / 'a.npz'}:params.w"
    assert document["b"] == [1.0] * 80
    np.testing.assert_array_equal(Model.from_spec(document).parameters["w"], w, strict=True)
    own = Model.from_spec({**spec, "w": w + 2}, str(tmp_path)).document["w"]
    np.testing.assert_array_equal(own, w + 2, strict=True)
    np.savez(tmp_path / "a.npz", **{"params.w": w + 1})
    with pytest.raises(SpecError, match=r"^w: .* has changed since"):
        Model.from_spec(document)


def test_the_names_are_the_convention_s(tmp_path: Path) -> None:
    """As ``state_dict`` of nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)) has them."""
    state = {"0.weight": W1.T, "0.bias": np.ones(4), "2.weight": np.ones((2, 4)), "2.bias": B2}
    np.savez(tmp_path / "p.npz", **state)
    spec = {**SHORT, "convention": "torch", "params": str(tmp_path / "p.npz")}
    found = Model.from_spec(spec)
    keras = Model.from_spec({**SHORT, "w1": W1, "b1": np.ones(4), "w2": np.ones((4, 2)), "b2": B2})
    assert list(found.parameters) == list(state)
    np.testing.assert_array_equal(found.parameters["0.weight"], W1.T)
    np.testing.assert_allclose(
        found.evaluate().value, Model.from_spec({**keras.document, "x": found.x}).evaluate().value
    )


@pytest.mark.parametrize(
    ("convention", "mean", "var"),
    [("keras", "mean", "var"), ("torch", "0.running_mean", "0.running_var")],
)
def test_a_norm_has_the_mean_and_variance_that_the_file_has(
    convention: str, mean: str, var: str, tmp_path: Path
) -> None:
    """It is then (x - mean) / sqrt(var + eps): here of x = 1, mean 0.5, var 4, with eps 0."""
    np.savez(tmp_path / "p.npz", **{mean: [0.5], var: [4.0]})
    spec = {"layer": "batch_norm", "eps": 1e-12, "x": [[1.0]], "convention": convention}
    name = {"params": str(tmp_path / "p.npz")}
    if convention == "torch":
        spec = {"loss": "mse", "y": [[0.0]], "x": [[1.0]], "convention": "torch"}
        found = Model.from_spec({**spec, "layers": "batch_norm(1e-12)", **name})
        assert found.evaluate().value == pytest.approx(0.25**2)
        return
    layer = SingleLayer.from_spec({**spec, **name})
    np.testing.assert_allclose(layer.array(layer.primals), [[0.25]], rtol=1e-6)
    assert "mean" not in layer.primals
    assert layer.document["mean"] == [0.5]


def test_a_layer_by_itself_takes_them(tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", w=[[2.0], [3.0]], b=[1.0])
    spec = {"layer": "dense", "units": 1, "x": [[10.0, 20.0]], "params": str(tmp_path / "p.npz")}
    layer = SingleLayer.from_spec(spec)
    np.testing.assert_array_equal(layer.array(layer.primals), [[81]])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"b1": [1.0], "W1": W1}, "'W1' is no parameter here; did you mean 'w1'?"),
        ({"w1": W1, "kernel9": W1}, "'kernel9' is no parameter here: there are w1, b1, w2, b2"),
        ({"params.v": W1}, "holds none of w1, b1, w2, b2"),
        (
            {"w1": W1.T},
            "^w1: has shape (4, 3), but (3, 4) is needed, (in, out); it fits transposed",
        ),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(arrays: dict[str, Any], message: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", **arrays)
    with pytest.raises(SpecError) as caught:
        Model.from_spec({**SHORT, "params": str(tmp_path / "p.npz")})
    told = str(caught.value)
    assert told.startswith(message[1:]) if message[0] == "^" else message in told


def test_what_else_an_answer_holds_is_told_and_left(tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", **{"params.w1": W1, "params.gamma9": [1.0], "grads.w1": W1})
    found = Model.from_spec({**SHORT, "params": str(tmp_path / "p.npz")})
    np.testing.assert_array_equal(found.parameters["w1"], W1)
    assert found.warnings == [f"{tmp_path / 'p.npz'}: gamma9: no parameter here, and not read"]


def test_a_training_begins_at_them_and_gathers_its_own_moments(
    gradcli: Gradcli, tmp_path: Path
) -> None:
    """A trained network is judged with its moving means; another training starts these anew."""
    model = "mse --x 1;2;3;4 --y 2;4;6;9 --layers dense(3,tanh),batch_norm,dense(1)"
    saved = tmp_path / "run.npz"
    gradcli(f"descend {model} --epochs 3 --save {saved}")
    run = np.load(saved)
    answer = gradcli(f"{model} --params {saved} --json")
    assert answer.err == ""
    normal = np.tanh(np.arange(1, 5)[:, None] * run["params.w1"] + run["params.b1"])
    normal = (normal - run["moving.mean2"]) / np.sqrt(run["moving.var2"] + 1e-3)
    hidden = normal * run["params.gamma2"] + run["params.beta2"]
    output = hidden @ run["params.w3"] + run["params.b3"]
    np.testing.assert_allclose(answer.json["output"], output, rtol=1e-5)
    again = gradcli(f"descend {model} --params {saved} --epochs 1 --lr 1e-9 --json")
    assert "mean2 and var2: no parameter here, and not read" in again.err
    np.testing.assert_allclose(again.json["params"]["w1"], run["params.w1"], rtol=1e-6)


def test_an_initialiser_that_displaces_what_the_file_holds_is_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", w1=np.full((2, 3), 5.0))
    spec = {"loss": "mse", "in": 2, "hidden": [3], "out": 1, "w": "zeros", "params": "p.npz"}
    told = Model.from_spec(spec, str(tmp_path)).warnings
    assert told == ["w1: drawn anew, and not taken from p.npz"]
