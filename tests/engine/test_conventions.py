"""Sub-gradients and special points, by the numbers that torch and TensorFlow print.

Where the two agree, theirs; where they do not, one of theirs. ``OURS`` has what differs from
both, with the reason: the README's table of conventions says the same.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import gradcli.engine as engine
from gradcli.engine import GradientTape, plain, tensor
from gradcli.errors import GradcliError
from tests.conftest import HERE

ENTRIES = json.loads((HERE / "reference" / "conventions.json").read_text())
NAMES = {name: getattr(engine, name) for name in dir(engine)} | {"np": np, "inf": np.inf}

ABSENT = {
    "copysign", "fmax", "fmin", "nan_to_num", "sinc", "xlogy",
}  # fmt: skip
"""What the engine has no op for."""

OURS = {
    ("hypot(a, b)", "a=0.0 b=0.0"): [0.0],  # the norm of two numbers: as at its origin, 0
    ("sqrt(abs(x))", "x=0.0"): [0.0],  # |x|'(0) = 0 selects: inf * 0 does not come up
    ("log(abs(x))", "x=0.0"): [0.0],
    ("reciprocal(abs(x))", "x=0.0"): [0.0],
    ("power(x, 0.0)", "x=0.0"): [0.0],  # x^0 is 1 everywhere: every derivative is 0
    ("elu(x)", "x=0.0"): [1.0],  # of order 2: the left side's, as the first derivative is
    # The numeric derivative of a cofactor expansion; their formulas divide by det(x) = 0.
    ("det(x)", "x=[[1.0, 2.0], [2.0, 4.0]]"): [4.0, -2.0, -2.0, 1.0],
    # NumPy reads the lower triangle only: no entry above it moves the value.
    ("cholesky(x)", "x=[[4.0, 2.0], [2.0, 3.0]]"): [0.213388348, 0.0, 0.146446609, 0.353553391],
    ("cholesky(x)", "x=[[4.0, 9.0], [2.0, 3.0]]"): [0.213388348, 0.0, 0.146446609, 0.353553391],
}


def point(entry: dict[str, Any]) -> str:
    return " ".join([f"{name}={value}" for name, value in entry["at"].items()])


def title(entry: dict[str, Any]) -> str:
    return f"{entry['call']} {point(entry)} by {entry['wrt']} order {entry['order']}"


def derivative(entry: dict[str, Any], order: int, at: dict[str, Any]) -> Any:
    if order == 0:
        return eval(entry["call"], {**NAMES, **at})
    with GradientTape() as tape:
        tape.watch(list(at.values()))
        y = derivative(entry, order - 1, at)
    return tape.gradient(y, at[entry["wrt"]], unconnected_gradients="zero")


def same(found: Any, printed: Any) -> bool:
    # TensorFlow's leaky_relu and torch's hardsigmoid hold their constants in float32.
    expected = np.array(printed, float).reshape(-1)
    return found.shape == expected.shape and np.allclose(
        found, expected, rtol=1e-6, atol=1e-9, equal_nan=True
    )


@pytest.mark.parametrize("entry", ENTRIES, ids=title)
def test_the_derivative_is_that_of_torch_or_tensorflow(entry: dict[str, Any]) -> None:
    if entry["call"].partition("(")[0] in ABSENT:
        assert entry["call"].partition("(")[0] not in dir(engine)
        return
    at = {name: tensor(np.array(value, float)) for name, value in entry["at"].items()}
    printed = [entry[who] for who in ("torch", "tensorflow") if entry[who] is not None]
    with np.errstate(all="ignore"):
        try:
            found = np.ravel(plain(derivative(entry, entry["order"], at)))
        except (GradcliError, ValueError):  # refused: then neither may have a good answer
            assert not any(p and np.all(np.isfinite(np.array(p, float))) for p in printed)
            return
    ours = OURS.get((entry["call"], point(entry)))
    if ours is not None and not any(same(found, p) for p in printed):
        np.testing.assert_allclose(found, ours, rtol=1e-8)
        return
    both = len(printed) == 2 and same(np.array(printed[0], float).reshape(-1), printed[1])
    hits = [same(found, p) for p in printed]
    assert not printed or (all(hits) if both else any(hits)), (found.tolist(), printed)
