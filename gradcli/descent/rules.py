"""Rules: how a step is made from a gradient. Each is declared once, here.

A rule is a function of a primal ``p``, its gradient ``g``, the learning rate ``lr``, the step's
number ``t``, from 1, and ``work``. The parameters after these are its slots: what it carries
from step to step for each primal, zeros at first, or the key ``initial_SLOT_value`` where it has
that. It gives the next ``p``, then the next slots. Keyword-only parameters are its keys; their
defaults are Keras's.

All but ``g`` are its own to write to; ``work`` is a place for an intermediate of ``p``'s shape, so
that a step takes no memory. In place of arrays there may be scalars, for which ``p -= g`` makes a
new one; ``work`` is then None.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Update = Callable[..., tuple[Any, ...]]


class Rule(NamedTuple):
    """A rule with the names of its slots, and its keys with their defaults."""

    update: Update
    slots: tuple[str, ...]
    keys: dict[str, float]


RULES: dict[str, Rule] = {}
"""Each by its name; what help says of it stands in the catalogue."""


def rule(update: Update) -> Update:
    """Declare a rule: its name, slots and keys are read off its signature."""
    code = update.__code__
    slots = code.co_varnames[5 : code.co_argcount]
    RULES[update.__name__] = Rule(update, slots, update.__kwdefaults__ or {})
    return update


def _product(a: Any, b: Any, work: Any) -> Any:
    return a * b if work is None else np.multiply(a, b, work)  # which is slow for scalars


def _sum(a: Any, b: Any, work: Any) -> Any:
    return a + b if work is None else np.add(a, b, work)


def _quotient(a: Any, b: Any, work: Any) -> Any:
    return a / b if work is None else np.divide(a, b, work)


def _root(a: Any, work: Any) -> Any:
    return np.sqrt(a) if work is None else np.sqrt(a, work)


def _scaled(g: Any, square: Any, lr: float, epsilon: float, work: Any) -> Any:
    """lr g / sqrt(square + epsilon)."""
    step = _quotient(g, _root(_sum(square, epsilon, work), work), work)
    step *= lr
    return step


@rule
def gd(p: Any, g: Any, lr: float, t: int, work: Any) -> tuple[Any, ...]:
    """Cauchy, Méthode générale pour la résolution des systèmes d'équations simultanées, 1847."""
    p -= _product(g, lr, work)
    return (p,)


@rule
def momentum(
    p: Any, g: Any, lr: float, t: int, work: Any, velocity: Any, *, momentum: float = 0.9
) -> tuple[Any, ...]:
    """Polyak, Some methods of speeding up the convergence of iteration methods, 1964."""
    velocity *= momentum
    velocity -= _product(g, lr, work)
    p += velocity
    return p, velocity


@rule
def nesterov(
    p: Any, g: Any, lr: float, t: int, work: Any, velocity: Any, *, momentum: float = 0.9
) -> tuple[Any, ...]:
    """Nesterov, A method of solving a convex programming problem, 1983.

    In the form of Sutskever et al., On the importance of initialization and momentum, 2013.
    """
    step = _product(g, lr, work)
    velocity *= momentum
    velocity -= step
    p -= step
    p += _product(velocity, momentum, work)
    return p, velocity


@rule
def rmsprop(
    p: Any,
    g: Any,
    lr: float,
    t: int,
    work: Any,
    square: Any,
    *,
    rho: float = 0.9,
    epsilon: float = 1e-7,
) -> tuple[Any, ...]:
    """Tieleman & Hinton, Neural Networks for Machine Learning, lecture 6, 2012."""
    square *= rho / (1 - rho)
    square += _product(g, g, work)
    square *= 1 - rho
    p -= _scaled(g, square, lr, epsilon, work)
    return p, square


@rule
def adam(
    p: Any,
    g: Any,
    lr: float,
    t: int,
    work: Any,
    first: Any,
    second: Any,
    *,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> tuple[Any, ...]:
    """Kingma & Ba, Adam: a method for stochastic optimization, 2015; epsilon as in section 2."""
    first *= beta_1 / (1 - beta_1)
    first += g
    first *= 1 - beta_1
    second *= beta_2 / (1 - beta_2)
    second += _product(g, g, work)
    second *= 1 - beta_2
    scale = _root(second, work)
    scale += epsilon
    step = _quotient(first, scale, work)
    step *= lr * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    p -= step
    return p, first, second


@rule
def adamw(
    p: Any,
    g: Any,
    lr: float,
    t: int,
    work: Any,
    first: Any,
    second: Any,
    *,
    weight_decay: float = 0.004,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> tuple[Any, ...]:
    """Loshchilov & Hutter, Decoupled weight decay regularization, 2019.

    Every primal decays, biases too, as in Keras where nothing is excluded by hand.
    """
    p *= 1 - lr * weight_decay
    return adam(p, g, lr, t, work, first, second, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)


@rule
def adagrad(
    p: Any,
    g: Any,
    lr: float,
    t: int,
    work: Any,
    accumulator: Any,
    *,
    initial_accumulator_value: float = 0.1,
    epsilon: float = 1e-7,
) -> tuple[Any, ...]:
    """Duchi, Hazan & Singer, Adaptive subgradient methods, 2011."""
    accumulator += _product(g, g, work)
    p -= _scaled(g, accumulator, lr, epsilon, work)
    return p, accumulator
