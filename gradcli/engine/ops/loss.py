"""Losses after Keras, one number a row: the mean over the last axis, or the sum over classes.

All take the targets first, as Keras does, and give an array without the last axis. Targets are
never broadcast against predictions, only predictions may have more leading axes.
"""

from __future__ import annotations

import math

import numpy as np

from gradcli.engine.axes import Axis
from gradcli.engine.domain import Domain, case, probability
from gradcli.engine.op import composite, op
from gradcli.engine.ops.activation import sigmoid, softplus
from gradcli.engine.ops.arithmetic import abs, divide, squared_difference
from gradcli.engine.ops.choice import where
from gradcli.engine.ops.exponential import log
from gradcli.engine.ops.linear import vecdot
from gradcli.engine.ops.reduction import mean, sum
from gradcli.engine.ops.softmax import log_softmax
from gradcli.engine.targets import clipped, require_rows, smoothed
from gradcli.engine.tensor import Array, Outcome

_apart = Domain(((-2.0, -1.7), (0.2, 0.7)))
_above = Domain(((1.0, 1.15),))
_CASES = (case((3,), (3,)), case((2, 3), (2, 3)))


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
    require_rows("mse", y_true, y_pred)
    return mean(squared_difference(y_pred, y_true), axis=axis)


@composite(
    ("g * sign(y_true - y_pred) / n", "g * sign(y_pred - y_true) / n"),
    cases=_CASES,
    domain=(_apart, _above),
    analytic=False,
)
def mae(y_true: Array, y_pred: Array, axis: Axis = -1) -> Outcome:
    """The mean of |y_pred - y_true| over the last axis, or others."""
    require_rows("mae", y_true, y_pred)
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
    require_rows("huber", y_true, y_pred)
    error = y_pred - y_true
    size = abs(error)
    linear = delta * size - 0.5 * delta * delta
    return mean(where(size <= delta, error * error * 0.5, linear), axis=axis)


@composite(("g * tanh(y_true - y_pred) / n", "g * tanh(y_pred - y_true) / n"), cases=_CASES)
def log_cosh(y_true: Array, y_pred: Array, axis: Axis = -1) -> Outcome:
    """log(cosh(y_pred - y_true)): quadratic near 0, linear far off; the mean over the last axis."""
    require_rows("log_cosh", y_true, y_pred)
    error = y_pred - y_true
    return mean(error + softplus(-2 * error) - math.log(2), axis=axis)


@composite(
    ("", "g * (p - y_true) / n from logits"), cases=_CASES, domain=probability, analytic=False
)
def bce(
    y_true: Array,
    y_pred: Array,
    from_logits: bool = False,
    axis: Axis = -1,
    label_smoothing: float = 0.0,
) -> Outcome:
    """The binary cross entropy of probabilities or logits, the mean over the last axis.

    ``label_smoothing`` moves targets towards 1/2.
    """
    require_rows("bce", y_true, y_pred)
    y_true = smoothed(y_true, label_smoothing, 2)
    if from_logits:
        return mean(sigmoid_cross_entropy_with_logits(y_pred, y_true), axis=axis)
    p = clipped(y_pred)
    return -mean(y_true * log(p) + (1 - y_true) * log(1 - p), axis=axis)


@composite(
    ("", "g * (softmax(y_pred) - y_true) from logits"),
    cases=_CASES,
    domain=probability,
    analytic=False,
)
def ce(
    y_true: Array, y_pred: Array, from_logits: bool = False, label_smoothing: float = 0.0
) -> Outcome:
    """The categorical cross entropy over the last axis; y_pred are probabilities, or logits.

    Probabilities are first divided by their sum, as in Keras. ``label_smoothing`` is the part
    of each row of targets that is shared among all classes: Szegedy et al. 2016.
    """
    require_rows("ce", y_true, y_pred)
    y_true = smoothed(y_true, label_smoothing, y_pred.shape[-1])
    if from_logits:
        return -vecdot(y_true, log_softmax(y_pred))
    return -vecdot(y_true, log(clipped(divide(y_pred, sum(y_pred, axis=-1, keepdims=True)))))


# Other spellings.
mean_absolute_error = MAE = mae
mean_squared_error = MSE = mse
binary_crossentropy = bce
categorical_crossentropy = ce
logcosh = log_cosh
