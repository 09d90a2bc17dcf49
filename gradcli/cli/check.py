"""``gradcli check``: prove gradients against numeric derivatives."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from gradcli.cli.exits import GOOD, INCONCLUSIVE, INTERRUPTED, NO, say
from gradcli.cli.groups import ProblemGroup
from gradcli.cli.options import Names
from gradcli.cli.problems import Verb, respelt
from gradcli.cli.progress import Bar
from gradcli.cli.reference import op_names
from gradcli.cli.show import Outcome, show
from gradcli.cli.view import View, take_view, view_options
from gradcli.errors import GradcliError, SpecError

if TYPE_CHECKING:
    from gradcli.check.besides import Besides
    from gradcli.check.check import Checked
    from gradcli.check.given import Gradients
    from gradcli.check.plan import Options as CheckOptions
    from gradcli.problem import Problem

CODES = {"pass": GOOD, "fail": NO, "inconclusive": INCONCLUSIVE}


class _Asked(NamedTuple):
    """What is to be checked, and how."""

    problem: Problem
    options: CheckOptions
    against: Gradients | None = None
    """Somebody else's gradients, or what their claims give."""


def _check(problem: Problem, given: dict[str, Any], view: View) -> Outcome:
    from gradcli.check.besides import Besides
    from gradcli.check.check import check
    from gradcli.gradient import differentiate
    from gradcli.report.checks import CheckReport

    if view.plot and not given.get("sweep"):
        raise GradcliError("--plot: goes with --sweep")
    asked = _asked(problem, given)
    judged, options, against = asked
    total = sum(min(p.size, options.sample or p.size) for p in judged.primals.values())
    with Bar("checking", total) as bar:
        checked = check(judged, options, against, bar, partial(_announce, bar))
    done = not (checked.nonfinite or checked.interrupted)
    besides = _besides(asked, given, checked) if done else Besides()
    report = CheckReport(
        besides.ruled(checked),
        against is not None or not problem.traced,
        bool(given.get("explain")),
        problem.measured(problem.primals),
        besides,
        {} if against is None else against.matched,
    )
    code, complaint = _ended(report.checked)
    how = {} if checked.by_size else {"method": checked.method}  # by size it is chosen again
    source = given["against"] if isinstance(given.get("against"), str) else "grads"
    extra = f"no parameter of this problem ({', '.join(problem.primals)}), and not judged"
    return Outcome(
        report,
        lambda: respelt(problem, "check", {**how, **given}),
        code,
        complaint,
        [f"{source}: {name!r} is {extra}" for name in checked.extra],
        judged,
        partial(differentiate, judged),
    )


def _asked(problem: Problem, given: dict[str, Any]) -> _Asked:
    """The problem itself, or another that is made of it, and the gradients that are judged."""
    order, claims, options = given.get("order", 1), given.get("claim"), _options(given)
    if order not in (1, 2):
        raise SpecError("order", f"must be 1 or 2, not {order}")
    for name in ("against", "map", "value", "claim"):
        if order == 2 and given.get(name) is not None:
            raise SpecError(name, "is of order 1: order 2 proves gradcli's own gradients")
    if order == 2:
        from gradcli.check.second import Slope

        return _Asked(Slope(problem), options)
    if claims is not None:
        from gradcli.check.formula_claims import claimed, rounding_of

        if given.get("against") is not None:
            raise SpecError("claim", "does not go with other gradients, against")
        formula, against = claimed(problem, claims)
        absolute = max(options.absolute, rounding_of(formula, claims))
        return _Asked(formula, options._replace(absolute=absolute), against)
    return _Asked(problem, options, _gradients(problem, given))


def _gradients(problem: Problem, given: dict[str, Any]) -> Gradients | None:
    """Somebody else's gradients, if there are any to be judged."""
    from gradcli.check.against import read_gradients
    from gradcli.gradient import require_variables

    told = given.get("map")
    if given.get("against") is None:
        if told:
            raise SpecError("map", "goes with against: there are no gradients to name")
        return None
    require_variables(problem)
    dtype = next(iter(problem.primals.values())).dtype.name
    return read_gradients(given["against"], dtype, problem.primals, told, problem.forms)


def _options(given: dict[str, Any]) -> CheckOptions:
    """How to measure, and how far off a gradient may be."""
    from gradcli.check.plan import Options

    if given.get("rtol") is not None and given.get("tol") is not None:
        raise SpecError("rtol", "is another name of tol: give one of them")
    tolerance = given.get("rtol", given.get("tol"))
    method, step, sample = given.get("method"), given.get("step"), given.get("sample")
    return Options(method, step, tolerance, sample, given.get("atol", 0.0))


def _besides(asked: _Asked, given: dict[str, Any], checked: Checked) -> Besides:
    """What else was asked for."""
    from gradcli.check.besides import Besides

    problem, options, against = asked
    found = Besides(problem.value_name)
    if given.get("value") is not None:
        from gradcli.check.value import judge_value, read_value

        dtype = next(iter(problem.primals.values())).dtype
        value = read_value(given["value"], dtype)
        judged = judge_value(problem, value, options.tolerance, options.absolute)
        found = found._replace(value=judged)
    if given.get("claim") is not None:
        from gradcli.check.formula_claims import elsewhere

        held = {n: c for n, c in given["claim"].items() if checked.params[n].verdict != "fail"}
        found = found._replace(claims=elsewhere(problem, held, options))
    if given.get("rule") is not None:
        from gradcli.check.rules import compare

        found = found._replace(other=compare(problem, given["rule"], against, options.sample))
    if given.get("sweep"):
        from gradcli.check.sweep import sweep

        found = found._replace(sweep=sweep(problem, options.method or "central"))
    return found


def _ended(checked: Checked) -> tuple[int, str | None]:
    """The exit code of ``checked``, and what there is to say of it."""
    if checked.interrupted:
        return INTERRUPTED, "interrupted"
    told = checked.nonfinite and f"the value is not finite: {checked.nonfinite}"
    return CODES[checked.verdict], told


def _announce(bar: Bar, entries: int, seconds: float) -> None:
    from gradcli.check.cost import duration

    with bar.hidden():
        say(
            f"gradcli: checking {entries:,} entries will take about {duration(seconds)}; "
            "--sample N checks N entries of each parameter"
        )


CHECK = Verb(_check, "Prove by numeric derivatives the gradients of {}.")


@click.group(cls=ProblemGroup, verb="check", epilog="Exit codes: 0 pass, 1 fail, 3 inconclusive.")
def check() -> None:
    """Prove a problem's gradients against numeric derivatives.

    Takes the problem with the options that it has by itself.
    """


@check.command(
    params=[
        Names(op_names, ["names"], nargs=-1, metavar="[NAME]..."),
        *view_options("trace", "graph", "junit", "plot", "low", "high"),
    ],
    epilog="Example: gradcli check ops tanh softmax",
)
def ops(names: tuple[str, ...], **options: Any) -> int:
    """The engine itself: every op, first and second order, on its own domain."""
    from gradcli.check.ops import check_ops
    from gradcli.report.ops import OpsReport

    found = check_ops(names)
    failed = any(op.verdict == "fail" for op in found)
    return show(Outcome(OpsReport(found), code=NO if failed else GOOD), take_view(options))
