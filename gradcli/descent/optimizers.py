"""Optimizers: how a step is made from a gradient. Each is declared once, here.

A rule is a function of a primal ``p``, its gradient ``g``, the learning rate ``lr`` and the
step's number ``t``, from 1. The parameters after these are its slots: what it carries from
step to step for each primal, zeros at first, its own to write to. It gives the next ``p``, then
the next slots. Keyword-only parameters are its keys; their defaults are Keras's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gradcli.errors import SpecError
from gradcli.problem import Arrays
from gradcli.suggest import suggestion

Update = Callable[..., tuple[Any, ...]]


class Rule(NamedTuple):
    """A rule with the names of its slots, and its keys with their defaults."""

    update: Update
    slots: tuple[str, ...]
    keys: dict[str, float]


RULES: dict[str, Rule] = {}
"""Each by its name; what help says of it stands in the catalogue."""


def optimizer(update: Update) -> Update:
    """Declare a rule: its name, slots and keys are read off its signature."""
    code = update.__code__
    slots = code.co_varnames[4 : code.co_argcount]
    RULES[update.__name__] = Rule(update, slots, update.__kwdefaults__ or {})
    return update


class Optimizer:
    """An optimizer on its way. ``state`` has the slots of each primal, ``taken`` the steps so far.

    ``keys`` replace the defaults of its rule. Raises SpecError for a name that is not known.
    """

    def __init__(self, name: str, lr: float, **keys: float) -> None:
        if name not in RULES:
            near = suggestion(name, RULES) or f": one of {', '.join(RULES)}"
            raise SpecError("optimizer", f"unknown optimizer {name!r}{near}")
        self.rule = RULES[name]
        self.name = name
        self.lr = lr
        self.keys = {**self.rule.keys, **keys}
        self.taken = 0
        self.state: dict[str, dict[str, Any]] = {}

    @property
    def slots(self) -> tuple[str, ...]:
        """What it carries from step to step for each primal."""
        return self.rule.slots

    def restore(self, state: dict[str, dict[str, Any]], taken: int) -> None:
        """Go on from ``state`` after so many steps ``taken``; its arrays are then its own."""
        self.state, self.taken = state, taken

    def step(self, at: Arrays, gradients: Arrays) -> Arrays:
        """The point after a step from ``at``: arrays of the same names, shapes and dtypes."""
        if not self.taken:
            self.state = {name: dict.fromkeys(self.rule.slots, 0.0) for name in at}
        self.taken += 1
        update, names = self.rule.update, self.rule.slots
        moved: Arrays = {}
        for name, p in at.items():
            slots = self.state[name]
            moved[name], *carried = update(
                p, gradients[name], self.lr, self.taken, *slots.values(), **self.keys
            )
            slots.update(zip(names, carried))
        return moved


@optimizer
def gd(p: Any, g: Any, lr: float, t: int) -> tuple[Any, ...]:
    """Cauchy, Méthode générale pour la résolution des systèmes d'équations simultanées, 1847."""
    return (p - lr * g,)


@optimizer
def momentum(
    p: Any, g: Any, lr: float, t: int, velocity: Any, *, momentum: float = 0.9
) -> tuple[Any, ...]:
    """Polyak, Some methods of speeding up the convergence of iteration methods, 1964."""
    velocity *= momentum
    velocity -= lr * g
    return p + velocity, velocity


@optimizer
def nesterov(
    p: Any, g: Any, lr: float, t: int, velocity: Any, *, momentum: float = 0.9
) -> tuple[Any, ...]:
    """Nesterov, A method of solving a convex programming problem, 1983.

    In the form of Sutskever et al., On the importance of initialization and momentum, 2013.
    """
    velocity *= momentum
    velocity -= lr * g
    return p + momentum * velocity - lr * g, velocity


@optimizer
def rmsprop(
    p: Any, g: Any, lr: float, t: int, square: Any, *, rho: float = 0.9, epsilon: float = 1e-7
) -> tuple[Any, ...]:
    """Tieleman & Hinton, Neural Networks for Machine Learning, lecture 6, 2012."""
    square *= rho
    square += (1 - rho) * g * g
    return p - lr * g / np.sqrt(square + epsilon), square


@optimizer
def adam(
    p: Any,
    g: Any,
    lr: float,
    t: int,
    first: Any,
    second: Any,
    *,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> tuple[Any, ...]:
    """Kingma & Ba, Adam: a method for stochastic optimization, 2015."""
    first *= beta_1
    first += (1 - beta_1) * g
    second *= beta_2
    second += (1 - beta_2) * g * g
    rate = lr * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return p - rate * first / (np.sqrt(second) + epsilon), first, second
