"""check: prove a problem's gradients, or judge somebody else's."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.check.causes import with_causes
from gradcli.check.claims import choose, make_claims
from gradcli.check.judge import FAIL, PASS, ParameterVerdict, judge, overall
from gradcli.check.measure import RESOLUTION, measure
from gradcli.check.numeric import STEPS, TOLERANCES, Entries, Point, Progress, Vector
from gradcli.check.rounding import value_rounding
from gradcli.engine import REGISTRY
from gradcli.errors import GradcliError, TooLargeError
from gradcli.problem import Problem, Result, differentiate, nonfinite, quiet

MOST_ENTRIES = 1_000_000
"""Above this a check asks for a sample."""


class Options(NamedTuple):
    """How to measure. None stands for the method's own default."""

    method: str = "central"
    step: float | None = None
    tolerance: float | None = None
    sample: int | None = None
    seed: int = 0


class Checked(NamedTuple):
    """The outcome of a check."""

    title: str
    verdict: str
    params: dict[str, ParameterVerdict]
    method: str
    step: float
    tolerance: float
    rule: str
    nonfinite: str | None
    """Where the first nan or infinity came from, if the value is not finite."""
    extra: list[str]
    """Names that were given, but that the problem does not have."""


def check(
    problem: Problem,
    options: Options = Options(),  # noqa: B008  (immutable)
    against: Mapping[str, npt.NDArray[Any]] | None = None,
    progress: Progress = lambda done: None,
) -> Checked:
    """Judge the gradients of ``problem``, or those of ``against`` by name, in float64.

    Each entry (or ``options.sample`` of each parameter) is compared with a numeric
    derivative at the problem's own point. Arrays in ``against`` are judged as loosely as
    their dtype asks, and, where they fail, at the problem's data rounded to its dtype, too.
    Raises GradcliError for a method that does not suit the problem, and TooLargeError with
    an estimate of time where a sample is called for.
    """
    tolerance = TOLERANCES[options.method] if options.tolerance is None else options.tolerance
    step = STEPS[options.method] if options.step is None else options.step
    options = options._replace(tolerance=tolerance)
    with quiet():
        exact = problem.in_float64()
        found, bad = _judged(exact, options, against, progress)
        failing = [name for name, v in found.items() if v.verdict == FAIL]
        rounded = problem.rounded() if failing else None
        if against and rounded is not None:
            some = {name: array for name, array in against.items() if name in failing}
            elsewhere = f"given data rounded to {_dtype(problem)}"
            there, _ = _judged(rounded, options, some, lambda done: None)
            for name in failing:
                if there and there[name].verdict == PASS:
                    found[name] = there[name]._replace(point=elsewhere)
    return Checked(
        title=exact.title,
        verdict=FAIL if bad else overall(v.verdict for v in found.values()),
        params=found,
        method=options.method,
        step=step,
        tolerance=tolerance,
        rule=_rule(options.method, step, tolerance, against),
        nonfinite=bad,
        extra=[name for name in against or {} if name not in problem.primals],
    )


def _judged(
    problem: Problem,
    options: Options,
    against: Mapping[str, npt.NDArray[Any]] | None,
    progress: Progress,
) -> tuple[dict[str, ParameterVerdict], str | None]:
    """The verdicts at one point, and what is not finite there, if anything."""
    result = differentiate(problem)
    bad = nonfinite(problem, result)
    if bad is not None:
        return {}, bad
    if options.method == "complex":
        _require_analytic(result)
    point = Point(problem, float(result.value.item()), value_rounding(problem, result))
    chosen = choose(problem, options.sample, options.seed)
    _require_time(point, chosen)
    claims = make_claims(problem, result, against, options.tolerance or 0.0, chosen)
    measured = {
        name: measure(claim, point, result, options.method, options.step, progress)
        for name, claim in claims.items()
    }
    judged = {name: judge(claim, measured[name]) for name, claim in claims.items()}
    return with_causes(problem, claims, measured, judged), None


def _dtype(problem: Problem) -> str:
    return str(next(iter(problem.primals.values())).dtype)


def _require_analytic(result: Result) -> None:
    for step in result.steps:
        if not REGISTRY[step.op].analytic:
            raise GradcliError(
                f"--method complex needs functions that are analytic throughout; {step.op} is not"
            )


def _require_time(point: Point, chosen: Mapping[str, Vector]) -> None:
    count = sum(flat.size for flat in chosen.values())
    if count <= MOST_ENTRIES:
        return
    seconds = 0.0
    for name, flat in chosen.items():
        few = flat[: min(flat.size, 256)]
        entries = Entries(point, name, few)
        start = time.perf_counter()
        entries.at(np.stack([entries.x, entries.x], axis=1))
        seconds += (time.perf_counter() - start) * flat.size / few.size
    raise TooLargeError(
        f"--sample: {count:,} entries would take about {_duration(seconds)}: "
        "give --sample N to check N entries of each parameter"
    )


def _duration(seconds: float) -> str:
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def _rule(method: str, step: float, tolerance: float, against: object) -> str:
    scale = "" if method == "complex" else " max(1, |x|)"
    how = {"ridders": "Ridders' extrapolation", "complex": "complex step"}
    more = "" if method == "ridders" else " at first, few entries and doubtful ones by many steps"
    text = (
        f"|a - n| <= {tolerance:.3g} max(|a|, |n|) + uncertainty of n + 16 eps of the largest |a|; "
        f"n by {how.get(method, f'{method} differences')} in float64, h = {step:.3g}{scale}"
        f"{more}; "
        "its uncertainty: the rounding of all intermediates, and the truncation, found by other "
        f"steps; measured where that is below {RESOLUTION:.0e} of the parameter's largest"
    )
    if against is not None:
        text += "; gradients in few digits: tolerance 1000 eps of their dtype"
    return text
