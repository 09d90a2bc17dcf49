"""``gradcli check``: prove gradients against numeric derivatives."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from gradcli.catalogue import METHODS
from gradcli.cli.exits import GOOD, INCONCLUSIVE, INTERRUPTED, NO, say, warn
from gradcli.cli.options import positive, word_option
from gradcli.cli.output import answer, apart, plot_path
from gradcli.cli.problems import ProblemGroup, Verb
from gradcli.cli.progress import Bar, progress
from gradcli.errors import GradcliError

if TYPE_CHECKING:
    from gradcli.problem import Problem

CODES = {"interrupted": INTERRUPTED, "fail": NO, "inconclusive": INCONCLUSIVE}


def _options() -> list[click.Parameter]:
    return [
        word_option(
            "--method", METHODS, "central",
            "Numeric derivatives: central, forward, ridders or complex.",
        ),
        click.Option(
            ["--step"], type=float, metavar="H", callback=positive,
            help="Step, times max(1, |x|).  [default: the method's]",
        ),
        click.Option(
            ["--tol"], type=float, metavar="T", callback=positive,
            help="Relative tolerance.  [default: 1e-6; forward 1e-5, complex 1e-8]",
        ),
        click.Option(
            ["--sample"], type=click.IntRange(1), metavar="N",
            help="Check N entries of each parameter, chosen by a fixed seed.",
        ),
        click.Option(
            ["--against"], metavar="FILE",
            help="Judge the gradients in an npz or JSON file, or - for standard input.",
        ),
        click.Option(["--sweep"], is_flag=True, help="Also show the error against the step."),
        click.Option(
            ["--plot"], metavar="FILE", callback=plot_path,
            help="With --sweep: save a picture, .png .svg .pdf (extra: plot).",
        ),
        click.Option(["--explain"], is_flag=True, help="Also show the rule behind the verdict."),
        click.Option(["--full"], is_flag=True, help="Every digit of every number."),
        click.Option(["--json"], is_flag=True, help="One JSON object instead of tables."),
    ]  # fmt: skip


def _run(problems: list[Problem], options: dict[str, Any]) -> int:
    if options["plot"] and not options["sweep"]:
        raise GradcliError("--plot: goes with --sweep")
    if len(problems) > 1 and (options["against"] or options["plot"]):
        flag = "--against" if options["against"] else "--plot"
        raise GradcliError(f"{flag}: goes with one spec, not {len(problems)}")
    verdicts = []
    for problem in apart(problems, options["json"]):
        verdicts.append(_check(problem, options))
        if verdicts[-1] == "interrupted":
            say("gradcli: interrupted")
            break
    return next((code for verdict, code in CODES.items() if verdict in verdicts), GOOD)


def _check(problem: Problem, given: dict[str, Any]) -> str:
    from gradcli.check.against import read_gradients
    from gradcli.check.check import Options, check
    from gradcli.check.sweep import sweep

    options = Options(given["method"], given["step"], given["tol"], given["sample"])
    sizes = [p.size for p in problem.primals.values()]
    against = None
    if given["against"]:
        dtype = next(iter(problem.primals.values())).dtype.name
        against = read_gradients(given["against"], dtype)
    total = sum(min(n, options.sample or n) for n in sizes)
    with progress("checking", total) as advance:
        checked = check(problem, options, against, advance, partial(_announce, advance))
    for name in checked.extra:
        warn(f"{given['against']}: {name!r} is no parameter of this problem, and not judged")
    if checked.nonfinite:
        say(f"gradcli: the value is not finite: {checked.nonfinite}")
    done = not (checked.nonfinite or checked.interrupted)
    swept = sweep(problem, options.method) if given["sweep"] and done else None
    from gradcli.report.checks import CheckReport
    from gradcli.report.report import Screen

    report = CheckReport(checked, swept, against is not None, given["explain"])
    if given["plot"] and swept:
        from gradcli.report.plots import save_plot

        save_plot(given["plot"], report.figure)
    digits = None if given["full"] else 6
    answer(given["json"], report.document, lambda width: report.tables(Screen(width, digits)))
    return "interrupted" if checked.interrupted else checked.verdict


def _announce(bar: Bar, entries: int, seconds: float) -> None:
    from gradcli.check.cost import duration

    with bar.hidden():
        say(
            f"gradcli: checking {entries:,} entries will take about {duration(seconds)}; "
            "--sample N checks N entries of each parameter"
        )


CHECK = Verb(_run, _options)


@click.command(epilog="Example: gradcli check ops tanh softmax")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def ops(names: tuple[str, ...], as_json: bool) -> int:
    """The engine itself: every op, first and second order, on its own domain."""
    from gradcli.check.ops import check_ops
    from gradcli.report.checks import OpsReport
    from gradcli.report.report import Screen

    found = check_ops(names)
    report = OpsReport(found)
    answer(as_json, report.document, lambda width: report.tables(Screen(width)))
    return NO if any(op.verdict == "fail" for op in found) else GOOD


@click.group(
    cls=ProblemGroup,
    prefix="check ",
    verbs=dict.fromkeys(("model", "formula", "landscape"), "gradcli.cli.check:CHECK"),
    epilog="Exit codes: 0 pass, 1 fail, 3 inconclusive.",
)
def check() -> None:
    """Prove a problem's gradients against numeric derivatives.

    Takes the problem with the options that it has by itself.
    """


check.add_command(ops)
