"""Schedules: the learning rate by the number of steps taken. Each is declared once, here.

A schedule is a function of that number: it gives the share that is left of the learning rate.
Keyword-only parameters are its keys. ``decay_steps``, which each has, is by default such a part
of all steps as its declaration says.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from gradcli.errors import SpecError
from gradcli.suggest import suggestion

Decay = Callable[..., float]


class Declared(NamedTuple):
    """A schedule, its keys with their defaults, and how often ``decay_steps`` goes into all."""

    decay: Decay
    keys: dict[str, Any]
    times: int


SCHEDULES: dict[str, Declared] = {}
"""Each by its name; what help says of it stands in the catalogue."""


def schedule(times: int) -> Callable[[Decay], Decay]:
    """Declare a schedule: its name and keys are read off its signature."""

    def declare(decay: Decay) -> Decay:
        SCHEDULES[decay.__name__] = Declared(decay, decay.__kwdefaults__ or {}, times)
        return decay

    return declare


class Schedule:
    """A function of the number of steps taken, that gives the learning rate of the next one.

    ``lr`` is the learning rate at the start, ``steps`` are all those that there will be. ``keys``
    replace the defaults. Raises SpecError for a name that is not known.
    """

    def __init__(self, name: str, lr: float, steps: int, **keys: float) -> None:
        if name not in SCHEDULES:
            near = suggestion(name, SCHEDULES) or f": one of {', '.join(SCHEDULES)}"
            raise SpecError("lr_schedule", f"unknown schedule {name!r}{near}")
        found = SCHEDULES[name]
        self.name = name
        self.lr = float(lr)
        self.keys = {"decay_steps": max(1, steps // found.times), **found.keys, **keys}
        self._decay = found.decay

    def __call__(self, taken: int) -> float:
        return self.lr * self._decay(taken, **self.keys)


@schedule(times=1)
def cosine(taken: int, *, decay_steps: int, decay_alpha: float = 0.0) -> float:
    """Loshchilov & Hutter, SGDR: stochastic gradient descent with warm restarts, 2017.

    Half a wave from 1 to ``decay_alpha``, where it stays.
    """
    done = min(taken / decay_steps, 1.0)
    return decay_alpha + (1 - decay_alpha) * (1 + math.cos(math.pi * done)) / 2


@schedule(times=3)
def step(taken: int, *, decay_steps: int, decay_rate: float = 0.1) -> float:
    """He et al., Deep residual learning, 2016, section 4.2: a tenth after each plateau."""
    return math.pow(decay_rate, taken // decay_steps)


@schedule(times=1)
def exp(taken: int, *, decay_steps: int, decay_rate: float = 0.1) -> float:
    """``decay_rate`` after ``decay_steps``, its square after twice as many."""
    return math.pow(decay_rate, taken / decay_steps)
