"""The same random network as each convention writes it, with arrays mapped from Keras's.

The maps are written here once more, by hand: axes, gates, biases and features of what is
flattened.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Table = dict[str, Any]

CONVENTIONS = ("torch", "cs231n")
LETTERS = {
    "dense": "w b",
    "conv1d": "w b",
    "conv2d": "w b",
    "batch_norm": "gamma beta",
    "layer_norm": "gamma beta",
    "group_norm": "gamma beta",
    "rms_norm": "gamma",
    "embedding": "e",
    "rnn": "w u b",
    "lstm": "w u b",
    "gru": "w u b",
    "attention": "wq wk wv wo bq bk bv bo",
}
TORCH = {
    "w": "weight",
    "b": "bias",
    "gamma": "weight",
    "beta": "bias",
    "mean": "running_mean",
    "var": "running_var",
    "e": "weight",
}
RECURRENT = ("rnn", "lstm", "gru")
ACTS = ("relu", "tanh", "sigmoid", "elu", "gelu", "softplus", "linear", "softmax", "silu")
NORM = {"eps": 0.001}


class Maker:
    """One network after the other, from a seed."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def pick(self, *choices: Any) -> Any:
        return choices[self.rng.integers(len(choices))]

    def network(self, family: str) -> Table:
        """A specification in Keras's convention, each array drawn."""
        batch = int(self.rng.integers(2, 4))
        start = {"images": self.images, "steps": self.steps, "tokens": self.tokens}
        row, layers = start[family]()
        layers.append({"kind": "dense", "units": 3, "act": self.pick("linear", "tanh")})
        for table in every(layers):
            letters = LETTERS.get(table["kind"], "").split()
            table |= {n: "normal" for n in letters if n != "b" or table.get("bias", True)}
        seed = int(self.rng.integers(1000))
        spec = {"loss": "mse", "in": row, "layers": layers, "batch": batch, "seed": seed}
        return {**spec, "dtype": "float64", "reduction": "sum"}

    def images(self) -> tuple[list[int], list[Table]]:
        h, w, c = (int(n) for n in self.rng.integers((4, 4, 1), (7, 7, 4)))
        layers: list[Table] = [self.conv(2, c)]
        filters = layers[0]["filters"]
        middle = [
            {"kind": "max_pool2d", "padding": "same"},
            {"kind": "avg_pool2d", "pool": 2, "stride": 1, "padding": self.pick("same", 1)},
            {"kind": "batch_norm", **NORM},
            {"kind": "group_norm", "groups": self.pick(1, 2), **NORM},
            {"kind": "layer_norm", **NORM},
            {"kind": "rms_norm", **NORM},
            {"kind": "dropout", "rate": 0.25},
            {"kind": "activation", "act": self.pick(*ACTS)},
            {"kind": "residual", "layers": [self.conv(2, filters, True), self.conv(2, filters)]},
            self.conv(2, filters),
            {"kind": "dense", "units": 4, "act": "tanh"},
        ]
        middle[8]["layers"][1] |= {"filters": filters, "stride": 1, "padding": "same", "groups": 1}
        layers += [middle[i] for i in self.rng.permutation(len(middle))[:2]]
        layers.append({"kind": self.pick("flatten", "flatten", "global_avg_pool")})
        layers += self.flat()
        return [h, w, c], layers

    def conv(self, axes: int, channels: int, keeps: bool = False) -> Table:
        groups = 1 if keeps else self.pick(1, channels)
        found = {
            "kind": f"conv{axes}d",
            "filters": channels if keeps else 2 * groups * self.pick(1, 2),
            "kernel": self.pick(1, 2, 3) if axes == 1 else [self.pick(1, 2, 3), self.pick(1, 2)],
            "stride": 1 if keeps else self.pick(1, 2),
            "padding": "same" if keeps else self.pick("same", 1),
            "groups": groups,
            "act": self.pick(*ACTS),
            "bias": bool(self.pick(True, True, False)),
        }
        return found if keeps or groups > 1 else {**found, "filters": self.pick(2, 4)}

    def flat(self) -> list[Table]:
        """Some that keep the features of a row, in an order that may be the convention's."""
        inner = [{"kind": "dense", "units": 4, "act": "tanh"}, {"kind": "layer_norm", **NORM}]
        return self.pick(
            [],
            [{"kind": "dropout", "rate": 0.5}, {"kind": "dense", "units": 4, "act": "relu"}],
            [{"kind": "batch_norm", **NORM}, {"kind": "activation", "act": "softmax"}],
            [{"kind": "layer_norm", **NORM}, {"kind": "rms_norm", **NORM}],
            [{"kind": "dense", "units": 4}, {"kind": "residual", "layers": inner}],
        )

    def steps(self, features: int = 0) -> tuple[list[int], list[Table]]:
        t, f = int(self.rng.integers(4, 7)), features or 4
        first = self.pick("conv1d", *RECURRENT, "attention", "layer_norm")
        first = "layer_norm" if features else first
        layers: list[Table] = [{"kind": first, **self.keys_of(first, f)}]
        f = layers[0].get("filters", layers[0].get("units", f))
        middle: list[Table] = [
            {"kind": "max_pool1d"},
            {"kind": "avg_pool1d", "pool": 2, "stride": 1},
            {"kind": "attention", **self.keys_of("attention", f)},
            {"kind": "rms_norm", **NORM},
            {"kind": "batch_norm", **NORM},
            {"kind": "group_norm", "groups": 2, **NORM},
            {"kind": "dropout", "rate": 0.25},
            {"kind": "activation", "act": self.pick(*ACTS)},
        ]
        layers += [middle[i] for i in self.rng.permutation(len(middle))[:2]]
        kind = self.pick(*RECURRENT, "conv1d", "attention")
        layers.append({"kind": kind, **self.keys_of(kind, f)})
        f = layers[-1].get("filters", layers[-1].get("units", f))
        last = self.pick(*RECURRENT)
        ends = [{"kind": "flatten"}], [{"kind": "global_max_pool"}], []
        return [t, f], [
            *layers,
            *self.pick(*ends, [{"kind": last, **self.keys_of(last, f), "sequences": False}]),
        ]

    def keys_of(self, kind: str, features: int) -> Table:
        if kind in RECURRENT:
            return {"units": 2 * self.pick(1, 2), "sequences": True}
        if kind == "conv1d":
            return {k: v for k, v in self.conv(1, features).items() if k != "kind"}
        if kind == "attention":
            return {"heads": self.pick(1, 2), "causal": bool(self.pick(True, False))}
        return NORM

    def tokens(self) -> tuple[list[int], list[Table]]:
        row, layers = self.steps(features=4)
        return row[:1], [{"kind": "embedding", "vocab": 5, "units": 4}, *layers]


