"""Losses after Keras, one number a row: the mean over the last axis, or the sum over classes.

All take the targets first, as Keras does, and give an array without the last axis. Targets are
never broadcast against predictions, only predictions may have more leading axes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.engine.axes import Axis
from gradcli.engine.domain import Domain, case, probability
from gradcli.engine.op import composite, op
from gradcli.engine.ops.activation import sigmoid, softplus
from gradcli.engine.ops.arithmetic import abs, clip, divide, squared_difference
from gradcli.engine.ops.choice import where
from gradcli.engine.ops.exponential import log
from gradcli.engine.ops.linear import vecdot
from gradcli.engine.ops.reduction import mean, sum
from gradcli.engine.ops.softmax import log_softmax
from gradcli.engine.tensor import Array, Outcome

_EPSILON = 1e-7
"""Keras clips probabilities to [_EPSILON, 1 - _EPSILON] before it takes their logarithm."""

_apart = Domain(((-2.0, -1.7), (0.2, 0.7)))
_above = Domain(((1.0, 1.15),))
_CASES = (case((3,), (3,)), case((2, 3), (2, 3)))


def _require_rows(name: str, y_true: Any, y_pred: Any) -> None:
    """Raise ValueError where NumPy would broadcast targets of another shape."""
    shape = y_pred.shape[y_pred.ndim - y_true.ndim :]
    if y_true.ndim > y_pred.ndim or y_true.shape != shape:
        raise ValueError(f"{name}: targets {y_true.shape} and predictions {y_pred.shape} differ")


# TensorFlow's op of this name: bce from logits, without cancellation.
@op(
    lambda g, y, logits, labels: g * (sigmoid(logits) - labels),
    lambda g, y, logits, labels: -g * logits,
    rule=("g * (sigmoid(logits) - labels)", "-g * logits"),
)
def sigmoid_cross_entropy_with_logits(logits: Array, labels: Array) -> Outcome:
    """-labels log(p) - (1 - labels) log(1 - p), p = sigmoid(logits), entry by entry."""
    z, t = logits, labels
    if np.iscomplexobj(z) or np.iscomplexobj(t):
        return softplus.forward(z) - z * t
    return np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z)))


@composite(("g * 2 * (y_true - y_pred) / n", "g * 2 * (y_pred - y_true) / n"), cases=_CASES)
def mse(y_true: Array, y_pred: Array, axis: Axis = -1) -> Outcome:
    """The mean of (y_pred - y_true)^2 over the last axis, or others."""
    _require_rows("mse", y_true, y_pred)
    return mean(squared_difference(y_pred, y_true), axis=axis)


@composite(
    ("g * sign(y_true - y_pred) / n", "g * sign(y_pred - y_true) / n"),
    cases=_CASES,
    domain=(_apart, _above),
    analytic=False,
)
def mae(y_true: Array, y_pred: Array, axis: Axis = -1) -> Outcome:
    """The mean of |y_pred - y_true| over the last axis, or others."""
    _require_rows("mae", y_true, y_pred)
    return mean(abs(y_pred - y_true), axis=axis)


@composite(
    ("", "g * the error, cut off at delta, / n"),
    cases=_CASES,
    domain=(_apart, _above),
    analytic=False,
)
def huber(y_true: Array, y_pred: Array, delta: float = 1.0, axis: Axis = -1) -> Outcome:
    """Quadratic up to an error of ``delta``, linear beyond; the mean over the last axis.

    Huber, "Robust Estimation of a Location Parameter", 1964.
    """
    _require_rows("huber", y_true, y_pred)
    error = y_pred - y_true
    size = abs(error)
    linear = delta * size - 0.5 * delta * delta
    return mean(where(size <= delta, error * error * 0.5, linear), axis=axis)


@composite(
    ("", "g * (p - y_true) / n from logits"), cases=_CASES, domain=probability, analytic=False
)
def bce(y_true: Array, y_pred: Array, from_logits: bool = False, axis: Axis = -1) -> Outcome:
    """The binary cross entropy of probabilities or logits, the mean over the last axis."""
    _require_rows("bce", y_true, y_pred)
    if from_logits:
        return mean(sigmoid_cross_entropy_with_logits(y_pred, y_true), axis=axis)
    p = clip(y_pred, _EPSILON, 1 - _EPSILON)
    return -mean(y_true * log(p) + (1 - y_true) * log(1 - p), axis=axis)


@composite(
    ("", "g * (softmax(y_pred) - y_true) from logits"),
    cases=_CASES,
    domain=probability,
    analytic=False,
)
def ce(y_true: Array, y_pred: Array, from_logits: bool = False) -> Outcome:
    """The categorical cross entropy over the last axis; y_pred are probabilities, or logits.

    Probabilities are first divided by their sum, as in Keras.
    """
    _require_rows("ce", y_true, y_pred)
    if from_logits:
        return -vecdot(y_true, log_softmax(y_pred))
    p = clip(divide(y_pred, sum(y_pred, axis=-1, keepdims=True)), _EPSILON, 1 - _EPSILON)
    return -vecdot(y_true, log(p))


# Other spellings.
binary_crossentropy = bce
categorical_crossentropy = ce
