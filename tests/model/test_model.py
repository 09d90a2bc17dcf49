"""Models against an independent framework, and the streams that fill them."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcli.catalogue import ACTIVATIONS, INITIALISERS, LOSSES
from gradcli.engine.op import REGISTRY
from gradcli.errors import GradcliError, SpecError, TooLargeError
from gradcli.inputs.initialisers import initialise
from gradcli.inputs.streams import NumpyStream, TensorflowStream
from gradcli.model import Model
from gradcli.spec_keys import MODEL_KEYS
from tests.conftest import HERE
from tests.numeric import derivative


def spec_id(case: dict[str, Any]) -> str:
    return "-".join(map(str, case["spec"].values()))


KERAS = json.loads((HERE / "keras_reference.json").read_text())
STREAMS = json.loads((HERE / "tensorflow_streams.json").read_text())["draws"]


@pytest.mark.parametrize("case", KERAS["cases"], ids=spec_id)
def test_losses_and_activations_match_keras(case: dict[str, Any]) -> None:
    acts = {case["spec"]["act"], case["spec"]["hidden_act"]}
    # TensorFlow holds leaky_relu's 0.2 and gelu's sqrt(2) in float32.
    single = acts & {"leaky_relu", "gelu"}
    tolerance = {"rtol": 1e-6, "atol": 1e-8} if single else {"rtol": 1e-12, "atol": 1e-15}
    model = Model.from_spec({**KERAS["inputs"], **case["spec"], "hidden": 4, "dtype": "float64"})
    found = model.evaluate()
    np.testing.assert_allclose(found.value, case["loss"], **tolerance)
    for name, gradient in case["grads"].items():
        np.testing.assert_allclose(found.gradients[name], gradient, **tolerance)


@pytest.mark.parametrize("seeds", STREAMS)
def test_the_tensorflow_stream(seeds: str) -> None:
    numbers = {name: int(n) for name, n in re.findall(r"(\w*seed) (\d+)", seeds)}
    stream = TensorflowStream(numbers["seed"], numbers.get("op_seed"))
    for call, printed in STREAMS[seeds].items():
        kind, *sizes = re.findall(r"\w+", call)
        given = [int(n) for n in sizes]
        drawn = stream.integers(*given) if kind == "integers" else getattr(stream, kind)((*given,))
        np.testing.assert_allclose(drawn, np.array(printed, drawn.dtype), rtol=3e-7)


def test_the_numpy_stream_is_default_rng_in_the_promised_order() -> None:
    model = Model.from_spec(
        {"loss": "ce", "in": 3, "out": 2, "hidden": 4, "batch": 5, "b1": "normal", "seed": 11,
         "dtype": "float64"}
    )  # fmt: skip
    rng = np.random.default_rng(11)
    np.testing.assert_array_equal(model.x, rng.standard_normal((5, 3)))
    np.testing.assert_array_equal(model.parameters["w1"], rng.standard_normal((3, 4)))
    np.testing.assert_array_equal(model.parameters["b1"], rng.standard_normal(4))
    np.testing.assert_array_equal(model.parameters["w2"], rng.standard_normal((4, 2)))
    np.testing.assert_array_equal(model.y, np.eye(2)[rng.integers(0, 2, 5)])


def test_float32_and_float64_draw_the_same_numbers() -> None:
    spec = {"loss": "mse", "in": 3, "out": 2}
    single, double = (Model.from_spec({**spec, "dtype": d}) for d in ("float32", "float64"))
    np.testing.assert_array_equal(single.x, double.x.astype(np.float32))


@pytest.mark.parametrize(
    ("name", "variance", "most"),
    [
        ("normal", 1.0, 9.0),
        ("uniform", 1 / 12, 1.0),
        ("glorot_normal", 2 / 1200, math.inf),
        ("glorot_uniform", 2 / 1200, math.sqrt(6 / 1200)),
        ("he_normal", 2 / 400, 2 * math.sqrt(2 / 400) / 0.8796),
        ("he_uniform", 2 / 400, math.sqrt(6 / 400)),
        ("lecun_normal", 1 / 400, 2 * math.sqrt(1 / 400) / 0.8796),
    ],
)
def test_initialisers_have_their_variance_and_bounds(
    name: str, variance: float, most: float
) -> None:
    for stream in (NumpyStream(1), TensorflowStream(1, None), TensorflowStream(None, 1)):
        w = initialise(name, (400, 800), stream)
        assert np.var(w) == pytest.approx(variance, rel=0.02)
        assert np.max(np.abs(w)) <= most
        assert np.mean(w) == pytest.approx(0.5 if name == "uniform" else 0, abs=5e-3)


def test_constant_initialisers() -> None:
    stream = NumpyStream(0)
    assert initialise("zeros", (2,), stream).tolist() == [0, 0]
    assert initialise("ones", (2,), stream).tolist() == [1, 1]
    assert initialise("eye", (2, 3), stream).tolist() == [[1, 0, 0], [0, 1, 0]]
    for name in INITIALISERS:
        assert initialise(name, (2, 3), stream).shape == (2, 3)


def test_the_tables_of_names_agree() -> None:
    assert all(act == "linear" or act in REGISTRY for act in ACTIVATIONS)
    assert set(LOSSES) <= set(REGISTRY)
    assert len({key.name for key in MODEL_KEYS}) == len(MODEL_KEYS)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_random_models_agree_with_numeric_derivatives(data: st.DataObject) -> None:
    sizes = st.integers(1, 3)
    loss = data.draw(st.sampled_from(list(LOSSES)))
    smooth = ["linear", "sigmoid", "tanh", "softmax", "gelu", "silu", "mish", "softplus"]
    kinked = ("mae", "huber", "hinge", "squared_hinge", "svm")
    positive = ("softplus", "sigmoid")
    taken = {"poisson": positive, "cosine": positive}
    for name, kind in LOSSES.items():
        if kind.probabilities:
            taken[name] = (kind.probabilities[0], *["linear"] * kind.logits)
    spec = {
        "loss": loss,
        "in": data.draw(sizes),
        "out": data.draw(st.integers(2, 3)),
        "batch": data.draw(sizes),
        "hidden": data.draw(st.lists(sizes, max_size=2)),
        "act": data.draw(st.sampled_from(taken.get(loss, smooth))),
        "hidden_act": data.draw(st.sampled_from(smooth)),
        "reduction": data.draw(st.sampled_from(["mean", "sum"])),
        "seed": data.draw(st.integers(0, 10**6)),
        "dtype": "float64",
    }
    model = Model.from_spec(spec)
    found = model.evaluate()
    loss_again, gradients = model.value_and_gradients(model.parameters, model.x, model.y)
    assert loss_again == found.value
    for name, value in model.parameters.items():
        np.testing.assert_array_equal(gradients[name], found.gradients[name])

        def at(w: Any, name: str = name) -> Any:
            return model.forward({**model.parameters, name: w}, lambda _, v: v)

        if loss not in kinked:
            expected = derivative(at, value)
            np.testing.assert_allclose(found.gradients[name], expected, rtol=1e-6, atol=1e-7)


def test_repeated_steps_take_other_parameters_and_batches() -> None:
    model = Model.from_spec({"loss": "mse", "in": 2, "out": 1, "dtype": "float64"})
    rng = np.random.default_rng(0)
    x, w, y = rng.standard_normal((50, 2)), np.array([[1.0], [-2.0]]), None
    y = x @ w + 0.5
    params = dict(model.parameters)
    for _ in range(500):
        loss, gradients = model.value_and_gradients(params, x, y)
        params = {name: p - 0.1 * gradients[name] for name, p in params.items()}
    assert loss < 1e-20
    np.testing.assert_allclose(params["w"], w, atol=1e-9)
    np.testing.assert_allclose(params["b"], [0.5], atol=1e-9)


@pytest.mark.parametrize(
    ("spec", "warning"),
    [
        ({"loss": "ce", "act": "softmax", "from_logits": True}, "double softmax"),
        ({"loss": "bce", "act": "sigmoid", "from_logits": True}, "double sigmoid"),
        ({"loss": "ce", "from_probs": True}, "probabilities expected"),
        ({"loss": "bce", "act": "tanh"}, "probabilities expected"),
        ({"loss": "mse", "batch": 4, "out": 1, "y": [1, 2, 3, 4]}, "broadcast it to (4, 4)"),
        ({"loss": "mse", "y": 0.5}, "y is one number"),
        ({"loss": "mse", "hidden": 3, "b1": -100}, "w1 is all zeros: dead relu, every entry of z1"),
        ({"loss": "mse", "act": "sigmoid", "b": 1e4}, "w is all zeros: saturated sigmoid"),
        ({"loss": "mse", "hidden": 3, "w2": "zeros"}, "w2 passes nothing back (it is all zeros)"),
        ({"loss": "mse", "x": "zeros"}, "the input of the layer (x) is all zeros"),
        ({"loss": "mse", "w": "zeros", "y": [0, 0]}, "the loss is flat here"),
    ],
)
def test_lint(spec: dict[str, Any], warning: str) -> None:
    found = Model.from_spec({"in": 3, "out": 2, **spec}).evaluate().warnings
    assert any(warning in w for w in found)


@pytest.mark.parametrize("after", ["flatten", "reshape([2, 1]), flatten"])
def test_lint_sees_through_what_changes_no_number(after: str) -> None:
    """The act is that of a layer before; given as probabilities, there is nothing to say."""
    spec = {"loss": "bce", "in": 3, "layers": f"dense(2, act=sigmoid), {after}"}
    found = Model.from_spec(spec).evaluate().warnings
    assert any("double sigmoid" in w for w in found)
    assert Model.from_spec({**spec, "from_probs": True}).evaluate().warnings == []


@pytest.mark.parametrize(
    "spec",
    [
        {"loss": "mse"},
        {"loss": "mse", "act": "sigmoid", "batch": 3, "y": [[1, 2], [3, 4], [5, 6]]},
        {"loss": "ce", "labels": [1]},
        {"loss": "ce", "act": "softmax"},
        {"loss": "bce", "act": "sigmoid"},
        {"loss": "bce", "from_logits": True},
        {"loss": "mse", "hidden": [4, 4]},
    ],
)
def test_what_is_right_is_not_warned_of(spec: dict[str, Any]) -> None:
    assert Model.from_spec({"in": 3, "out": 2, **spec}).evaluate().warnings == []


def test_sizes_are_inferred() -> None:
    def sizes(**spec: Any) -> tuple[Any, ...]:
        model = Model.from_spec({"loss": "mse", **spec})
        return (*model.x.shape, *model.y.shape[1:])

    assert sizes(x="1,2,3", y="0,1") == (1, 3, 2)
    assert sizes(x="1,2;3,4", out=5) == (2, 2, 5)
    assert sizes(w="1,2;3,4;5,6") == (1, 3, 2)
    assert sizes(w="1,2,3") == (1, 3, 1)
    assert sizes(x="1,2,3", **{"in": 1, "out": 2}) == (3, 1, 2)
    assert sizes(labels="0,1,1", out=2, **{"in": 3}) == (3, 3, 2)
    assert sizes(y="1,2;3,4;5,6", **{"in": 3}) == (3, 3, 2)
    assert sizes(x=2, y=1) == (1, 1, 1)
    assert sizes(x="1,2", b="1,2,3") == (1, 2, 3)


def test_one_unit_under_bce_takes_its_label_as_target() -> None:
    model = Model.from_spec({"loss": "bce", "in": 2, "out": 1, "labels": [1, 0, 1]})
    assert model.y.tolist() == [[1], [0], [1]]


def test_a_model_too_large_is_refused_before_anything_is_allocated() -> None:
    for size in (10**7, 2**62):
        with pytest.raises(TooLargeError, match=r"parameters and batch 1 need about .* has"):
            Model.from_spec({"loss": "mse", "in": size, "out": 10**8})


def test_errors_carry_their_key() -> None:
    with pytest.raises(SpecError) as caught:
        Model.from_spec({"loss": "mse", "in": 0, "out": 1})
    assert caught.value.key == "in"
    assert isinstance(caught.value, GradcliError)


def test_inputs_may_be_read_only_and_stay_unchanged() -> None:
    x = np.array([[1.0, 2.0]])
    x.flags.writeable = False
    model = Model.from_spec({"loss": "mse", "x": x, "y": [[1.0]], "w": 1, "dtype": "float64"})
    model.evaluate()
    assert x.tolist() == [[1.0, 2.0]]


def test_keras_clips_probabilities_at_1e_7() -> None:
    """-log(1e-7) = 16.118095, what Keras prints for a probability of 0."""
    for loss in ("ce", "bce"):
        spec = {"loss": loss, "x": [[0, 1]], "w": [[1, 0], [0, 1]], "y": [[1, 0]]}
        found = Model.from_spec({**spec, "from_probs": True, "dtype": "float64"}).evaluate()
        assert found.value == pytest.approx(16.11809565095832, rel=1e-9)


def test_the_tensorflow_stream_has_its_tails() -> None:
    """Box-Muller with u1 floored at 1e-7 reaches 5.68; of 10^6 normals some pass 4.5."""
    drawn = np.abs(TensorflowStream(3, None).normal((10**6,)))
    assert 4.5 < np.max(drawn) < math.sqrt(-2 * math.log(1e-7)) + 1e-3


def test_targets_of_one_axis_are_refused_in_repeated_steps() -> None:
    model = Model.from_spec({"loss": "mse", "in": 2, "out": 1, "batch": 4})
    with pytest.raises(ValueError, match="two axes"):
        model.value_and_gradients(model.parameters, model.x, model.y.reshape(-1))


def test_null_in_a_layer_means_not_given() -> None:
    model = Model.from_spec({"loss": "mse", "in": 2, "layers": [{"units": 2, "w": None}]})
    assert np.all(np.isfinite(model.parameters["w"]))


@pytest.mark.parametrize(("loss", "act"), [("bce", "sigmoid"), ("ce", "softmax")])
def test_a_cross_entropy_after_its_activation_takes_the_logits(loss: str, act: str) -> None:
    """At a logit of 40 (against 0) the loss of the wrong class is 40, its slope 1: softplus(40)
    and log(1 + e^40) differ from 40 by 4e-18. Clipped at 1e-7 it is -log(1e-7), without a slope."""
    spec = {"loss": loss, "act": act, "x": "1", "b": "zeros"}
    spec |= {"w": "[[40,0]]", "y": "0,1"} if loss == "ce" else {"w": "40", "y": "0"}
    found = Model.from_spec(spec).evaluate()
    assert float(found.value) == 40.0
    assert found.gradients["w"][0, 0] == 1.0
    clipped = Model.from_spec({**spec, "from_probs": True, "dtype": "float64"}).evaluate()
    assert float(clipped.value) == pytest.approx(-math.log(1e-7), rel=1e-8)
    assert clipped.gradients["w"][0, 0] == 0.0
    again = Model.from_spec(Model.from_spec(spec).document).evaluate()
    assert again.value == found.value


def test_float32_keeps_its_digits_where_the_output_saturates() -> None:
    for seed in (983579, 1, 2, 3):
        spec = {"loss": "bce", "in": 8, "out": 4, "act": "sigmoid", "hidden": [4, 8, 4],
                "hidden_act": "leaky_relu", "seed": seed}  # fmt: skip
        single = Model.from_spec(spec)
        double = single.in_float64().evaluate()
        for name, gradient in single.evaluate().gradients.items():
            largest = np.max(np.abs(double.gradients[name]))
            np.testing.assert_allclose(gradient, double.gradients[name], 0, 3e-6 * largest)


def test_the_mean_is_a_sum_divided_by_n() -> None:
    """41 ones: times 1/41 in float32 their sum would be 0.99999994."""
    spec = {"loss": "mse", "x": "0", "out": 41, "w": "zeros", "b": "zeros", "y": 1}
    assert float(Model.from_spec(spec).evaluate().value) == 1.0


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_steps_at_other_batches_equal_a_model_of_that_batch(loss: str, reduction: str) -> None:
    spec = {"loss": loss, "in": 3, "out": 2, "hidden": 4, "batch": 5, "dtype": "float64",
            "reduction": reduction, "act": "sigmoid"}  # fmt: skip
    stepped = Model.from_spec(spec)
    for batch in (5, 2, 7, 2):
        other = Model.from_spec({**spec, "batch": batch})
        loss_there, gradients = stepped.value_and_gradients(other.parameters, other.x, other.y)
        found = other.evaluate()
        assert loss_there == found.value
        for name, gradient in found.gradients.items():
            np.testing.assert_array_equal(gradients[name], gradient)
