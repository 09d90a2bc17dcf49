"""The same work in other libraries: those that are installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Call = Callable[[], Any]


def installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def networks(x: Any, params: list[Any], y: Any, loss: str) -> Iterator[tuple[str, Call]]:
    """(name, call) for every peer; a call computes the loss and all gradients."""
    if installed("torch"):
        yield "torch", _torch(x, params, y, loss)
    if installed("jax"):
        yield "jax jit", _jax(x, params, y, loss)
    if installed("autograd"):
        yield "autograd", _autograd(x, params, y, loss)
    if installed("mygrad"):
        yield "mygrad", _mygrad(x, params, y, loss)
    if installed("micrograd") and sum(p.size for p in params) < 50:
        yield "micrograd", _micrograd(x, params, y)


def _torch(x: Any, params: list[Any], y: Any, loss: str) -> Call:
    import torch

    tx, ty = torch.tensor(x), torch.tensor(y)
    ps = [torch.tensor(p, requires_grad=True) for p in params]

    def call() -> Any:
        h = tx
        for i in range(0, len(ps), 2):
            h = h @ ps[i] + ps[i + 1]
            if i < len(ps) - 2:
                h = torch.relu(h)
        if loss == "ce":
            value = torch.nn.functional.cross_entropy(h, ty)
        else:
            value = torch.nn.functional.mse_loss(h, ty)
        return value, torch.autograd.grad(value, ps)

    return call


def _chain(np_like: Any, h: Any, ps: Any) -> Any:
    for i in range(0, len(ps), 2):
        h = h @ ps[i] + ps[i + 1]
        if i < len(ps) - 2:
            h = np_like.maximum(h, 0)
    return h


def _loss(np_like: Any, h: Any, y: Any, loss: str) -> Any:
    if loss == "mse":
        return np_like.mean((h - y) ** 2)
    s = h - np_like.max(h, axis=1, keepdims=True)
    logs = s - np_like.log(np_like.sum(np_like.exp(s), axis=1, keepdims=True))
    return -np_like.sum(y * logs) / len(y)


def _jax(x: Any, params: list[Any], y: Any, loss: str) -> Call:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", x.dtype == np.float64)
    step = jax.jit(jax.value_and_grad(lambda ps: _loss(jnp, _chain(jnp, jx, ps), jy, loss)))
    jx, jy, ps = jnp.asarray(x), jnp.asarray(y), [jnp.asarray(p) for p in params]
    return lambda: jax.block_until_ready(step(ps))


def _autograd(x: Any, params: list[Any], y: Any, loss: str) -> Call:
    import autograd
    import autograd.numpy as anp

    step = autograd.value_and_grad(lambda ps: _loss(anp, _chain(anp, x, ps), y, loss))
    return lambda: step(params)


def _mygrad(x: Any, params: list[Any], y: Any, loss: str) -> Call:
    import mygrad

    def call() -> Any:
        ps = [mygrad.tensor(p) for p in params]
        h = x
        for i in range(0, len(ps), 2):
            h = mygrad.matmul(h, ps[i]) + ps[i + 1]
            if i < len(ps) - 2:
                h = mygrad.maximum(h, 0)
        value = _loss(mygrad, h, y, loss)
        value.backward()
        return value.data, [p.grad for p in ps]

    return call


def _micrograd(x: Any, params: list[Any], y: Any) -> Call:
    from micrograd.engine import Value

    def call() -> Any:
        ps = [[Value(float(v)) for v in p.reshape(-1)] for p in params]
        row: list[Any] = [float(v) for v in x[0]]
        for i in range(0, len(ps), 2):
            w, b = ps[i], ps[i + 1]
            row = [
                sum((r * w[k * len(b) + j] for k, r in enumerate(row)), b[j]) for j in range(len(b))
            ]
            if i < len(ps) - 2:
                row = [v.relu() for v in row]
        value = sum((v - float(t)) ** 2 for v, t in zip(row, y[0]))
        value.backward()
        return value.data, [[v.grad for v in p] for p in ps]

    return call
