"""Losses of models: their keys, the rows that count, penalties on the weights, and mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcli.catalogue import LOSSES
from gradcli.engine import REGISTRY, GradientTape, tensor
from gradcli.errors import SpecError
from gradcli.gradient import differentiate
from gradcli.model import Model
from gradcli.model.losses import batch_loss
from gradcli.spec_keys import MODEL_KEYS
from tests.conftest import HERE, Gradcli

PRINTED = json.loads((HERE / "reference" / "losses.json").read_text())
OWN = {
    "huber": {"delta": 0.7},
    "svm": {"margin": 0.5},
    "ce": {"label_smoothing": 0.2},
    "bce": {"label_smoothing": 0.2},
    "focal": {"label_smoothing": 0.1, "alpha": 0.4, "gamma": 1.5},
    "binary_focal": {"label_smoothing": 0.1, "alpha": 0.4, "gamma": 1.5},
}
MASK = np.array([[1, 1, 0], [1, 0, 0]])
SEQUENCE = {"in": [3, 2], "layers": [{"units": 4}], "batch": 2, "dtype": "float64"}
"""Two rows of three steps, of two features and four classes."""


def spec_of(entry: dict[str, Any]) -> dict[str, Any]:
    """The model that hands on x, with the loss and the data of a printed ``entry``."""
    loss = entry["call"].partition("(")[0]
    keys = eval(entry["call"], {loss: lambda *_, **keys: keys, "y_true": 0, "y_pred": 0})
    if LOSSES[loss].logits and not keys.pop("from_logits", False):
        keys["from_probs"] = True
    x, y = np.array(entry["y_pred"]), np.array(entry["y_true"])
    return {"loss": loss, "x": x, "y": y, "w": "eye", "dtype": "float64", **keys}


MODELS = [entry for entry in PRINTED if "alpha=[" not in entry["call"]]
"""A list is for the op alone."""
each = pytest.mark.parametrize(
    "entry", MODELS, ids=[f"{i} {e['call']}" for i, e in enumerate(MODELS)]
)


@each
def test_a_model_that_hands_on_x_has_what_keras_prints(entry: dict[str, Any]) -> None:
    spec = {**spec_of(entry), "wrt": "x"}
    found = Model.from_spec(spec).evaluate()
    digits = 1e-8 if spec["loss"] == "log_cosh" else 1e-12  # its log(2) is float32 in Keras
    np.testing.assert_allclose(found.value, np.mean(entry["value"]), digits, 1e-15)
    expected = np.array(entry["y_pred'"]) / len(spec["x"])
    np.testing.assert_allclose(found.gradients["x"], expected, 1e-12, 1e-15)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_keys_of_an_op_are_options_of_its_command_alone(loss: str, gradcli: Gradcli) -> None:
    own = {key.name: key for key in MODEL_KEYS if loss in key.only and key.kind != "flag"}
    usual = REGISTRY[loss].defaults.items() - {("axis", -1), ("from_logits", False)}
    assert own.keys() == {name for name, _ in usual}
    for name, value in usual:
        assert own[name].default.startswith("0.25, none" if value is None else f"{value:g}")
    options = gradcli(f"{loss} --help").out.split()
    for key in MODEL_KEYS:
        shown = f"--{key.name.replace('_', '-')}" in options
        assert shown == (not key.only or loss in key.only)
    for key in [key for key in MODEL_KEYS if key.only and loss not in key.only]:
        value = True if key.kind == "flag" else 0.5
        with pytest.raises(SpecError, match=f"goes with .* only, not {loss}"):
            Model.from_spec({"loss": loss, "in": 1, "out": 1, key.name: value})


def test_every_loss_goes_through_every_door(gradcli: Gradcli, tmp_path: Path) -> None:
    for loss in LOSSES:
        act = {"kl": "softmax", "poisson": "softplus"}.get(loss, "linear")
        spec = {"loss": loss, "in": 3, "out": 4, "act": act, "seed": 5, "dtype": "float64"}
        spec |= {"labels": [2, 0, 1], "mask": [1, 0, 1], "l1": 0.01, "l2": 0.1, **OWN.get(loss, {})}
        flags = [f"--{k.replace('_', '-')}={v}" for k, v in spec.items() if k != "loss"]
        ran = gradcli(loss, *flags, "--json")
        file = tmp_path / "spec.toml"
        file.write_text("".join([f"{key} = {json.dumps(value)}\n" for key, value in spec.items()]))
        assert gradcli("run", str(file), "--json").json == ran.json
        for name, value in spec.items():
            assert ran.json["spec"][name] == value
        again = gradcli("run - --json", stdin=json.dumps(ran.json["spec"]).encode())
        assert again.out == ran.out
        checked = gradcli("check", loss, *flags)
        assert checked.code == 0, checked.out
        own = ", ".join([f"{name}={value:g}" for name, value in OWN.get(loss, {}).items()])
        title = f"{loss}({own})" if own else loss
        shown = f"check {title} + 0.01 l1 + 0.1 l2: 3 -> 4 {act}, batch 3, 2 of 3 rows, float64"
        assert checked.out.startswith(shown)
        walked = gradcli("descend", loss, *flags, "--steps", "20", "--json").json
        assert walked["value"] < ran.json["loss"]


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("convention", ["keras", "cs231n"])
def test_a_mask_takes_rows_out_of_the_mean(convention: str) -> None:
    """CS231n's temporal softmax loss: the sum over what counts, by the batch; else their mean."""
    labels = np.array([[1, 3, 0], [2, 2, 1]])
    spec = {"loss": "ce", **SEQUENCE, "labels": labels, "mask": MASK, "convention": convention}
    model = Model.from_spec(spec)
    p = softmax(model.x @ model.parameters["w"])
    count = 2 if convention == "cs231n" else 3
    picked = -np.log(np.take_along_axis(p, labels[..., None], -1))[..., 0]
    found = model.evaluate()
    assert found.value == pytest.approx((picked * MASK).sum() / count, rel=1e-14)
    slope = (p - np.eye(4)[labels]) * MASK[..., None] / count
    expected = np.einsum("nti,ntj->ij", model.x, slope)
    np.testing.assert_allclose(found.gradients["w"], expected, 1e-13)
    np.testing.assert_allclose(found.gradients["b"], slope.sum((0, 1)), 1e-13)
    summed = Model.from_spec({**spec, "reduction": "sum"}).evaluate()
    assert summed.value == pytest.approx((picked * MASK).sum(), rel=1e-14)


