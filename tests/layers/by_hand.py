"""What CS231n's assignments compute, from the mathematics: entry by entry, nothing vectorised.

Each function draws inputs, and gives them by the names of the files that a command of the page
``cs231n`` reads, with the value and the gradients that the command has to print.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Grads = dict[str, Array]


class Signature(NamedTuple):
    files: dict[str, Array]
    """By their names without ``.npy``."""
    value: Any
    grads: Grads
    """By the names that gradcli has for the inputs."""
    states: Mapping[str, Array] = {}
    """Outputs besides the value."""


SIGNATURES: dict[str, Callable[[np.random.Generator], Signature]] = {}
"""By what the page says of the command."""


def of(name: str) -> Callable[[Any], Any]:
    def known(function: Any) -> Any:
        SIGNATURES[name] = function
        return function

    return known


def all_of(array: Array) -> Any:
    """Every index of ``array``."""
    return product(*map(range, array.shape))


def through_affine(x: Array, w: Array, b: Array) -> Array:
    y = np.zeros((len(x), w.shape[1]))
    for n, m in all_of(y):
        y[n, m] = b[m] + sum(x[n, d] * w[d, m] for d in range(len(w)))
    return y


def back_through_affine(x: Array, w: Array, up: Array) -> tuple[Array, Array, Array]:
    """The gradients by x, w and b."""
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros(w.shape[1])
    for n, m in all_of(up):
        db[m] += up[n, m]
        for d in range(len(w)):
            dx[n, d] += up[n, m] * w[d, m]
            dw[d, m] += up[n, m] * x[n, d]
    return dx, dw, db


@of("affine")
def affine(rng: np.random.Generator) -> Signature:
    x, w, b, up = (rng.normal(size=s) for s in ((4, 5), (5, 3), 3, (4, 3)))
    dx, dw, db = back_through_affine(x, w, up)
    files = {"x": x, "w": w, "b": b, "dout": up}
    return Signature(files, through_affine(x, w, b), {"x": dx, "w": dw, "b": db})


@of("affine of images")
def affine_of_images(rng: np.random.Generator) -> Signature:
    x, w, b, up = (rng.normal(size=s) for s in ((2, 3, 2, 2), (12, 5), 5, (2, 5)))
    flat = x.reshape(2, 12)
    dx, dw, db = back_through_affine(flat, w, up)
    files = {"x": x, "w": w, "b": b, "dout": up}
    grads = {"x": dx.reshape(x.shape), "w": dw, "b": db}
    return Signature(files, through_affine(flat, w, b), grads)


@of("relu")
def relu(rng: np.random.Generator) -> Signature:
    x, up = rng.normal(size=(4, 5)), rng.normal(size=(4, 5))
    y, dx = np.zeros_like(x), np.zeros_like(x)
    for i in all_of(x):
        if x[i] > 0:
            y[i], dx[i] = x[i], up[i]
    return Signature({"x": x, "dout": up}, y, {"x": dx})


@of("affine_relu")
def affine_relu(rng: np.random.Generator) -> Signature:
    x, w, b, up = (rng.normal(size=s) for s in ((4, 5), (5, 3), 3, (4, 3)))
    y, passed = through_affine(x, w, b), up.copy()
    for i in all_of(y):
        if y[i] <= 0:
            y[i] = passed[i] = 0
    dx, dw, db = back_through_affine(x, w, passed)
    return Signature({"x": x, "w": w, "b": b, "dout": up}, y, {"x": dx, "w": dw, "b": db})


@of("conv")
def conv(rng: np.random.Generator) -> Signature:
    """Stride 2, padding 1: entry (p, q) of the kernel sees x at (2 i + p - 1, 2 j + q - 1)."""
    x, w, b = (rng.normal(size=s) for s in ((2, 3, 6, 5), (4, 3, 3, 3), 4))
    y = np.zeros((2, 4, 3, 3))
    up = rng.normal(size=y.shape)
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(b)
    for n, f, i, j in all_of(y):
        y[n, f, i, j] += b[f]
        db[f] += up[n, f, i, j]
        for c, p, q in product(range(3), repeat=3):
            row, column = 2 * i + p - 1, 2 * j + q - 1
            if 0 <= row < 6 and 0 <= column < 5:
                y[n, f, i, j] += w[f, c, p, q] * x[n, c, row, column]
                dx[n, c, row, column] += up[n, f, i, j] * w[f, c, p, q]
                dw[f, c, p, q] += up[n, f, i, j] * x[n, c, row, column]
    return Signature({"x": x, "w": w, "b": b, "dout": up}, y, {"x": dx, "w": dw, "b": db})


@of("max_pool")
def max_pool(rng: np.random.Generator) -> Signature:
    """Windows of 3 x 3, 2 apart, overlap: an entry may be the largest of several."""
    x, y = rng.normal(size=(2, 3, 7, 5)), np.zeros((2, 3, 3, 2))
    up, dx = rng.normal(size=y.shape), np.zeros_like(x)
    for n, c, i, j in all_of(y):
        places = [(2 * i + p, 2 * j + q) for p, q in product(range(3), repeat=2)]
        row, column = max(places, key=lambda at: x[n, c, at[0], at[1]])
        y[n, c, i, j] = x[n, c, row, column]
        dx[n, c, row, column] += up[n, c, i, j]
    return Signature({"x": x, "dout": up}, y, {"x": dx})


def normalised(x: Array, up: Array, eps: float = 1e-5) -> tuple[Array, Array]:
    """(x - mean) / sqrt(variance + eps) of a list of numbers, and the gradient by each of them.

    With s = sqrt(variance + eps) and y_j = (x_j - mean) / s it is dy_j/dx_i =
    ([i = j] - 1/N - y_i y_j / N) / s.
    """
    count = len(x)
    mean = sum(x) / count
    s = np.sqrt(sum((entry - mean) ** 2 for entry in x) / count + eps)
    y, dx = (x - mean) / s, np.zeros(count)
    for i, j in product(range(count), repeat=2):
        dx[i] += up[j] * ((i == j) - 1 / count - y[i] * y[j] / count) / s
    return y, dx


def norm(
    x: Array, gamma: Array, beta: Array, up: Array, channel: int, group: Callable[[Any], Any]
) -> tuple[Array, Grads]:
    """Entries of one ``group``, a function of their index, are normalised together; gamma and
    beta go along the axis ``channel``."""
    y, dx = np.zeros_like(x), np.zeros_like(x)
    dgamma, dbeta = np.zeros_like(gamma), np.zeros_like(beta)
    groups: dict[Any, list[Any]] = {}
    for at in all_of(x):
        groups.setdefault(group(at), []).append(at)
    for places in groups.values():
        passed = np.array([up[at] * gamma[at[channel]] for at in places])
        hats, slopes = normalised(np.array([x[at] for at in places]), passed)
        for at, hat, slope in zip(places, hats, slopes):
            y[at], dx[at] = gamma[at[channel]] * hat + beta[at[channel]], slope
            dgamma[at[channel]] += up[at] * hat
            dbeta[at[channel]] += up[at]
    return y, {"x": dx, "gamma": dgamma, "beta": dbeta}


def a_norm(rng: np.random.Generator, shape: Any, group: Callable[[Any], Any]) -> Signature:
    x, up = 3 * rng.normal(size=shape) + 1, rng.normal(size=shape)
    gamma, beta = rng.normal(size=shape[1]), rng.normal(size=shape[1])
    y, grads = norm(x, gamma, beta, up, 1, group)
    return Signature({"x": x, "gamma": gamma, "beta": beta, "dout": up}, y, grads)


@of("batchnorm, mode train")
def batchnorm(rng: np.random.Generator) -> Signature:
    return a_norm(rng, (4, 3), lambda at: at[1])


@of("batchnorm, mode test")
def batchnorm_test(rng: np.random.Generator) -> Signature:
    x, up, gamma, beta, mean = (rng.normal(size=s) for s in ((4, 3), (4, 3), 3, 3, 3))
    var = rng.uniform(0.5, 2, size=3)
    y, dx, dgamma, dbeta = np.zeros_like(x), np.zeros_like(x), np.zeros(3), np.zeros(3)
    for n, c in all_of(x):
        s = np.sqrt(var[c] + 1e-5)
        hat = (x[n, c] - mean[c]) / s
        y[n, c] = gamma[c] * hat + beta[c]
        dx[n, c] = up[n, c] * gamma[c] / s
        dgamma[c] += up[n, c] * hat
        dbeta[c] += up[n, c]
    files = {"x": x, "gamma": gamma, "beta": beta, "dout": up}
    files |= {"running_mean": mean, "running_var": var}
    return Signature(files, y, {"x": dx, "gamma": dgamma, "beta": dbeta})


@of("spatial_batchnorm")
def spatial_batchnorm(rng: np.random.Generator) -> Signature:
    return a_norm(rng, (2, 3, 4, 2), lambda at: at[1])


@of("layernorm")
def layernorm(rng: np.random.Generator) -> Signature:
    return a_norm(rng, (4, 5), lambda at: at[0])


@of("spatial_groupnorm")
def spatial_groupnorm(rng: np.random.Generator) -> Signature:
    """Of 6 channels in 2 groups; gamma and beta are (1, 6, 1, 1)."""
    found = a_norm(rng, (2, 6, 2, 3), lambda at: (at[0], at[1] // 3))
    wide = {n: found.files[n].reshape(1, 6, 1, 1) for n in ("gamma", "beta")}
    return found._replace(files={**found.files, **wide})


@of("dropout")
def dropout(rng: np.random.Generator) -> Signature:
    """p is the part that is kept, and the mask has 1/p where it is."""
    x, up = rng.normal(size=(4, 5)), rng.normal(size=(4, 5))
    mask = (rng.uniform(size=x.shape) < 0.8) / 0.8
    y, dx = np.zeros_like(x), np.zeros_like(x)
    for i in all_of(x):
        y[i], dx[i] = x[i] * mask[i], up[i] * mask[i]
    return Signature({"x": x, "mask": mask, "dout": up}, y, {"x": dx})


class Run(NamedTuple):
    """A recurrent net's arrays, and what goes through it."""

    x: Array
    """(N, T, D)."""
    h0: Array
    wx: Array
    wh: Array
    b: Array

    @classmethod
    def drawn(cls, rng: np.random.Generator, steps: int, gates: int) -> Run:
        n, d, h = 2, 3, 4
        shapes = ((n, steps, d), (n, h), (d, gates * h), (h, gates * h), gates * h)
        return cls(*[rng.normal(size=s) for s in shapes])

    def z(self, t: int, h: Array) -> Array:
        """x wx + h wh + b at a step."""
        at = through_affine(self.x[:, t], self.wx, self.b)
        return at + through_affine(h, self.wh, np.zeros(len(self.b)))

    def back(self, t: int, h: Array, dz: Array, grads: Grads) -> Array:
        """Add what z of a step gives to the gradients; that by h."""
        dx, dwx, db = back_through_affine(self.x[:, t], self.wx, dz)
        dh, dwh, _ = back_through_affine(h, self.wh, dz)
        grads["x"][:, t] += dx
        for name, found in (("wx", dwx), ("wh", dwh), ("b", db)):
            grads[name] += found
        return dh

    @property
    def zeros(self) -> Grads:
        return {name: np.zeros_like(a) for name, a in self._asdict().items()}

    @property
    def files(self) -> dict[str, Array]:
        return {"x": self.x, "h0": self.h0, "Wx": self.wx, "Wh": self.wh, "b": self.b}


