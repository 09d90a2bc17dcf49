"""Training: epochs of steps on batches of rows, each a row of losses and accuracies."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from gradcli.descent.clipping import clipped, norm_of
from gradcli.descent.feed import Indices, masks_stream, order, split
from gradcli.descent.optimizers import Optimizer
from gradcli.descent.settings import Settings
from gradcli.errors import SpecError
from gradcli.model.data import Dataset
from gradcli.model.phases import moved_on
from gradcli.model.training import Totals, Training
from gradcli.problem import Arrays

NOTHING = Totals()


class Plan(NamedTuple):
    """How to train: so many ``epochs``, with a part of the rows held out."""

    epochs: int
    every: int = 1
    """Which epochs are shown."""
    holdout: float = 0.0
    clip_norm: float | None = None
    clip_value: float | None = None

    def shows(self, epoch: int) -> bool:
        """Whether ``epoch`` is one that is shown; the last one always is."""
        return epoch % self.every == 0 or epoch == self.epochs


class Epoch(NamedTuple):
    """One pass over the rows: means over its steps, and over the rows held out after it."""

    epoch: int
    loss: float
    accuracy: float | None
    test_loss: float | None
    test_accuracy: float | None


@dataclass
class State:
    """Where a training stands between two steps: all that is needed to go on from there."""

    params: Arrays
    moving: Arrays
    """Moving means of the moments of batches."""
    optimizer: Optimizer
    history: list[Epoch] = field(default_factory=list)
    """The epochs that are done."""
    step: int = 0
    """Steps taken in the one that is not, and what has been seen in it."""
    seen: Totals = NOTHING


class Trained(NamedTuple):
    """A training that has ended, or was stopped."""

    plan: Plan
    state: State
    stopped: str | None
    """Why it ended early: "nonfinite", "interrupted"; None where it did not."""
    measured: dict[str, Any]
    """What the model is asked for besides its loss: of the rows that it was judged by; of those
    that it was trained on where there are none."""


class Parts(NamedTuple):
    """The rows that are trained on, and those that the network is judged by, if there are any."""

    trained: Indices
    test: tuple[Dataset, Indices] | None

    @property
    def judged_by(self) -> int:
        return len(self.test[1]) if self.test else 0


def parts_of(training: Training, plan: Plan) -> Parts:
    """The rows of ``training``. Raises SpecError where none of a part counts."""
    data = training.data
    trained, held = split(len(data), plan.holdout, training.model.spec.seed or 0)
    if training.test is not None:
        return Parts(trained, (training.test, np.arange(len(training.test))))
    if data.mask is not None and len(held) and not np.any(data.mask[held]):
        raise SpecError("holdout", "the mask leaves no row to judge by")
    return Parts(trained, (data, held) if len(held) else None)


class Setup(NamedTuple):
    """What is trained, and how."""

    training: Training
    plan: Plan
    settings: Settings
    parts: Parts
    """Those of ``parts_of``."""


def begin(training: Training, optimizer: Optimizer) -> State:
    """Before the first step, at the model's own parameters."""
    params = {name: array.copy() for name, array in training.model.primals.items()}
    return State(params, training.moving, optimizer)


def steps_an_epoch(rows: int, batch: int) -> int:
    """So many, the last one of what is left."""
    return -(-rows // batch)


def train(
    training: Training,
    plan: Plan,
    state: State,
    show: Callable[[Epoch], None] = lambda epoch: None,
    progress: Callable[[int], None] = lambda done: None,
    halted: Callable[[], bool] = lambda: False,
) -> Trained:
    """Go on from ``state``, which is moved, until ``plan.epochs`` are done.

    The rows are taken in an order that the seed and the number of the epoch fix, so that a state
    which was stored leads to the same numbers. ``show`` is called with each epoch once it is
    done, ``progress`` with the number of steps since its last call; ``halted`` is asked before
    each step. Stops where a loss is not finite, or after an epoch the parameters.
    """
    parts = parts_of(training, plan)
    with np.errstate(all="ignore"):
        stopped = _trained(training, plan, parts, state, show, progress, halted)
        judged_by = parts.test or (training.data, parts.trained)
        measured = training.measured(state.params, state.moving, *judged_by)
    return Trained(plan, state, stopped, measured)


def _trained(
    training: Training,
    plan: Plan,
    parts: Parts,
    state: State,
    show: Callable[[Epoch], None],
    progress: Callable[[int], None],
    halted: Callable[[], bool],
) -> str | None:
    """Move ``state`` to the end; why it is not reached, if it is not."""
    seed, batch = training.model.spec.seed or 0, training.batch
    trained, test = parts
    steps = steps_an_epoch(len(trained), batch)
    while len(state.history) < plan.epochs:
        epoch = len(state.history) + 1
        rows = order(trained, seed, epoch)
        for step in range(state.step, steps):
            if halted():
                return "interrupted"
            taken = rows[step * batch : (step + 1) * batch]
            masks = training.masks(len(taken), partial(masks_stream, seed, epoch, step))
            if not _step(training, plan, state, {**training.data.batch(taken), **masks}):
                return "nonfinite"
            progress(1)
        judged = training.judge(state.params, state.moving, *test) if test else None
        state.history.append(_epoch(epoch, state.seen, judged))
        state.step, state.seen = 0, NOTHING
        show(state.history[-1])
        if not math.isfinite(norm_of(state.params)):
            return "nonfinite"
    return None


def _step(training: Training, plan: Plan, state: State, batch: Arrays) -> bool:
    """Move ``state`` by a step on ``batch``; False, and nothing is moved, without a loss."""
    step = training.step(state.params, batch)
    if not math.isfinite(step.loss):
        return False
    gradients = clipped(step.gradients, plan.clip_norm, plan.clip_value)
    state.optimizer.step_in_place(state.params, gradients)
    state.moving = moved_on(state.moving, step.moments)
    state.step += 1
    state.seen += step.seen
    return True


def _epoch(number: int, seen: Totals, judged: Totals | None) -> Epoch:
    held = (None, None) if judged is None else (judged.mean, judged.accuracy)
    return Epoch(number, seen.mean, seen.accuracy, *held)
