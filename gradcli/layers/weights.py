"""The arrays of a kind of layer: what they are called, and what they are like in a place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy.typing as npt

from gradcli.inputs.initialisers import Fans
from gradcli.inputs.streams import Stream


class Weight(NamedTuple):
    """One array that a kind of layer has."""

    letter: str
    initialiser: str = "normal"
    """Where none is given; empty where ``fill`` of its Parameter does it."""
    flag: str | None = None
    """The key that leaves it out where it is false."""
    optional: bool = False
    """Whether it is there only where it is given."""
    learned: bool = True
    """Whether it is a parameter; else a constant."""
    decays: bool = False
    """Whether a penalty on the weights counts it."""
    beside: str | None = None
    """The one without which it is not given."""
    as_input: bool = False
    """Whether it has an entry for each of the input, laid out as that is."""
    gathered: bool = False
    """Whether training gathers it, where it is not given, as the moving mean of what ``moments``
    of its layer says of each batch; it starts as its initialiser has it."""


class Parameter(NamedTuple):
    """The array of one weight in a layer whose input is known."""

    shape: tuple[int, ...]
    axes: str
    """What its axes are, for people: "(in, out)"."""
    fans: Fans = Fans(1, 1)
    """What scaled initialisers ask for."""
    fill: Callable[[Stream], npt.NDArray[Any]] | None = None
    """Draws it in a way of its own."""
    features: int | None = None
    """Which axis of it runs over the features of the input,"""
    outputs: int | None = None
    """and which over those of the output, where they are not kept."""
