"""The keys of a specification: one table for flags, TOML, JSON and help. No NumPy here."""

from __future__ import annotations

from typing import NamedTuple

LOSSES = {
    "mse": "mean squared error",
    "mae": "mean absolute error",
    "huber": "Huber loss (delta 1)",
    "bce": "binary cross entropy",
    "ce": "categorical cross entropy",
}
LOGITS_OF = {"bce": "sigmoid", "ce": "softmax"}
"""The cross entropies, and the activation that makes the probabilities of each: after it the
loss is computed from the logits."""
CROSS_ENTROPIES = tuple(LOGITS_OF)

ACTIVATIONS = (
    "linear", "sigmoid", "tanh", "softmax", "relu", "relu6", "leaky_relu", "elu", "selu",
    "gelu", "silu", "mish", "softplus", "softsign", "hard_sigmoid", "log_sigmoid", "log_softmax",
)  # fmt: skip

INITIALISERS = (
    "zeros", "ones", "normal", "uniform", "eye", "glorot_normal", "glorot_uniform",
    "he_normal", "he_uniform", "lecun_normal",
)  # fmt: skip

VALUE = "an initialiser's name, a literal, a file, or - for standard input"


class Key(NamedTuple):
    """One key. ``kind``: int, ints, flag, value, or the tuple of allowed words."""

    name: str
    kind: str | tuple[str, ...]
    help: str
    default: str = ""


KEYS = (
    Key("in", "int", "Features in.", "from x or w"),
    Key("out", "int", "Units out.", "from y, w or b"),
    Key("hidden", "ints", "Widths of hidden layers, such as 32,32.", "none"),
    Key("act", ACTIVATIONS, "Activation of the last layer.", "linear"),
    Key("hidden_act", ACTIVATIONS, "Activation of the hidden layers.", "relu"),
    Key("from_logits", "flag", "bce, ce: the output is logits.", "where act is linear"),
    Key(
        "from_probs",
        "flag",
        "bce, ce: of the probabilities, clipped at 1e-7.",
        "of logits, after sigmoid or softmax",
    ),
    Key("batch", "int", "Rows.", "x's, else 1"),
    Key("x", "value", "Inputs, (batch, in).", "normal"),
    Key("y", "value", "Targets, (batch, out).", "from labels"),
    Key("labels", "value", "Class ids, one a row: targets as one-hot rows.", "random classes"),
    Key("w", "value", "Weights, (in, out); w1, w2, ... with hidden layers.", "normal"),
    Key("b", "value", "Biases, (out,); b1, b2, ... with hidden layers.", "zeros"),
    Key("reduction", ("mean", "sum"), "Over the batch.", "mean"),
    Key("dtype", ("float32", "float64"), "Of every array.", "float32"),
    Key("seed", "int", "Of the random stream.", "0"),
    Key("rng", ("numpy", "tensorflow"), "Whose random stream.", "numpy"),
    Key("op_seed", "int", "rng tensorflow: the seed given to each op.", "none"),
)

LAYER_KEYS = ("units", "act", "w", "b", "bias")
