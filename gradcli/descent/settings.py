"""How to walk: what was asked for, settled and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gradcli.descent.lbfgs import Lbfgs
from gradcli.descent.optimizers import Optimizer, Stepping
from gradcli.descent.rules import RULES
from gradcli.descent.schedules import SCHEDULES, Schedule
from gradcli.errors import SpecError
from gradcli.problem import Walk
from gradcli.suggest import listed
from gradcli.verb_keys import OPTIMIZER_KEYS, SCHEDULE_KEYS

_OF_RULES = ("lr", "lr_schedule", "clip_norm", "clip_value")
"""What an optimizer that looks for the length of its steps itself has no use for."""


class Settings(NamedTuple):
    """How to walk; ``tol`` is the gradient norm at which the walk has converged and stops."""

    lr: float
    steps: int
    every: int
    optimizer: str = "gd"
    clip_norm: float | None = None
    clip_value: float | None = None
    tol: float | None = None
    keys: Mapping[str, float] = {}
    """Those of the optimizer that differ from its defaults."""
    lr_schedule: str | None = None
    decay: Mapping[str, float] = {}
    """The keys of the schedule, where they are not its defaults."""

    def optimizer_ready(self) -> Stepping:
        """The optimizer, before its first step. Raises SpecError where it is not known."""
        if self.optimizer == Lbfgs.name:
            return Lbfgs()
        return Optimizer(self.optimizer, self._schedule() or self.lr, **self.keys)

    def options(self) -> dict[str, Any]:
        """All of it by the names of its keys, nothing left to defaults."""
        found = {k: v for k, v in self._asdict().items() if k not in ("keys", "decay")}
        if self.optimizer == Lbfgs.name:
            return {k: v for k, v in found.items() if k not in _OF_RULES and v is not None}
        found |= {**RULES[self.optimizer].keys, **self.keys}
        schedule = self._schedule()
        found |= {} if schedule is None else schedule.keys
        return {k: v for k, v in found.items() if v is not None}

    def _schedule(self) -> Schedule | None:
        name = self.lr_schedule
        return None if name is None else Schedule(name, self.lr, self.steps, **self.decay)


def settings_of(options: Mapping[str, Any], walk: Walk) -> list[Settings]:
    """What ``options`` ask for, by optimizer; ``walk`` has what suits where nothing is said.

    Raises SpecError for a key that none of the optimizers has, or not the schedule.
    """
    given = {name: value for name, value in options.items() if value is not None}
    asked = given.get("optimizer", "gd")
    names: Sequence[str] = [asked] if isinstance(asked, str) else asked
    schedule = given.get("lr_schedule")
    _require_use(given, names, schedule)
    alone = set(names) == {Lbfgs.name}
    steps = given.get("steps", Walk().steps if alone else walk.steps)
    decay = SCHEDULES[schedule].keys if schedule else {}
    common = {n: given.get(n) for n in ("clip_norm", "clip_value", "tol", "lr_schedule")}
    return [
        Settings(
            lr=given.get("lr", walk.lr),
            steps=steps,
            every=given.get("every", 1 if alone else max(1, steps // 10)),
            optimizer=name,
            keys=_changed(given, RULES[name].keys if name in RULES else {}),
            decay={k: given[k] for k in ("decay_steps", *decay) if schedule and k in given},
            **common,
        )
        for name in names
    ]


def _require_use(given: Mapping[str, Any], names: Sequence[str], schedule: str | None) -> None:
    if set(names) == {Lbfgs.name}:
        for name in _OF_RULES:
            if name in given:
                raise SpecError(name, f"does not go with {Lbfgs.name}: it finds its own steps")
    for key in OPTIMIZER_KEYS:
        if key.name in given and not set(key.only) & set(names):
            raise SpecError(key.name, f"goes with {listed(key.only)} only, not {listed(names)}")
    for key in SCHEDULE_KEYS:
        if key.name in given and schedule not in key.only:
            known = listed(key.only)
            told = f", not {schedule}" if schedule else f": give an lr_schedule, {known}"
            raise SpecError(key.name, f"goes with {known} only{told}")


def _changed(given: Mapping[str, Any], keys: Mapping[str, float]) -> dict[str, float]:
    return {name: given[name] for name, v in keys.items() if given.get(name, v) != v}
