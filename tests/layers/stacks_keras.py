"""Keras's answer for a stack: its own layers, given the weights."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras
import tensorflow as tf
from keras import layers as L
from random_stacks import CONSTANTS, GATES, Shape, Table, Unheld, windows

STATES = ("h0", "c0", *CONSTANTS)
"""Arrays that are no weights of a Keras layer, and are handed to its call."""


def made(table: Table, shape: Shape, dtype: str) -> Any:
    """Keras's layer for ``table``, whose input has ``shape`` a row."""
    kind, act, given = table["kind"], table.get("act", "linear"), {"dtype": dtype}
    bias = table.get("bias", True)
    if kind == "dense":
        return L.Dense(table["units"], act, bias, **given)
    if kind == "activation":
        return L.Activation(act, **given)
    if kind == "flatten":
        return L.Flatten(**given)
    if kind == "reshape":
        return L.Reshape(table["shape"], **given)
    if kind.startswith("global"):
        kinds = {"max": (L.GlobalMaxPooling1D, L.GlobalMaxPooling2D)}
        kinds["avg"] = (L.GlobalAveragePooling1D, L.GlobalAveragePooling2D)
        return kinds[kind[7:10]][len(shape) - 2](**given)
    if kind.startswith(("conv", "max_pool", "avg_pool")):
        return sliding(table, shape, bias, given)
    if kind == "batch_norm":
        return L.BatchNormalization(epsilon=table.get("eps", 1e-3), **given)
    if kind == "layer_norm":
        return L.LayerNormalization(epsilon=table.get("eps", 1e-3), **given)
    if kind == "rms_norm":
        return L.RMSNormalization(epsilon=table.get("eps", 1e-6), **given)
    if kind == "group_norm":
        return L.GroupNormalization(table["groups"], epsilon=1e-3, **given)
    if kind == "embedding":
        return L.Embedding(table["vocab"], table["units"], **given)
    if kind in GATES:
        cell: Any = {"rnn": L.SimpleRNN, "lstm": L.LSTM, "gru": L.GRU}[kind]
        if kind == "gru":
            given["reset_after"] = table.get("reset_after", True)
        sequences = table.get("sequences", False)
        return cell(table["units"], table.get("act", "tanh"), return_sequences=sequences, **given)
    assert kind == "attention", kind
    key_dim = table.get("key_dim", shape[-1] // table["heads"])
    if key_dim == 1 and table["heads"] == shape[0] > 1:
        # Keras 3.15's EinsumDense then gives other numbers than its equation, abc,cde->abde.
        raise Unheld("as many heads as steps, of one feature")
    return L.MultiHeadAttention(table["heads"], key_dim, **given)


def sliding(table: Table, shape: Shape, bias: bool, given: dict[str, Any]) -> Any:
    kind, axes = table["kind"], len(shape) - 1
    kernel, stride, dilation = windows(table, axes)
    padding = table.get("padding", "valid")
    if padding not in ("valid", "same"):
        raise Unheld("padding by a number")
    if not kind.startswith("conv"):
        kinds = {"max": (L.MaxPooling1D, L.MaxPooling2D)}
        kinds["avg"] = (L.AveragePooling1D, L.AveragePooling2D)
        pooled: Any = kinds[kind[:3]][axes - 1]
        if axes == 1:
            return pooled(kernel[0], stride[0], padding, **given)
        return pooled(kernel, stride, padding, **given)
    if len(set(stride)) > 1:
        raise Unheld("strides that differ")
    return (L.Conv1D, L.Conv2D)[axes - 1](
        table["filters"],
        kernel,
        stride,
        padding,
        groups=table.get("groups", 1),
        dilation_rate=dilation,
        activation=table.get("act", "linear"),
        use_bias=bias,
        **given,
    )


ORDER = {"attention": "wq bq wk bk wv bv wo bo"}
"""Where a Keras layer has its weights in another order than gradcli."""


def applied(table: Table, p: dict[str, Any], x: Any, dtype: str) -> tuple[Any, dict[str, Any]]:
    """The outcome, and the variables that the layer's weights are, by letter."""
    kind = table["kind"]
    if kind == "dropout":
        return x * p["mask"] / (1 - table["rate"]), {}
    layer = made(table, tuple(x.shape[1:]), dtype)
    args: dict[str, Any] = {}
    if kind in GATES:
        layer.build(x.shape)
        if "h0" in p:
            args["initial_state"] = [p[name] for name in ("h0", "c0") if name in p]
    elif kind == "attention":
        layer.build(x.shape, x.shape)
        args = {"value": x, "use_causal_mask": table.get("causal", False)}
    else:
        layer.build(x.shape)
    letters = ORDER[kind].split() if kind in ORDER else [n for n in p if n not in STATES]
    weights = [p[letter].numpy() for letter in letters]
    if kind == "batch_norm":
        args["training"] = "mean" not in p
        c = x.shape[-1]
        weights += (
            [p["mean"].numpy(), p["var"].numpy()] if "mean" in p else [np.zeros(c), np.ones(c)]
        )
    layer.set_weights(weights)
    return layer(x, **args), dict(zip(letters, layer.trainable_variables, strict=True))


def evaluate(
    spec: Table, x: Any, y: Any, arrays: list[dict[str, Any]], dtype: str
) -> tuple[float, Any, list[dict[str, Any]]]:
    """The loss and the gradients by x and by each layer's arrays; see stacks.Evaluate."""

    def tensor(a: Any) -> Any:
        return tf.constant(a, dtype if a.dtype.kind == "f" else "int64")

    given = tensor(x)
    params = [{name: tensor(a) for name, a in own.items()} for own in arrays]
    sources: list[dict[str, Any]] = []

    def through(layers: list[Table], x: Any) -> Any:
        for table in layers:
            if table["kind"] == "residual":
                x = x + through(table["layers"], x)
                continue
            own = params[len(sources)]
            states = {name: own[name] for name in ("h0", "c0") if name in own}
            sources.append(states)  # in its place before the layer within
            x, variables = applied(table, own, x, dtype)
            sources[-1] = {
                name: (variables | states)[name] for name in own if name not in CONSTANTS
            }
        return x

    with tf.GradientTape(persistent=True) as tape:
        if given.dtype.is_floating:
            tape.watch(given)
        for own in params:
            tape.watch([own[name] for name in ("h0", "c0") if name in own])
        layers = spec["layers"]
        if spec["loss"] == "ce":
            layers = [*layers[:-1], layers[-1] | {"act": "linear"}]  # the loss takes its logits
        out = through(layers, given)
        target = tf.constant(y, dtype)
        if spec["loss"] == "ce":
            rows = keras.losses.categorical_crossentropy(target, out, from_logits=True)
        else:
            rows = keras.losses.mean_squared_error(target, out)
        loss = tf.reduce_sum(rows) if spec.get("reduction") == "sum" else tf.reduce_mean(rows)

    def gradient(source: Any) -> Any:
        value = getattr(source, "value", source)
        g = tape.gradient(loss, value, unconnected_gradients="zero")
        return tf.convert_to_tensor(g).numpy()

    by_x = gradient(given) if given.dtype.is_floating else None
    return float(loss), by_x, [{n: gradient(s) for n, s in own.items()} for own in sources]
