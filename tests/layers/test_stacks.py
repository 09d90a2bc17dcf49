"""Random stacks of layers have the losses and gradients that torch and Keras have for them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcli.inputs.layer_text import read_layers
from gradcli.layer_kinds import LAYERS
from gradcli.layers.layer import layer_kind
from gradcli.problems import problem_from

STACKS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("stacks.json").read_text())
"""See stacks.py, which printed them."""
FRAMEWORKS = ("torch", "keras")
ROUGH = ("attention", "group_norm", "gelu", "leaky_relu", "hard_sigmoid")
"""What Keras computes in float32, or with constants of float32, in float64, too."""


def projections(g: Any) -> list[float]:
    """Three sums that g makes; see stacks.py."""
    g = g.reshape(-1)
    k = np.arange(g.size)
    return [g.sum(), g @ np.cos(1.7 * k), g @ np.sin(0.3 * k + 1)]


@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: f"seed {stack['spec']['seed']}")
def test_loss_and_gradients(stack: dict[str, Any]) -> None:
    spec = stack["spec"]
    told = {framework: dict(stack[framework]) for framework in FRAMEWORKS if stack[framework]}
    losses = {framework: found.pop("loss") for framework, found in told.items()}
    names = [*next(iter(told.values()))]
    problem = problem_from({**spec, "wrt": names}, None)
    answer = problem.evaluate()
    assert {*names} - {"x"} == {*problem.parameters}
    is_rough = any(f'"{kind}"' in json.dumps(spec) for kind in ROUGH)
    whole = np.sqrt(sum(np.sum(g * g) for g in answer.gradients.values()))
    for framework, found in told.items():
        tol = 1e-5 if is_rough and framework == "keras" else 1e-10
        assert answer.value == pytest.approx(losses[framework], rel=tol, abs=0), framework
        for name, g in answer.gradients.items():
            off = np.subtract(projections(g), found[name])
            # One that is 0 in truth is as exact as those that it comes from.
            scale = max(np.linalg.norm(g), 1e-4 * whole)
            assert np.max(np.abs(off)) <= tol * scale, f"{name} by {framework}"


def flat(layers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every layer, and those within it."""
    return [one for table in layers for one in (table, *flat(table.get("layers", [])))]


@pytest.mark.parametrize(("framework", "least"), [("torch", 300), ("keras", 100)])
def test_every_kind_is_among_them(framework: str, least: int) -> None:
    specs = [stack["spec"] for stack in STACKS if stack[framework]]
    assert len(specs) >= least
    counts = Counter(table["kind"] for spec in specs for table in flat(spec["layers"]))
    assert counts.keys() == LAYERS.keys()
    assert min(counts.values()) >= 15


def written(value: Any) -> str:
    """A layer as it is written: values by their places as far as they go, the others by name."""
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if not isinstance(value, dict):
        return str(value)
    words = []
    for key in LAYERS[value["kind"]].keys:
        if key.name not in value:
            break
        words.append(key.name)
    texts = [written(value[name]) for name in words]
    texts += [f"{n}={written(v)}" for n, v in value.items() if n not in (*words, "kind")]
    return f"{value['kind']}({', '.join(texts)})"


def test_each_is_written_as_text() -> None:
    def arrays(kind: str) -> list[str]:
        return [weight.letter for weight in layer_kind(kind).weights]

    for stack in STACKS:
        layers = stack["spec"]["layers"]
        assert read_layers(", ".join(map(written, layers)), LAYERS, arrays) == layers
