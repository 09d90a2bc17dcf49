"""PyTorch's convention: channels first, (out, in), gates i f g o with two biases.

The names are those of a module's state_dict.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.conventions.convention import Convention
from gradcli.conventions.layout import Arrays, Layout, Part, moved, reordered
from gradcli.engine import Array
from gradcli.engine.ops.joining import concatenate, stack
from gradcli.engine.ops.shape import reshape, transpose

RESET_FIRST = (1, 0, 2)
"""Gates r z n, where the layer has z r h."""


BIASES = ("bias_ih_l0", "bias_hh_l0")


def _added() -> Part:
    """The layer's bias is the sum of two."""
    return Part(
        {BIASES[0]: ("b",), BIASES[1]: ()},
        {BIASES[1]: "(gates * units,)"},
        lambda ours: {BIASES[0]: ours["b"], BIASES[1]: np.zeros_like(ours["b"])},
        lambda theirs, layer: {"b": theirs[BIASES[0]] + theirs[BIASES[1]]},
    )


def _apart() -> Part:
    """The layer has two biases, too, one below the other."""

    def theirs(ours: Arrays) -> dict[str, Array]:
        if ours["b"].ndim == 1:
            raise ValueError("has reset_after true in torch")
        return dict(zip(BIASES, reordered(ours["b"], RESET_FIRST)))

    def ours(theirs: Arrays, layer: Any) -> dict[str, Array]:
        return {"b": reordered(stack([theirs[name] for name in BIASES]), RESET_FIRST)}

    axes = dict.fromkeys(BIASES, "(gates * units,)")
    return Part(dict.fromkeys(BIASES, ("b",)), axes, theirs, ours)


def _projections() -> Part:
    """Queries, keys and values one below the other; the heads side by side."""
    names = {
        "in_proj_weight": ("wq", "wk", "wv"),
        "in_proj_bias": ("bq", "bk", "bv"),
        "out_proj.weight": ("wo",),
        "out_proj.bias": ("bo",),
    }
    axes = ("(q k v * d, d)", "(q k v * d,)", "(out, heads * key_dim)", "(out,)")

    def theirs(ours: Arrays) -> dict[str, Array]:
        size, heads, key_dim = ours["wq"].shape
        if heads * key_dim != size:
            raise ValueError(f"has key_dim = features / heads in torch, not {key_dim}")
        flat = [transpose(reshape(ours[n], (size, size))) for n in ("wq", "wk", "wv", "wo")]
        biases = concatenate([reshape(ours[n], (size,)) for n in names["in_proj_bias"]])
        return dict(zip(names, (concatenate(flat[:3]), biases, flat[3], ours["bo"])))

    def ours(theirs: Arrays, layer: Any) -> dict[str, Array]:
        weights, biases, out, bias = [theirs[name] for name in names]
        size, heads = len(bias), layer.heads
        split = (3, heads, size // heads)
        weights = transpose(reshape(weights, (*split, size)), (0, 3, 1, 2))
        return {
            **dict(zip(("wq", "wk", "wv"), weights)),
            "wo": reshape(transpose(out), (*split[1:], size)),
            **dict(zip(("bq", "bk", "bv"), reshape(biases, split))),
            "bo": bias,
        }

    return Part(names, dict(zip(names, axes)), theirs, ours)


def _recurrent(biases: Part, *states: str, gates: tuple[int, ...] | None = None) -> Layout:
    return Layout(
        moved("weight_ih_l0", "w", "(gates * units, in)", (1, 0), gates),
        moved("weight_hh_l0", "u", "(gates * units, units)", (1, 0), gates),
        biases,
        *[moved(state, state) for state in states],
        gates=gates,
    )


def _eps(dtype: np.dtype[Any]) -> float:
    return float(np.finfo(dtype).eps)


BIAS = moved("bias", "b")
SCALE = moved("weight", "gamma")
SHIFT = moved("bias", "beta")
MOMENTS = (
    moved("running_mean", "mean"),
    moved("running_var", "var"),
)
EPS = {"eps": 1e-5}

CONVENTION = Convention(
    channels_first=True,
    positional=True,
    layouts={
        "dense": Layout(moved("weight", "w", "(out, in)", (1, 0)), BIAS),
        "conv1d": Layout(moved("weight", "w", "(out, in / groups, k)", (2, 1, 0)), BIAS),
        "conv2d": Layout(moved("weight", "w", "(out, in / groups, kh, kw)", (3, 2, 0, 1)), BIAS),
        "batch_norm": Layout(SCALE, SHIFT, *MOMENTS),
        "layer_norm": Layout(SCALE, SHIFT),
        "group_norm": Layout(SCALE, SHIFT),
        "rms_norm": Layout(SCALE),
        "embedding": Layout(moved("weight", "e")),
        "rnn": _recurrent(_added(), "h0"),
        "lstm": _recurrent(_added(), "h0", "c0"),
        "gru": _recurrent(_apart(), "h0", gates=RESET_FIRST),
        "attention": Layout(_projections()),
    },
    defaults={
        "batch_norm": EPS,
        "layer_norm": EPS,
        "group_norm": EPS,
        "rms_norm": {"eps": _eps},
    },
    slopes={"leaky_relu": {"alpha": 0.01}},
)
