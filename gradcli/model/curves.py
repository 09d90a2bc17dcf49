"""Activation functions as curves."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.engine import REGISTRY, GradientTape, Tensor
from gradcli.errors import GradcliError


class Curve(NamedTuple):
    """An activation at some points, each (n,)."""

    name: str
    x: npt.NDArray[Any]
    value: npt.NDArray[Any]
    derivative: npt.NDArray[Any]
    """Of the value at the same point."""


def tabulate(name: str, low: float, high: float, points: int, dtype: str) -> Curve:
    """``points`` evenly spaced from ``low`` to ``high``, with value and derivative.

    Raises GradcliError for an activation of all entries of a row together: it is no curve.
    """
    op = REGISTRY.get(name, REGISTRY["identity"])  # linear
    if "axis" in op.names:
        raise GradcliError(
            f"{name} is a function of a whole row, not of one number: "
            f"ask for the jacobian of the formula {name}(x)"
        )
    x = np.linspace(low, high, points).astype(dtype)
    tensor = Tensor(x)
    with np.errstate(all="ignore"):
        with GradientTape() as tape:
            tape.watch(tensor)
            value = op(tensor)
        derivative = tape.gradient(value, tensor)
    return Curve(name, x, value.value, derivative.value)
