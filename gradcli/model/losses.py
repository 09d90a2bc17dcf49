"""Losses after Keras, written with ops: mean over the last axis, then over the batch.

All take the output and the targets, (..., batch, out), and give a scalar for each leading
index; so one call evaluates a stack of models, too. Targets are never broadcast: the model
has checked their shape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradcli.engine import Array
from gradcli.engine.ops.activation import sigmoid_cross_entropy_with_logits
from gradcli.engine.ops.arithmetic import absolute, clip, squared_difference
from gradcli.engine.ops.exponential import log
from gradcli.engine.ops.indexing import where
from gradcli.engine.ops.linear import vecdot
from gradcli.engine.ops.reduction import mean, sum
from gradcli.engine.ops.softmax import log_softmax

EPSILON = 1e-7
"""Keras clips probabilities to [EPSILON, 1 - EPSILON] before it takes their logarithm."""


def _entries(values: Array, reduction: str) -> Array:
    if reduction == "mean":
        return mean(values, axis=(-2, -1))
    return sum(mean(values, axis=-1), axis=-1)


def _rows(values: Array, reduction: str) -> Array:
    return mean(values, axis=-1) if reduction == "mean" else sum(values, axis=-1)


def mse(output: Array, y: Any, from_logits: bool, reduction: str) -> Array:
    return _entries(squared_difference(output, y), reduction)


def mae(output: Array, y: Any, from_logits: bool, reduction: str) -> Array:
    return _entries(absolute(output - y), reduction)


def huber(output: Array, y: Any, from_logits: bool, reduction: str) -> Array:
    """Quadratic up to an error of delta = 1, linear beyond (Huber 1964)."""
    error = output - y
    size = absolute(error)
    return _entries(where(size <= 1, error * error * 0.5, size - 0.5), reduction)


def bce(output: Array, y: Any, from_logits: bool, reduction: str) -> Array:
    if from_logits:
        return _entries(sigmoid_cross_entropy_with_logits(output, y), reduction)
    p = clip(output, EPSILON, 1 - EPSILON)
    return -_entries(y * log(p) + (1 - y) * log(1 - p), reduction)


def ce(output: Array, y: Any, from_logits: bool, reduction: str) -> Array:
    if from_logits:
        return -_rows(vecdot(y, log_softmax(output)), reduction)
    p = clip(output / sum(output, axis=-1, keepdims=True), EPSILON, 1 - EPSILON)
    return -_rows(vecdot(y, log(p)), reduction)


LOSS: dict[str, Callable[[Array, Any, bool, str], Array]] = {
    "mse": mse,
    "mae": mae,
    "huber": huber,
    "bce": bce,
    "ce": ce,
}
