"""The benchmarks compare like with like: gradcli computes what the hand-written code does."""

from __future__ import annotations

import pytest

from tests.benchmarks import descent
from tests.benchmarks.gradients import ROWS, contestants


@pytest.mark.parametrize("row", ROWS[1:], ids=lambda row: row[0])
def test_contestants_agree(row: tuple[str, list[int], int, str, str]) -> None:
    _, sizes, batch, loss, _ = row
    assert {"NumPy by hand", "gradcli"} <= set(contestants(sizes, batch, loss))


def test_walks_end_at_the_minimum() -> None:
    assert {"numbers by hand", "gradcli"} <= set(descent.contestants())
