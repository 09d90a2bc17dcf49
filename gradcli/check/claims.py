"""What is to be judged: a gradient for each parameter, and how exact it can be."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.check.blur import MARGIN, Blur, blur, bounds
from gradcli.check.courses import Courses
from gradcli.check.digits import last_digit
from gradcli.check.given import FloatFormat, few_digits
from gradcli.check.lines import EPS, Point, Vector, scale
from gradcli.check.rounding import negligible, spread
from gradcli.problem import Problem, Result


class Rule(NamedTuple):
    """|a - n| <= tolerance max(|a|, |n|) + absolute + uncertainty of n + floor."""

    tolerance: float
    floor: float = 0.0
    """Rounding of the claimed gradient itself: 16 eps of its dtype of the parameter's largest and
    the last digit that the dtype has, or a multiple of that of its terms, where they cancel; in few
    digits, what these blur."""
    vanishing: bool = False
    """Whether nothing but rounding is left of them."""
    absolute: float = 0.0
    """What was allowed besides, whatever their size."""

    def holds(self, claimed: Vector, slope: Vector, uncertainty: Vector | float) -> Vector:
        """Which entries of ``claimed`` keep the rule; nan does not."""
        allowed = self.allowed(np.maximum(np.abs(claimed), np.abs(slope))) + uncertainty
        return np.asarray(np.abs(claimed - slope) <= allowed)

    def allowed(self, size: Vector) -> Vector:
        """How far off entries of a ``size`` may be, besides the uncertainty of their slope."""
        return np.asarray(self.tolerance * size + self.absolute + self.floor)


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
        sizes = np.abs(self.backprop)
        largest = float(np.max(sizes, initial=0.0, where=np.isfinite(sizes)))
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
        return [int(i) for i in np.unravel_index(int(flat), self.shape)] if self.shape else []


def make_claims(
    point: Point,
    result: Result,
    against: Mapping[str, npt.NDArray[Any]] | None,
    tolerance: float,
    chosen: Mapping[str, Vector],
    absolute: float = 0.0,
) -> dict[str, Claim]:
    """A claim for each primal: the gradient of ``against``, or else the engine's own."""
    claims, problem, rounding = {}, point.problem, point.rounding
    moved = cache(lambda: spread(point.courses or Courses(problem, result)))
    blurred = cache(lambda digits: blur(problem, result, digits))
    for name, flat in chosen.items():
        backprop = result.gradients[name]
        given = backprop if against is None else against.get(name)
        if backprop.shape != problem.primals[name].shape:  # somebody's own
            backprop = np.full(problem.primals[name].shape, np.nan)
        if given is not None and given.shape == problem.forms.get(name) != backprop.shape:
            given = given.reshape(backprop.shape)
        # Sums in it are rounded, too: as coarsely as the digits that the largest entry has.
        eps, last, dtype, digits = point.precision.eps, 0.0, backprop.dtype, None
        if against is not None and given is not None:
            dtype, digits = given.dtype, few_digits(against, name)
            kind = np.finfo(dtype if dtype.kind == "f" else np.float64)
            eps, last = float(kind.eps), float(kind.smallest_subnormal)
            eps = eps if digits is None else digits.eps
            given = np.asarray(given, np.float64)
        sizes = np.abs(backprop)
        largest = float(np.max(sizes, initial=0.0, where=np.isfinite(sizes)))
        loose = 1000 * eps if eps > EPS and digits is None else 0.0
        rule = Rule(max(tolerance, loose), 16 * eps * largest + last, absolute=absolute)
        if negligible(point, name, largest) and moved()[name] > 0.1 * largest:
            floor = 64 * eps / point.precision.eps * moved()[name]
            rule = rule._replace(floor=floor, vanishing=True)
        elif digits is not None:
            rule = _in_few(rule, digits, largest, blurred(digits)[name], given, backprop)
        elif not problem.traced:
            grain = 0.0 if given is None or against is not None else last_digit(given)
            if grain <= _MOST_OPEN * largest:
                rule = rule._replace(floor=max(rule.floor, grain))
        elif eps > EPS and backprop.size:
            # No more than the value itself is rounded by: at a tie, all may move at once.
            most = 8 * eps / EPS * rounding / float(np.max(scale(problem.primals[name])))
            if _is_off(rule, given, backprop) or _has_small(given, BLURRED * most):
                rule = rule._replace(
                    floor=max(rule.floor, min(8 * eps / EPS * moved()[name], most))
                )
            if _is_off(rule, given, backprop):
                left = MARGIN * blurred(FloatFormat(dtype.name, eps, last))[name].smooth
                rule = rule._replace(floor=max(rule.floor, min(left, most)))
        claims[name] = Claim(name, given, dtype, backprop, rule, flat, digits)
    return claims


def _is_off(rule: Rule, given: Vector | None, right: Vector) -> bool:
    """Whether it is worth a look at what the computation itself may have rounded away."""
    return (
        given is not None and given.shape == right.shape and not rule.holds(given, right, 0).all()
    )


def _has_small(given: Vector | None, least: float) -> bool:
    """Whether there are entries in ``given``, not 0, that are smaller than ``least``."""
    if given is None:
        return False
    sizes = np.abs(given)
    return bool(np.any((sizes > 0) & (sizes < least)))


def _in_few(
    rule: Rule,
    digits: FloatFormat,
    largest: float,
    blurred: Blur,
    given: Vector | None,
    right: Vector,
) -> Rule:
    """``rule`` for a gradient in few digits.

    What switches on the way counts only where ``given`` is off in so few entries that it can be
    why: then it is not told to be right either, but for what is left.
    """
    found = [bounds(digits, largest, moved) for moved in (blurred.smooth, blurred.jumps)]
    narrow, wide = (
        rule._replace(tolerance=max(rule.tolerance, tolerance), floor=floor)
        for tolerance, floor in found
    )
    if given is None or given.shape != right.shape:
        return narrow
    beyond = np.count_nonzero(~narrow.holds(given, right, 0.0))
    return wide if 0 < beyond <= 2 * blurred.many else narrow


BLURRED = 10.0
"""An entry is below noise where what is allowed of any is more than one part in so many of it."""
_MOST_OPEN = 1e-4
"""Part of the largest entry that digits may leave open: what is off by more never passes."""


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
