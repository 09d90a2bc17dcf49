"""The benchmarks compare like with like: gradcli computes what the hand-written code does."""

from __future__ import annotations

import json
from itertools import islice

import numpy as np
import pytest

from gradcli.model import Model
from tests.benchmarks import alone, descent, optimizers, streams
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


@pytest.mark.parametrize("work", list(streams.WORKS)[:2])
def test_streams_agree(work: str) -> None:
    for line in islice(streams.documents(work), 6):
        found, hand = (
            Model.from_spec(json.loads(line)).evaluate(),
            json.loads(streams.by_hand(line)),
        )
        np.testing.assert_allclose(found.value, hand["loss"], 1e-5)
        assert found.gradients is not None
        assert list(found.gradients) == list(hand["grads"])
        for name, gradient in found.gradients.items():
            np.testing.assert_allclose(gradient, hand["grads"][name], 1e-4, 1e-5)
