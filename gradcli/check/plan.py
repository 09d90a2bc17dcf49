"""What is asked of a check, and what is done for it: how, from which steps on, by which rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy.typing as npt

from gradcli.catalogue import METHODS as MEANINGS
from gradcli.check.cost import is_large
from gradcli.check.ladder import COARSEST
from gradcli.check.lines import Precision, Progress
from gradcli.check.measure import RESOLUTION
from gradcli.check.methods import METHODS, Method
from gradcli.check.projection import CHANCE
from gradcli.errors import SpecError
from gradcli.problem import Problem


class Options(NamedTuple):
    """How to measure. None stands for the method's own default."""

    method: str | None = None
    """By default central, or directions where the problem is large and no sample is asked for."""
    step: float | None = None
    tolerance: float | None = None
    sample: int | None = None
    absolute: float = 0.0
    """Tolerance whatever the size of an entry."""


class Plan(NamedTuple):
    """What is to be done at each point."""

    name: str
    method: Method
    step: float
    tolerance: float
    options: Options
    against: Mapping[str, npt.NDArray[Any]] | None
    progress: Progress
    by_size: bool
    """Whether the method was chosen for the size of the problem."""


def plan_of(
    problem: Problem,
    options: Options,
    against: Mapping[str, npt.NDArray[Any]] | None,
    progress: Progress,
) -> Plan:
    """What ``options`` come to. Raises SpecError where they do not go together."""
    by_size = options.method is None and options.sample is None and is_large(problem)
    name = options.method or ("directions" if by_size else "central")
    method = METHODS[name]
    if method.together and options.sample is not None:
        raise SpecError("sample", f"goes with methods that look at single entries, not with {name}")
    step = method.step if options.step is None else options.step
    tolerance = method.tolerance if options.tolerance is None else options.tolerance
    return Plan(name, method, step, tolerance, options, against, progress, by_size)


def rule_in_words(plan: Plan, precision: Precision, traced: bool) -> str:
    """What is compared with what, where values have this ``precision``."""
    if plan.method.together:
        return _of_directions(plan)
    unit = "" if plan.method.analytic else " max(1, |x|)"
    steps = f"h = {plan.step:.3g}{unit} at first, few entries and doubtful ones by many steps"
    if plan.method.first is None:
        steps = f"from h = {plan.step:g}{unit} downward"
    if precision.coarse:
        steps = f"from h = {COARSEST:g}, or {COARSEST:g} standard deviations of x, downward"
    rounding = "the rounding of all intermediates" if traced else "the noise of the values"
    absolute = f"{plan.options.absolute:.3g} + " if plan.options.absolute else ""
    text = (
        f"|a - n| <= {plan.tolerance:.3g} max(|a|, |n|) + {absolute}uncertainty of n "
        "+ 16 eps of the largest |a|; "
        f"n by {MEANINGS[plan.name]} in float64, {steps}; "
        f"its uncertainty: {rounding}, and the truncation, found by other "
        f"steps; measured where that is below {precision.resolution:.0e} of the parameter's largest"
    )
    if precision.coarse:
        text += f"; {precision.words}: tolerance 1000 eps of it"
    if plan.against is not None:
        text += (
            "; gradients in fewer digits: tolerance 1000 eps of their dtype, and what is rounded "
            "of terms that nearly cancel; in float16 and bfloat16: 8 eps, and what such digits blur"
        )
    return text


def _of_directions(plan: Plan) -> str:
    text = (
        f"|<g, v> - n| <= {plan.tolerance:.3g} |g v| + uncertainty of n + 16 eps |v| of the "
        "largest |g|; v has a random weight for each entry, of either sign, between 1 and 2 times "
        f"max(1, |x|); n by central differences in float64, at h = {plan.step:.3g}, or where that "
        f"leaves doubt at many steps; measured where its uncertainty is below {RESOLUTION:.0e} of "
        "|g v|; so many v that all errors but those of a chance of "
        f"{CHANCE:.0e} are smaller than told; what fails is halved, down to its entries, and these "
        "are judged by the rule of central differences"
    )
    if plan.against is not None:
        text += (
            f"; what is given is compared entry by entry, |a - g| <= {plan.tolerance:.3g} "
            "max(|a|, |g|), or 1000 eps of its dtype"
        )
    return text
