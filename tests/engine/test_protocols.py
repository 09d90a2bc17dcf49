"""Tensors among NumPy's own: operators, ufuncs and functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcli.engine import GradientTape, Tensor, tensor, variable
from gradcli.errors import OpError

X = np.array([[0.5, 1.5], [2.5, 3.5]])


@pytest.mark.parametrize(
    "f",
    [
        np.tanh, np.exp, np.log, np.abs, np.negative, np.sum, np.mean, np.max, np.transpose,
        np.std, np.prod, np.cumsum, np.flip, np.sort, np.argmax,
        lambda x: np.reshape(x, (4,)), lambda x: np.add(x, X), lambda x: np.matmul(X, x),
        lambda x: np.concatenate([x, x], axis=1), lambda x: np.stack([x, x]),
        lambda x: np.where(X > 1, x, 0.0), lambda x: np.clip(x, 1.0, 2.0), lambda x: np.dot(x, x),
        lambda x: 2.0 - x, lambda x: 2.0 / x, lambda x: 2.0**x, lambda x: X - x, lambda x: X @ x,
        lambda x: np.float64(3) * x, lambda x: x - np.float64(3), lambda x: -x, abs,
        lambda x: x[0, ::-1], lambda x: x.T, lambda x: x.mT, lambda x: x == 0.5, lambda x: x != X,
        lambda x: x <= 1.5, lambda x: x > 1.5, lambda x: x.sum(axis=0), lambda x: x**2,
    ],
)  # fmt: skip
def test_a_tensor_gives_what_its_array_gives(f: Any) -> None:
    out = f(Tensor(X))
    assert isinstance(out, Tensor)
    np.testing.assert_array_equal(out.value, f(X))


def test_numpy_functions_are_differentiated() -> None:
    x = variable(X)
    with GradientTape() as tape:
        y = np.sum(np.square(x) + X * x)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), 3 * X)


@pytest.mark.parametrize("f", [np.fft.fft, np.sinc, np.angle, np.add.reduce])
def test_functions_without_a_rule_say_so(f: Any) -> None:
    with pytest.raises(OpError, match="no gradient rule for np"):
        f(tensor([1.0, 2.0]))


def test_conversion_gives_a_copy() -> None:
    x = tensor([1.0, 2.0])
    array = np.asarray(x)
    array[:] = 0
    assert x.numpy().tolist() == [1.0, 2.0]
    assert len(x) == 2
    assert float(tensor(2.5)) == 2.5
