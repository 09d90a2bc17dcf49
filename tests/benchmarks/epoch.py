"""Training on rows of data: ``python tests/benchmarks/epoch.py [dense lenet]``.

An epoch of a dense net on 60,000 rows, and three of LeNet-5 on 10,000 images, both made up, with
adam. The rows are taken in one order by all, which each contestant draws itself; feeding the
batches and the means of loss and accuracy are part of the work. Run it where torch is installed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks import alone
from tests.benchmarks.alone import Call, Work
from tests.benchmarks.lenet import SHAPES

LR = 1e-3
RATES = (0.9, 0.999, 1e-7)
"""Keras's beta_1, beta_2 and epsilon."""


class Size(NamedTuple):
    """How much work it is."""

    rows: int
    batch: int
    epochs: int
    row: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]
    """Of the parameters, weights (in, out) or (kh, kw, in, out) and biases by turns."""


DENSE = Size(60_000, 128, 1, (784,), ((784, 128), (128,), (128, 10), (10,)))
LENET = Size(10_000, 32, 3, (28, 28, 1), SHAPES)
LAYERS = (
    "conv2d(6, 5, padding=same, act=relu), max_pool2d, conv2d(16, 5, act=relu), max_pool2d, "
    "flatten, dense(120, act=relu), dense(84, act=relu), dense(10)"
)


def data(size: Size) -> tuple[Any, Any, list[Any]]:
    """x, labels that depend on it, and the parameters at the start."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((size.rows, *size.row), np.float32)
    told = x.reshape(size.rows, -1)
    labels = np.argmax(told @ rng.standard_normal((told.shape[1], 10), np.float32), axis=1)
    scales = [(2 / np.prod(shape[:-1])) ** 0.5 if shape[1:] else 0.0 for shape in size.shapes]
    return x, labels, [
        (rng.standard_normal(shape) * scale).astype(np.float32)
        for shape, scale in zip(size.shapes, scales)
    ]  # fmt: skip


def batches(size: Size) -> Any:
    """The rows of each step."""
    from gradcli.descent.feed import order

    for epoch in range(1, size.epochs + 1):
        rows = order(np.arange(size.rows), 0, epoch)
        for start in range(0, size.rows, size.batch):
            yield rows[start : start + size.batch]


def by_hand(size: Size) -> Call:
    """NumPy, a dense net of two layers; parameters and moments are updated in place."""
    x, labels, start = data(size)

    def call() -> Any:
        params = [p.copy() for p in start]
        firsts, seconds, spare = ([np.zeros_like(p) for p in params] for _ in range(3))
        total, right, (b1, b2, eps) = 0.0, 0, RATES
        for t, rows in enumerate(batches(size), 1):
            w1, c1, w2, c2 = params
            xb, yb = x[rows], labels[rows]
            z1 = xb @ w1
            z1 += c1
            h1 = np.maximum(z1, 0)
            s = h1 @ w2
            s += c2
            right += np.count_nonzero(s.argmax(axis=1) == yb)
            s -= s.max(axis=1, keepdims=True)
            e = np.exp(s)
            sums = e.sum(axis=1, keepdims=True)
            at = np.arange(len(rows)), yb
            total += float(np.sum(np.log(sums[:, 0]) - s[at]))
            e /= sums
            e[at] -= 1
            e /= len(rows)
            d1 = e @ w2.T
            d1 *= z1 > 0
            gradients = [xb.T @ d1, d1.sum(axis=0), h1.T @ e, e.sum(axis=0)]
            rate = LR * (1 - b2**t) ** 0.5 / (1 - b1**t)
            for p, g, m, v, a in zip(params, gradients, firsts, seconds, spare):
                m *= b1
                np.multiply(g, 1 - b1, out=a)
                m += a
                np.multiply(g, g, out=a)
                a *= 1 - b2
                v *= b2
                v += a
                np.sqrt(v, out=a)
                a += eps
                np.divide(m, a, out=a)
                a *= rate
                p -= a
        return total / (size.rows * size.epochs), _norms(params)

    return call


def by_gradcli(size: Size, model: dict[str, Any]) -> Call:
    from gradcli.descent import Optimizer
    from gradcli.descent.training import Plan, begin, train
    from gradcli.model.training import Training

    x, labels, start = data(size)
    mapping = {"loss": "ce", "x": x, "labels": labels, "batch": size.batch, **model}
    training = Training.from_spec(mapping, None, {})

    def call() -> Any:
        state = begin(training, Optimizer("adam", LR))
        state.params = {n: p.copy() for n, p in zip(state.params, start)}
        history = train(training, Plan(size.epochs), state).state.history
        return np.mean([epoch.loss for epoch in history]), _norms(state.params.values())

    return call


def by_torch(size: Size) -> Call:
    import torch
    from torch import nn

    x, labels, start = data(size)
    images = len(size.row) > 1
    inputs = torch.from_numpy(x.transpose(0, 3, 1, 2).copy() if images else x)
    targets = torch.from_numpy(labels)
    if images:
        layers = [nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)]
        layers += [nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
        layers += [nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)]
    else:
        layers = [nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)]
    net = nn.Sequential(*layers)

    def call() -> Any:
        with torch.no_grad():
            for p, given in zip(net.parameters(), start):
                p.copy_(torch.from_numpy(_theirs(given)))
        adam = torch.optim.Adam(net.parameters(), LR, RATES[:2], RATES[2])
        total, right = 0.0, 0
        for rows in map(torch.from_numpy, batches(size)):
            scores = net(inputs[rows])
            loss = nn.functional.cross_entropy(scores, targets[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
            total += float(loss.detach()) * len(rows)
            right += int((scores.detach().argmax(1) == targets[rows]).sum())
        found = [p.detach().numpy() for p in net.parameters()]
        return total / (size.rows * size.epochs), _norms(found)

    return call


def _theirs(array: Any) -> Any:
    """Weights as torch lays them out; of LeNet's first dense layer the rows go (c, h, w)."""
    if array.ndim == 4:
        return array.transpose(3, 2, 0, 1).copy()
    if array.shape == (400, 120):
        array = array.reshape(5, 5, 16, 120).transpose(2, 0, 1, 3).reshape(400, 120)
    return array.T.copy()


def _norms(params: Any) -> list[Any]:
    """What is compared of parameters: adam carries rounding on, by the sign of what is near 0."""
    return [np.array([np.linalg.norm(p)]) for p in params]


def works(dense: Size = DENSE, lenet: Size = LENET) -> dict[str, Work]:
    """Each row of the table, and by how much the norms of the parameters may differ."""
    hidden = {"hidden": [128], "out": 10}
    layers = {"in": [28, 28, 1], "layers": LAYERS}
    return {
        "dense": Work(
            f"{dense.rows:,} x 784-128-10, batch {dense.batch}, adam, {dense.epochs} epoch",
            {
                "NumPy by hand": ("numpy", lambda: by_hand(dense)),
                "gradcli": ("numpy", lambda: by_gradcli(dense, hidden)),
                "torch": ("torch", lambda: by_torch(dense)),
            },
            "<= 0.9 of torch",
            0.02,
        ),
        "lenet": Work(
            f"LeNet-5 on {lenet.rows:,} images, batch {lenet.batch}, adam, {lenet.epochs} epochs",
            {
                "torch": ("torch", lambda: by_torch(lenet)),
                "gradcli": ("numpy", lambda: by_gradcli(lenet, layers)),
            },
            "",
            0.05,
        ),
    }


if __name__ == "__main__":
    alone.ROUNDS = 5  # an epoch takes a second, and each round has four
    alone.main(works(), __file__)
