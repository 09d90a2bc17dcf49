"""What is to be judged: a gradient for each parameter, and the rule that it must keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.check.given import FloatFormat, few_digits, format_of
from gradcli.check.lines import Point, Vector, index_of
from gradcli.check.rule import Rule, Rules, largest_of
from gradcli.problem import Problem, Result


class Claim(NamedTuple):
    """A gradient to be judged: ``given`` may be missing (None) or of the wrong shape."""

    name: str
    given: Vector | None
    """In float64."""
    dtype: npt.DTypeLike
    """In whose digits it was given."""
    backprop: Vector
    """The engine's own."""
    rule: Rule
    flat: Vector
    """Positions of the entries to look at."""
    digits: FloatFormat | None = None
    """Those of what was given, where they are few."""

    @property
    def told_to(self) -> float | None:
        """By what part of the largest entry one in few digits must be off, to be told so."""
        largest = largest_of(self.backprop)
        if self.digits is None or not largest or self.rule.vanishing:
            return None
        return self.rule.tolerance + self.rule.floor / largest

    @property
    def shape(self) -> tuple[int, ...]:
        return self.backprop.shape

    @property
    def entries(self) -> Vector | None:
        """The entries to look at, where there is a gradient of the right shape."""
        if self.given is None or self.given.shape != self.shape:
            return None
        return self.chosen(self.given)

    def chosen(self, array: Vector) -> Vector:
        """The entries to look at of an ``array`` of the right shape."""
        return np.asarray(array.reshape(-1)[self.flat])

    @property
    def complaint(self) -> str | None:
        """What is wrong on the face of it."""
        if self.given is None:
            return "missing"
        if self.given.shape != self.shape:
            return f"has shape {self.given.shape}, but {self.shape} is needed"
        wrong = np.flatnonzero(~np.isfinite(self.chosen(self.given)))
        if wrong.size:
            index = self.index_of(self.flat[wrong[0]])
            first = ", the first" if wrong.size > 1 else ""
            some = f"{wrong.size:,} entries are" if first else "1 entry is"
            return f"{some} not finite{first}{f' at {index}' if index else ''}"
        return None

    def index_of(self, flat: int) -> list[int]:
        """The index of the entry at position ``flat``."""
        return index_of(flat, self.shape)


def make_claims(
    point: Point,
    result: Result,
    against: Mapping[str, npt.NDArray[Any]] | None,
    tolerance: float,
    chosen: Mapping[str, Vector],
    absolute: float = 0.0,
) -> dict[str, Claim]:
    """A claim for each primal: the gradient of ``against``, or else the engine's own."""
    claims, rules = {}, Rules(point, result, tolerance, absolute)
    for name, flat in chosen.items():
        own, shape = result.gradients[name], point.problem.primals[name].shape
        # Somebody's own may be misshapen.
        right = own if own.shape == shape else np.full(shape, np.nan)
        given = own if against is None else against.get(name)
        if given is not None and given.shape == point.problem.forms.get(name) != shape:
            given = given.reshape(shape)
        if against is None or given is None:
            rule = rules.of_own(name, given, right)
            claims[name] = Claim(name, given, right.dtype, right, rule, flat)
        else:
            dtype, few = given.dtype, few_digits(against, name)
            given = np.asarray(given, np.float64)
            rule = rules.of_given(name, given, right, few or format_of(dtype), few is not None)
            claims[name] = Claim(name, given, dtype, right, rule, flat, few)
    return claims


def choose(problem: Problem, sample: int | None) -> dict[str, Vector]:
    """Positions of the entries to look at, by parameter: all, or ``sample`` of each."""
    if sample is None:
        return {name: np.arange(primal.size) for name, primal in problem.primals.items()}
    rng = np.random.default_rng(0)
    chosen = {}
    for name, primal in problem.primals.items():
        if primal.size <= sample:
            chosen[name] = np.arange(primal.size)
        else:
            chosen[name] = np.sort(rng.choice(primal.size, sample, replace=False))
    return chosen
