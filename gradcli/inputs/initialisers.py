"""Initialisers, after Keras: named ways to fill an array."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.inputs.streams import Stream

_TRUNCATED_STDDEV = 0.87962566103423978
"""Standard deviation of a unit normal cut off at two: Keras divides by it."""

Array = npt.NDArray[Any]
Shape = tuple[int, ...]


class Fans(NamedTuple):
    """How many numbers an entry of the output is made from, and an entry of the input makes."""

    fan_in: int
    fan_out: int


Initialiser = Callable[[Shape, Fans, Stream], Array]

DECLARED: dict[str, Initialiser] = {}
"""Every initialiser by name; ``catalogue.INITIALISERS`` has their meanings."""


def initialiser(fill: Initialiser) -> Initialiser:
    """Declare ``fill``, an array of a shape from its fans and a stream, under its own name."""
    DECLARED[fill.__name__] = fill
    return fill


def initialise(name: str, shape: Shape, stream: Stream, fans: Fans | None = None) -> Array:
    """An array of ``shape`` filled by the initialiser ``name``; the caller casts it.

    ``fans`` None stands for the first and the last axis. Scaled initialisers: Glorot & Bengio
    2010, He et al. 2015, LeCun et al. 1998. Raises IndexError or ZeroDivisionError where a
    shape without axes, or with none of an entry, has no such filling.
    """
    return DECLARED[name](shape, fans or Fans(*(shape[:1] + shape[-1:] or (0, 0))), stream)


@initialiser
def zeros(shape: Shape, fans: Fans, stream: Stream) -> Array:
    return np.zeros(shape)


@initialiser
def ones(shape: Shape, fans: Fans, stream: Stream) -> Array:
    return np.ones(shape)


@initialiser
def normal(shape: Shape, fans: Fans, stream: Stream) -> Array:
    return stream.normal(shape)


@initialiser
def uniform(shape: Shape, fans: Fans, stream: Stream) -> Array:
    return stream.uniform(shape)


@initialiser
def eye(shape: Shape, fans: Fans, stream: Stream) -> Array:
    return np.eye(shape[0], shape[-1])


@initialiser
def glorot_normal(shape: Shape, fans: Fans, stream: Stream) -> Array:
    return _normal(shape, 2 / (fans.fan_in + fans.fan_out), stream)


@initialiser
def glorot_uniform(shape: Shape, fans: Fans, stream: Stream) -> Array:
    return _uniform(shape, 2 / (fans.fan_in + fans.fan_out), stream)


@initialiser
def he_normal(shape: Shape, fans: Fans, stream: Stream) -> Array:
    return _normal(shape, 2 / fans.fan_in, stream)


@initialiser
def he_uniform(shape: Shape, fans: Fans, stream: Stream) -> Array:
    return _uniform(shape, 2 / fans.fan_in, stream)


@initialiser
def lecun_normal(shape: Shape, fans: Fans, stream: Stream) -> Array:
    return _normal(shape, 1 / fans.fan_in, stream)


def _uniform(shape: Shape, variance: float, stream: Stream) -> Array:
    """Around 0, of ``variance``."""
    limit = math.sqrt(3 * variance)
    return stream.uniform(shape) * (2 * limit) - limit


def _normal(shape: Shape, variance: float, stream: Stream) -> Array:
    """Of ``variance``, cut off at two standard deviations: those beyond are drawn again."""
    values = stream.normal(shape).reshape(-1)
    beyond = np.flatnonzero(np.abs(values) > 2)
    while beyond.size:
        values[beyond] = stream.normal((beyond.size,))
        beyond = beyond[np.abs(values[beyond]) > 2]
    return values.reshape(shape) * (math.sqrt(variance) / _TRUNCATED_STDDEV)