def test_without_a_mask_the_batch_divides_by_convention() -> None:
    spec = {"loss": "mse", **SEQUENCE, "y": np.zeros((2, 3, 4))}
    keras = Model.from_spec(spec).evaluate().value
    assert Model.from_spec({**spec, "convention": "cs231n"}).evaluate().value == pytest.approx(
        3 * keras, rel=1e-14
    )
    assert Model.from_spec({**spec, "reduction": "sum"}).evaluate().value == pytest.approx(
        6 * keras, rel=1e-14
    )
    plain = {"loss": "mse", "in": 2, "out": 1, "batch": 3}
    found = [Model.from_spec({**plain, "convention": c}).evaluate() for c in ("keras", "cs231n")]
    assert found[0].value == found[1].value


@pytest.mark.parametrize("convention", ["keras", "torch", "cs231n"])
def test_the_pixels_of_an_image_are_rows_wherever_its_channels_are(convention: str) -> None:
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(2, 3, 4, 5)), rng.integers(0, 6, (2, 3, 4))
    mask = rng.integers(0, 2, (2, 3, 4))
    spec = {"loss": "ce", "layers": [{"units": 6}], "labels": labels, "mask": mask,
            "dtype": "float64", "reduction": "sum", "l1": 0.1}  # fmt: skip
    first = convention != "keras"
    last = Model.from_spec({**spec, "x": x})
    model = Model.from_spec(
        {**spec, "x": np.moveaxis(x, -1, 1) if first else x, "convention": convention}
    )
    assert model.y.shape == ((2, 6, 3, 4) if first else (2, 3, 4, 6))
    assert model.evaluate().value == pytest.approx(last.evaluate().value, rel=1e-13)
    drawn = {**spec, "in": [5, 3, 4] if first else [3, 4, 5], "convention": convention}
    assert len(Model.from_spec(drawn).x) == 2


@pytest.mark.parametrize("loss", LOSSES)
def test_a_row_that_does_not_count_may_be_anything(loss: str) -> None:
    y = np.array([[0.0, 1.0], [1.0, 0.0], [np.nan, 7.0]])
    output = tensor([[0.2, 0.7], [0.4, 0.3], [np.nan, -np.inf]])
    with GradientTape() as tape:
        tape.watch(output)
        masked = batch_loss(loss, output, y, {}, mask=np.array([1, 1, 0]))
    slope = tape.gradient(masked, output).numpy()
    whole = tensor(output.numpy()[:2])
    with GradientTape() as tape:
        tape.watch(whole)
        value = batch_loss(loss, whole, y[:2], {})
    assert masked.item() == pytest.approx(value.item(), rel=1e-14)
    np.testing.assert_allclose(slope[:2], tape.gradient(value, whole).numpy(), 1e-14, 1e-16)
    np.testing.assert_array_equal(slope[2], [0, 0])


