"""The kinds of layers that a user can choose: names, meanings and keys. No NumPy.

Each has a declaration of the same name in the package ``layers``, which has its mathematics.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gradcli.catalogue import ACTIVATIONS
from gradcli.keys import Key


class LayerKind(NamedTuple):
    """A kind of layer: its meaning, and its keys in the order in which they are written."""

    meaning: str
    keys: tuple[Key, ...] = ()
    example: Mapping[str, str] = {"in": "4"}
    """Keys of one by itself, as they are written on the command line."""


def _key(name: str, kind: str, help: str, default: str = "", aliases: str = "") -> Key:
    return Key(name, kind, help, default, group="Layer", aliases=tuple(aliases.split()))


def _act(default: str = "linear", help: str = "Activation of what the layer gives.") -> Key:
    key = _key("act", "word", help, default, "activation nonlinearity")
    return key._replace(words=ACTIVATIONS)


UNITS = _key("units", "int", "Units out.", aliases="out_features hidden_size")
_PADDINGS = {
    "valid": "no margin",
    "same": "as many windows as entries, over the stride",
}


def _sliding(window: Key) -> tuple[Key, ...]:
    """How a window slides, after its own key: numbers for all axes, or one each."""
    stride = _key("stride", "ints", "Entries from window to window.", "1", "strides")
    if window.name == "pool":
        stride = stride._replace(default="pool")
    margin = _key("padding", "ints", "Margin: valid (none), same, or N on both sides.", "valid")
    return (window, stride, margin._replace(words=_PADDINGS, least=0))


def _conv(what: str, example: Mapping[str, str]) -> LayerKind:
    window = _key(
        "kernel", "ints", "Size of a filter, one for all axes or each.", "from w", "kernel_size"
    )
    return LayerKind(
        f"filters slid along {what}",
        (
            _key("filters", "int", "Channels out.", "from w", "out_channels"),
            *_sliding(window),
            _key("dilation", "ints", "A filter sees every Nth entry.", "1", "dilation_rate"),
            _key("groups", "int", "Groups of channels, each with filters of its own.", "1"),
            _act(),
            BIAS,
        ),
        example,
    )


def _pool(what: str, example: Mapping[str, str]) -> LayerKind:
    window = _key(
        "pool", "ints", "Size of a window, one for all axes or each.", "2", "pool_size kernel_size"
    )
    return LayerKind(what, _sliding(window), example)


BIAS = _key("bias", "flag", "Whether a bias is added.", "true", "use_bias")
RECURRENT = (
    UNITS._replace(default="from w or u"),
    _key("sequences", "flag", "All outputs, not the last alone.", "false", "return_sequences"),
    _act("tanh", "Activation of the state."),
    _key("state", "flag", "The last state is an output, too.", "false", "return_state"),
)
SEQUENCE = {"in": "5,3", "units": "2"}
EPS = _key("eps", "number", "Added to the variance.", "0.001", "epsilon")
LAYERS = {
    "dense": LayerKind(
        "x @ w + b: each unit is a weighted sum of all features",
        (UNITS._replace(default="from w or b"), _act(), BIAS),
        {"in": "3", "units": "2"},
    ),
    "activation": LayerKind("an activation by itself", (_act(""),), {"in": "3", "act": "relu"}),
    "flatten": LayerKind("all entries of a row along one axis", (), {"in": "2,2,3"}),
    "reshape": LayerKind(
        "the entries of a row in another shape",
        (_key("shape", "ints", "Of a row; one length may be -1.")._replace(least=-1),),
        {"in": "6", "shape": "3,2"},
    ),
    "conv1d": _conv("one axis", {"in": "5,2", "filters": "3", "kernel": "2"}),
    "conv2d": _conv("two axes", {"in": "5,5,2", "filters": "3", "kernel": "2"}),
    "max_pool1d": _pool("the largest entry of each window along one axis", {"in": "6,2"}),
    "max_pool2d": _pool("the largest entry of each window along two axes", {"in": "4,4,2"}),
    "avg_pool1d": _pool("the mean of each window along one axis", {"in": "6,2"}),
    "avg_pool2d": _pool("the mean of each window along two axes", {"in": "4,4,2"}),
    "global_max_pool": LayerKind("the largest entry of each channel", (), {"in": "4,4,2"}),
    "global_avg_pool": LayerKind("the mean of each channel", (), {"in": "4,4,2"}),
    "batch_norm": LayerKind(
        "each channel with mean 0 and variance 1 over the batch", (EPS,), {"in": "3", "batch": "4"}
    ),
    "layer_norm": LayerKind("the features of a row with mean 0 and variance 1", (EPS,)),
    "rms_norm": LayerKind(
        "the features of a row with mean square 1",
        (EPS._replace(help="Added to the mean square.", default="1e-06"),),
    ),
    "group_norm": LayerKind(
        "groups of channels, each with mean 0 and variance 1",
        (_key("groups", "int", "Groups of channels.", "32", "num_groups"), EPS),
        {"in": "4", "groups": "2"},
    ),
    "dropout": LayerKind(
        "entries dropped at random, the others scaled up",
        (_key("rate", "part", "The part that is dropped.", aliases="p"),),
        {"in": "4", "rate": "0.5", "batch": "2"},
    ),
    "embedding": LayerKind(
        "a row of a table for each whole number",
        (
            _key("vocab", "int", "Rows of the table.", "from e", "input_dim num_embeddings"),
            UNITS._replace(default="from e", aliases=("output_dim", "embedding_dim")),
        ),
        {"x": "3,1,3", "vocab": "5", "units": "2"},
    ),
    "rnn": LayerKind("a state that each step renews", RECURRENT, SEQUENCE),
    "lstm": LayerKind("a state and a cell, renewed through gates", RECURRENT, SEQUENCE),
    "gru": LayerKind(
        "a state, renewed through gates",
        (
            *RECURRENT,
            _key("reset_after", "flag", "The reset gate acts after the product with u.", "true"),
        ),
        SEQUENCE,
    ),
    "attention": LayerKind(
        "each step a weighted mean of all, by likeness, in several heads",
        (
            _key("heads", "int", "Heads, each with weights of its own.", aliases="num_heads"),
            _key("key_dim", "int", "Features of a key.", "features / heads"),
            _key("causal", "flag", "Each step sees none after it.", "false", "use_causal_mask"),
        ),
        {"in": "3,4", "heads": "2", "wrt": "wq,wk"},
    ),
    "residual": LayerKind(
        "its input added to what layers make of it",
        (_key("layers", "layers", "The layers within, as one text.")._replace(metavar="TEXT"),),
        {"in": "3", "layers": '"dense(4, act=relu), dense(3, act=tanh)"'},
    ),
}
