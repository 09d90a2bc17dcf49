"""Metrics of models whose targets are classes, and the loss of each row."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcli.catalogue import LOSSES, METRICS
from gradcli.errors import SpecError
from gradcli.model import Model
from gradcli.model.metrics import FUNCTIONS, Scores, metrics_of, right, scores_of
from gradcli.spec_keys import MODEL_KEYS
from tests.conftest import GOLDEN, HERE
from tests.model.test_losses import each, spec_of

TOLD = json.loads((HERE / "reference" / "metrics.json").read_text())
ALL = {"metrics": "accuracy,confusion"}


def measured(**spec: Any) -> dict[str, Any]:
    model = Model.from_spec({"dtype": "float64", **spec})
    return model.measured(model.primals)


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("entry", TOLD, ids=range(len(TOLD)))
def test_metrics_are_those_of_keras(entry: dict[str, Any]) -> None:
    scores, labels = np.array(entry["scores"]), np.array(entry["labels"])
    binary = scores.shape[1] == 1
    found = Scores(scores, labels, binary, logits=True)
    np.testing.assert_array_equal(right(found), np.ravel(entry["accuracy"]))
    told = metrics_of(found, ["accuracy", "confusion"], map(int, entry.get("top", [])))
    assert told["accuracy"] == pytest.approx(np.mean(entry["accuracy"]), rel=1e-15)
    np.testing.assert_array_equal(told["confusion"], entry["confusion"])
    for k, rows in entry.get("top", {}).items():
        assert told[f"top{k}"] == pytest.approx(np.mean(rows), rel=1e-15)


@pytest.mark.parametrize("entry", [e for e in TOLD if "softmax" in e])
def test_entropies_are_those_of_scipy(entry: dict[str, Any]) -> None:
    scores, labels = np.array(entry["scores"]), np.array(entry["labels"])

    def entropy(scores: Any, **how: Any) -> Any:
        return FUNCTIONS["entropy"](Scores(scores, labels, **how))

    together, apart = np.mean(entry["softmax"]), np.mean(entry["sigmoid"])
    assert entropy(scores, logits=True) == pytest.approx(together, rel=1e-13)
    assert entropy(7 * softmax(scores)) == pytest.approx(together, rel=1e-13)
    assert entropy(scores, logits=True, apart=True) == pytest.approx(apart, rel=1e-13)
    assert entropy(1 / (1 + np.exp(-scores)), apart=True) == pytest.approx(apart, rel=1e-13)


@pytest.mark.parametrize("case", GOLDEN["entropy"]["cases"], ids=lambda case: str(case["bits"]))
def test_entropies_of_the_notes(case: dict[str, Any]) -> None:
    keys = {"w": "eye", "out": 4, "labels": 0, "metrics": "entropy"}
    logits = measured(loss="ce", x=[np.log(case["p"])], **keys)
    probs = measured(loss="ce", x=[case["p"]], from_probs=True, **keys)
    for found in (logits, probs):
        assert found["metrics"]["entropy"] == pytest.approx(case["bits"], rel=1e-6)


def test_of_equal_scores_the_first_is_predicted_and_all_are_among_the_largest() -> None:
    found = metrics_of(Scores(np.zeros((4, 3)), np.array([0, 1, 2, 0])), ["accuracy"], [1, 3])
    assert found == {"accuracy": 0.5, "top1": 1, "top3": 1}


def test_a_row_with_nan_is_not_right() -> None:
    scores = np.array([[np.nan, 1, 2], [0, 1, 2]])
    for label in range(3):
        found = Scores(scores, np.array([label, 2]))
        assert right(found).tolist() == [False, True]
        assert metrics_of(found, [], [3]) == {"top3": 0.5}


def test_a_negative_number_is_no_probability() -> None:
    with np.errstate(invalid="ignore"):
        assert np.isnan(FUNCTIONS["entropy"](Scores(np.array([[-1.0, 2.0]]), np.array([0]))))


def test_every_metric_is_declared() -> None:
    assert [*FUNCTIONS] == [*METRICS]


@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("convention", ["keras", "torch", "cs231n"])
def test_rows_are_those_of_the_output_under_every_convention(convention: str, mask: bool) -> None:
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(2, 3, 4, 5)), rng.integers(0, 6, (2, 3, 4))
    counts = rng.integers(0, 2, (2, 3, 4)) if mask else np.ones((2, 3, 4))
    model = Model.from_spec(
        {"loss": "ce", "layers": [{"units": 6}], "labels": labels, "dtype": "float64",
         "x": x if convention == "keras" else np.moveaxis(x, -1, 1), "convention": convention,
         "metrics": ["accuracy", "entropy", "confusion"], "topk": 2, "rows": True, "l2": 0.1,
         **({"mask": counts} if mask else {})}
    )  # fmt: skip
    w, b = model.parameters.values()
    z = x @ (w.T if convention == "torch" else w) + b
    p, ranks = softmax(z), np.argsort(-z, axis=-1)
    rows = -np.log(np.take_along_axis(p, labels[..., None], -1))[..., 0]
    found = model.measured(model.primals)
    np.testing.assert_allclose(found["rows"], rows * counts, 1e-12)
    number = counts.sum()
    told = found["metrics"]
    assert list(told) == ["accuracy", "top2", "entropy", "confusion"]
    hits = ranks == labels[..., None]
    assert told["accuracy"] == pytest.approx((hits[..., 0] * counts).sum() / number)
    assert told["top2"] == pytest.approx((hits[..., :2].any(-1) * counts).sum() / number)
    bits = -(p * np.log2(p)).sum(-1)
    assert told["entropy"] == pytest.approx((bits * counts).sum() / number, rel=1e-12)
    expected = np.zeros((6, 6))
    np.add.at(expected, (labels, ranks[..., 0]), counts)
    np.testing.assert_array_equal(told["confusion"], expected)


@pytest.mark.parametrize(
    ("spec", "half"),
    [
        ({"loss": "bce"}, 0),
        ({"loss": "bce", "act": "sigmoid"}, 0.5),
        ({"loss": "bce", "from_probs": True}, 0.5),
        ({"loss": "bce", "act": "hard_sigmoid", "from_logits": True}, 0),
        ({"loss": "focal"}, 0),
        ({"loss": "focal", "act": "sigmoid"}, 0.5),
        ({"loss": "binary_focal", "from_logits": True}, 0),
        ({"loss": "hinge"}, 0),
        ({"loss": "squared_hinge", "act": "tanh"}, 0),
    ],
    ids=str,
)
def test_one_unit_tells_two_classes_apart(spec: dict[str, Any], half: float) -> None:
    x = [[-2.0], [-0.4], [0.2], [0.3], [0.6], [3.0]]
    acts = {"sigmoid": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh,
            "hard_sigmoid": lambda z: np.clip(z / 6 + 0.5, 0, 1)}  # fmt: skip
    output = acts.get(spec.get("act", ""), lambda z: z)(np.array(x))[:, 0]
    labels = np.array([0, 1, 0, 0, 1, 1])
    said = output > half
    expected = [[np.sum((labels == a) & (said == b)) for b in (0, 1)] for a in (0, 1)]
    given_as: list[dict[str, Any]] = [{"labels": labels}, {"y": labels[:, None]}]
    if "hinge" in spec["loss"]:
        given_as.append({"y": 2 * labels[:, None] - 1})
    for targets in given_as:
        found = measured(**spec, **targets, x=x, w="eye", out=1, **ALL)["metrics"]
        assert found["accuracy"] == pytest.approx(np.mean(said == labels))
        np.testing.assert_array_equal(found["confusion"], expected)


@pytest.mark.parametrize("loss", LOSSES)
def test_labels_are_classes_to_every_loss(loss: str) -> None:
    x = [[0.1, 0.7, 0.2], [0.5, 0.3, 0.2], [0.3, 0.1, 0.6]]
    spec = {"loss": loss, "x": x, "w": "eye", "out": 3, "topk": [2, 3], "metrics": ["accuracy"]}
    found = measured(**spec, labels=[1, 1, 0])["metrics"]
    assert found == {"accuracy": pytest.approx(1 / 3), "top2": 1, "top3": 1}
    refused: list[Any] = [
        [[0, 1, 0], [0, 1, 1], [0, 0, 0]],
        [[0, 1, 0], [0, 2, 0], [1, 0, 0]],
        [[0, 1, 0], [0, 0.5, 0.5], [0, 0, 1]],
        [[1, 0, 0], [1, -1, 1], [0, 0, 0]],
    ]
    one_hot = np.eye(3)[[1, 1, 0]]
    if LOSSES[loss].probabilities or loss in ("hinge", "squared_hinge", "svm"):
        assert measured(**spec, y=one_hot)["metrics"] == found
    else:
        refused.append(one_hot)
    if loss == "svm":
        return  # it takes no other targets
    for odd in refused:
        with pytest.raises(SpecError, match="is of classes: give labels"):
            measured(**spec, y=odd)
    if len(refused) == 4:
        odd = [[0, 1, 0], [0, 7, np.nan], [1, 0, 0]]
        told = measured(**spec, y=odd, mask=[1, 0, 1])["metrics"]
        assert told == {"accuracy": 0.5, "top2": 1, "top3": 1}


@pytest.mark.parametrize(
    ("keys", "apart"),
    [
        ({"loss": "bce", "act": "sigmoid"}, True),
        ({"loss": "bce"}, True),
        ({"loss": "binary_focal", "act": "sigmoid"}, True),
        ({"loss": "bce", "act": "softmax"}, False),
        ({"loss": "ce", "act": "softmax"}, False),
        ({"loss": "ce", "act": "softmax", "from_probs": True}, False),
        ({"loss": "ce"}, False),
        ({"loss": "focal"}, False),
        ({"loss": "kl", "act": "softmax"}, False),
        ({"loss": "mse", "act": "softmax"}, False),
        ({"loss": "svm", "act": "softmax"}, False),
    ],
    ids=str,
)
def test_the_entropy_is_that_of_the_predicted_distribution(
    keys: dict[str, Any], apart: bool
) -> None:
    z = np.array([[0.3, -1.2, 2.1], [1.7, 0.2, -2.6]])
    found = measured(**keys, x=z, w="eye", out=3, labels=[0, 1], metrics="entropy")
    p = 1 / (1 + np.exp(-z)) if apart else softmax(z)
    bits = -p * np.log2(p) - ((1 - p) * np.log2(1 - p) if apart else 0)
    assert found["metrics"]["entropy"] == pytest.approx(bits.sum(-1).mean(), rel=1e-12)


def test_signs_are_classes_to_a_hinge_alone() -> None:
    with pytest.raises(SpecError, match="is of classes: give labels"):
        measured(loss="bce", x=[[1], [2]], y=[[-1], [1]], w="eye", out=1, metrics="accuracy")


def test_a_residual_may_come_last() -> None:
    layers = [{"kind": "residual", "layers": [{"units": 3, "w": "zeros"}]}]
    x = [[0.1, 0.7, 0.2], [0.5, 0.3, 0.2]]
    found = measured(loss="ce", x=x, layers=layers, labels=[1, 2], topk=[1, 3])
    assert found == {"metrics": {"top1": 0.5, "top3": 1}}


@each
def test_the_loss_of_each_row_is_that_of_keras(entry: dict[str, Any]) -> None:
    spec = spec_of(entry)
    for more in ({}, {"reduction": "sum"}, {"l1": 0.1, "l2": 2.0}):
        found = measured(**spec, rows=True, **more)
        assert list(found) == ["rows"]
        digits = 1e-8 if spec["loss"] == "log_cosh" else 1e-12  # its log(2) is float32 in Keras
        np.testing.assert_allclose(found["rows"], entry["value"], digits, 1e-15)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_mean_of_the_rows_is_the_loss(loss: str) -> None:
    """Also after an activation past which the loss is computed."""
    plain = {"kl": "softmax", "poisson": "softplus"}.get(loss, "linear")
    for act in (plain, *LOSSES[loss].probabilities):
        spec = {"loss": loss, "in": [3, 2], "layers": [{"units": 4, "act": act}], "batch": 2}
        model = Model.from_spec({**spec, "rows": True, "dtype": "float64"})
        rows = model.measured(model.primals)["rows"]
        assert rows.shape == (2, 3)
        assert model.evaluate().value == pytest.approx(rows.mean(), rel=1e-13)
        small = Model.from_spec({**spec, "rows": True})
        assert small.measured(small.primals)["rows"].dtype == np.float32


def test_they_are_told_where_the_parameters_are() -> None:
    """Also where what is differentiated by is an intermediate, or the targets."""
    x = np.array([[1.0, 0.0], [0.0, 1.0]])
    spec = {"loss": "ce", "x": x, "w": "eye", "out": 2, "labels": [0, 1], "rows": True,
            "metrics": "accuracy", "dtype": "float64"}  # fmt: skip
    turned = np.array([[0.0, 1.0], [1.0, 0.0]])
    for wrt, at, share in (("w", turned, 0), ("z", turned, 0), ("x", x, 1), ("y", turned, 1)):
        model = Model.from_spec({**spec, "wrt": wrt})
        assert model.measured(model.primals)["metrics"] == {"accuracy": 1}
        found = model.measured({wrt: at})
        assert found["metrics"] == {"accuracy": share}
        expected = np.log(1 + np.e) - (0 if wrt in "wzy" else 1)
        np.testing.assert_allclose(found["rows"], [expected] * 2, 1e-14)


def test_nothing_is_told_where_nothing_is_asked() -> None:
    assert measured(loss="ce", out=2, metrics=[], topk=[], rows=False, **{"in": 1}) == {}


def test_a_step_of_training_can_ask_for_what_is_right() -> None:
    model = Model.from_spec({"loss": "ce", "in": 4, "out": 3, "labels": [2, 0, 1]})
    found = scores_of(model.spec, np.eye(3), model.y)
    assert found is not None
    assert right(found).tolist() == [False, False, False]
    found = scores_of(model.spec, np.eye(3), model.y, np.array([0, 1, 1]))
    assert found is not None
    assert (found.labels.tolist(), found.classes) == ([0, 1], 3)
    regression = Model.from_spec({"loss": "mse", "in": 4, "out": 3, "y": np.eye(3)})
    assert scores_of(regression.spec, np.eye(3), regression.y) is None


CE = {"loss": "ce", "in": 2, "out": 3}


@pytest.mark.parametrize(
    ("spec", "key", "words"),
    [
        ({**CE, "topk": [1, 4]}, "topk", "4 is more than there are classes, 3"),
        ({**CE, "topk": 0}, "topk", "must be a whole number from 1, not 0"),
        ({**CE, "metrics": "topk"}, "topk", "needed: for how many classes, such as 1,5"),
        ({**CE, "metrics": "acc"}, "metrics", "unknown value 'acc'; did you mean 'accuracy'?"),
        ({**CE, "metrics": ["f1"]}, "metrics", "unknown value 'f1': one of accuracy, topk, entro"),
        ({**CE, "metrics": 3}, "metrics", "must be names such as x,y, not 3"),
        ({**CE, "rows": "yes"}, "rows", "must be true or false, not 'yes'"),
        ({**CE, "loss": "mse", "y": 1, "topk": 1}, "topk", "is of classes: give labels in place"),
        ({**CE, "out": 1, "metrics": "accuracy"}, "metrics", "one unit of ce tells no classes"),
        ({**CE, "loss": "bce", "out": 1, "topk": 1}, "topk", "one unit has no score for each"),
        ({**CE, "loss": "bce", "out": 1, "metrics": "topk"}, "topk", "one unit has no score"),
        ({**CE, "loss": "svm", "metrics": "entropy"}, "metrics", "and svm takes any number: act"),
        ({**CE, "out": 4000, "metrics": "confusion"}, "metrics", "16,000,000 numbers; 10,000,000"),
    ],
    ids=str,
)
def test_what_is_not_there_is_refused(spec: dict[str, Any], key: str, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        Model.from_spec(spec)
    assert caught.value.key == key
    assert words in str(caught.value)


@settings(deadline=None)
@given(st.lists(st.sampled_from([*METRICS, "", " accuracy ", "Entropy", "top5", "x"]), max_size=5))
def test_names_are_known_ones_or_refused(names: list[str]) -> None:
    [key] = [key for key in MODEL_KEYS if key.name == "metrics"]
    wanted = [name.strip() for name in names if name.strip()]
    if {*wanted} <= {*METRICS}:
        assert key.parse(",".join(names)) == key.read(names) == wanted
    else:
        with pytest.raises(SpecError, match="unknown value"):
            key.parse(",".join(names))
