"""``gradcli descend`` with epochs: a model is trained on rows of data."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

from gradcli.cli.exits import GOOD, INTERRUPTED, NO
from gradcli.cli.progress import Bar
from gradcli.cli.show import Outcome, put, screen_width
from gradcli.cli.signals import deferred
from gradcli.cli.view import View
from gradcli.errors import SpecError
from gradcli.spec_keys import TRAINING_KEYS

if TYPE_CHECKING:
    from gradcli.descent.training import Epoch, Trained
    from gradcli.model.training import Training

_TEST = {"test_x": "x", "test_y": "y", "test_labels": "labels"}


def made(mapping: dict[str, Any], folder: str | None, options: dict[str, Any]) -> Any:
    """The model with its data, where one of TRAINING_KEYS asks for it; else None.

    Raises SpecError where they do not go together.
    """
    given = [key.name for key in TRAINING_KEYS if options.get(key.name) is not None]
    if not given:
        return None
    if "loss" not in mapping:
        raise SpecError(given[0], "goes with a model and its data")
    if "epochs" not in given:
        raise SpecError(given[0], "goes with epochs")
    for name in ("steps", "tol"):
        if options.get(name) is not None:
            raise SpecError(name, "does not go with epochs")
    test = {_TEST[name]: options[name] for name in _TEST if name in given}
    if test and "holdout" in given:
        raise SpecError("holdout", "does not go with rows that are given to be judged by")
    if test and "x" not in test:
        raise SpecError("test_x", "needed beside the targets of its rows")
    if "resume" in given:
        options["resume"] = os.path.join(folder or "", options["resume"])
    from gradcli.model.training import Training

    return Training.from_spec(mapping, folder, test)


def train_outcome(training: Training, options: dict[str, Any], view: View) -> Outcome:
    """Train, epoch by epoch on the screen."""
    from gradcli.descent import Optimizer
    from gradcli.descent.checkpoint import resumed
    from gradcli.descent.settings import settings_of
    from gradcli.descent.training import Plan, begin, rows_of, steps_an_epoch, train
    from gradcli.gradient import differentiate
    from gradcli.report.training import Course, TrainingLines, TrainingReport

    plan = Plan(
        options["epochs"],
        options.get("every") or 1,
        options.get("holdout") or 0.0,
        options.get("clip_norm"),
        options.get("clip_value"),
    )
    trained_on, judged_by = rows_of(training, plan)
    steps = plan.epochs * steps_an_epoch(len(trained_on), training.batch)
    several = settings_of({**options, "steps": steps}, training.model.walk)
    if len(several) > 1:
        raise SpecError("optimizer", "with epochs one is taken, not several")
    [settings] = several
    optimizer = settings.optimizer_ready()
    if not isinstance(optimizer, Optimizer):
        raise SpecError("optimizer", f"{settings.optimizer} takes all rows at once, without epochs")
    state = begin(training, optimizer)
    if options.get("resume"):
        state = resumed(training, optimizer, options["resume"], len(trained_on))
    course = Course(training, plan, settings, len(trained_on), judged_by)
    lines = TrainingLines(course, view.screen(screen_width()))

    def print_row(epoch: Epoch) -> None:
        if view.tables and plan.shows(epoch.epoch):
            with bar.hidden():
                put(lines.row(epoch))

    with Bar("training", max(steps - optimizer.taken, 0)) as bar, deferred() as halted:
        trained = train(training, plan, state, print_row, bar, halted)
    if view.tables:
        put(lines.end())
    code, complaint = _ended(trained, settings.lr)
    asked = {k: v for k, v in options.items() if k not in _TEST and k != "no_map"}
    settled = {k: v for k, v in settings.options().items() if k not in ("steps", "every")}
    return Outcome(
        TrainingReport(course, trained),
        lambda: {**training.document, "verb": "descend", **asked, **settled},
        code,
        complaint,
        training.model.warnings,
        training.model,
        partial(differentiate, training.model, state.params),
        lines.begun,
    )


def _ended(trained: Trained, lr: float) -> tuple[int, str | None]:
    """The exit code, and what there is to say."""
    state = trained.state
    if trained.stopped == "nonfinite":
        where = f"epoch {len(state.history) + 1}, step {state.step + 1}"
        cure = f"lower --lr (it is {lr:g}), or give --clip-norm"
        return NO, f"the loss is not finite at {where}: {cure}"
    if trained.stopped == "interrupted":
        return INTERRUPTED, "interrupted"
    return GOOD, None
