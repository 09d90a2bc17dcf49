"""The verdict on a value that somebody gives, beside that on their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.check.causes import multiple
from gradcli.check.judge import FAIL, PASS, ParameterVerdict
from gradcli.check.lines import EPS, index_of
from gradcli.check.rounding import value_rounding
from gradcli.check.rule import Rule
from gradcli.errors import LiteralError, SpecError
from gradcli.gradient import differentiate, quiet
from gradcli.inputs.values import Given, resolve
from gradcli.problem import Problem, same

TOLERANCE = 1e-6
"""Relative, where nothing else is asked for, and the dtype has the digits."""


def read_value(value: Any, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """The array that ``value`` writes, lists or a VALUE, in ``dtype``. Raises SpecError."""
    try:
        found = resolve("value", value, None)
    except LiteralError as error:
        raise SpecError("value", str(error)) from None
    if not isinstance(found, Given):
        raise SpecError("value", f"must be numbers, not {found}")
    return found.array.astype(dtype)


def judge_value(
    problem: Problem,
    given: npt.NDArray[Any],
    tolerance: float | None = None,
    absolute: float = 0.0,
) -> ParameterVerdict:
    """Judge ``given`` as the value of ``problem``, in the digits of its dtype.

    The value is that in float64, at the data as given, or else rounded to the dtype.
    """
    with quiet():
        allowed = Rule(tolerance or TOLERANCE, absolute=absolute)
        found = _judged(problem.in_float64(), given, allowed)
        rounded = problem.rounded() if found.verdict == FAIL else None
        if rounded is None:
            return found
        there = _judged(rounded, given, allowed)
    if there.verdict != PASS:
        return found
    return there._replace(point=f"given data rounded to {given.dtype}")


def _judged(problem: Problem, given: npt.NDArray[Any], allowed: Rule) -> ParameterVerdict:
    right = np.asarray(problem.array(problem.primals, same), np.float64)
    blank = ParameterVerdict(right.shape, given.shape, verdict=FAIL)
    if given.size == right.size == 1:
        given = given.reshape(right.shape)
    if given.shape != right.shape or not right.size:
        return blank._replace(verdict=PASS) if given.shape == right.shape else blank
    eps = float(np.finfo(given.dtype).eps)
    theirs, size = given.astype(np.float64), np.maximum(np.abs(given), np.abs(right))
    loose = max(allowed.tolerance, min(1000 * eps, 0.05)) if eps > EPS else allowed.tolerance
    floor = 16 * eps * float(np.max(np.abs(right)))
    rule = allowed._replace(tolerance=loose, floor=floor)
    error = np.abs(theirs - right)
    failed = ~rule.holds(theirs, right, 0.0) | ~np.isfinite(theirs)
    if failed.any() and right.size == 1:
        rounding = eps / EPS * value_rounding(problem, differentiate(problem))
        rule = rule._replace(floor=rule.floor + rounding)
        failed = ~rule.holds(theirs, right, 0.0) | ~np.isfinite(theirs)
    relative = np.where(error > 0, error / np.where(size > 0, size, 1.0), 0.0)
    worst = index_of(int(np.argmax(np.nan_to_num(relative, nan=np.inf))), right.shape)
    index = tuple(worst)
    return blank._replace(
        given_shape=right.shape,
        entries=right.size,
        max_abs_error=float(error.max()),
        max_rel_error=float(relative.max()),
        worst_index=worst,
        backprop=given[index],
        numeric=float(right[index]),
        abs_error=float(error[index]),
        rel_error=float(relative[index]),
        uncertainty=0.0,
        failed=int(failed.sum()),
        verdict=FAIL if failed.any() else PASS,
        cause=multiple(problem, theirs, right, rule) if failed.any() else None,
    )
