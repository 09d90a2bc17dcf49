"""Loss and all gradients of three networks: ``python tests/benchmarks/gradients.py``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from gradcli.engine import GradientTape, Tensor
from gradcli.model import Model
from tests.benchmarks import by_hand, peers, timing

ROWS = [
    ("784-256-128-10, batch 128", [784, 256, 128, 10], 128, "ce", "<= 1.10"),
    ("32-32-32-10, batch 16", [32, 32, 32, 10], 16, "ce", "<= 1.6"),
    ("3-2-1, batch 1", [3, 2, 1], 1, "mse", "<= 1.7"),
]


def contestants(sizes: list[int], batch: int, loss: str) -> dict[str, Any]:
    """NumPy by hand first; all are checked against it before anything is timed."""
    x, params, y = by_hand.network(sizes, batch)
    hand = by_hand.cross_entropy_3 if loss == "ce" else by_hand.squared_error_2
    model = Model.from_spec(
        {"loss": loss, "in": sizes[0], "hidden": sizes[1:-1], "out": sizes[-1], "batch": batch}
    )
    named = dict(zip(model.parameters, params))

    def on_a_tape() -> Any:
        tensors = {name: Tensor(p) for name, p in named.items()}
        with GradientTape() as tape:
            tape.watch(tensors)
            value = model.loss_of(tensors, x, y)
        return value.value, tape.gradient(value, tensors)

    calls = {
        "NumPy by hand": lambda: hand(x, params, y),
        "gradcli": lambda: model.value_and_gradients(named, x, y),
        "a new tape each time": on_a_tape,
        **dict(peers.networks(x, params, y, loss)),
    }
    expected, gradients = hand(x, params, y)
    for who, call in calls.items():
        value, found = call()
        value = value.detach() if hasattr(value, "detach") else value
        np.testing.assert_allclose(float(value), expected, 1e-4, err_msg=who)
        found = list(found.values()) if isinstance(found, dict) else found
        for a, b in zip(found, gradients):
            flat = np.asarray(getattr(a, "value", a)).reshape(-1)
            np.testing.assert_allclose(flat, b.reshape(-1), 1e-3, 1e-5, err_msg=who)
    return calls


if __name__ == "__main__":
    timing.run(
        [
            timing.Contest(work, contestants(sizes, batch, loss), target)
            for work, sizes, batch, loss, target in ROWS
        ]
    )
