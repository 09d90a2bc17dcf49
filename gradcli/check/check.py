"""check: prove a problem's gradients, or judge somebody else's."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.check.causes import Claim, find_causes
from gradcli.check.judge import (
    FAIL,
    Measured,
    ParameterVerdict,
    Rule,
    index_of,
    measure,
    overall,
    verdict,
)
from gradcli.check.numeric import EPS, ROUNDINGS, STEPS, TOLERANCES, Entries, Progress
from gradcli.engine import REGISTRY
from gradcli.errors import GradcliError, TooLargeError
from gradcli.problem import Arrays, Problem, Result, differentiate, nonfinite

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
    their dtype asks. Raises GradcliError for a method that does not suit the problem, and
    TooLargeError with an estimate of time where a sample is called for.
    """
    problem = problem.in_float64()
    result = differentiate(problem)
    tolerance = TOLERANCES[options.method] if options.tolerance is None else options.tolerance
    step = STEPS[options.method] if options.step is None else options.step
    bad = nonfinite(problem, result)
    extra = [name for name in against or {} if name not in problem.primals]
    judged: dict[str, ParameterVerdict] = {}
    if bad is None:
        if options.method == "complex":
            _require_analytic(result)
        chosen = _chosen(problem, options)
        _require_time(problem, chosen, float(result.value))
        claims = _claims(problem, result, against, tolerance)
        with np.errstate(all="ignore"):
            judged = _judge(problem, result, options, chosen, claims, progress)
    return Checked(
        title=problem.title,
        verdict=FAIL if bad else overall(v.verdict for v in judged.values()),
        params=judged,
        method=options.method,
        step=step,
        tolerance=tolerance,
        rule=_rule(options.method, step, tolerance, against),
        nonfinite=bad,
        extra=extra,
    )


def _chosen(problem: Problem, options: Options) -> dict[str, npt.NDArray[Any]]:
    """Positions of the entries to look at, by parameter."""
    rng = None if options.sample is None else np.random.default_rng(options.seed)
    chosen = {}
    for name, primal in problem.primals.items():
        if rng is None or options.sample is None or primal.size <= options.sample:
            chosen[name] = np.arange(primal.size)
        else:
            chosen[name] = np.sort(rng.choice(primal.size, options.sample, replace=False))
    return chosen


def _claims(
    problem: Problem, result: Result, against: Mapping[str, Any] | None, tolerance: float
) -> dict[str, Claim]:
    claims = {}
    # Terms of this size may have cancelled on the way back, and left their rounding behind.
    terms = [float(np.max(np.abs(s.gradient * s.value), initial=0.0)) for s in result.steps]
    rounding = ROUNDINGS * EPS * max((t for t in terms if np.isfinite(t)), default=0.0)
    for name, primal in problem.primals.items():
        given = result.gradients[name] if against is None else against.get(name)
        rule = Rule(tolerance, rounding)
        if against is not None and given is not None:
            # Few digits in the file: be as loose as they are, and allow for sums in them.
            eps = float(np.finfo(given.dtype).eps) if given.dtype.kind == "f" else EPS
            largest = float(np.max(np.abs(result.gradients[name]), initial=0.0))
            floor = 16 * eps * largest if eps > EPS else 0.0
            rule = Rule(max(tolerance, min(1000 * eps, 0.05)), rounding, floor)
            given = given.astype(np.float64)
        claims[name] = Claim(name, given, primal.shape, rule)
    return claims


def _judge(
    problem: Problem,
    result: Result,
    options: Options,
    chosen: dict[str, npt.NDArray[Any]],
    claims: dict[str, Claim],
    progress: Progress,
) -> dict[str, ParameterVerdict]:
    judged: dict[str, ParameterVerdict] = {}
    measures: dict[str, Measured] = {}
    for name, flat in chosen.items():
        claim = claims[name]
        entries = Entries(problem, name, flat, float(result.value), progress)
        claimed = claim.entries(flat)
        # Without a claim to judge, measure so as to find out what became of it.
        aim = result.gradients[name].reshape(-1)[flat] if claimed is None else claimed
        measures[name] = measure(entries, aim, options.method, options.step, claim.rule)
        if claimed is None:
            judged[name] = _unusable(claim)
        else:
            judged[name] = verdict(claimed, measures[name], flat, claim.shape, claim.rule)
            wrong = np.flatnonzero(~np.isfinite(claimed))
            if wrong.size:
                at = index_of(flat[wrong[0]], claim.shape)
                cause = f"{wrong.size} entries are not finite, the first at {at}"
                judged[name] = judged[name]._replace(cause=cause)
    failing = [n for n, v in judged.items() if v.verdict == FAIL and v.cause is None]
    causes = find_causes(problem, claims, measures, chosen, failing)
    for name, cause in causes.items():
        judged[name] = judged[name]._replace(cause=cause)
    for name, claim in claims.items():
        if judged[name].verdict == FAIL and judged[name].cause is None:
            judged[name] = judged[name]._replace(cause=claim.complaint())
    return judged


def _unusable(claim: Claim) -> ParameterVerdict:
    nan = float("nan")
    return ParameterVerdict(0, nan, nan, [], nan, nan, [], [], 0, FAIL, None)


def _require_analytic(result: Result) -> None:
    for step in result.steps:
        if not REGISTRY[step.op].analytic:
            raise GradcliError(
                f"--method complex needs functions that are analytic throughout; {step.op} is not"
            )


def _require_time(problem: Problem, chosen: dict[str, npt.NDArray[Any]], value: float) -> None:
    count = sum(flat.size for flat in chosen.values())
    if count <= MOST_ENTRIES:
        return
    seconds = 0.0
    for name, flat in chosen.items():
        few = flat[: min(flat.size, 256)]
        entries = Entries(problem, name, few, value, lambda done: None)
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


def _rule(method: str, step: float, tolerance: float, against: Arrays | Any) -> str:
    scale = "" if method == "complex" else " max(1, |x|)"
    text = (
        f"|a - n| <= {tolerance:.3g} max(|a|, |n|) + noise; n by {method} "
        f"{'step' if method == 'complex' else 'differences'} in float64, h = {step:.3g}{scale}, "
        "noise = 8 eps |value| / (x' - x), the rounding of the difference, "
        "+ 8 eps of the largest term on the way back"
    )
    if method != "complex":
        text += "; entries in doubt are measured again by Ridders' extrapolation"
    if against is not None:
        text += "; gradients in few digits: tolerance 1000 eps of their dtype"
    return text