def through_rnn(run: Run, up: Array) -> tuple[Array, Grads]:
    """h_t = tanh(z_t) of every step, and the gradients for ``up`` (N, T, H)."""
    states = [run.h0]
    for t in range(run.x.shape[1]):
        states.append(np.tanh(run.z(t, states[-1])))
    grads, dh = run.zeros, np.zeros_like(run.h0)
    for t in reversed(range(run.x.shape[1])):
        dz = (up[:, t] + dh) * (1 - states[t + 1] ** 2)
        dh = run.back(t, states[t], dz, grads)
    grads["h0"] = dh
    return np.stack(states[1:], axis=1), grads


@of("rnn_step")
def rnn_step(rng: np.random.Generator) -> Signature:
    run = Run.drawn(rng, 1, 1)
    up = rng.normal(size=(2, 4))
    y, grads = through_rnn(run, up[:, None])
    files = {**run.files, "x": run.x[:, 0], "prev_h": run.h0, "dnext_h": up}
    return Signature(files, y[:, 0], grads)


@of("rnn")
def rnn(rng: np.random.Generator) -> Signature:
    run = Run.drawn(rng, 3, 1)
    up = rng.normal(size=(2, 3, 4))
    return Signature({**run.files, "dh": up}, *through_rnn(run, up))