def test_one_a_row_may_be_written_flat_but_not_turned() -> None:
    spec = {"loss": "ce", **SEQUENCE, "labels": [[1, 3, 0], [2, 2, 1]], "mask": MASK}
    flat = {**spec, "labels": [1, 3, 0, 2, 2, 1], "mask": MASK.reshape(-1)}
    assert Model.from_spec(flat).evaluate().value == Model.from_spec(spec).evaluate().value
    for key, array in (("mask", MASK.T), ("labels", np.zeros((3, 2)))):
        with pytest.raises(SpecError, match=r"has shape \(3, 2\), but rows are \(2, 3\)"):
            Model.from_spec({**spec, key: array})
    with pytest.raises(SpecError, match=r"4 given for rows of the shape \(2, 3\)"):
        Model.from_spec({**spec, "labels": [1, 2, 3, 0]})
    model = Model.from_spec(spec)
    with pytest.raises(ValueError, match="the mask is of a batch of 2, not 1"):
        model.value_and_gradients(model.parameters, model.x[:1], model.y[:1])


def test_labels_of_rows_that_do_not_count_may_be_none() -> None:
    spec = {"loss": "ce", **SEQUENCE, "mask": MASK}
    padded = np.where(MASK == 1, 3, -100)
    found = Model.from_spec({**spec, "labels": padded})
    same = Model.from_spec({**spec, "labels": np.full((2, 3), 3)})
    assert found.evaluate().value == same.evaluate().value
    with pytest.raises(SpecError, match="-100 at position 3 is not a class from 0 to 3"):
        Model.from_spec({**spec, "labels": padded, "mask": np.ones((2, 3))})


