"""The specification in an answer: whole, and run again it gives the same to the last bit."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradcli.catalogue import ACTIVATIONS, INITIALISERS, LOSSES
from gradcli.engine.ops.comparison import one_hot
from gradcli.errors import SpecError
from gradcli.gradient import quiet
from gradcli.model import Model
from gradcli.report.document import dumps
from gradcli.spec_keys import MODEL_KEYS
from tests.conftest import Gradcli

NUMBERS = st.floats(-3, 3, allow_subnormal=False)
FILLINGS = st.sampled_from(sorted(INITIALISERS))


def array(*shape: int) -> st.SearchStrategy[Any]:
    return arrays.arrays(np.float64, shape, elements=NUMBERS)


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    """A specification in any form: short or long, drawn or given, of either stream."""
    few = st.integers(1, 3)
    loss, batch = draw(st.sampled_from(sorted(LOSSES))), draw(few)
    widths = draw(st.lists(few, min_size=2, max_size=4))
    acts = st.sampled_from(sorted(ACTIVATIONS))
    spec: dict[str, Any] = {"loss": loss, "in": widths[0], "batch": batch}

    def value(letter: str, *shape: int) -> Any:
        words = FILLINGS if len(shape) == 2 else FILLINGS.filter(lambda word: word != "eye")
        return draw(st.one_of(words, array(*shape), NUMBERS))

    def maybe(key: str, values: st.SearchStrategy[Any]) -> None:
        if draw(st.booleans()):
            spec[key] = draw(values)

    if draw(st.booleans()):
        spec["layers"] = []
        for n, units in pairwise(widths):
            layer: dict[str, Any] = {"units": units, "w": value("w", n, units)}
            if draw(st.booleans()):
                layer["bias"] = False
            elif draw(st.booleans()):
                layer["b"] = value("b", units)
            spec["layers"].append(layer | {"act": draw(acts)})
    else:
        spec |= {"out": widths[-1], "hidden": widths[1:-1]}
        maybe("act", acts)
        maybe("hidden_act", acts)
        for i, (n, units) in enumerate(pairwise(widths)):
            number = i + 1 if len(widths) > 2 else ""
            maybe(f"w{number}", st.just(value("w", n, units)))
            maybe(f"b{number}", st.just(value("b", units)))
    maybe("x", st.just(value("x", batch, widths[0])))
    target = draw(st.sampled_from(["y", "labels", "drawn"]))
    if target == "y" and loss != "svm":
        spec["y"] = draw(array(batch, widths[-1]))
    elif target == "labels":
        spec["labels"] = draw(
            arrays.arrays(np.int64, batch, elements=st.integers(0, widths[-1] - 1))
        )
    maybe("mask", st.just([1] * draw(few) + [0] * 3).map(lambda mask: mask[:batch]))
    maybe("l1", st.floats(0, 1))
    maybe("l2", st.floats(0, 1))
    for key in MODEL_KEYS:
        if loss in key.only and key.kind != "flag":
            maybe(key.name, st.floats(0.125, 0.875))
    if LOSSES[loss].logits:
        maybe(draw(st.sampled_from(["from_logits", "from_probs"])), st.booleans())
    maybe("reduction", st.sampled_from(["mean", "sum"]))
    maybe("dtype", st.sampled_from(["float32", "float64"]))
    maybe("seed", st.integers(0, 10**6))
    if draw(st.booleans()):
        spec["rng"] = "tensorflow"
        maybe("op_seed", st.integers(0, 10**6))
    return spec


@settings(deadline=None, max_examples=60)
@given(specs())
def test_run_again_it_gives_the_same_to_the_last_bit(spec: dict[str, Any]) -> None:
    first = Model.from_spec(spec)
    text = dumps(first.document)
    for document in (first.document, json.loads(text)):
        again = Model.from_spec(document)
        assert dumps(again.document) == text
        with quiet():
            loss, gradients = first.value_and_gradients(first.parameters, first.x, first.y)
            loss_again, found = again.value_and_gradients(again.parameters, again.x, again.y)
        np.testing.assert_array_equal(loss_again, loss)
        for name in ("x", "y"):
            np.testing.assert_array_equal(getattr(again, name), getattr(first, name), strict=True)
        for name, parameter in first.parameters.items():
            np.testing.assert_array_equal(again.parameters[name], parameter, strict=True)
            np.testing.assert_array_equal(found[name], gradients[name], strict=True)


def test_it_leaves_nothing_to_defaults() -> None:
    document = Model.from_spec({"loss": "ce", "in": 3, "out": 2, "hidden": 4}).document
    drawn = np.random.default_rng(0)
    for shape in ((1, 3), (3, 4), (4, 2)):
        drawn.standard_normal(shape)
    assert document.pop("labels").tolist() == drawn.integers(0, 2, 1).tolist()
    assert list(document.items()) == [
        ("loss", "ce"), ("in", 3), ("out", 2), ("act", "linear"), ("hidden", [4]),
        ("hidden_act", "relu"), ("from_logits", True), ("label_smoothing", 0.0),
        ("reduction", "mean"), ("batch", 1),
        ("x", "normal"), ("w1", "normal"), ("b1", "zeros"), ("w2", "normal"), ("b2", "zeros"),
        ("dtype", "float32"), ("rng", "numpy"), ("seed", 0),
    ]  # fmt: skip


def test_layers_are_written_with_all_their_keys() -> None:
    spec = {"loss": "mse", "in": 1, "rng": "tensorflow", "op_seed": 3}
    layers = [{"units": 2, "act": "relu"}, {"units": 1, "bias": False, "w": [[0.5], [1]]}]
    document = Model.from_spec({**spec, "layers": layers}).document
    first, second = document["layers"]
    assert first == {
        "kind": "dense", "units": 2, "act": "relu", "bias": True, "w": "normal", "b": "zeros",
    }  # fmt: skip
    assert second.pop("w").tolist() == [[0.5], [1]]
    assert second == {"kind": "dense", "units": 1, "act": "linear", "bias": False}
    assert document["op_seed"] == 3
    assert "seed" not in document


def test_single_precision_is_written_in_its_own_digits(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([[0.8, 0.1]], np.float32))
    net = Model.from_spec({"loss": "mse", "x": "x.npy", "y": 0.8, "w": 0.7}, str(tmp_path))
    assert '"x": [[0.8, 0.1]], "y": [[0.8]], "w": [[0.7], [0.7]]' in dumps(net.document)


def test_in_float64_its_specification_holds_its_very_numbers() -> None:
    single = Model.from_spec({"loss": "ce", "in": 3, "out": 2, "w": 0.1})
    for double in (single.in_float64(), single.rounded()):
        assert double is not None
        again = Model.from_spec(json.loads(dumps(double.document)))
        np.testing.assert_array_equal(again.x, double.x)
        np.testing.assert_array_equal(again.parameters["w"], double.parameters["w"])
        assert again.evaluate().value == double.evaluate().value


def test_a_word_for_w_or_b_fills_every_layer(gradcli: Gradcli) -> None:
    both = gradcli("ce --in 4 --out 3 --hidden 9,9 --w glorot_uniform --b normal --b2 0 --json")
    each = gradcli(
        "ce --in 4 --out 3 --hidden 9,9 --w1 glorot_uniform --w2 glorot_uniform "
        "--w3 glorot_uniform --b1 normal --b2 0 --b3 normal --json"
    )
    assert both.json == each.json
    assert np.max(np.abs(both.json["params"]["w2"])) <= np.sqrt(6 / 18)
    with pytest.raises(SpecError, match=r"w: a model of 2 layers has w1, b1 ... w2, b2$"):
        Model.from_spec({"loss": "mse", "in": 2, "out": 1, "hidden": 2, "w": [[1, 2], [3, 4]]})
    with pytest.raises(SpecError, match=r"has w1, b1 ... w2, b2; did you mean 'he_normal'?"):
        Model.from_spec({"loss": "mse", "in": 2, "out": 1, "hidden": 2, "w": "he_norml"})


def test_labels_that_were_drawn_are_those_of_the_targets() -> None:
    net = Model.from_spec({"loss": "ce", "in": 2, "out": 5, "batch": 7, "seed": 3})
    np.testing.assert_array_equal(one_hot(net.document["labels"], 5, net.y.dtype), net.y)
