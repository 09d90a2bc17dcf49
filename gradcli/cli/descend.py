"""``gradcli descend``: walking downhill on any problem."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from gradcli.catalogue import OPTIMIZERS
from gradcli.cli.exits import GOOD, INTERRUPTED, NO, say
from gradcli.cli.options import positive, word_option
from gradcli.cli.output import answer, apart, make_console, plot_path, show
from gradcli.cli.problems import ProblemGroup, Verb
from gradcli.cli.progress import progress
from gradcli.errors import GradcliError

if TYPE_CHECKING:
    from gradcli.descent import Row
    from gradcli.problem import Problem


def _options() -> list[click.Parameter]:
    return [
        click.Option(
            ["--lr"], type=float, metavar="R", callback=positive,
            help="Learning rate.  [default: 0.01, or the landscape's]",
        ),
        click.Option(
            ["--steps"], type=click.IntRange(1), metavar="N",
            help="How many steps.  [default: 200, or the landscape's]",
        ),
        click.Option(
            ["--every"], type=click.IntRange(1), metavar="N",
            help="Show every N-th step.  [default: a tenth of the steps]",
        ),
        word_option("--optimizer", OPTIMIZERS, "gd", ", ".join(OPTIMIZERS) + "."),
        click.Option(
            ["--clip-norm"], type=float, metavar="C", callback=positive,
            help="Scale the gradient down to this norm, over all parameters together.",
        ),
        click.Option(
            ["--clip-value"], type=float, metavar="C", callback=positive,
            help="Clip every entry of the gradient to [-C, C].",
        ),
        click.Option(
            ["--tol"], type=float, metavar="T", callback=positive,
            help="Stop where the norm of the gradient is at most T.",
        ),
        click.Option(["--no-map"], is_flag=True, help="No map of the walk in the terminal."),
        click.Option(["--json"], is_flag=True, help="One JSON object instead of a table."),
        click.Option(
            ["--plot"], metavar="FILE", callback=plot_path,
            help="A picture of the walk, .png .svg .pdf (extra: plot).",
        ),
    ]  # fmt: skip


def _run(problems: list[Problem], options: dict[str, Any]) -> int:
    if len(problems) > 1 and options["plot"]:
        raise GradcliError(f"--plot: goes with one spec, not {len(problems)}")
    return max([_descend(problem, options) for problem in apart(problems, options["json"])])


def _descend(problem: Problem, options: dict[str, Any]) -> int:
    from gradcli.descent import Settings, descend
    from gradcli.report.report import Screen
    from gradcli.report.walks import WalkLines, WalkReport

    steps = options["steps"] or problem.walk.steps
    settings = Settings(
        lr=options["lr"] or problem.walk.lr,
        steps=steps,
        every=options["every"] or max(1, steps // 10),
        optimizer=options["optimizer"],
        clip_norm=options["clip_norm"],
        clip_value=options["clip_value"],
        tol=options["tol"],
    )
    terminal = sys.stdout.isatty()
    screen = Screen(make_console(terminal).width if terminal else None)
    lines = WalkLines(problem, settings, screen)

    def print_row(row: Row) -> None:
        if not options["json"]:
            with bar.hidden():
                show(lambda width: lines.row(row))

    with progress("descending", steps) as bar:
        walk = descend(problem, settings, print_row, bar)
    report = WalkReport(problem, walk, terminal and not options["no_map"])
    if not options["json"]:
        show(lambda width: lines.end())
    if walk.stopped == "nonfinite":
        where = f"step {walk.steps}: lower --lr (it is {settings.lr:g}), or give --clip-norm"
        where = where if walk.steps else "the start: begin elsewhere"
        say(f"gradcli: the value or its gradient is not finite at {where}")
    if options["plot"]:
        from gradcli.report.plots import save_plot

        save_plot(options["plot"], report.figure)
    answer(
        options["json"],
        report.document,
        lambda width: report.tables(screen._replace(begun=lines.begun)),
    )
    if walk.stopped == "interrupted":
        say("gradcli: interrupted")
        return INTERRUPTED
    return NO if walk.stopped == "nonfinite" else GOOD


DESCEND = Verb(_run, _options)


@click.group(
    cls=ProblemGroup,
    prefix="descend ",
    verbs=dict.fromkeys(("model", "formula", "landscape"), "gradcli.cli.descend:DESCEND"),
    epilog="Exit codes: 0 good, 1 the value is not finite, 130 interrupted.",
)
def descend() -> None:
    """Walk downhill on a problem: train a model, or look for a minimum.

    Takes the problem with the options that it has by itself.
    """