REFUSED: dict[str, dict[str, Any]] = {
    "mask: 4 given for a batch of 2: one a row": {"mask": [1, 1, 0, 1]},
    "mask: 0.5 at position 2 is neither 1 nor 0": {"mask": [1, 0.5]},
    "mask: leaves no row": {"mask": [0, 0]},
    "mask: takes numbers or a file, not the initialiser 'ones'": {"mask": "ones"},
    "l2: must be a number from 0, not -1": {"l2": -1},
    "y: svm takes one class a row, a 1 among zeros: give labels": {"y": [[1, -1, 0], [0, 0, 1]]},
    "margin: must be a number from 0, not -0.5": {"margin": -0.5},
    "label_smoothing: goes with bce, ce, focal and binary_focal only": {"label_smoothing": 0.1},
    "wrt: mask is of whole numbers": {"mask": [1, 0], "wrt": "mask"},
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_does_not_fit_is_refused(message: str) -> None:
    with pytest.raises(SpecError) as caught:
        Model.from_spec({"loss": "svm", "in": 2, "out": 3, "batch": 2, **REFUSED[message]})
    assert f"{caught.value.key}: {caught.value.problem}".startswith(message)


def test_a_penalty_is_on_weights_and_not_on_biases() -> None:
    spec = {"loss": "mse", "in": 2, "hidden": 3, "hidden_act": "tanh", "out": 1, "b1": 1, "b2": 2,
            "dtype": "float64", "y": 1}  # fmt: skip
    plain, model = Model.from_spec(spec), Model.from_spec({**spec, "l1": 0.3, "l2": 0.05})
    bare, found = plain.evaluate(), differentiate(model)
    weights = [model.parameters[name] for name in ("w1", "w2")]
    added = sum(0.3 * np.abs(w).sum() + 0.05 * (w**2).sum() for w in weights)
    assert found.noted["data_loss"] == bare.value
    assert found.noted["penalty"] == pytest.approx(added, rel=1e-14)
    assert found.value == found.noted["data_loss"] + found.noted["penalty"]
    for name, gradient in bare.gradients.items():
        w = model.parameters[name]
        more = 0.3 * np.sign(w) + 0.1 * w if name in ("w1", "w2") else 0
        np.testing.assert_allclose(found.gradients[name], gradient + more, 1e-13)


def test_a_penalty_counts_the_same_numbers_whatever_a_convention_calls_them() -> None:
    weights = {
        "keras": "e1 w2 u2 w3",
        "torch": "0.weight 1.weight_ih_l0 1.weight_hh_l0 2.weight",
        "cs231n": "w1 wx2 wh2 w3",
    }
    kinds = [
        {"kind": "embedding", "vocab": 7, "units": 3},
        {"kind": "lstm", "units": 5},
        {"units": 4},
    ]
    for convention, names in weights.items():
        model = Model.from_spec(
            {"loss": "svm", "in": 4, "layers": kinds, "convention": convention, "l2": 0.1,
             "dtype": "float64"}
        )  # fmt: skip
        found = differentiate(model)
        counted = [model.parameters[name] for name in names.split()]
        expected = 0.1 * sum((array**2).sum() for array in counted)
        assert found.noted["penalty"] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(
    "spec",
    [{"loss": "ce", **SEQUENCE, "mask": MASK, "l1": 0.1, "l2": 0.2},
     {"loss": "huber", **SEQUENCE, "l2": 0.2, "reduction": "sum"},
     {"loss": "svm", **SEQUENCE, "mask": MASK, "convention": "cs231n", "l2": 0.2},
     {"loss": "focal", "in": 3, "hidden": [2, 2], "out": 3, "batch": 4, "l2": 0.2}],
)  # fmt: skip
def test_a_stack_of_parameters_gives_each_its_loss(spec: dict[str, Any]) -> None:
    model = Model.from_spec({**spec, "dtype": "float64"})
    for name, array in {"x": model.x, **model.parameters}.items():
        stack = array + np.random.default_rng(0).normal(size=(5, *array.shape))
        found = model.values(name, stack)
        arrays = [{"x": model.x, **model.parameters, name: one} for one in stack]
        each = [model.loss_of(one, one["x"], model.y) for one in arrays]
        np.testing.assert_allclose(found, each, 1e-14)


def wrong(model: Model) -> dict[str, dict[str, Any]]:
    """Gradients as people get them wrong, by what check is to say."""
    x, (w, b) = model.x, model.parameters.values()
    z = x @ w + b
    y = np.eye(4)[model.built.labels]
    smooth = y * 0.8 + 0.2 / 4

    def gradients(target: Any, counts: Any, penalty: Any) -> dict[str, Any]:
        slope = (softmax(z) - target) * counts[..., None] / counts.sum()
        return {"w": np.einsum("nti,ntj->ij", x, slope) + penalty, "b": slope.sum((0, 1))}

    l1, l2 = 0.01 * np.sign(w), 0.1 * w
    return {
        "l1 is left out of the gradient": gradients(smooth, MASK, 2 * l2),
        "l2 is left out of the gradient": gradients(smooth, MASK, l1),
        "the factor 2 of l2's derivative is missing": gradients(smooth, MASK, l1 + l2),
        "the mask of the loss is ignored": gradients(smooth, np.ones((2, 3)), l1 + 2 * l2),
        "label_smoothing is left out": gradients(y, MASK, l1 + 2 * l2),
        "": gradients(smooth, MASK, l1 + 2 * l2),
    }


def test_mistakes_in_a_loss_are_named(gradcli: Gradcli) -> None:
    spec = {"loss": "ce", **SEQUENCE, "labels": [[1, 3, 0], [2, 2, 1]], "mask": MASK.tolist(),
            "l1": 0.01, "l2": 0.1, "label_smoothing": 0.2}  # fmt: skip
    for cause, grads in wrong(Model.from_spec(spec)).items():
        document = {**spec, "grads": {name: g.tolist() for name, g in grads.items()}}
        ran = gradcli("check run -", stdin=json.dumps(document).encode())
        assert ran.code == (1 if cause else 0)
        assert cause in ran.out, ran.out


def test_probabilities_are_asked_for_where_a_loss_takes_them(gradcli: Gradcli) -> None:
    said = {
        "kl --in 2 --out 2": "the output of act linear as probabilities; use act softmax\n",
        "focal --in 2 --out 2 --act tanh": "use act softmax, or from_logits",
        "focal --in 2 --out 1 --act tanh": "use act sigmoid, or from_logits",
        "focal --in 2 --out 1 --act sigmoid --from-logits": "double sigmoid: from_logits applies",
    }
    for command, warning in said.items():
        assert warning in gradcli(command).err
    quiet = ("kl --in 2 --out 2 --act softmax", "focal --in 2 --out 1 --act sigmoid",
             "focal --in 2 --out 2", "svm --in 2 --out 3", "mse --in 2 --out 1")  # fmt: skip
    for command in quiet:
        assert "probabilities" not in gradcli(command).err


def test_one_unit_tells_two_classes_apart() -> None:
    for loss in ("hinge", "squared_hinge", "focal", "binary_focal"):
        model = Model.from_spec({"loss": loss, "in": 2, "out": 1, "labels": [0, 1, 1]})
        assert model.y.tolist() == [[0], [1], [1]]
    one = {"loss": "focal", "in": 2, "out": 1, "labels": 0, "act": "softmax", "dtype": "float64"}
    assert Model.from_spec(one).evaluate().value == pytest.approx(-np.log(1e-7))  # softmax is 1
    x, y = np.array([[2.0], [0.25]]), [[1], [0]]
    hinge = Model.from_spec({"loss": "hinge", "x": x, "y": y, "w": 1, "b": 0}).evaluate()
    assert hinge.value == (0 + 1.25) / 2
