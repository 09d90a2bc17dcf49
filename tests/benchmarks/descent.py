"""200 steps down Himmelblau's function: ``python tests/benchmarks/descent.py``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from gradcli.descent import Settings, descend
from gradcli.formula import LANDSCAPES, Formula
from tests.benchmarks import timing
from tests.benchmarks.peers import installed

START, LR, STEPS = (-4.0, 0.0), 0.01, 200
END = (-3.7793102, -3.283186)


def by_hand() -> Any:
    x, y = START
    for _ in range(STEPS):
        a, b = x * x + y - 11, x + y * y - 7
        x, y = x - LR * (4 * a * x + 2 * b), y - LR * (2 * a + 4 * b * y)
    return x, y


def gradcli() -> Any:
    formula = Formula(LANDSCAPES["himmelblau"].formula, dict(zip("xy", START)), None, "float32")
    return descend(formula, Settings(LR, STEPS, 20)).end.values()


def micrograd() -> Any:
    from micrograd.engine import Value

    x, y = (Value(v) for v in START)
    for _ in range(STEPS):
        f = (x**2 + y + -11) ** 2 + (x + y**2 + -7) ** 2
        f.backward()
        x, y = Value(x.data - LR * x.grad), Value(y.data - LR * y.grad)
    return x.data, y.data


def jax_jit() -> Any:
    """The function and its gradient under jit; the step as anybody would write it."""
    import jax
    import jax.numpy as jnp

    def himmelblau(p: Any) -> Any:
        return (p[0] ** 2 + p[1] - 11) ** 2 + (p[0] + p[1] ** 2 - 7) ** 2

    value_and_grad = jax.jit(jax.value_and_grad(himmelblau))

    def call() -> Any:
        p = jnp.array(START)
        for _ in range(STEPS):
            _, g = value_and_grad(p)
            p = p - LR * g
        return np.asarray(p)

    return call


def jax_whole_step() -> Any:
    """The whole step under jit, the value not asked for: as fast as a Python loop of it gets."""
    import jax
    import jax.numpy as jnp

    def himmelblau(p: Any) -> Any:
        return (p[0] ** 2 + p[1] - 11) ** 2 + (p[0] + p[1] ** 2 - 7) ** 2

    step = jax.jit(lambda p: p - LR * jax.grad(himmelblau)(p))

    def call() -> Any:
        p = jnp.array(START)
        for _ in range(STEPS):
            p = step(p)
        return np.asarray(p)

    return call


def torch_steps() -> Any:
    import torch

    def call() -> Any:
        p = torch.tensor(START, requires_grad=True)
        for _ in range(STEPS):
            x, y = p
            (g,) = torch.autograd.grad((x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2, p)
            p = (p - LR * g).detach().requires_grad_()
        return p.detach().numpy()

    return call


def contestants() -> dict[str, Any]:
    """Each from start to end, parsing and tracing included; all must end at the minimum."""
    calls: dict[str, Any] = {"numbers by hand": by_hand, "gradcli": gradcli}
    if installed("micrograd"):
        calls["micrograd"] = micrograd
    if installed("jax"):
        calls["jax jit"] = jax_jit()
        calls["jax jit of the whole step"] = jax_whole_step()
    if installed("torch"):
        calls["torch"] = torch_steps()
    for who, call in calls.items():
        np.testing.assert_allclose([*call()], END, rtol=1e-5, err_msg=who)
    return calls


if __name__ == "__main__":
    timing.run([timing.Contest("200 steps", contestants(), "< micrograd, < jax jit")])
