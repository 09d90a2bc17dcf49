"""What losses have in common: rows of targets, smoothed, and probabilities kept from 0 and 1."""

from __future__ import annotations

from typing import Any

from gradcli.engine.ops.arithmetic import clip

EPSILON = 1e-7
"""Keras's, by which it keeps away from 0."""


def require_rows(name: str, y_true: Any, y_pred: Any) -> None:
    """Raise ValueError where NumPy would broadcast targets of another shape."""
    shape = y_pred.shape[y_pred.ndim - y_true.ndim :]
    if y_true.ndim > y_pred.ndim or y_true.shape != shape:
        raise ValueError(f"{name}: targets {y_true.shape} and predictions {y_pred.shape} differ")


def clipped(p: Any) -> Any:
    """Probabilities as Keras clips them before it takes their logarithm."""
    return clip(p, EPSILON, 1 - EPSILON)


def smoothed(y_true: Any, part: float, classes: int) -> Any:
    """Targets of which ``part`` is shared among ``classes``."""
    return y_true * (1 - part) + part / classes if part else y_true
