"""A step of adam for all parameters of 784-128-10: ``python tests/benchmarks/optimizers.py``."""

from __future__ import annotations

import math
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from gradcli.descent import Optimizer
from tests.benchmarks import timing
from tests.benchmarks.by_hand import network

LR, BETA_1, BETA_2, EPSILON = 0.001, 0.9, 0.999, 1e-7
SIZES = [784, 128, 10]


class ByHand:
    """Kingma & Ba, 2015, in place, each array by itself with one more for what is between."""

    def __init__(self, params: list[Any]) -> None:
        self.arrays = [(p, *(np.zeros_like(p) for _ in range(3))) for p in params]
        self.taken = 0

    def step(self, gradients: list[Any]) -> None:
        self.taken += 1
        rate = LR * math.sqrt(1 - BETA_2**self.taken) / (1 - BETA_1**self.taken)
        for (p, m, v, work), g in zip(self.arrays, gradients):
            m *= BETA_1
            m += np.multiply(g, 1 - BETA_1, out=work)
            v *= BETA_2
            np.multiply(g, g, out=work)
            work *= 1 - BETA_2
            v += work
            np.sqrt(v, out=work)
            work += EPSILON
            np.divide(m, work, out=work)
            work *= rate
            p -= work


def contestants() -> dict[str, Any]:
    """A step each of the same parameters, which are the same after three of them."""
    rng = np.random.default_rng(1)
    _, params, _ = network(SIZES, 1)
    gradients = [rng.standard_normal(p.shape).astype(p.dtype) for p in params]
    named = {str(i): g for i, g in enumerate(gradients)}
    by_hand, ours = [p.copy() for p in params], {str(i): p.copy() for i, p in enumerate(params)}
    calls = {
        "NumPy by hand": partial(ByHand(by_hand).step, gradients),
        "gradcli": partial(Optimizer("adam", LR).step_in_place, ours, named),
    }
    for call in calls.values():
        for _ in range(3):
            call()
    for p, q in zip(by_hand, ours.values()):
        np.testing.assert_allclose(p, q, rtol=1e-6, atol=1e-6)
    return calls


if __name__ == "__main__":
    timing.run([timing.Contest("adam, 101,770 of float32", contestants(), "<= 1.05")])
