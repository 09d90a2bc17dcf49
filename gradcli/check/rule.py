"""The rule that a gradient must keep, and how exact it can be in the digits that it has."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from gradcli.check.blur import MARGIN, Blur, blur, bounds
from gradcli.check.courses import Courses
from gradcli.check.digits import last_digit
from gradcli.check.given import FloatFormat
from gradcli.check.lines import EPS, Point, Vector, scale
from gradcli.check.rounding import negligible, spread
from gradcli.problem import Result

BLURRED = 10.0
"""An entry is below noise where what is allowed of any is more than one part in so many of it."""
_MOST_OPEN = 1e-4
"""Part of the largest entry that digits may leave open: what is off by more never passes."""


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

    def at_least(self, floor: float) -> Rule:
        """The same with at least this ``floor``."""
        return self._replace(floor=max(self.floor, floor))

    def allowed(self, size: Vector) -> Vector:
        """How far off entries of a ``size`` may be, besides the uncertainty of their slope."""
        return np.asarray(self.tolerance * size + self.absolute + self.floor)


class Rules:
    """The rules for gradients at a ``point``: what is tolerated, and what rounding asks for."""

    def __init__(self, point: Point, result: Result, tolerance: float, absolute: float) -> None:
        self._point = point
        self._tolerance = tolerance
        self._absolute = absolute
        self._moved = cache(lambda: spread(point.courses or Courses(point.problem, result)))
        self._blurred = cache(lambda digits: blur(point.problem, result, digits))

    def of_own(self, name: str, own: Vector | None, right: Vector) -> Rule:
        """The rule for the gradient ``own`` by the primal ``name``, the problem's."""
        precision, largest = self._point.precision, largest_of(right)
        rule = self._rule(name, largest, FloatFormat("", precision.eps, 0.0))
        if rule.vanishing or self._point.problem.traced or own is None:
            return rule
        grain = last_digit(own)
        return rule.at_least(grain if grain <= _MOST_OPEN * largest else 0.0)

    def of_given(
        self, name: str, given: Vector, right: Vector, digits: FloatFormat, few: bool
    ) -> Rule:
        """The rule for a gradient in such ``digits``; in ``few``, each of them counts."""
        largest = largest_of(right)
        rule = self._rule(name, largest, digits, loose=not few)
        if rule.vanishing:
            return rule
        if few:
            return _in_few(rule, digits, largest, self._blurred(digits)[name], given, right)
        if digits.eps == EPS or not right.size or not self._point.problem.traced:
            return rule
        # No more than the value itself is rounded by: at a tie, all may move at once.
        primal, coarser = self._point.problem.primals[name], 8 * digits.eps / EPS
        most = coarser * self._point.rounding / float(np.max(scale(primal)))
        if _is_off(rule, given, right) or _has_small(given, BLURRED * most):
            rule = rule.at_least(min(coarser * self._moved()[name], most))
        if _is_off(rule, given, right):
            rule = rule.at_least(min(MARGIN * self._blurred(digits)[name].smooth, most))
        return rule

    def _rule(self, name: str, largest: float, digits: FloatFormat, loose: bool = True) -> Rule:
        """What ``digits`` ask for by themselves; or nothing but rounding is left of terms."""
        # Sums are rounded, too: as coarsely as the digits that the largest entry has.
        tolerance = 1000 * digits.eps if loose and digits.eps > EPS else 0.0
        floor = 16 * digits.eps * largest + digits.smallest
        rule = Rule(max(self._tolerance, tolerance), floor, absolute=self._absolute)
        if not negligible(self._point, name, largest) or self._moved()[name] <= 0.1 * largest:
            return rule
        coarser = 64 * digits.eps / self._point.precision.eps
        return rule._replace(floor=coarser * self._moved()[name], vanishing=True)


def largest_of(gradient: Vector) -> float:
    """The size of its largest entry that is finite."""
    sizes = np.abs(gradient)
    return float(np.max(sizes, initial=0.0, where=np.isfinite(sizes)))


def _is_off(rule: Rule, given: Vector, right: Vector) -> bool:
    """Whether it is worth a look at what the computation itself may have rounded away."""
    return given.shape == right.shape and not rule.holds(given, right, 0).all()


def _has_small(given: Vector, least: float) -> bool:
    """Whether there are entries in ``given``, not 0, that are smaller than ``least``."""
    sizes = np.abs(given)
    return bool(np.any((sizes > 0) & (sizes < least)))


def _in_few(
    rule: Rule,
    digits: FloatFormat,
    largest: float,
    blurred: Blur,
    given: Vector,
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
    if given.shape != right.shape:
        return narrow
    beyond = np.count_nonzero(~narrow.holds(given, right, 0.0))
    return wide if 0 < beyond <= 2 * blurred.many else narrow
