"""What is wrong with a gradient by the arrays of an image: its cause in words."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from gradcli.model import Model
from tests.conftest import Gradcli

LAYERS = "conv2d(4, 2, act=tanh), flatten, activation(tanh), dense(3)"


def judged(gradcli: Gradcli, spec: dict[str, Any], name: str, wrong: Any) -> str:
    """What check says of ``wrong`` as the gradient by ``name``; it must fail."""
    net = Model.from_spec(spec)
    grads = {n: g.tolist() for n, g in net.evaluate().gradients.items()} | {name: wrong.tolist()}
    ran = gradcli("check run - --json", stdin=json.dumps({"spec": spec, "grads": grads}).encode())
    assert ran.code == 1
    return str(ran.json["params"][name]["cause"])


@pytest.mark.parametrize(
    ("convention", "row", "name", "where"),
    [
        ("keras", [4, 3, 2], "w2", "first"),
        ("cs231n", [2, 4, 3], "w2", "last"),
        ("torch", [2, 4, 3], "4.weight", "last"),
    ],
)
def test_an_image_that_was_flattened_the_other_way(
    convention: str, row: list[int], name: str, where: str, gradcli: Gradcli
) -> None:
    """The image before flatten is 3 x 2 with 4 channels."""
    spec = {"loss": "mse", "in": row, "batch": 2, "layers": LAYERS, "dtype": "float64"}
    spec["convention"] = convention
    right = Model.from_spec(spec).evaluate().gradients[name]
    rows = right.T if convention == "torch" else right
    if where == "first":
        wrong = rows.reshape(3, 2, 4, 3).transpose(2, 0, 1, 3).reshape(24, 3)
    else:
        wrong = rows.reshape(4, 3, 2, 3).transpose(1, 2, 0, 3).reshape(24, 3)
    wrong = wrong.T if convention == "torch" else wrong
    said = judged(gradcli, spec, name, wrong)
    assert said == f"{name} is of an image flattened with its channels {where}"


def test_axes_in_another_order_and_sums_over_places(gradcli: Gradcli) -> None:
    spec = {"loss": "mse", "in": [5, 4, 2], "batch": 3, "dtype": "float64"}
    spec["layers"] = "conv2d(2, 2)"
    right = Model.from_spec(spec).evaluate().gradients
    said = judged(gradcli, spec, "w", np.transpose(right["w"], (1, 0, 2, 3)))
    assert said == "its axes are in another order: (1, 0, 2, 3) of those that are needed"
    said = judged(gradcli, spec, "b", right["b"] * 12)
    assert said.endswith("1/T missing: T = 12 is the number of places in a row")