def through_lstm(run: Run, c0: Array, up: Array, up_c: Array) -> tuple[Array, Array, Grads]:
    """h of every step, the last c, and the gradients; the columns of z are i f o g.

    ``up`` (N, T, H) is the gradient by each h, ``up_c`` that by the last c.
    """
    n, steps, size = up.shape
    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    h, c, seen = run.h0, c0, []
    for t in range(steps):
        z = run.z(t, h)
        i, f, o = (sigmoid(z[:, k * size : (k + 1) * size]) for k in range(3))
        g = np.tanh(z[:, 3 * size :])
        before, c = (h, c), f * c + i * g
        h = o * np.tanh(c)
        seen.append((*before, i, f, o, g, c, h))
    grads, dh, dc = run.zeros, np.zeros_like(h), up_c
    for t in reversed(range(steps)):
        h_before, c_before, i, f, o, g, c, _ = seen[t]
        dh = dh + up[:, t]
        dc = dc + dh * o * (1 - np.tanh(c) ** 2)
        dz = np.zeros((n, 4 * size))
        for row, k in product(range(n), range(size)):
            at = row, k
            dz[row, k] = dc[at] * g[at] * i[at] * (1 - i[at])
            dz[row, size + k] = dc[at] * c_before[at] * f[at] * (1 - f[at])
            dz[row, 2 * size + k] = dh[at] * np.tanh(c[at]) * o[at] * (1 - o[at])
            dz[row, 3 * size + k] = dc[at] * i[at] * (1 - g[at] ** 2)
        dh, dc = run.back(t, h_before, dz, grads), dc * f
    grads |= {"h0": dh, "c0": dc}
    return np.stack([state[-1] for state in seen], axis=1), seen[-1][-2], grads


