"""A training written down, and taken up again where it stopped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcli.descent.optimizers import Optimizer
from gradcli.descent.training import Epoch, State, Trained, begin
from gradcli.errors import FileError, SpecError
from gradcli.inputs.files import read_arrays
from gradcli.model.training import Totals, Training
from gradcli.problem import Arrays

KEY = "resume"
"""The key that names the file."""


def checkpoint(training: Training, trained: Trained) -> dict[str, Any]:
    """The optimizer's state and the position in the data; the rest is in the answer."""
    state, model = trained.state, training.model
    slots: dict[str, Arrays] = {}
    for name, own in state.optimizer.state.items():
        for slot, array in own.items():
            slots.setdefault(slot, {})[name] = array
    return {
        "optimizer": {"taken": state.optimizer.taken, **slots},
        "position": {
            "step": state.step,
            **state.seen._asdict(),
            "seed": model.spec.seed or 0,
            "batch": training.batch,
            "trained_on": len(trained.rows),
        },
    }


def resumed(training: Training, optimizer: Optimizer, source: str, trained_on: int) -> State:
    """The state in the file ``source``, made by ``--save``, of a training like this one.

    Raises SpecError where it holds none, or one of another model, seed, batch or number of rows.
    """
    try:
        found = _Parts(source, read_arrays(source).arrays)
    except FileError as error:
        raise SpecError(KEY, str(error)) from None
    own = {"seed": training.model.spec.seed or 0, "batch": training.batch, "trained_on": trained_on}
    for name, value in own.items():
        there = int(found.number(f"position.{name}"))
        if there != value:
            raise SpecError(KEY, f"{source}: is of {name.replace('_', ' ')} {there}, not {value}")
    state = begin(training, optimizer)
    state.params = found.like("params", state.params)
    state.moving = found.like("moving", state.moving)
    state.step = int(found.number("position.step"))
    sums = [found.number(f"position.{name}") for name in Totals._fields]
    state.seen = Totals(sums[0], *map(int, sums[1:]))
    state.history = _history(found)
    taken = int(found.number("optimizer.taken"))
    if taken:
        slots = {slot: found.like(f"optimizer.{slot}", state.params) for slot in optimizer.slots}
        optimizer.restore({n: {s: slots[s][n] for s in slots} for n in state.params}, taken)
    return state


class _Parts:
    """Arrays by name, of which some are asked for."""

    def __init__(self, source: str, arrays: Mapping[str, Any]) -> None:
        self.source = source
        self.arrays = arrays

    def number(self, name: str) -> float:
        return float(self.array(name).reshape(()))

    def array(self, name: str) -> Any:
        if name not in self.arrays:
            raise SpecError(
                KEY, f"{self.source}: holds no {name}: is it an npz that a training saved?"
            )
        return self.arrays[name]

    def like(self, prefix: str, wanted: Arrays) -> Arrays:
        """Arrays of the names, shapes and dtypes of ``wanted``."""
        found = {}
        for name, array in wanted.items():
            given = self.array(f"{prefix}.{name}")
            if given.shape != array.shape or given.dtype != array.dtype:
                told = f"{self.source}: {prefix}.{name} is {given.dtype} {given.shape}"
                raise SpecError(KEY, f"{told}, not {array.dtype} {array.shape}")
            found[name] = np.array(given)
        return found


def _history(found: _Parts) -> list[Epoch]:
    columns = [found.arrays.get(f"history.{name}", ()) for name in Epoch._fields]
    count = len(columns[0])
    rows = zip(*[column if len(column) else [np.nan] * count for column in columns])
    return [
        Epoch(int(number), *[None if np.isnan(v) else float(v) for v in values])  # type: ignore[arg-type]
        for number, *values in rows
    ]
