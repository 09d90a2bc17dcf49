"""``gradcli descend``: walking downhill on any problem."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from gradcli.cli.exits import GOOD, INTERRUPTED, NO
from gradcli.cli.groups import ProblemGroup
from gradcli.cli.problems import Verb, problem_of, respelt
from gradcli.cli.progress import Bar
from gradcli.cli.show import Outcome, put, screen_width
from gradcli.cli.training import train_outcome, training_of
from gradcli.cli.view import View
from gradcli.errors import GradcliError
from gradcli.verb_keys import DESCEND_KEYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.descent import Descent, Row, Settings
    from gradcli.problem import Problem

Options = dict[str, Any]


def _made(mapping: Options, folder: str | None, options: Options) -> Any:
    """A model with the data that it is trained on, or a problem to walk on."""
    return training_of(mapping, folder, options) or problem_of(mapping, folder, options)


def _descend(given: Any, options: Options, view: View) -> Outcome:
    act = _walk if options.get("epochs") is None else train_outcome
    return act(given, options, view)


def _walk(given: Problem, options: Options, view: View) -> Outcome:
    from gradcli.descent.settings import settings_of

    problem = given.trainable()
    several = settings_of(options, problem.walk)
    if len(several) > 1:
        return _compared(problem, several, options, view)
    return _walked(problem, several[0], options, view)


def _walked(problem: Problem, settings: Settings, options: Options, view: View) -> Outcome:
    from gradcli.descent import descend
    from gradcli.gradient import differentiate
    from gradcli.report.walks import WalkLines, WalkReport

    drawn = sys.stdout.isatty() and not options.get("no_map", False)
    lines = WalkLines(problem, settings, view.screen(screen_width()))

    def print_row(row: Row) -> None:
        if view.tables:
            with bar.hidden():
                put(lines.row(row))

    with Bar("descending", settings.steps) as bar:
        walk = descend(problem, settings, print_row, bar)
    if view.tables:
        put(lines.end())
    code, complaint = _ended(walk)
    return Outcome(
        WalkReport(problem, walk, drawn, view.low, view.high),
        partial(_respelt, problem, options, [settings]),
        code,
        complaint,
        (),
        problem,
        partial(differentiate, problem, walk.end),
        lines.begun,
    )


def _compared(
    problem: Problem, several: Sequence[Settings], options: Options, view: View
) -> Outcome:
    from gradcli.descent.comparison import compare
    from gradcli.report.comparisons import ComparisonReport

    for name in ("trace", "graph"):
        if getattr(view, name):
            raise GradcliError(f"--{name}: goes with one optimizer, not {len(several)}")
    with Bar("descending", sum(settings.steps for settings in several)) as bar:
        walks = compare(problem, several, bar)
    ends = [_ended(walk) for walk in walks]
    told = [f"{w.settings.optimizer}: {text}" for w, (_, text) in zip(walks, ends) if text]
    report = ComparisonReport(problem, walks, view.low, view.high)
    shown = report.begin(view.screen(screen_width())) if view.tables else []
    put(shown)
    return Outcome(
        report,
        partial(_respelt, problem, options, several),
        max(code for code, _ in ends),
        "; ".join(told) or None,
        begun=bool(shown),
    )


def _respelt(problem: Problem, options: Options, several: Sequence[Settings]) -> Options:
    """The specification that gives the answer again, with all that was settled."""
    known = {key.name for key in DESCEND_KEYS} - {"no_map"}
    settled = {k: v for one in several for k, v in one.options().items() if k in known}
    names = [one.optimizer for one in several]
    kept = {k: v for k, v in options.items() if k != "no_map"}
    settled["optimizer"] = names[0] if len(names) == 1 else names
    return respelt(problem, "descend", {**kept, **settled})


def _ended(walk: Descent) -> tuple[int, str | None]:
    """The exit code of ``walk``, and what there is to say of it."""
    if walk.stopped == "nonfinite":
        where = f"step {walk.steps}: lower --lr (it is {walk.settings.lr:g}), or give --clip-norm"
        where = where if walk.steps else "the start: begin elsewhere"
        return NO, f"the value or its gradient is not finite at {where}"
    if walk.stopped == "interrupted":
        return INTERRUPTED, "interrupted"
    return GOOD, None


DESCEND = Verb(_descend, "Walk downhill on {}.", _made)


@click.group(
    cls=ProblemGroup,
    verb="descend",
    epilog="Exit codes: 0 good, 1 the value is not finite, 130 interrupted.",
)
def descend() -> None:
    """Walk downhill on a problem: train a model, or look for a minimum.

    Takes the problem with the options that it has by itself.
    """
