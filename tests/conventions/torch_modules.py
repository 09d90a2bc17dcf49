"""The nn.Sequential of the layers of a specification; imported where torch is installed."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
from torch import nn

ACTS = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "softplus": nn.Softplus,
    "softsign": nn.Softsign,
    "sigmoid": nn.Sigmoid,
    "log_sigmoid": nn.LogSigmoid,
    "relu6": nn.ReLU6,
    "softmax": lambda: nn.Softmax(dim=-1),
}


INSIDE = ("activation", "rnn", "lstm", "gru")
"""Kinds whose activation is no module of its own."""


class Lstm(nn.LSTM):
    def forward(self, x: Any) -> Any:
        return super().forward(x)[0][:, -1]


class Rnn(nn.RNN):
    def forward(self, x: Any) -> Any:
        return super().forward(x)[0]


class Gru(nn.GRU):
    def forward(self, x: Any) -> Any:
        return super().forward(x)[0]


class Attention(nn.MultiheadAttention):
    def __init__(self, d: int, heads: int, causal: bool) -> None:
        super().__init__(d, heads, batch_first=True)
        self.causal = causal

    def forward(self, x: Any) -> Any:
        t = x.shape[1]
        mask = torch.ones(t, t, dtype=torch.bool).triu(1) if self.causal else None
        return super().forward(x, x, x, need_weights=False, attn_mask=mask)[0]


class Residual(nn.Sequential):
    def forward(self, x: Any) -> Any:
        return x + super().forward(x)


class Pool(nn.Module):
    """The mean or the largest of all positions, on (n, c, ...) or (n, steps, features)."""

    def __init__(self, kind: str, steps: bool) -> None:
        super().__init__()
        self.largest, self.steps = kind == "global_max_pool", steps

    def forward(self, x: Any) -> Any:
        axes = 1 if self.steps else tuple(range(2, x.ndim))
        return x.amax(axes) if self.largest else x.mean(axes)


class Masked(nn.Module):
    """Dropout whose mask, scaled, is given."""

    def __init__(self, mask: Any) -> None:
        super().__init__()
        self.mask = torch.tensor(mask).double()

    def forward(self, x: Any) -> Any:
        return x * self.mask


def sequential(layers: list[dict[str, Any]], row: Any, state: Any, cls: Any = None) -> Any:
    """The layers in their places; ``row`` is the shape of a row of x."""
    modules: OrderedDict[str, Any] = OrderedDict()
    sample = torch.zeros(2, *row).double()
    steps = False
    for layer in layers:
        kind = layer["kind"]
        steps = steps or kind in ("rnn", "gru", "attention", "embedding")
        made = module(layer, sample, state, steps).double()
        modules[layer.get("name", str(len(modules)))] = made
        sample = made(sample.long() if kind == "embedding" else sample)
        if layer.get("act", "linear") != "linear" and kind not in INSIDE:
            modules[str(len(modules))] = ACTS[layer["act"]]()
    return (cls or nn.Sequential)(modules)


def module(layer: dict[str, Any], x: Any, state: Any, steps: bool) -> Any:
    kind, channels = layer["kind"], x.shape[1] if x.ndim > 1 else 0
    if kind == "dense":
        return nn.Linear(x.shape[-1], layer["units"], bias=layer["bias"])
    if kind == "activation":
        return ACTS[layer["act"]]()
    if kind in ("conv1d", "conv2d"):
        made = nn.Conv1d if kind == "conv1d" else nn.Conv2d
        keys = ("stride", "dilation")
        return made(
            channels,
            layer["filters"],
            size(layer["kernel"]),
            padding=0 if layer["padding"] == "valid" else size(layer["padding"]),
            groups=layer["groups"],
            bias=layer["bias"] is not False,
            **{key: size(layer[key]) for key in keys},
        )
    if kind.startswith(("max_pool", "avg_pool")):
        name = {"max": "MaxPool", "avg": "AvgPool"}[kind[:3]] + kind[-2:]
        padding = 0 if layer["padding"] == "valid" else size(layer["padding"])
        return getattr(nn, name)(size(layer["pool"]), size(layer.get("stride")), padding)
    if kind.startswith("global"):
        return Pool(kind, steps)
    if kind == "batch_norm":
        made = nn.BatchNorm2d if x.ndim == 4 else nn.BatchNorm1d
        given = "running_mean" in layer
        return made(channels, track_running_stats=given).train(not given)
    if kind == "layer_norm":
        return nn.LayerNorm(x.shape[-1])
    if kind == "rms_norm":
        return nn.RMSNorm(x.shape[-1])
    if kind == "group_norm":
        return nn.GroupNorm(layer["groups"], channels)
    if kind == "embedding":
        return nn.Embedding(layer["vocab"], layer["units"])
    if kind in ("rnn", "lstm", "gru"):
        made = {"rnn": Rnn, "lstm": Lstm, "gru": Gru}[kind]
        return made(x.shape[-1], layer["units"], batch_first=True)
    if kind == "attention":
        return Attention(x.shape[-1], layer["heads"], layer["causal"])
    if kind == "reshape":
        return nn.Unflatten(1, layer["shape"])
    if kind == "flatten":
        return nn.Flatten()
    if kind == "dropout":
        return Masked(layer["mask"])
    if kind == "residual":
        return sequential(layer["layers"], x.shape[1:], state, Residual)
    raise KeyError(kind)


def size(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value
