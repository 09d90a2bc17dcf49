"""torch's answer for a stack: its own functions, fed with arrays laid out as it has them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from random_stacks import CONSTANTS, GATES, Shape, Table, Unheld, each, windows

T = torch.Tensor
ACTS = {
    "relu6": F.relu6,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.2),
    "softmax": lambda x: torch.softmax(x, -1),
    "log_softmax": lambda x: torch.log_softmax(x, -1),
    # F.hardsigmoid divides by 6 in float32, in float64, too.
    "hard_sigmoid": lambda x: torch.clamp(x / 6 + 0.5, 0, 1),
    "log_sigmoid": F.logsigmoid,
    # Usually x itself from 20 on, which is off by 2e-9 there.
    "softplus": lambda x: F.softplus(x, threshold=100),
}


def activate(name: str, x: T) -> T:
    return x if name == "linear" else ACTS.get(name, getattr(F, name, None))(x)


def first(x: T) -> T:
    """Channels first."""
    return x.movedim(-1, 1).contiguous()


def last(x: T) -> T:
    return x.movedim(1, -1)


def sides(table: Table, shape: Shape) -> list[tuple[int, int]]:
    """How many entries ``same`` adds before and after each axis: the odd one after."""
    found = []
    for n, k, s, d in zip(shape, *windows(table, len(shape))):
        whole = max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0)
        found.append((whole // 2, whole - whole // 2))
    return found


def padded(table: Table, x: T, value: float) -> T:
    """``x``, channels first, with what ``same`` adds."""
    around = sides(table, tuple(x.shape[2:]))
    return F.pad(x, [n for pair in reversed(around) for n in pair], value=value)


def conv(table: Table, p: dict[str, T], x: T) -> T:
    axes = x.ndim - 2
    _, stride, dilation = windows(table, axes)
    padding = table.get("padding", "valid")
    x = first(x)
    if padding == "same":
        x, padding = padded(table, x, 0.0), "valid"
    pads = each(0 if padding == "valid" else padding, axes)
    w = p["w"].movedim((-1, -2), (0, 1)).contiguous()
    groups = table.get("groups", 1)
    made = (F.conv1d, F.conv2d)[axes - 1](x, w, p.get("b"), stride, pads, dilation, groups)
    return last(made)


def pool(table: Table, p: dict[str, T], x: T) -> T:
    axes, largest = x.ndim - 2, table["kind"].startswith("max")
    kernel, stride, _ = windows(table, axes)
    padding = table.get("padding", "valid")
    x = first(x)
    function: Any = ((F.avg_pool1d, F.avg_pool2d), (F.max_pool1d, F.max_pool2d))[largest][axes - 1]
    if padding == "same":
        made = function(padded(table, x, -math.inf if largest else 0.0), kernel, stride)
        if not largest:
            made = made / function(padded(table, torch.ones_like(x), 0.0), kernel, stride)
        return last(made)
    return last(function(x, kernel, stride, 0 if padding == "valid" else padding))


def batch_norm(table: Table, p: dict[str, T], x: T) -> T:
    eps, mean, var = table.get("eps", 1e-3), p.get("mean"), p.get("var")
    made = F.batch_norm(
        first(x) if x.ndim > 2 else x, mean, var, p["gamma"], p["beta"], mean is None, 0.1, eps
    )
    return last(made) if x.ndim > 2 else made


def group_norm(table: Table, p: dict[str, T], x: T) -> T:
    made = F.group_norm(first(x) if x.ndim > 2 else x, table["groups"], p["gamma"], p["beta"], 1e-3)
    return last(made) if x.ndim > 2 else made


def gates(kind: str, a: T, axis: int = -1) -> T:
    """From the order of gates that Keras has to torch's: GRU z r h to r z n; LSTM is the same."""
    if kind != "gru":
        return a
    z, r, h = a.chunk(3, axis)
    return torch.cat([r, z, h], axis)


