"""Loss and gradients of dense relu networks in NumPy, written by hand: the measure."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np


def network(sizes: list[int], batch: int, dtype: Any = np.float32) -> tuple[Any, list[Any], Any]:
    """x, [w1, b1, w2, b2, ...] and one-hot y for layers of ``sizes``."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, sizes[0])).astype(dtype)
    params = []
    for fan_in, fan_out in pairwise(sizes):
        params.append((rng.standard_normal((fan_in, fan_out)) * (2 / fan_in) ** 0.5).astype(dtype))
        params.append(np.zeros(fan_out, dtype))
    y = np.eye(sizes[-1], dtype=dtype)[rng.integers(0, sizes[-1], batch)]
    return x, params, y


def cross_entropy_3(x: Any, params: list[Any], y: Any) -> tuple[Any, list[Any]]:
    """Three layers, relu, softmax cross entropy."""
    w1, b1, w2, b2, w3, b3 = params
    z1 = x @ w1 + b1
    h1 = np.maximum(z1, 0)
    z2 = h1 @ w2 + b2
    h2 = np.maximum(z2, 0)
    z3 = h2 @ w3 + b3
    s = z3 - z3.max(axis=1, keepdims=True)
    e = np.exp(s)
    t = e.sum(axis=1, keepdims=True)
    loss = (np.log(t)[:, 0] - (y * s).sum(axis=1)).mean()
    d3 = (e / t - y) / len(x)
    d2 = (d3 @ w3.T) * (z2 > 0)
    d1 = (d2 @ w2.T) * (z1 > 0)
    return loss, [
        x.T @ d1, d1.sum(axis=0), h1.T @ d2, d2.sum(axis=0), h2.T @ d3, d3.sum(axis=0),
    ]  # fmt: skip


def squared_error_2(x: Any, params: list[Any], y: Any) -> tuple[Any, list[Any]]:
    """Two layers, relu, mean squared error."""
    w1, b1, w2, b2 = params
    z1 = x @ w1 + b1
    h1 = np.maximum(z1, 0)
    r = h1 @ w2 + b2 - y
    loss = (r * r).mean()
    d2 = r * (2 / r.size)
    d1 = (d2 @ w2.T) * (z1 > 0)
    return loss, [x.T @ d1, d1.sum(axis=0), h1.T @ d2, d2.sum(axis=0)]
