"""Random stacks of layers in gradcli's specification, each from a seed."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

ACTS = """
    sigmoid tanh softmax relu relu6 leaky_relu elu selu gelu silu mish softplus softsign
    hard_sigmoid log_sigmoid log_softmax
"""
LETTERS = {
    "dense": "w b",
    "conv1d": "w b",
    "conv2d": "w b",
    "batch_norm": "gamma beta",
    "layer_norm": "gamma beta",
    "rms_norm": "gamma",
    "group_norm": "gamma beta",
    "embedding": "e",
    "rnn": "w u b h0",
    "lstm": "w u b h0 c0",
    "gru": "w u b h0",
    "attention": "wq wk wv wo bq bk bv bo",
}
"""The parameters of each kind, in the order in which they are drawn."""
NORMAL = ("b", "bq", "bk", "bv", "bo", "gamma", "beta")
"""Those that would be zeros or ones."""
GATES = {"rnn": 1, "lstm": 4, "gru": 3}

Shape = tuple[int, ...]
Table = dict[str, Any]


CONSTANTS = ("mean", "var", "mask")
"""Arrays that are given and have no gradient."""


class Unheld(Exception):
    """A framework has no such layer."""


class Stack:
    """Layers one on the other, drawn by ``r``; ``shape`` is that of a row of the last outcome."""

    def __init__(
        self, r: random.Random, used: Counter[str], batch: int, shape: Shape, depth: int = 0
    ) -> None:
        self.r, self.used, self.batch, self.shape, self.depth = r, used, batch, shape, depth
        self.layers: list[Table] = []

    def grow(self) -> None:
        """One more layer, of a kind that fits here, rather one that was seldom used."""
        here = HERE[len(self.shape)].split()
        here = [k for k in here if FITS.get(k, lambda s: True)(self)]
        kind = self.r.choices(here, [(3 + self.used[k]) ** -1.5 for k in here])[0]
        table = {"kind": kind, **MAKE[kind](self)}
        if all(size > 0 for size in after(table, self.shape)):
            self.add(table)

    def add(self, table: Table) -> None:
        self.used[table["kind"]] += 1
        self.layers.append(table)
        self.shape = after(table, self.shape)

    def act(self) -> Table:
        return {"act": self.r.choice(ACTS.split())} if self.r.random() < 0.6 else {}

    def maybe(self, **table: Callable[[], Any]) -> Table:
        """Each key in half of all cases."""
        return {key: make() for key, make in table.items() if self.r.random() < 0.5}

    def sizes(self, low: int, high: int) -> int | list[int]:
        """One number, or for an image sometimes one each way."""
        axes = len(self.shape) - 1
        if axes > 1 and self.r.random() < 0.3:
            return [self.r.randint(low, high) for _ in range(axes)]
        return self.r.randint(low, high)

    def numbers(self, *shape: int) -> Any:
        """Numbers between -1 and 1, of two digits."""
        if not shape:
            return round(self.r.uniform(-1, 1), 2)
        return [self.numbers(*shape[1:]) for _ in range(shape[0])]


def dense(s: Stack) -> Table:
    return {"units": s.r.randint(2, 6)} | s.act() | s.maybe(bias=lambda: s.r.random() > 0.3)


def convolution(s: Stack) -> Table:
    groups = s.r.choice([g for g in (1, 2, 3) if s.shape[-1] % g == 0])
    table: Table = {"filters": groups * s.r.randint(1, 4 // groups), "kernel": s.sizes(1, 3)}
    table |= s.maybe(padding=lambda: s.r.choice(["same", "same", s.sizes(0, 2)]))
    table |= s.maybe(**{s.r.choice(["stride", "stride", "dilation"]): lambda: s.sizes(1, 2)})
    return (
        table | ({"groups": groups} if groups > 1 else {}) | s.act() | s.maybe(bias=lambda: False)
    )


def pooling(s: Stack) -> Table:
    table: Table = s.maybe(pool=lambda: s.sizes(1, 3), stride=lambda: s.sizes(1, 3))
    pool = table.get("pool", 2)
    most = min(pool if isinstance(pool, list) else [pool]) // 2
    return table | s.maybe(padding=lambda: s.r.choice(["same", s.r.randint(0, most)]))


def batch_norm(s: Stack) -> Table:
    c = s.shape[-1]
    table = s.maybe(eps=lambda: 1e-5)
    if s.r.random() < 0.4:
        table |= {"mean": s.numbers(c), "var": [round(abs(v) + 0.2, 2) for v in s.numbers(c)]}
    return table


def group_norm(s: Stack) -> Table:
    c = s.shape[-1]
    return {"groups": s.r.choice([g for g in range(1, c + 1) if c % g == 0 and (c > g or g == 1)])}


def dropout(s: Stack) -> Table:
    def kept(*shape: int) -> Any:
        return [kept(*shape[1:]) for _ in range(shape[0])] if shape else int(s.r.random() < 0.7)

    return {"rate": s.r.choice([0.25, 0.5]), "mask": kept(s.batch, *s.shape)}


def recurrent(s: Stack, **more: Any) -> Table:
    units = s.r.randint(1, 4)
    table = {"units": units, **more} | s.maybe(sequences=lambda: True)
    table |= s.maybe(h0=lambda: s.numbers(s.batch, units))
    return table | ({"act": s.r.choice(["relu", "sigmoid", "elu"])} if s.r.random() < 0.2 else {})


def lstm(s: Stack) -> Table:
    table = recurrent(s)
    return table | ({"c0": s.numbers(s.batch, table["units"])} if "h0" in table else {})


def attention(s: Stack) -> Table:
    heads = s.r.choice([h for h in (1, 2, 3) if s.shape[-1] % h == 0])
    return {"heads": heads} | s.maybe(key_dim=lambda: s.r.randint(1, 3), causal=lambda: True)


def residual(s: Stack) -> Table:
    """Layers whose outcome has the shape of their input: the last one sees to it."""
    inner = Stack(s.r, s.used, s.batch, s.shape, s.depth + 1)
    while not inner.layers or (len(inner.layers) < 3 and s.r.random() < 0.5):
        inner.grow()
        if len(inner.shape) != len(s.shape) or inner.shape[:-1] != s.shape[:-1]:
            inner.layers, inner.shape = [], s.shape
    if inner.shape != s.shape:
        inner.add({"kind": "dense", "units": s.shape[-1]} | s.act())
    return {"layers": inner.layers}


def reshape(s: Stack) -> Table:
    if len(s.shape) == 3:
        return {"shape": [s.shape[0] * s.shape[1], s.shape[2]]}
    if len(s.shape) == 2:
        return {"shape": [*s.shape, 1]}
    n = s.shape[0]
    t = s.r.choice([t for t in range(1, n + 1) if n % t == 0])
    return {"shape": [t, n // t]}


def nothing(s: Stack) -> Table:
    return {}


MAKE: dict[str, Callable[[Stack], Table]] = {
    "dense": dense,
    "activation": lambda s: {"act": s.r.choice(ACTS.split())},
    "flatten": nothing,
    "reshape": reshape,
    "conv1d": convolution,
    "conv2d": convolution,
    **dict.fromkeys(["max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d"], pooling),
    "global_max_pool": nothing,
    "global_avg_pool": nothing,
    "batch_norm": batch_norm,
    "layer_norm": lambda s: s.maybe(eps=lambda: 1e-5),
    "rms_norm": lambda s: s.maybe(eps=lambda: 1e-3),
    "group_norm": group_norm,
    "dropout": dropout,
    "rnn": recurrent,
    "lstm": lstm,
    "gru": lambda s: recurrent(s, **s.maybe(reset_after=lambda: s.r.random() > 0.5)),
    "attention": attention,
    "residual": residual,
}
"""How the settings of each kind are drawn."""
ANYWHERE = "activation batch_norm layer_norm rms_norm group_norm dropout dense residual reshape"
POSITIONS = f"{ANYWHERE} flatten global_max_pool global_avg_pool"
HERE = {
    1: ANYWHERE,
    2: f"{POSITIONS} conv1d max_pool1d avg_pool1d rnn lstm gru attention",
    3: f"{POSITIONS} conv2d max_pool2d avg_pool2d",
}
"""The kinds for rows of so many axes: features, sequences, images."""
FITS: dict[str, Callable[[Stack], bool]] = {
    "residual": lambda s: s.depth < 2,
    "dropout": lambda s: math.prod(s.shape) <= 40,
    "layer_norm": lambda s: s.shape[-1] > 2,
    "rms_norm": lambda s: s.shape[-1] > 2,
    "group_norm": lambda s: math.prod(s.shape) > 2,
}


def each(setting: int | list[int], axes: int) -> list[int]:
    """A setting of one number, or of one for each axis."""
    return setting if isinstance(setting, list) else [setting] * axes


def after(table: Table, shape: Shape) -> Shape:
    """The shape of a row of what the layer makes; with a size of 0 or less where none."""
    kind, axes = table["kind"], len(shape) - 1
    if kind in ("dense", "embedding"):
        return (*(shape if kind == "embedding" else shape[:-1]), table["units"])
    if kind == "flatten":
        return (math.prod(shape),)
    if kind == "reshape":
        return tuple(table["shape"])
    if kind.startswith("global"):
        return shape[-1:]
    if kind in GATES:
        return (*(shape[:1] if table.get("sequences") else ()), table["units"])
    if not kind.startswith(("conv", "max_pool", "avg_pool")):
        return shape
    kernel, stride, dilation = windows(table, axes)
    padding = table.get("padding", "valid")
    if padding == "same":
        sizes = [-(-n // s) for n, s in zip(shape, stride)]
    else:
        pads = each(0 if padding == "valid" else padding, axes)
        sizes = [
            (n + 2 * p - d * (k - 1) - 1) // s + 1
            for n, k, s, d, p in zip(shape, kernel, stride, dilation, pads)
        ]
    return (*sizes, table.get("filters", shape[-1]))


def windows(table: Table, axes: int) -> tuple[list[int], list[int], list[int]]:
    """Kernel, stride and dilation, each way."""
    kernel = each(table.get("kernel", table.get("pool", 2)), axes)
    stride = each(table.get("stride", kernel if "kernel" not in table else 1), axes)
    return kernel, stride, each(table.get("dilation", 1), axes)


def stack(seed: int, used: Counter[str]) -> Table:
    """The specification of one stack, from its seed."""
    r = random.Random(seed)
    batch, tokens = r.randint(2, 4), r.random() < 0.08
    start: Shape = r.choice([(r.randint(2, 6),), (r.randint(2, 6), r.randint(1, 5))])
    if r.random() < 0.55 and not tokens:
        start = (r.randint(3, 6), r.randint(3, 6), r.randint(1, 3))
    s = Stack(r, used, batch, start[:1] if tokens else start)
    begin = s.shape
    if tokens:
        s.add({"kind": "embedding", "vocab": r.randint(3, 7), "units": r.randint(2, 4)})
    wanted = r.randint(2, 6)
    for _ in range(30):
        if len(s.layers) < wanted:
            s.grow()
    if s.shape[-1] == 1 or r.random() < 0.7:
        s.add({"kind": "dense", "units": r.randint(2, 5)})
    last = s.layers[-1]
    can_logits = "act" not in last and last["kind"] not in (*GATES, "activation")
    loss = r.choice(["mse", "ce"]) if can_logits else "mse"
    if loss == "ce" and last["kind"] == "dense" and r.random() < 0.3:
        last["act"] = "softmax"
    scaled = r.random() < 0.5
    for table in flat(s.layers):
        for letter in LETTERS.get(table["kind"], "").split():
            if letter in ("w", "u") and scaled:
                table[letter] = "glorot_uniform"
            elif letter in NORMAL and table.get("bias", True):
                table[letter] = "normal"
    spec = {"loss": loss, "in": list(begin), "batch": batch, "dtype": "float64", "seed": seed}
    return {**spec, **({"reduction": "sum"} if r.random() < 0.2 else {}), "layers": s.layers}


def flat(layers: list[Table]) -> list[Table]:
    """Every layer, those within a residual at its place."""
    found = []
    for table in layers:
        found += flat(table["layers"]) if table["kind"] == "residual" else [table]
    return found
