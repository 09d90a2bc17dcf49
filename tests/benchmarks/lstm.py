"""An LSTM (Hochreiter & Schmidhuber, 1997) over a sequence, the mean of squares of the last h.

x (batch, time, in), weights (in, 4 units) and (units, 4 units), gates i f c o.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.benchmarks.alone import Call, Work

BATCH, TIME, UNITS = 16, 32, 64


def data() -> tuple[Any, list[Any]]:
    """x and [w, u, b]."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((BATCH, TIME, UNITS)).astype(np.float32)
    shapes = ((UNITS, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,))
    return x, [(0.1 * rng.standard_normal(shape)).astype(np.float32) for shape in shapes]


def by_hand() -> Call:
    """NumPy, time first."""
    x, (w, u, b) = data()
    n, wide = UNITS, 4 * UNITS

    def sigmoid(a: Any) -> Any:
        return 1 / (1 + np.exp(-a))

    def call() -> Any:
        rows = x.transpose(1, 0, 2).reshape(-1, n)
        z = (rows @ w + b).reshape(TIME, BATCH, wide)
        h, c = np.zeros((2, TIME + 1, BATCH, n), x.dtype)
        gates, shown = np.empty_like(z), np.empty((TIME, BATCH, n), x.dtype)
        for t in range(TIME):
            a, g = z[t] + h[t] @ u, gates[t]
            g[:, : 2 * n] = sigmoid(a[:, : 2 * n])
            g[:, 2 * n : 3 * n] = np.tanh(a[:, 2 * n : 3 * n])
            g[:, 3 * n :] = sigmoid(a[:, 3 * n :])
            c[t + 1] = g[:, n : 2 * n] * c[t] + g[:, :n] * g[:, 2 * n : 3 * n]
            shown[t] = np.tanh(c[t + 1])
            h[t + 1] = g[:, 3 * n :] * shown[t]
        loss = (h[-1] ** 2).mean()
        dh, dc, dz = h[-1] * (2 / h[-1].size), np.zeros((BATCH, n), x.dtype), np.empty_like(z)
        for t in reversed(range(TIME)):
            i, f, k, o = (gates[t][:, j * n : (j + 1) * n] for j in range(4))
            d = dz[t]
            dc = dc + dh * o * (1 - shown[t] * shown[t])
            d[:, :n] = dc * k * i * (1 - i)
            d[:, n : 2 * n] = dc * c[t] * f * (1 - f)
            d[:, 2 * n : 3 * n] = dc * i * (1 - k * k)
            d[:, 3 * n :] = dh * shown[t] * o * (1 - o)
            dc = dc * f
            dh = d @ u.T
        dz = dz.reshape(-1, wide)
        return loss, [rows.T @ dz, h[:-1].reshape(-1, n).T @ dz, dz.sum(axis=0)]

    return call


def gradcli() -> Call:
    from gradcli.model import Model

    x, params = data()
    layer = {"kind": "lstm", "units": UNITS}
    spec = {"loss": "mse", "in": [TIME, UNITS], "batch": BATCH, "layers": [layer], "y": 0}
    model = Model.from_spec(spec)
    named = dict(zip(model.parameters, params))
    y = np.zeros((BATCH, UNITS), x.dtype)

    def call() -> Any:
        loss, gradients = model.value_and_gradients(named, x, y)
        return loss, list(gradients.values())

    return call


def torch() -> Call:
    """In torch's own layout; its second bias is 0 and no parameter."""
    import torch

    x, (w, u, b) = data()
    module = torch.nn.LSTM(UNITS, UNITS, batch_first=True)
    own = [torch.tensor(p) for p in (w.T, u.T, b, np.zeros_like(b))]
    for parameter, value in zip(module.parameters(), own):
        parameter.data.copy_(value)
    tx, ps = torch.tensor(x), list(module.parameters())
    ps.pop().requires_grad_(False)

    def call() -> Any:
        _, (h, _) = module(tx)
        loss = (h**2).mean()
        dw, du, db = torch.autograd.grad(loss, ps)
        return loss.detach(), [dw.T, du.T, db]

    return call


def autograd() -> Call:
    import autograd
    import autograd.numpy as anp

    x, params = data()
    n, rows = UNITS, x.transpose(1, 0, 2)

    def sigmoid(a: Any) -> Any:
        return 1 / (1 + anp.exp(-a))

    def loss(params: Any) -> Any:
        w, u, b = params
        h = c = np.zeros((BATCH, n), x.dtype)
        for t in range(TIME):
            a = rows[t] @ w + h @ u + b
            i, f, o = sigmoid(a[:, :n]), sigmoid(a[:, n : 2 * n]), sigmoid(a[:, 3 * n :])
            c = f * c + i * anp.tanh(a[:, 2 * n : 3 * n])
            h = o * anp.tanh(c)
        return anp.mean(h**2)

    step = autograd.value_and_grad(loss)
    return lambda: step(params)


WORK = Work(
    f"LSTM {UNITS}, {TIME} steps, batch {BATCH}",
    {
        "NumPy by hand": ("numpy", by_hand),
        "gradcli": ("gradcli", gradcli),
        "torch": ("torch", torch),
        "autograd": ("autograd", autograd),
    },
    "<= 1.5 x by hand, 3 x torch, memory <= 2 x torch",
)
