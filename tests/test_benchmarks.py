"""The benchmarks compare like with like: gradcli computes what the hand-written code does."""

from __future__ import annotations

import pytest

from tests.benchmarks import alone, descent, optimizers
from tests.benchmarks.gradients import ROWS, contestants
from tests.benchmarks.layers import WORKS


@pytest.mark.parametrize("row", ROWS[1:], ids=lambda row: row[0])
def test_contestants_agree(row: tuple[str, list[int], int, str, str]) -> None:
    _, sizes, batch, loss, _ = row
    assert {"NumPy by hand", "gradcli"} <= set(contestants(sizes, batch, loss))


@pytest.mark.parametrize("name", [name for name, w in WORKS.items() if "gradcli" in w.contestants])
def test_layers_agree(name: str) -> None:
    alone.checked(WORKS[name], "gradcli")


def test_walks_end_at_the_minimum() -> None:
    assert {"numbers by hand", "gradcli"} <= set(descent.contestants())


def test_steps_of_adam_agree() -> None:
    assert {"NumPy by hand", "gradcli"} <= set(optimizers.contestants())