def recurrent(table: Table, p: dict[str, T], x: T) -> T:
    kind, units, act = table["kind"], table["units"], table.get("act", "tanh")
    if act != "tanh" and (kind, act) != ("rnn", "relu"):
        raise Unheld(f"{kind} with {act}")
    if not table.get("reset_after", True):
        raise Unheld("gru without reset_after")
    args: dict[str, Any] = {"nonlinearity": act} if kind == "rnn" else {}
    module = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[kind]
    cell = module(x.shape[-1], units, batch_first=True, dtype=x.dtype, **args)
    b = gates(kind, p["b"])
    b_in, b_state = b if b.ndim == 2 else (b, torch.zeros_like(b))
    own = {
        "weight_ih_l0": gates(kind, p["w"]).T,
        "weight_hh_l0": gates(kind, p["u"]).T,
        "bias_ih_l0": b_in,
        "bias_hh_l0": b_state,
    }
    start: Any = p["h0"][None] if "h0" in p else None
    if "c0" in p:
        start = (start, p["c0"][None])
    y = torch.func.functional_call(cell, own, (x, start))[0]
    return y if table.get("sequences") else y[:, -1]


def attention(table: Table, p: dict[str, T], x: T) -> T:
    q, k, v = [torch.einsum("btd,dhk->bhtk", x, p[f"w{n}"]) + p[f"b{n}"][:, None] for n in "qkv"]
    made = F.scaled_dot_product_attention(q, k, v, is_causal=table.get("causal", False))
    return torch.einsum("bhtk,hkd->btd", made, p["wo"]) + p["bo"]


def layer_norm(table: Table, p: dict[str, T], x: T) -> T:
    return F.layer_norm(x, x.shape[-1:], p["gamma"], p["beta"], table.get("eps", 1e-3))


def dense(table: Table, p: dict[str, T], x: T) -> T:
    return F.linear(x, p["w"].T, p.get("b"))


def global_pool(table: Table, p: dict[str, T], x: T) -> T:
    axes = tuple(range(1, x.ndim - 1))
    if table["kind"] == "global_avg_pool":
        return x.mean(axes)
    return first(x).flatten(2).max(-1).values


LAYERS = {
    "dense": dense,
    "activation": lambda table, p, x: x,
    "flatten": lambda table, p, x: x.flatten(1),
    "reshape": lambda table, p, x: x.reshape(len(x), *table["shape"]),
    "conv1d": conv,
    "conv2d": conv,
    **dict.fromkeys(["max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d"], pool),
    **dict.fromkeys(["global_max_pool", "global_avg_pool"], global_pool),
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "rms_norm": lambda table, p, x: F.rms_norm(x, x.shape[-1:], p["gamma"], table.get("eps", 1e-6)),
    "group_norm": group_norm,
    "dropout": lambda table, p, x: x * p["mask"] / (1 - table["rate"]),
    "embedding": lambda table, p, x: F.embedding(x, p["e"]),
    **dict.fromkeys(GATES, recurrent),
    "attention": attention,
}


def evaluate(
    spec: Table, x: Any, y: Any, arrays: list[dict[str, Any]], dtype: str
) -> tuple[float, Any, list[dict[str, Any]]]:
    """The loss and the gradients by x and by each layer's arrays; see stacks.Evaluate."""
    exact = getattr(torch, dtype)

    def tensor(a: Any, name: str) -> T:
        if a.dtype.kind == "i":
            return torch.tensor(a)
        return torch.tensor(a, dtype=exact, requires_grad=name not in CONSTANTS)

    given = tensor(x, "x")
    params = [{name: tensor(a, name) for name, a in own.items()} for own in arrays]
    left = iter(params)

    def through(layers: list[Table], x: T) -> tuple[T, T]:
        """The outcome, and what the last layer's activation was applied to."""
        z = x
        for table in layers:
            if table["kind"] == "residual":
                x = z = x + through(table["layers"], x)[0]
                continue
            z = LAYERS[table["kind"]](table, next(left), x)
            x = z if table["kind"] in GATES else activate(table.get("act", "linear"), z)
        return x, z

    a, z = through(spec["layers"], given)
    target = torch.tensor(y, dtype=exact)
    if spec["loss"] == "ce":
        rows = -(target * torch.log_softmax(z, -1)).sum(-1)
    else:
        rows = F.mse_loss(a, target, reduction="none").mean(-1)
    loss = rows.sum() if spec.get("reduction") == "sum" else rows.mean()
    loss.backward()

    def gradient(t: T) -> Any:
        return np.zeros(t.shape) if t.grad is None else t.grad.numpy()

    by_x = gradient(given) if given.requires_grad else None
    by_arrays = [{n: gradient(t) for n, t in own.items() if t.requires_grad} for own in params]
    return loss.item(), by_x, by_arrays