@of("lstm_step")
def lstm_step(rng: np.random.Generator) -> Signature:
    run = Run.drawn(rng, 1, 4)
    c0, up, up_c = (rng.normal(size=(2, 4)) for _ in range(3))
    y, c, grads = through_lstm(run, c0, up[:, None], up_c)
    files = {**run.files, "x": run.x[:, 0], "prev_h": run.h0, "prev_c": c0}
    files |= {"dnext_h": up, "dnext_c": up_c}
    return Signature(files, y[:, 0], grads, {"h": y[:, 0], "c": c})


@of("lstm")
def lstm(rng: np.random.Generator) -> Signature:
    run = Run.drawn(rng, 3, 4)
    up, zeros = rng.normal(size=(2, 3, 4)), np.zeros((2, 4))
    y, _, grads = through_lstm(run, zeros, up, zeros)
    del grads["c0"]
    return Signature({**run.files, "dh": up}, y, grads)


@of("word_embedding")
def word_embedding(rng: np.random.Generator) -> Signature:
    x, w, up = rng.integers(5, size=(2, 4)), rng.normal(size=(5, 3)), rng.normal(size=(2, 4, 3))
    y, dw = np.zeros((2, 4, 3)), np.zeros_like(w)
    for n, t in all_of(x):
        for d in range(3):
            y[n, t, d] = w[x[n, t], d]
            dw[x[n, t], d] += up[n, t, d]
    return Signature({"x": x, "W": w, "dout": up}, y, {"w": dw})


