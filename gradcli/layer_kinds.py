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
BIAS = _key("bias", "flag", "Whether a bias is added.", "true", "use_bias")
RECURRENT = (
    UNITS,
    _key("sequences", "flag", "All outputs, not the last alone.", "false", "return_sequences"),
    _act("tanh", "Activation of the state."),
    _key("state", "flag", "The last state is an output, too.", "false", "return_state"),
)
SEQUENCE = {"in": "5,3", "units": "2"}
LAYERS = {
    "dense": LayerKind(
        "x @ w + b: each unit is a weighted sum of all features",
        (UNITS._replace(default="from w or b"), _act(), BIAS),
        {"in": "3", "units": "2"},
    ),
    "embedding": LayerKind(
        "a row of a table for each whole number",
        (
            _key("vocab", "int", "Rows of the table.", aliases="input_dim num_embeddings"),
            UNITS._replace(aliases=("output_dim", "embedding_dim")),
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
    "residual": LayerKind(
        "its input added to what layers make of it",
        (_key("layers", "layers", "The layers within."),),
        {"in": "3", "layers": '"dense(4, act=relu), dense(3, act=tanh)"'},
    ),
}
