"""layer_norm and batch_norm of (128, 256): mean of squares, the gradient of x counts, too.

Ioffe & Szegedy, "Batch normalization", 2015; Ba, Kiros & Hinton, "Layer normalization", 2016.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from tests.benchmarks.alone import Call, Work

ROWS, FEATURES, EPS = 128, 256, 1e-3


def data() -> tuple[Any, Any, Any]:
    """x, gamma and beta."""
    rng = np.random.default_rng(0)
    shapes = ((ROWS, FEATURES), (FEATURES,), (FEATURES,))
    x, gamma, beta = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    return x, gamma, beta


def by_hand(axis: int) -> Call:
    x, gamma, beta = data()
    mean = partial(np.mean, axis=axis, keepdims=True)

    def call() -> Any:
        c = x - mean(x)
        r = 1 / np.sqrt(mean(c * c) + np.float32(EPS))
        h = c * r
        y = h * gamma + beta
        dy = y * np.float32(2 / y.size)
        dh = dy * gamma
        dx = r * (dh - mean(dh) - h * mean(dh * h))
        return (y * y).mean(), [dx, (dy * h).sum(axis=0), dy.sum(axis=0)]

    return call


def gradcli(kind: str) -> Call:
    from gradcli.engine import Program, mean, square
    from gradcli.layers.layer import layer_kind

    layer = layer_kind(kind)(eps=EPS)

    def loss(x: Any, gamma: Any, beta: Any) -> Any:
        params = {"gamma": gamma, "beta": beta}
        return mean(square(layer.forward(params, x, lambda name, value: value)))

    arrays = data()
    program = Program(loss, arrays, range(3))
    return lambda: program.value_and_grad(*arrays)


def torch(kind: str) -> Call:
    import torch
    import torch.nn.functional as F

    sources = [torch.tensor(array, requires_grad=True) for array in data()]
    x, gamma, beta = sources

    def call() -> Any:
        if kind == "batch_norm":
            y = F.batch_norm(x, None, None, gamma, beta, training=True, eps=EPS)
        else:
            y = F.layer_norm(x, (FEATURES,), gamma, beta, EPS)
        loss = (y * y).mean()
        return loss.detach(), list(torch.autograd.grad(loss, sources))

    return call


def _work(kind: str, axis: int) -> Work:
    contestants = {
        "NumPy by hand": ("numpy", partial(by_hand, axis)),
        "gradcli": ("gradcli", partial(gradcli, kind)),
        "torch": ("torch", partial(torch, kind)),
    }
    return Work(f"{kind}, {ROWS} x {FEATURES}", contestants, "<= 1.2 x NumPy by hand")


WORKS = {"layer_norm": _work("layer_norm", 1), "batch_norm": _work("batch_norm", 0)}
