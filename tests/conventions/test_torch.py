"""The torch convention is torch's: its own state_dict, its own gradients, as they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcli.layer_kinds import LAYERS
from gradcli.model import Model
from gradcli.model.network import leaves
from tests.conftest import Gradcli
from tests.conventions.torch_reference import NETWORKS, spec_of

REFERENCE: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text())
SCALED = ["3.mask"]
"""An array that no module of torch has."""


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_are_torch_s(name: str) -> None:
    """torch 2.13 took the arrays by load_state_dict, and its gradients were judged good."""
    expected, found = REFERENCE[name], Model.from_spec(spec_of(name)).evaluate()
    assert expected["spec"] == spec_of(name)
    assert expected["missing"] == []
    assert expected["unexpected"] in ([], SCALED)
    assert expected["verdict"] == 0
    assert float(found.value) == pytest.approx(expected["loss"], rel=1e-11)
    assert list(found.gradients) == list(expected["grads"])
    largest = max(np.max(np.abs(g)) for g in expected["grads"].values())
    for array, gradient in expected["grads"].items():
        np.testing.assert_allclose(
            found.gradients[array], gradient, rtol=1e-10, atol=1e-12 * largest, err_msg=array
        )


def test_every_kind_is_held_to_torch() -> None:
    kinds = {
        placed.layer.kind
        for name in NETWORKS
        for placed in leaves(Model.from_spec(spec_of(name)).spec.layers)
    }
    assert set(LAYERS) == kinds


def test_gradients_saved_from_a_module_are_judged_as_they_are(
    gradcli: Gradcli, tmp_path: Path
) -> None:
    name = "embedding, lstm"
    (tmp_path / "net.json").write_text(json.dumps(spec_of(name)))
    grads = {n: np.array(g) for n, g in REFERENCE[name]["grads"].items()}
    line = f"check run {tmp_path}/net.json --against {tmp_path}/theirs.npz"
    np.savez(tmp_path / "theirs.npz", **grads)  # type: ignore[arg-type]
    assert gradcli(line).code == 0
    swapped = grads["1.weight_ih_l0"]  # gates i f o g
    grads["1.weight_ih_l0"] = np.concatenate([swapped[:4], swapped[6:], swapped[4:6]])
    np.savez(tmp_path / "theirs.npz", **grads)  # type: ignore[arg-type]
    ran = gradcli(line)
    assert ran.code == 1
    assert "1.weight_ih_l0" in ran.out
