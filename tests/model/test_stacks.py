"""Many values of one array at once are the same as one by one, for every kind of layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcli.model import Model

NETWORKS: dict[str, dict[str, Any]] = {
    "images": {
        "in": [5, 5, 2],
        "layers": "conv2d(4, 3, padding=same, groups=2, act=tanh), batch_norm, group_norm(2), "
        "residual(conv2d(4, 3, padding=1), dropout(0.5)), avg_pool2d(2), flatten, dense(2)",
    },
    "sequences": {
        "in": [6, 4],
        "layers": "conv1d(4, 2, padding=same), residual(layer_norm, attention(2)), lstm(3, "
        "sequences=true), rms_norm, max_pool1d(2), reshape(9), residual(dense(9, act=tanh))",
    },
}


@pytest.mark.parametrize("convention", ["keras", "torch", "cs231n"])
@pytest.mark.parametrize("name", NETWORKS)
def test_stacked_is_one_by_one(name: str, convention: str) -> None:
    spec = {"loss": "mse", "batch": 3, "dtype": "float64", "l2": 0.1, **NETWORKS[name]}
    if convention != "keras" and name == "images":
        spec["in"] = [2, 5, 5]
    elif convention != "keras":
        spec["in"] = [4, 6]
    net = Model.from_spec({**spec, "convention": convention})
    rng = np.random.default_rng(1)
    for array in ("x", *net.parameters):
        at = net.arrays[array]
        stack = at + rng.standard_normal((4, *at.shape))
        expected = []
        for one in stack:
            moved = net.loss_of({array: one}, net.x if array != "x" else one, net.y)
            expected.append(float(np.asarray(moved)))
        np.testing.assert_allclose(net.values(array, stack), expected, rtol=1e-12, err_msg=array)
