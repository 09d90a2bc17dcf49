"""Gradients proven along random directions: ``python tests/benchmarks/directions.py``.

How long 203,530 entries take, beside one evaluation of the gradient and torch's gradcheck in its
fast mode, which says yes or no; each contestant alone in its process, by turns. With ``agree``
and a number: so many planted errors in a net of 2,170 entries, and as many right gradients,
judged along directions, entry by entry, and by torch.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[2]))

from gradcli.check import Checked, check
from gradcli.check.plan import Options
from gradcli.gradient import differentiate
from gradcli.model import Model
from tests.benchmarks import alone, by_hand
from tests.benchmarks.alone import Call, Work
from tests.benchmarks.peers import installed
from tests.planted import Plant, entry, factor, noise, planted, rearranged

LARGE = [784, 256, 10]
SMALL, BATCH = [30, 30, 30, 10], 8
NAMES = [f"{letter}{i}" for i in (1, 2, 3) for letter in "wb"]


def model_of(sizes: list[int], x: Any, params: list[Any], y: Any) -> dict[str, Any]:
    """The specification of a relu net with cross entropy at these arrays."""
    arrays = dict(zip(NAMES, params))
    return {"loss": "ce", "hidden": sizes[1:-1], "x": x, "y": y, "dtype": "float64", **arrays}


def torch_loss(x: Any, y: Any) -> Callable[..., Any]:
    import torch

    tx, ty = torch.tensor(x), torch.tensor(y)

    def loss(*ps: Any) -> Any:
        h = tx
        for i in range(0, len(ps), 2):
            h = h @ ps[i] + ps[i + 1]
            h = torch.relu(h) if i < len(ps) - 2 else h
        return torch.nn.functional.cross_entropy(h, ty)

    return loss


def large() -> tuple[Any, list[Any], Any]:
    return by_hand.network(LARGE, 1, np.float64)


def own() -> tuple[Model, Any]:
    x, params, y = large()
    model = Model.from_spec(model_of(LARGE, x, params, y))
    result = differentiate(model)
    return model, (result.value, [result.gradients[name] for name in NAMES[:4]])


def gradient() -> Call:
    model, answer = own()

    def call() -> Any:
        differentiate(model)
        return answer

    return call


def along_directions() -> Call:
    model, answer = own()

    def call() -> Any:
        found = check(model)
        assert (found.verdict, found.method) == ("pass", "directions")
        return answer

    return call


def torch_fast() -> Call:
    import torch

    x, params, y = large()
    ps = [torch.tensor(p, requires_grad=True) for p in params]
    loss = torch_loss(x, y)
    value = loss(*ps)
    answer = value.detach().numpy(), [g.numpy() for g in torch.autograd.grad(value, ps)]

    def call() -> Any:
        assert torch.autograd.gradcheck(loss, ps, fast_mode=True)
        return answer

    return call


WORKS = {
    "directions": Work(
        "203,530 entries",
        {
            "gradcli, one gradient": ("numpy", gradient),
            "gradcli": ("numpy", along_directions),
            "torch, fast mode": ("torch", torch_fast),
        },
        "< 0.1 s",
        1e-8,
    )
}


class Planted(NamedTuple):
    """An error of a kind, in the gradient by one parameter."""

    kind: str
    name: str
    plant: Plant
    place: list[int] | None = None


def an_error(rng: np.random.Generator) -> Planted:
    """Of any kind, size and place."""
    name = str(rng.choice(NAMES))
    sizes = {"w": SMALL, "b": SMALL[1:]}[name[0]]
    i = int(name[1]) - 1
    shape = tuple(sizes[i : i + 2]) if name[0] == "w" else (sizes[i],)
    kind = str(rng.choice(["sign", "factor", "one entry", "transpose", "noise"]))
    if kind == "sign":
        return Planted(kind, name, factor(name, -1.0))
    if kind == "factor":
        times = float(rng.choice([2.0, 0.5, BATCH, 1 / BATCH, 0.0, 1.01, 1.001]))
        return Planted(kind, name, factor(name, times))
    if kind == "transpose":
        name = str(rng.choice(["w1", "w2"]))
        return Planted(kind, name, rearranged(name, np.transpose))
    part = float(10 ** rng.uniform(-3, 0))
    if kind == "noise":
        return Planted(kind, name, noise(name, part, int(rng.integers(1 << 30))))
    place = [int(rng.integers(n)) for n in shape]
    part *= float(rng.choice([-1, 1]))
    return Planted(kind, name, entry(name, tuple(place), part), place)


def agree(count: int) -> None:
    """Judge ``count`` planted errors, and as many right gradients; print how they were judged."""
    rng = np.random.default_rng(0)
    seen: Counter[tuple[str, str, str]] = Counter()
    times: Counter[str] = Counter()
    for i in range(count):
        spec = _a_net(i)
        for error in (an_error(rng), Planted("right", "", lambda gradients: None)):
            wrong = planted(spec, error.plant)
            for who, options in (
                ("directions", Options("directions")),
                ("every entry", Options("central")),
            ):
                start = time.perf_counter()
                found = check(wrong, options)
                times[who] += time.perf_counter() - start  # type: ignore[assignment]
                seen[error.kind, who, _verdict(found, error)] += 1
            if installed("torch"):
                start = time.perf_counter()
                told = _by_torch(spec, wrong)
                times["torch, fast mode"] += time.perf_counter() - start  # type: ignore[assignment]
                seen[error.kind, "torch, fast mode", told] += 1
    table = Table(title=f"{count:,} planted errors and {count:,} right gradients, 2,170 entries")
    columns = ("pass", "fail", "inconclusive", "fail, place named")
    for column in ("planted", "judged by", *columns):
        table.add_column(column, justify="right" if column in columns else "left")
    kinds = sorted({kind for kind, _, _ in seen})
    for kind in kinds:
        for who in times:
            cells = [str(seen[kind, who, verdict] or "") for verdict in columns]
            table.add_row(kind if who == "directions" else "", who, *cells)
        table.add_section()
    Console(width=120).print(table)
    for who, seconds in times.items():
        print(f"{who}: {seconds / (2 * count) * 1e3:.3g} ms each")


def _a_net(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    x, params, y = by_hand.network(SMALL, BATCH, np.float64)
    x = rng.standard_normal(x.shape)
    return model_of(SMALL, x, [p + 0.1 * rng.standard_normal(p.shape) for p in params], y)


def _verdict(found: Checked, error: Planted) -> str:
    """The verdict; a failure must be of the parameter that is wrong, and may name the place."""
    failed = {name for name, v in found.params.items() if v.verdict == "fail"}
    assert failed <= {error.name}, (error, failed)
    if error.place is not None and failed and found.params[error.name].failed_at == [error.place]:
        return "fail, place named"
    return found.verdict


def _by_torch(spec: dict[str, Any], wrong: Model) -> str:
    """Whether torch lets the gradients of ``wrong`` pass, as the backward pass of a function."""
    import torch

    torch.set_num_threads(1)  # others only wait for each other, on arrays this small
    loss, gradients = torch_loss(spec["x"], spec["y"]), differentiate(wrong).gradients

    class Function(torch.autograd.Function):  # type: ignore[misc, name-defined, unused-ignore]
        @staticmethod
        def forward(ctx: Any, *ps: Any) -> Any:
            return loss(*ps)

        @staticmethod
        def backward(ctx: Any, upstream: Any) -> Any:
            return tuple(upstream * torch.tensor(gradients[name]) for name in NAMES)

    ps = [torch.tensor(spec[name], requires_grad=True) for name in NAMES]
    checked = torch.autograd.gradcheck(Function.apply, ps, fast_mode=True, raise_exception=False)
    return "pass" if checked else "fail"


if __name__ == "__main__":
    if sys.argv[1:2] == ["agree"]:
        agree(int(sys.argv[2]) if len(sys.argv) > 2 else 1000)
    else:
        alone.main(WORKS, __file__)
