"""What layers of normalisation are made of: numbers with mean 0, and with mean square 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.engine.axes import Axis, add_along
from gradcli.engine.domain import case
from gradcli.engine.op import op
from gradcli.engine.ops.arithmetic import sqrt
from gradcli.engine.ops.linear import vecdot
from gradcli.engine.ops.reduction import mean
from gradcli.engine.tensor import Array, Outcome, real

_CASES = (
    case((2, 3)),
    case((3,)),
    case((3, 2), axis=0),
    case((2, 2, 3), axis=(0, 1)),
    case((2, 3, 2), axis=(0, 2)),
)


def _mean(x: Any, axis: Any) -> Any:
    """The mean along ``axis``, which is kept."""
    if type(x) is np.ndarray and x.dtype.char in "fd":
        total = add_along(x, axis)
        return total / (x.size // (total.size or 1) or 1)
    return mean(x, axis, keepdims=True)


def _center_vjp(g: Any, y: Any, x: Any, axis: Any) -> Any:
    return center(g, axis)


@op(_center_vjp, rule="g - mean(g)", cases=_CASES)
def center(x: Array, axis: Axis = -1) -> Outcome:
    """``x`` less its mean along ``axis``."""
    x = real(x)
    return x - _mean(x, axis)


def _mean_product(a: Any, b: Any, axis: Any) -> Any:
    if axis == -1:
        return vecdot(a, b)[..., None] / (a.shape[-1] or 1)
    return _mean(a * b, axis)


def _scale(x: Any, axis: Any, eps: float) -> Any:
    return 1 / sqrt(_mean_product(x, x, axis) + eps)


def _rms_norm_vjp(g: Any, y: Any, x: Any, axis: Any, eps: float) -> Any:
    found = g - y * _mean_product(g, y, axis)
    found *= _scale(x, axis, eps)  # plain arrays in place
    return found


@op(
    _rms_norm_vjp,
    rule="(g - y * mean(g * y)) / sqrt(mean(x^2) + eps)",
    aliases={"epsilon": "eps"},
    cases=_CASES,
)
def rms_norm(x: Array, axis: Axis = -1, eps: float = 1e-6) -> Outcome:
    """x / sqrt(mean(x^2) + eps), the mean along ``axis``.

    Zhang & Sennrich, "Root mean square layer normalization", 2019; of ``center(x)`` it is the
    normalisation of Ioffe & Szegedy, "Batch normalization", 2015.
    """
    x = real(x)
    return x * _scale(x, axis, eps)
