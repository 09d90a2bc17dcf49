"""The same network in three conventions has the same loss and, mapped, the same gradients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from gradcli.layer_kinds import LAYERS
from gradcli.model import Model
from gradcli.model.placed import Placed
from tests.conventions.networks import (
    CONVENTIONS,
    LETTERS,
    Maker,
    Table,
    channels_first,
    every,
    mapped,
    written,
)

FAMILIES = ("images", "steps", "tokens")
SEEDS = range(14)
POSITIONS = ("conv1d", "max_pool1d", "avg_pool1d", "batch_norm", "group_norm")
STEPS = ("rnn", "lstm", "gru", "attention", "embedding", "dense", "layer_norm", "rms_norm")


def networks() -> dict[str, Table]:
    made = {f"{f}-{seed}": Maker(seed).network(f) for f in FAMILIES for seed in SEEDS}
    return {n: s for n, s in made.items() if all(t["kind"] in LAYERS for t in every(s["layers"]))}


NETWORKS = networks()


def ordered(layers: tuple[Placed, ...]) -> Iterator[tuple[Placed, npt.NDArray[Any] | None, bool]]:
    """Each layer, the order of its features under channels first, and whether it sees that."""
    order, first = None, len(layers[0].shape) == 3 or layers[0].layer.kind == "conv1d"
    for placed in layers:
        kind, shape = placed.layer.kind, placed.shape
        for inner in placed.inner:
            yield inner, None if len(shape) > 1 else order, first
        yield placed, order, first
        if kind == "flatten" and first and len(shape) > 1:
            order = np.moveaxis(np.arange(np.prod(shape)).reshape(shape), -1, 0).ravel()
        elif kind == "dense":
            order = None
        first = len(shape) == 3 or ((first or kind in POSITIONS) and kind not in STEPS)


def theirs(net: Model, arrays: dict[str, Any], convention: str) -> list[dict[str, Any]]:
    """Arrays of the layers of ``net``, which are Keras's, as ``convention`` has them."""
    found = []
    for placed, order, first in ordered(net.spec.layers):
        own = {letter: arrays[n] for letter, n in placed.names.items() if n in arrays}
        for letter, array in own.items():
            if letter == "mask":
                array = np.moveaxis(array, -1, 1) if first and array.ndim > 2 else array
                own[letter] = array if order is None or array.ndim > 2 else array[:, order]
            elif order is not None and letter in ("w", "gamma", "beta"):
                own[letter] = array[order]
        found.append(mapped(placed.layer.kind, own, convention) if "mask" not in own else own)
    return found


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_network(name: str, convention: str) -> None:
    spec = NETWORKS[name]
    keras = Model.from_spec(spec)
    net = Model.from_spec(written(spec, convention))
    ours, found = keras.evaluate(), net.evaluate()
    x = np.moveaxis(keras.x, -1, 1) if channels_first(spec) else keras.x
    np.testing.assert_array_equal(net.x, x)
    assert float(found.value) == pytest.approx(float(ours.value), rel=1e-12)
    placed = [one for one, _, _ in ordered(net.spec.layers)]
    drawn, gradients = (theirs(keras, a, convention) for a in (keras.arrays, ours.gradients))
    largest = max(np.max(np.abs(g)) for g in ours.gradients.values())
    for one, arrays, by in zip(placed, drawn, gradients, strict=True):
        for local, array in arrays.items():
            expected = 0 * array if local == "bias_hh_l0" and one.layer.kind != "gru" else array
            np.testing.assert_array_equal(net.arrays[one.names[local]], expected)
        for local, gradient in by.items():
            np.testing.assert_allclose(
                found.gradients[one.names[local]],
                gradient,
                rtol=1e-10,
                atol=1e-12 * largest,
                err_msg=f"{one.layer.kind} {local}",
            )


def test_every_kind_is_among_them() -> None:
    kinds = {table["kind"] for spec in NETWORKS.values() for table in every(spec["layers"])}
    assert len(NETWORKS) >= 40
    assert set(LETTERS) <= kinds