def every(layers: list[Table]) -> Iterator[Table]:
    for table in layers:
        yield from every(table.get("layers", []))
        yield table


def channels_first(spec: Table) -> bool:
    """Whether x has its channels first where a convention has."""
    return len(spec["in"]) == 3 or spec["layers"][0]["kind"] == "conv1d"


def written(spec: Table, convention: str) -> Table:
    """``spec`` as ``convention`` writes it."""
    found = copy.deepcopy(spec)
    if channels_first(spec):
        found["in"] = [found["in"][-1], *found["in"][:-1]]
    for table in every(found["layers"]):
        for letter in LETTERS.get(table["kind"], "").split():
            if letter in table:
                word = table.pop(letter)
                names = names_of(table["kind"], letter, convention)
                both = table["kind"] == "gru"  # other biases are one
                table |= dict.fromkeys(names if both else names[:1], word)
    return {**found, "convention": convention}


def names_of(kind: str, letter: str, convention: str) -> tuple[str, ...]:
    """The arrays that ``letter`` is in, in ``convention``."""
    if convention == "cs231n":
        ours = {"w": "wx", "u": "wh"} if kind in RECURRENT else {"e": "w"}
        return (ours.get(letter, letter),)
    if kind in RECURRENT:
        ours = {"w": "weight_ih_l0", "u": "weight_hh_l0"}
        return (ours[letter],) if letter in ours else ("bias_ih_l0", "bias_hh_l0")
    if kind == "attention":
        whole = {"wo": "out_proj.weight", "bo": "out_proj.bias"}
        return (whole.get(letter, "in_proj_weight" if letter[0] == "w" else "in_proj_bias"),)
    return (TORCH[letter],)


def mapped(kind: str, own: dict[str, Floats], convention: str) -> dict[str, Floats]:
    """A layer's arrays, or gradients, as ``convention`` has them, from Keras's by letter."""
    if kind == "attention" and convention == "torch":
        d = len(own["wo"].T)
        q, k, v = (own[letter].reshape(d, -1).T for letter in ("wq", "wk", "wv"))
        return {
            "in_proj_weight": np.concatenate([q, k, v]),
            "in_proj_bias": np.concatenate([own[n].ravel() for n in ("bq", "bk", "bv")]),
            "out_proj.weight": own["wo"].reshape(-1, d).T,
            "out_proj.bias": own["bo"],
        }
    found = {}
    for letter, array in own.items():
        if kind == "lstm" and convention == "cs231n":  # i f c o -> i f o g
            i, f, c, o = np.split(array, 4, axis=-1)
            array = np.concatenate([i, f, o, c], axis=-1)
        if kind == "gru" and convention == "torch":  # z r h -> r z n
            z, r, h = np.split(array, 3, axis=-1)
            array = np.concatenate([r, z, h], axis=-1)
        names = names_of(kind, letter, convention)
        if letter == "b" and kind == "gru" and convention == "torch":
            found |= dict(zip(names, array))
            continue
        if letter in "wu" and convention == "torch" and kind in (*RECURRENT, "dense"):
            array = array.T
        if letter == "w" and kind == "conv1d":
            array = np.einsum("kio->oik", array)
        if letter == "w" and kind == "conv2d":
            array = np.einsum("hwio->oihw", array)
        found |= dict.fromkeys(names, array)
    return found
