"""``gradcli check``: prove gradients against numeric derivatives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gradcli.catalogue import METHODS
from gradcli.cli.exits import GOOD, INCONCLUSIVE, NO, say, warn
from gradcli.cli.options import positive, word_option
from gradcli.cli.output import answer, apart, plot_path
from gradcli.cli.problems import ProblemGroup, Verb
from gradcli.cli.progress import progress
from gradcli.errors import GradcliError

if TYPE_CHECKING:
    from gradcli.problem import Problem

CODES = {"pass": GOOD, "fail": NO, "inconclusive": INCONCLUSIVE}


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
        click.Option(["--json"], is_flag=True, help="One JSON object instead of tables."),
    ]  # fmt: skip


def _run(problems: list[Problem], options: dict[str, Any]) -> int:
    if options["plot"] and not options["sweep"]:
        raise GradcliError("--plot: goes with --sweep")
    if len(problems) > 1 and (options["against"] or options["plot"]):
        flag = "--against" if options["against"] else "--plot"
        raise GradcliError(f"{flag}: goes with one spec, not {len(problems)}")
    verdicts = [_check(problem, options) for problem in apart(problems, options["json"])]
    return next((CODES[v] for v in ("fail", "inconclusive") if v in verdicts), GOOD)


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
        checked = check(problem, options, against, advance)
    for name in checked.extra:
        warn(f"{given['against']}: {name!r} is no parameter of this problem, and not judged")
    if checked.nonfinite:
        say(f"gradcli: the value is not finite: {checked.nonfinite}")
    swept = sweep(problem, options.method) if given["sweep"] and not checked.nonfinite else None
    if given["plot"] and swept:
        from gradcli.report.plots import save_plot, sweep_figure

        save_plot(given["plot"], lambda: sweep_figure(swept, checked.title))
    from gradcli.report.checks import check_document, check_tables

    judged = "backprop" if against is None else "given"
    answer(
        given["json"],
        lambda: check_document(checked, swept),
        lambda width: check_tables(checked, swept, judged, width),
    )
    return checked.verdict


CHECK = Verb(_run, _options)


@click.command(epilog="Example: gradcli check ops tanh softmax")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def ops(names: tuple[str, ...], as_json: bool) -> int:
    """The engine itself: every op, first and second order, on its own domain."""
    from gradcli.check.ops import check_ops
    from gradcli.report.checks import ops_document, ops_table

    found = check_ops(names)
    answer(as_json, lambda: ops_document(found), lambda width: ops_table(found))
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
