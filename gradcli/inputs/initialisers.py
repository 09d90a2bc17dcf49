"""Initialisers, after Keras: named ways to fill an array."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.inputs.streams import Stream

_TRUNCATED_STDDEV = 0.87962566103423978
"""Standard deviation of a unit normal cut off at two: Keras divides by it."""


def initialise(name: str, shape: tuple[int, ...], stream: Stream) -> npt.NDArray[Any]:
    """An array of ``shape`` filled by the initialiser ``name``; the caller casts it.

    ``normal`` has mean 0 and standard deviation 1, ``uniform`` covers [0, 1). The scaled
    ones take fan-in and fan-out from the first and last axis: Glorot & Bengio 2010, He et
    al. 2015, LeCun et al. 1998; normals are cut off at two standard deviations, as in Keras.
    """
    if name == "zeros":
        return np.zeros(shape)
    if name == "ones":
        return np.ones(shape)
    if name == "eye":
        return np.eye(shape[0], shape[-1])
    if name == "normal":
        return stream.normal(shape)
    if name == "uniform":
        return stream.uniform(shape)
    family, _, distribution = name.partition("_")
    fan_in, fan_out = shape[0], shape[-1]
    variance = {
        "glorot": 2 / (fan_in + fan_out),
        "he": 2 / fan_in,
        "lecun": 1 / fan_in,
    }[family]
    if distribution == "uniform":
        limit = math.sqrt(3 * variance)
        return stream.uniform(shape) * (2 * limit) - limit
    return _truncated_normal(shape, stream) * (math.sqrt(variance) / _TRUNCATED_STDDEV)


def _truncated_normal(shape: tuple[int, ...], stream: Stream) -> npt.NDArray[Any]:
    """Unit normals, those beyond two drawn again."""
    values = stream.normal(shape).reshape(-1)
    beyond = np.flatnonzero(np.abs(values) > 2)
    while beyond.size:
        values[beyond] = stream.normal((beyond.size,))
        beyond = beyond[np.abs(values[beyond]) > 2]
    return values.reshape(shape)