@of("temporal_affine")
def temporal_affine(rng: np.random.Generator) -> Signature:
    x, w, b, up = (rng.normal(size=s) for s in ((2, 3, 4), (4, 5), 5, (2, 3, 5)))
    y, grads = np.zeros((2, 3, 5)), {"x": np.zeros_like(x), "w": np.zeros((4, 5)), "b": np.zeros(5)}
    for t in range(3):
        y[:, t] = through_affine(x[:, t], w, b)
        grads["x"][:, t], dw, db = back_through_affine(x[:, t], w, up[:, t])
        grads["w"] += dw
        grads["b"] += db
    return Signature({"x": x, "w": w, "b": b, "dout": up}, y, grads)


def softmax_loss(scores: Array, y: Array) -> tuple[float, Array]:
    """The sum over rows of -log(softmax(scores)[y]), and its gradient by the scores."""
    loss, dx = 0.0, np.zeros_like(scores)
    for n, row in enumerate(scores):
        total = sum(np.exp(s) for s in row)
        loss -= row[y[n]] - np.log(total)
        for j, s in enumerate(row):
            dx[n, j] = np.exp(s) / total - (j == y[n])
    return loss, dx


@of("softmax_loss")
def softmax(rng: np.random.Generator) -> Signature:
    x, y = rng.normal(size=(4, 3)), rng.integers(3, size=4)
    loss, dx = softmax_loss(x, y)
    return Signature({"x": x, "y": y}, loss / 4, {"x": dx / 4})


@of("svm_loss")
def svm(rng: np.random.Generator) -> Signature:
    x, y = rng.normal(size=(4, 3)), rng.integers(3, size=4)
    loss, dx = 0.0, np.zeros_like(x)
    for n, j in all_of(x):
        margin = x[n, j] - x[n, y[n]] + 1
        if j != y[n] and margin > 0:
            loss += margin / 4
            dx[n, j] += 1 / 4
            dx[n, y[n]] -= 1 / 4
    return Signature({"x": x, "y": y}, loss, {"x": dx})


@of("temporal_softmax_loss")
def temporal_softmax(rng: np.random.Generator) -> Signature:
    """The sum over the steps that the mask keeps, over N."""
    x, y = rng.normal(size=(2, 4, 3)), rng.integers(3, size=(2, 4))
    mask = np.array([[1, 1, 0, 1], [1, 0, 0, 0]], bool)
    loss, dx = 0.0, np.zeros_like(x)
    for n, t in all_of(mask):
        if mask[n, t]:
            one, slope = softmax_loss(x[n, t : t + 1], y[n, t : t + 1])
            loss += one / 2
            dx[n, t] = slope[0] / 2
    return Signature({"x": x, "y": y, "mask": mask}, loss, {"x": dx})


@of("TwoLayerNet")
def two_layer_net(rng: np.random.Generator) -> Signature:
    """affine, relu, affine, softmax; reg 0.5 counts 0.5 * reg * sum(W * W)."""
    x, w1, b1, w2, b2 = (rng.normal(size=s) for s in ((4, 5), (5, 6), 6, (6, 3), 3))
    y, reg = rng.integers(3, size=4), 0.5
    z = through_affine(x, w1, b1)
    loss, dscores = softmax_loss(through_affine(np.maximum(z, 0), w2, b2), y)
    da, dw2, db2 = back_through_affine(np.maximum(z, 0), w2, dscores / 4)
    _, dw1, db1 = back_through_affine(x, w1, np.where(z > 0, da, 0))
    for w in (w1, w2):
        loss += 4 * 0.5 * reg * sum(w[i] ** 2 for i in all_of(w))
    grads = {"w1": dw1 + reg * w1, "b1": db1, "w2": dw2 + reg * w2, "b2": db2}
    files = {"X": x, "y": y, "W1": w1, "b1": b1, "W2": w2, "b2": b2}
    return Signature(files, loss / 4, grads)
