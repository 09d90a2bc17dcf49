"""LeNet-5 (LeCun, Bottou, Bengio & Haffner, 1998) with relu and max pooling, softmax cross entropy.

Images (batch, 28, 28, 1), weights (kh, kw, in, out) and (in, out); flattened as (h, w, channels).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.benchmarks.alone import Call, Work

BATCH = 32
SHAPES = (
    (5, 5, 1, 6), (6,), (5, 5, 6, 16), (16,), (400, 120), (120,), (120, 84), (84,), (84, 10), (10,),
)  # fmt: skip


def data() -> tuple[Any, list[Any], Any]:
    """x, [w1, b1, w2, b2, ...] and one-hot y."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((BATCH, 28, 28, 1)).astype(np.float32)
    scales = [(2 / np.prod(s[:-1])) ** 0.5 if s[1:] else 0.1 for s in SHAPES]
    drawn = zip(SHAPES, scales)
    params = [(rng.standard_normal(shape) * scale).astype(np.float32) for shape, scale in drawn]
    return x, params, np.eye(10, dtype=np.float32)[rng.integers(0, 10, BATCH)]


def _rows(x: Any, k: int) -> Any:
    """What the windows of each row of images (h, c, w, n) see: (oh, k * k * c, ow * n).

    Copied k times, not k * k: rows overlap in memory (Cho & Brand, "MEC: memory-efficient
    convolution for deep neural network", 2017).
    """
    h, c, w, n = x.shape
    ow = w - k + 1
    seen = np.empty((h, k, c, ow, n), x.dtype)
    for j in range(k):
        seen[:, j] = x[:, :, j : j + ow]
    shape = (h - k + 1, k * k * c, ow * n)
    strides = (seen.strides[0], ow * n * x.itemsize, x.itemsize)
    return np.lib.stride_tricks.as_strided(seen, shape, strides)


def _unrows(w: Any, g: Any, k: int, c: int, n: int) -> Any:
    """The gradient of what ``_rows`` took, by that of its product with w."""
    oh, _, p = g.shape
    seen = np.zeros((oh + k - 1, k * c, p), g.dtype)
    for i, part in enumerate(w.reshape(k, k * c, -1)):
        seen[i : i + oh] += part @ g
    ow = p // n
    seen = seen.reshape(oh + k - 1, k, c, ow, n)
    x = np.zeros((oh + k - 1, c, ow + k - 1, n), g.dtype)
    for j in range(k):
        x[:, :, j : j + ow] += seen[:, j]
    return x


_PLACES = [(slice(i, None, 2), slice(None), slice(j, None, 2)) for i in range(2) for j in range(2)]


def _pooled(x: Any) -> Any:
    a, b, c, d = (x[place] for place in _PLACES)
    return np.maximum(np.maximum(np.maximum(a, b), c), d)


def _unpooled(g: Any, y: Any, x: Any) -> Any:
    """The gradient goes to the first largest entry of each window; bits, to copy nothing else."""
    out = np.empty(x.shape, np.int32)
    rest = g.copy().view(np.int32)
    for place in _PLACES[:-1]:
        part = (x[place] == y).astype(np.int32)
        part *= rest
        rest ^= part
        out[place] = part
    out[_PLACES[-1]] = rest
    return out.view(g.dtype)


def by_hand() -> Call:
    """NumPy, images as (h, channels, w, batch)."""
    x, (w1, b1, w2, b2, w3, b3, w4, b4, w5, b5), y = data()
    n = len(x)

    def call() -> Any:
        margin = np.zeros((32, 1, 32, n), x.dtype)
        margin[2:30, :, 2:30] = x.transpose(1, 3, 2, 0)
        s1 = _rows(margin, 5)
        z1 = w1.reshape(25, 6).T @ s1
        z1 += b1[:, None]
        r1 = np.maximum(z1, 0).reshape(28, 6, 28, n)
        p1 = _pooled(r1)
        s2 = _rows(p1, 5)
        z2 = w2.reshape(150, 16).T @ s2
        z2 += b2[:, None]
        r2 = np.maximum(z2, 0).reshape(10, 16, 10, n)
        p2 = _pooled(r2)
        h = p2.transpose(3, 0, 2, 1).reshape(n, 400)
        z3 = h @ w3 + b3
        h3 = np.maximum(z3, 0)
        z4 = h3 @ w4 + b4
        h4 = np.maximum(z4, 0)
        z5 = h4 @ w5 + b5
        s = z5 - z5.max(axis=1, keepdims=True)
        e = np.exp(s)
        t = e.sum(axis=1, keepdims=True)
        loss = (np.log(t)[:, 0] - (y * s).sum(axis=1)).mean()
        d5 = (e / t - y) / n
        d4 = (d5 @ w5.T) * (z4 > 0)
        d3 = (d4 @ w4.T) * (z3 > 0)
        g2 = _unpooled((d3 @ w3.T).reshape(n, 5, 5, 16).transpose(1, 3, 2, 0), p2, r2)
        d2 = g2.reshape(z2.shape) * (z2 > 0)
        g1 = _unpooled(_unrows(w2, d2, 5, 6, n), p1, r1)
        d1 = g1.reshape(z1.shape) * (z1 > 0)
        return loss, [
            (s1 @ d1.mT).sum(axis=0).reshape(w1.shape), d1.sum(axis=(0, 2)),
            (s2 @ d2.mT).sum(axis=0).reshape(w2.shape), d2.sum(axis=(0, 2)),
            h.T @ d3, d3.sum(axis=0), h3.T @ d4, d4.sum(axis=0), h4.T @ d5, d5.sum(axis=0),
        ]  # fmt: skip

    return call


