"""The notes' models, from the command line."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tests.conftest import GOLDEN, Gradcli

MODELS = [case for case in GOLDEN.values() if "model" in case]
UNSAID = {"in": 4, "out": 3}
"""Sizes of the notes' cases whose arrays all come from names and seeds."""


def flags(model: dict[str, Any]) -> list[str]:
    words = [model["loss"]]
    for key, value in model.items():
        flag = "--" + key.replace("_", "-")
        if key == "from_logits":
            words += ["--from-logits" if value else "--from-probs"]
        elif key != "loss":
            words += [flag, value if isinstance(value, str) else json.dumps(value)]
    return words


@pytest.mark.parametrize("case", MODELS, ids=lambda case: case["name"])
def test_every_model_of_the_notes(case: dict[str, Any], gradcli: Gradcli) -> None:
    model = case["model"]
    sizes = {} if isinstance(model["w"], list) else UNSAID
    ran = gradcli(*flags({**model, **sizes}), "--json", "--trace")
    assert ran.code == 0
    answer = ran.json
    expect = dict(case["expect"])
    for name, printed in expect.pop("grads").items():
        np.testing.assert_allclose(answer["grads"][name], printed, rtol=case["rtol"])
    if "z" in expect:
        [z] = [step["value"] for step in answer["trace"] if step["name"] == "z"]
        np.testing.assert_allclose(z, expect.pop("z"), rtol=case["rtol"])
    for key, printed in expect.items():
        found = answer["output" if key == "prob" else key]
        np.testing.assert_allclose(found, printed, rtol=case["rtol"])
    for name, printed in case.get("inputs", {}).items():
        drawn = answer["x"] if name == "x" else answer["params"][name]
        np.testing.assert_allclose(drawn, printed, rtol=1e-6)


def test_the_first_table_of_the_notes_as_printed(gradcli: Gradcli) -> None:
    ran = gradcli(
        "mse --x 0.18152788,0.19228849,0.83497703 --y 0,1 --w ones --b ones --act sigmoid"
    )
    assert ran.code == 0
    assert ran.err == ""
    lines = ran.out.splitlines()
    assert float(lines[1].removeprefix("loss ")) == pytest.approx(0.4108302, rel=2e-5)
    cells = [[c.strip() for c in line.split("│")[2:-1]] for line in lines if line.startswith("│")]
    numbers = [[float(c) for c in row] for row in cells if "." in row[0]]
    grads = GOLDEN["mse_sigmoid_3_2"]["expect"]["grads"]
    np.testing.assert_allclose(numbers, [*grads["w"], grads["b"]], rtol=2e-5)


def test_a_formula_by_the_names_of_the_notes(gradcli: Gradcli) -> None:
    """The first model again, and it comes back through a stream."""
    model, expect = (GOLDEN["mse_sigmoid_3_2"][key] for key in ("model", "expect"))
    values = [f"{name}={json.dumps(model[name])}" for name in ("x", "w", "b", "y")]
    formula = "reduce_mean(MSE(y, sigmoid(x @ w + b)))"
    ran = gradcli("formula", formula, *values, "--wrt", "w,b", "--json")
    assert ran.json["value"] == pytest.approx(expect["loss"], rel=1e-6)
    for name, printed in expect["grads"].items():
        np.testing.assert_allclose(ran.json["grads"][name], printed, rtol=2e-5)
    assert gradcli("run - --json", stdin=ran.out.encode()).out == ran.out
    told = gradcli("formula", "tf.losses.MSE(y, p)", "y=0,1", "p=1,1")
    assert (told.code, "drop tf.losses.: write MSE(...)" in told.err) == (2, True)


@pytest.mark.parametrize(
    ("name", "loss"), [("categorical_crossentropy", "ce"), ("binary_crossentropy", "bce")]
)
def test_cross_entropies_of_the_notes(name: str, loss: str, gradcli: Gradcli) -> None:
    """The probabilities are the output itself: x = p through an identity."""
    for case in GOLDEN[name]["cases"]:
        p, y = (",".join(map(str, case[key])) for key in ("p", "y"))
        ran = gradcli(f"{loss} --x {p} --y {y} --w eye --from-probs --json")
        assert ran.json["loss"] == pytest.approx(case["loss"], rel=GOLDEN[name]["rtol"])
