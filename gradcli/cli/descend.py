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
from gradcli.cli.training import made, train_outcome
from gradcli.cli.view import View
from gradcli.spec_keys import DESCEND_KEYS

if TYPE_CHECKING:
    from gradcli.descent import Descent, Row, Settings
    from gradcli.problem import Problem


def _made(mapping: dict[str, Any], folder: str | None, options: dict[str, Any]) -> Any:
    """A model with the data that it is trained on, or a problem to walk on."""
    return made(mapping, folder, options) or problem_of(mapping, folder, options)


def _descend(given: Any, options: dict[str, Any], view: View) -> Outcome:
    act = _walk if options.get("epochs") is None else train_outcome
    return act(given, options, view)


def _walk(given: Problem, options: dict[str, Any], view: View) -> Outcome:
    from gradcli.descent import Settings, descend
    from gradcli.gradient import differentiate
    from gradcli.report.walks import WalkLines, WalkReport

    problem = given.trainable()
    drawn = sys.stdout.isatty() and not options.pop("no_map", False)
    steps = options.get("steps") or problem.walk.steps
    settings = Settings(
        lr=options.get("lr") or problem.walk.lr,
        steps=steps,
        every=options.get("every") or max(1, steps // 10),
        optimizer=options.get("optimizer", "gd"),
        clip_norm=options.get("clip_norm"),
        clip_value=options.get("clip_value"),
        tol=options.get("tol"),
    )
    lines = WalkLines(problem, settings, view.screen(screen_width()))

    def print_row(row: Row) -> None:
        if view.tables:
            with bar.hidden():
                put(lines.row(row))

    with Bar("descending", steps) as bar:
        walk = descend(problem, settings, print_row, bar)
    if view.tables:
        put(lines.end())
    code, complaint = _ended(walk)
    return Outcome(
        WalkReport(problem, walk, drawn, view.low, view.high),
        lambda: respelt(problem, "descend", {**options, **_shown(settings)}),
        code,
        complaint,
        (),
        problem,
        partial(differentiate, problem, walk.end),
        lines.begun,
    )


def _shown(settings: Settings) -> dict[str, Any]:
    """What was settled for the walk, by key."""
    known = {key.name for key in DESCEND_KEYS}
    return {k: v for k, v in settings._asdict().items() if k in known and v is not None}


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