def gradcli() -> Call:
    from gradcli.model import Model

    x, params, y = data()
    layers: list[dict[str, Any]] = [
        {"kind": "conv2d", "filters": 6, "kernel": 5, "padding": "same", "act": "relu"},
        {"kind": "max_pool2d"},
        {"kind": "conv2d", "filters": 16, "kernel": 5, "act": "relu"},
        {"kind": "max_pool2d"},
        {"kind": "flatten"},
        {"units": 120, "act": "relu"},
        {"units": 84, "act": "relu"},
        {"units": 10},
    ]
    model = Model.from_spec({"loss": "ce", "in": [28, 28, 1], "batch": BATCH, "layers": layers})
    named = dict(zip(model.parameters, params))

    def call() -> Any:
        loss, gradients = model.value_and_gradients(named, x, y)
        return loss, list(gradients.values())

    return call


def torch() -> Call:
    """In torch's own layout; the gradients are views in the layout of the others."""
    import torch
    from torch.nn.functional import conv2d, cross_entropy, max_pool2d

    x, params, y = data()
    tx, ty = torch.tensor(x.transpose(0, 3, 1, 2)), torch.tensor(y.argmax(axis=1))
    params[4] = params[4].reshape(5, 5, 16, 120).transpose(2, 0, 1, 3).reshape(400, 120)
    own = [p.transpose(3, 2, 0, 1) if p.ndim == 4 else p.T for p in params]
    ps = [torch.tensor(np.ascontiguousarray(p), requires_grad=True) for p in own]
    w1, b1, w2, b2, w3, b3, w4, b4, w5, b5 = ps
    linear = torch.nn.functional.linear

    def call() -> Any:
        h = max_pool2d(torch.relu(conv2d(tx, w1, b1, padding=2)), 2)
        h = max_pool2d(torch.relu(conv2d(h, w2, b2)), 2).flatten(1)
        h = torch.relu(linear(torch.relu(linear(h, w3, b3)), w4, b4))
        loss = cross_entropy(linear(h, w5, b5), ty)
        found = list(torch.autograd.grad(loss, ps))
        found = [g.permute(2, 3, 1, 0) if g.ndim == 4 else g.T if g.ndim == 2 else g for g in found]
        found[4] = found[4].reshape(16, 5, 5, 120).permute(1, 2, 0, 3).reshape(400, 120)
        return loss.detach(), found

    return call


def autograd() -> Call:
    """Windows side by side and one product; pooling by a reshape."""
    import autograd
    import autograd.numpy as anp

    x, params, y = data()

    def conv(x: Any, w: Any, b: Any) -> Any:
        k, oh, ow = len(w), x.shape[1] - len(w) + 1, x.shape[2] - len(w) + 1
        seen = [x[:, i : i + oh, j : j + ow] for i in range(k) for j in range(k)]
        return anp.concatenate(seen, axis=3) @ anp.reshape(w, (-1, w.shape[3])) + b

    def pool(x: Any) -> Any:
        n, h, w, c = x.shape
        return anp.max(anp.reshape(x, (n, h // 2, 2, w // 2, 2, c)), axis=(2, 4))

    def loss(params: Any) -> Any:
        w1, b1, w2, b2, w3, b3, w4, b4, w5, b5 = params
        h = pool(anp.maximum(conv(np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0))), w1, b1), 0))
        h = anp.reshape(pool(anp.maximum(conv(h, w2, b2), 0)), (len(x), 400))
        h = anp.maximum(anp.maximum(h @ w3 + b3, 0) @ w4 + b4, 0) @ w5 + b5
        s = h - anp.max(h, axis=1, keepdims=True)
        logs = s - anp.log(anp.sum(anp.exp(s), axis=1, keepdims=True))
        return -anp.sum(y * logs) / len(y)

    step = autograd.value_and_grad(loss)
    return lambda: step(params)


WORK = Work(
    f"LeNet-5, 28x28, batch {BATCH}",
    {
        "NumPy by hand": ("numpy", by_hand),
        "gradcli": ("numpy", gradcli),
        "torch": ("torch", torch),
        "autograd": ("autograd", autograd),
    },
    "<= 2 x torch, memory <= 4 x",
)
