"""The arrays of a stack, drawn as gradcli draws them, and what gradcli calls them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from random_stacks import CONSTANTS, GATES, LETTERS, Shape, Table, after, flat, windows


def shapes(table: Table, shape: Shape) -> dict[str, Shape]:
    """The shapes of the parameters that are drawn, in their order, where a row has ``shape``."""
    kind, c = table["kind"], shape[-1]
    if kind == "dense":
        found = {"w": (c, table["units"]), "b": (table["units"],)}
    elif kind.startswith("conv"):
        kernel, _, _ = windows(table, len(shape) - 1)
        filters = table["filters"]
        found = {"w": (*kernel, c // table.get("groups", 1), filters), "b": (filters,)}
    elif kind == "embedding":
        found = {"e": (table["vocab"], table["units"])}
    elif kind in GATES:
        wide = GATES[kind] * table["units"]
        b = (2, wide) if kind == "gru" and table.get("reset_after", True) else (wide,)
        found = {"w": (c, wide), "u": (table["units"], wide), "b": b}
    elif kind == "attention":
        heads = table["heads"]
        inner = (heads, table.get("key_dim", c // heads))
        found = dict.fromkeys(("wq", "wk", "wv"), (c, *inner))
        found |= {"wo": (*inner, c), **dict.fromkeys(("bq", "bk", "bv"), inner), "bo": (c,)}
    else:
        found = dict.fromkeys(LETTERS.get(kind, "").split(), (c,))
    return {name: s for name, s in found.items() if name != "b" or table.get("bias", True)}


def draw(spec: Table) -> tuple[Any, Any, list[dict[str, Any]]]:
    """x, the targets, and the arrays of each layer of ``flat``, in float64."""
    rng = np.random.default_rng(spec["seed"])
    batch, shape = spec["batch"], tuple(spec["in"])
    first = spec["layers"][0]
    if first["kind"] == "embedding":
        x: Any = rng.integers(0, first["vocab"], batch * math.prod(shape)).reshape(batch, *shape)
    else:
        x = rng.standard_normal((batch, *shape))
    arrays: list[dict[str, Any]] = []

    def through(layers: list[Table], shape: Shape) -> Shape:
        for table in layers:
            if table["kind"] == "residual":
                through(table["layers"], shape)
                continue
            own = {}
            for letter, size in shapes(table, shape).items():
                if table.get(letter) == "glorot_uniform":
                    field = math.prod(size[:-2])
                    limit = math.sqrt(6 / (field * (size[-2] + size[-1])))
                    own[letter] = rng.random(size) * (2 * limit) - limit
                else:
                    own[letter] = rng.standard_normal(size)
            for letter in ("h0", "c0", *CONSTANTS):
                if letter in table:
                    own[letter] = np.array(table[letter], float)
            arrays.append(own)
            shape = after(table, shape)
        return shape

    *rows, classes = (batch, *through(spec["layers"], shape))
    y = np.eye(classes)[rng.integers(0, classes, math.prod(rows))].reshape(*rows, classes)
    return x, y, arrays


def names(layers: list[Table]) -> list[dict[str, str]]:
    """What gradcli calls the parameters of each layer of ``flat``, by letter."""
    kinds = [table["kind"] for table in flat(layers)]
    learning = sum(kind in LETTERS for kind in kinds)
    found, number = [], 0
    for kind in kinds:
        number += kind in LETTERS
        own = LETTERS.get(kind, "").split()
        ending = str(number) if learning > 1 else ""
        found.append({n: n + ("_" if ending and n[-1].isdigit() else "") + ending for n in own})
    return found
