"""Clipping gradients: entry by entry, and by the norm over all of them together."""

from __future__ import annotations

import math

import numpy as np

from gradcli.problem import Arrays


def norm_of(arrays: Arrays) -> float:
    """The Euclidean norm over all arrays together."""
    total = 0.0
    for array in arrays.values():
        if array.ndim == 0:
            number = float(array)
            total += number * number
        else:
            flat = array.reshape(-1).astype(np.float64, copy=False)
            total += float(np.dot(flat, flat))
    return math.sqrt(total) if total >= 0 else math.nan


def clipped(gradients: Arrays, clip_norm: float | None, clip_value: float | None) -> Arrays:
    """``gradients`` with entries in [-clip_value, clip_value], then of at most ``clip_norm``."""
    if clip_value is not None:
        gradients = {n: np.clip(g, -clip_value, clip_value) for n, g in gradients.items()}
    if clip_norm is not None and (norm := norm_of(gradients)) > clip_norm:
        gradients = {n: g * (clip_norm / norm) for n, g in gradients.items()}
    return gradients
