"""Every entry of a 32-32-32-10 net checked: ``python tests/benchmarks/check.py``."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from gradcli.check import check
from gradcli.model import Model
from tests.benchmarks import by_hand, timing
from tests.benchmarks.peers import installed

SIZES, BATCH = [32, 32, 32, 10], 16


def contestants() -> dict[str, Any]:
    x, params, y = by_hand.network(SIZES, BATCH, np.float64)
    names = [f"{letter}{i}" for i in (1, 2, 3) for letter in "wb"]
    model = Model.from_spec(
        {"loss": "ce", "hidden": SIZES[1:-1], "x": x, "y": y, "dtype": "float64",
         **dict(zip(names, params))}
    )  # fmt: skip
    checked = check(model)
    assert checked.verdict == "pass"
    assert sum(v.entries for v in checked.params.values()) == 2442
    calls: dict[str, Any] = {"gradcli check": lambda: check(model)}
    if installed("scipy"):
        calls["SciPy 3-point"] = scipy_three_point(x, params, y)
    if installed("torch"):
        calls["torch gradcheck of an nn.Module"] = torch_gradcheck(x, params, y, module=True)
        calls["torch gradcheck of bare functions"] = torch_gradcheck(x, params, y, module=False)
    return calls


def scipy_three_point(x: Any, params: list[Any], y: Any) -> Any:
    """SciPy's central differences of the loss written by hand in NumPy."""
    from scipy.optimize._numdiff import approx_derivative

    shapes = [p.shape for p in params]
    ends = np.cumsum([p.size for p in params])[:-1]

    def loss(flat: Any) -> Any:
        w1, b1, w2, b2, w3, b3 = (
            part.reshape(shape) for part, shape in zip(np.split(flat, ends), shapes)
        )
        z = np.maximum(np.maximum(x @ w1 + b1, 0) @ w2 + b2, 0) @ w3 + b3
        s = z - z.max(axis=1, keepdims=True)
        return (np.log(np.exp(s).sum(axis=1)) - (y * s).sum(axis=1)).mean()

    point = np.concatenate([p.reshape(-1) for p in params])
    _, gradients = by_hand.cross_entropy_3(x, params, y)
    expected = np.concatenate([g.reshape(-1) for g in gradients])
    np.testing.assert_allclose(approx_derivative(loss, point), expected, 1e-5, 1e-8)
    return lambda: approx_derivative(loss, point, method="3-point")


def torch_gradcheck(x: Any, params: list[Any], y: Any, module: bool) -> Any:
    """gradcheck in its default, slow mode: every entry, by central differences."""
    import torch

    tx, ty = torch.tensor(x), torch.tensor(y)
    ps = [torch.tensor(p, requires_grad=True) for p in params]
    layers = []
    for fan_in, fan_out in pairwise(SIZES):
        layers += [torch.nn.Linear(fan_in, fan_out), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1]).double()
    names = [name for name, _ in net.named_parameters()]

    def loss_of_module(*ps: Any) -> Any:
        named = {n: p.T if p.ndim == 2 else p for n, p in zip(names, ps)}
        return torch.nn.functional.cross_entropy(torch.func.functional_call(net, named, (tx,)), ty)

    def loss(*ps: Any) -> Any:
        h = tx
        for i in range(0, len(ps), 2):
            h = h @ ps[i] + ps[i + 1]
            h = torch.relu(h) if i < len(ps) - 2 else h
        return torch.nn.functional.cross_entropy(h, ty)

    return lambda: torch.autograd.gradcheck(loss_of_module if module else loss, ps)


if __name__ == "__main__":
    timing.run(
        [timing.Contest("2442 parameters", contestants(), "torch >= 25, SciPy >= 5")], rounds=5
    )
