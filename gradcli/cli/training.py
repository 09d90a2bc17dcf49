"""``gradcli descend`` with epochs: a model is trained on rows of data."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from gradcli.cli.exits import GOOD, INTERRUPTED, NO, warn
from gradcli.cli.progress import Bar
from gradcli.cli.show import Outcome, put, screen_width
from gradcli.cli.signals import deferred
from gradcli.cli.view import View
from gradcli.errors import FileError, GradcliError, SpecError
from gradcli.suggest import counted
from gradcli.verb_keys import TRAINING_KEYS

if TYPE_CHECKING:
    from gradcli.descent.training import Epoch, Setup, State, Trained
    from gradcli.model.training import Training

_TEST = {"test_x": "x", "test_y": "y", "test_labels": "labels"}


def training_of(mapping: dict[str, Any], folder: str | None, options: dict[str, Any]) -> Any:
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
        options["resume"] = _named(options["resume"], folder)
    from gradcli.model.training import Training

    return Training.from_spec(mapping, folder, test)


def train_outcome(training: Training, options: dict[str, Any], view: View) -> Outcome:
    """Train by the optimizer, or by each of several, from the same parameters on."""
    from gradcli.descent.settings import settings_of
    from gradcli.descent.training import Plan, Setup, parts_of, steps_an_epoch

    plan = Plan(
        options["epochs"],
        options.get("every") or 1,
        options.get("holdout") or 0.0,
        options.get("clip_norm"),
        options.get("clip_value"),
    )
    parts = parts_of(training, plan)
    steps = plan.epochs * steps_an_epoch(len(parts.trained), training.batch)
    several = settings_of({**options, "steps": steps}, training.model.walk)
    setups = [Setup(training, plan, one, parts) for one in several]
    resume = options.get("resume")
    if len(setups) == 1:
        return _trained(setups[0], resume, steps, options, view)
    if resume:
        raise SpecError("resume", "goes with one optimizer")
    for name in ("trace", "graph"):
        if getattr(view, name):
            raise GradcliError(f"--{name}: goes with one optimizer, not {len(several)}")
    return _compared(setups, steps, options)


def _trained(
    setup: Setup, resume: str | None, steps: int, options: dict[str, Any], view: View
) -> Outcome:
    """Train, epoch by epoch on the screen."""
    from gradcli.descent.checkpoint import resumed
    from gradcli.descent.training import train
    from gradcli.gradient import differentiate
    from gradcli.report.training import TrainingLines, TrainingReport

    training, plan = setup.training, setup.plan
    state = _begun(setup)
    if resume:
        state = resumed(setup, state, resume)
    for warning in (*training.model.warnings, *_told(setup, state)):
        warn(warning)
    lines = TrainingLines(setup, view.screen(screen_width()))

    def print_row(epoch: Epoch) -> None:
        if view.tables and plan.shows(epoch.epoch):
            with bar.hidden():
                put(lines.row(epoch))

    if view.tables:
        put(lines.begin())
    left = max(steps - state.optimizer.taken, 0)
    with Bar("training", left) as bar, deferred() as halted:
        trained = train(training, plan, state, print_row, bar, halted)
    if view.tables:
        put(lines.end())
    code, complaint = _ended(trained, setup.settings.lr)
    return Outcome(
        TrainingReport(setup, trained),
        partial(_respelt, [setup], options),
        code,
        complaint,
        (),
        training.model,
        partial(differentiate, training.model, state.params),
        lines.begun,
    )


def _named(resume: Any, folder: str | None) -> str:
    """The path of a checkpoint, which must be as it was where its SHA-256 is told."""
    from gradcli.inputs.values import unchanged

    if resume == "-":
        raise SpecError("resume", "takes a file, not standard input")
    try:
        path = unchanged(resume, folder) if isinstance(resume, Mapping) else resume
    except FileError as error:
        raise SpecError("resume", str(error)) from None
    return os.path.join(folder or "", path)


def _told(setup: Setup, state: State) -> Iterator[str]:
    """What there is to say before the first step."""
    done, asked = len(state.history), setup.plan.epochs
    if done >= asked:
        had = (
            f"{counted(done, 'epoch')} are done already" if done > 1 else "1 epoch is done already"
        )
        yield f"{had}: nothing is left to do of {asked}, counted from the beginning"


def _compared(setups: Sequence[Setup], steps: int, options: dict[str, Any]) -> Outcome:
    """Train by one optimizer after the other; an interrupted one is the last."""
    from gradcli.descent.training import train
    from gradcli.report.training import TrainingReport
    from gradcli.report.training_comparisons import TrainingComparison

    training, states = setups[0].training, [_begun(setup) for setup in setups]
    reports: list[TrainingReport] = []
    with Bar("training", steps * len(setups)) as bar, deferred() as halted:
        for setup, state in zip(setups, states):
            found = train(training, setup.plan, state, progress=bar, halted=halted)
            reports.append(TrainingReport(setup, found))
            if found.stopped == "interrupted":
                break
    ends = [_ended(report.trained, report.setup.settings.lr) for report in reports]
    told = [f"{r.setup.settings.optimizer}: {text}" for r, (_, text) in zip(reports, ends) if text]
    return Outcome(
        TrainingComparison(reports),
        partial(_respelt, setups, options),
        max(code for code, _ in ends),
        "; ".join(told) or None,
        training.model.warnings,
    )


def _begun(setup: Setup) -> State:
    """Before the first step. Raises SpecError for what takes all rows at once."""
    from gradcli.descent import Optimizer
    from gradcli.descent.training import begin

    optimizer = setup.settings.optimizer_ready()
    if not isinstance(optimizer, Optimizer):
        told = f"{setup.settings.optimizer} takes all rows at once, without epochs"
        raise SpecError("optimizer", told)
    return begin(setup.training, optimizer)


def _respelt(setups: Sequence[Setup], options: dict[str, Any]) -> dict[str, Any]:
    """The specification that gives the answer again, with all that was settled."""
    from gradcli.inputs.values import pinned

    asked = {k: v for k, v in options.items() if k not in _TEST and k != "no_map"}
    every = [setup.settings.options() for setup in setups]
    settled = {k: v for one in every for k, v in one.items() if k not in ("steps", "every")}
    names = [setup.settings.optimizer for setup in setups]
    settled["optimizer"] = names[0] if len(names) == 1 else names
    if "resume" in asked:
        asked["resume"] = pinned(asked["resume"])
    return {**setups[0].training.document, "verb": "descend", **asked, **settled}


def _ended(trained: Trained, lr: float) -> tuple[int, str | None]:
    """The exit code, and what there is to say."""
    from gradcli.descent.clipping import norm_of

    state = trained.state
    if trained.stopped == "nonfinite":
        done = len(state.history)
        if not state.optimizer.taken:
            return (
                NO,
                "the loss is not finite at the first step: look at the data with gradcli data",
            )
        what = f"the loss is not finite at epoch {done + 1}, step {state.step + 1}"
        if done and not state.step and not math.isfinite(norm_of(state.params)):
            what = f"the parameters are not finite after epoch {done}"
        return NO, f"{what}: lower --lr (it is {lr:g}), or give --clip-norm"
    if trained.stopped == "interrupted":
        return INTERRUPTED, "interrupted"
    return GOOD, None
