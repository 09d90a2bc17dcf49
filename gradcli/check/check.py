"""check: prove a problem's gradients, or judge somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import numpy.typing as npt

from gradcli.check.causes import with_causes
from gradcli.check.claims import choose, make_claims
from gradcli.check.cost import LONG, estimate
from gradcli.check.judge import (
    FAIL,
    INCONCLUSIVE,
    PASS,
    Outcome,
    ParameterVerdict,
    judge,
    not_reached,
    overall,
    unjudged,
)
from gradcli.check.large import judge_large
from gradcli.check.lines import DOUBLE, Precision, Progress
from gradcli.check.measure import Measured, measure, measure_few
from gradcli.check.plan import Options, Plan, plan_of, rule_in_words
from gradcli.check.projection import Proof
from gradcli.check.rounding import point_of, precision_of
from gradcli.errors import GradcliError, SpecError
from gradcli.gradient import differentiate, quiet
from gradcli.nonfinite import nonfinite
from gradcli.problem import Problem, Result

Announce = Callable[[int, float], None]
"""Called with the number of entries and about how many seconds they will take."""


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
    interrupted: bool = False
    """Whether an interrupt came before all was done."""
    together: Proof | None = None
    """What random directions of all parameters at once have shown, where that is the method."""
    by_size: bool = False
    """Whether the method was chosen for the size of the problem."""
    precision: Precision = DOUBLE
    """How finely the values are known."""


def check(
    problem: Problem,
    options: Options = Options(),  # noqa: B008  (immutable)
    against: Mapping[str, npt.NDArray[Any]] | None = None,
    progress: Progress = lambda done: None,
    announce: Announce = lambda entries, seconds: None,
) -> Checked:
    """Judge the gradients of ``problem``, or those of ``against`` by name, in float64.

    Each entry (or ``options.sample`` of each parameter) is compared with a numeric
    derivative at the problem's own point; of a large problem, all at once, along random
    directions. Arrays in ``against`` are judged as loosely as
    their dtype asks, and, where they fail, at the problem's data rounded to its dtype, too.
    An interrupt is not passed on: what is done is judged, and the rest "not reached".
    Raises SpecError for a method that does not suit the problem, and with an estimate of time
    where a sample is called for.
    """
    plan = plan_of(problem, options, against, progress)
    with quiet():
        exact = problem.in_float64()
        unfit, lacking = exact.unfit(), exact.lacks_gradient()
        if lacking and against is None and not exact.traced:
            raise GradcliError(f"{lacking}: judge others, against a file of them")
        if unfit is None:
            outcome = _rejudged(problem, plan, _judged(exact, plan, announce))
            precision = precision_of(exact)
        else:
            precision = DOUBLE
            outcome = Outcome({n: unjudged(p, unfit) for n, p in exact.primals.items()})
    params = outcome.params
    verdict = FAIL if outcome.nonfinite else overall(v.verdict for v in params.values())
    if verdict == PASS and outcome.together is not None and outcome.together.worst.wrong:
        verdict = INCONCLUSIVE
    return Checked(
        title=exact.title,
        verdict=verdict,
        params=params,
        method=plan.name,
        step=plan.step,
        tolerance=plan.tolerance,
        rule=rule_in_words(plan, precision, exact.traced),
        nonfinite=outcome.nonfinite,
        extra=[name for name in against or {} if name not in problem.primals],
        interrupted=outcome.interrupted,
        together=outcome.together,
        by_size=plan.by_size,
        precision=precision,
    )


def _judged(
    problem: Problem,
    plan: Plan,
    announce: Announce = lambda entries, seconds: None,
    again: Collection[str] = (),
) -> Outcome:
    """The verdicts at one point, or what is not finite there; only on those ``again``, if any."""
    result = differentiate(problem)
    bad = nonfinite(problem, result)
    if bad is not None:
        return Outcome({}, bad)
    if plan.method.analytic:
        _require_analytic(result, plan.name)
    point = point_of(problem, result)
    if plan.method.together:
        plan.progress(-sum(problem.primals[name].size for name in again))
        return judge_large(point, result, plan, again)
    chosen = choose(problem, plan.options.sample)
    if again:
        chosen = {name: chosen[name] for name in again}
        plan.progress(-sum(flat.size for flat in chosen.values()))
    claims = make_claims(point, result, plan.against, plan.tolerance, chosen, plan.options.absolute)
    measured: dict[str, Measured] = {}
    interrupted = False
    try:
        seconds = estimate(point, chosen, plan.method)
        if seconds > LONG:
            announce(sum(flat.size for flat in chosen.values()), seconds)
        roughly = measure_few(claims, point, plan.method)
        # The small ones first: an interrupt then leaves the fewest without a verdict.
        for name, claim in sorted(claims.items(), key=lambda item: item[1].flat.size):
            how = plan.method, plan.step, plan.progress, roughly.get(name)
            measured[name] = measure(claim, point, result, *how)
    except KeyboardInterrupt:
        interrupted = True
    done = {name: claim for name, claim in claims.items() if name in measured}
    judged = {name: judge(claim, measured[name]) for name, claim in done.items()}
    judged = with_causes(problem, done, measured, judged)
    params = {name: judged.get(name) or not_reached(claim) for name, claim in claims.items()}
    return Outcome(params, None, interrupted)


def _rejudged(problem: Problem, plan: Plan, outcome: Outcome) -> Outcome:
    """``outcome``, but for what is given and passes where the data are rounded to their dtype."""
    params = dict(outcome.params)
    failing = [name for name, v in params.items() if v.verdict == FAIL]
    rounded = problem.rounded() if failing and plan.against else None
    if rounded is None:
        return outcome
    interrupted = outcome.interrupted
    elsewhere = f"given data rounded to {next(iter(problem.primals.values())).dtype}"
    if not interrupted:
        there = _judged(rounded, plan, again=failing)
        interrupted = there.interrupted
        for name, verdict in there.params.items():
            if verdict.verdict == PASS:
                params[name] = verdict._replace(point=elsewhere)
    for name in failing if interrupted else ():
        if params[name].entries and params[name].verdict == FAIL:
            cause = f"fails at the data as given; interrupted before the {elsewhere}"
            params[name] = params[name]._replace(verdict=INCONCLUSIVE, cause=cause)
    return outcome._replace(params=params, interrupted=interrupted)


def _require_analytic(result: Result, method: str) -> None:
    for step in result.steps:
        if not step.record.op.analytic:
            needed = f"{method} needs functions that are analytic throughout"
            raise SpecError("method", f"{needed}; {step.op} is not")
