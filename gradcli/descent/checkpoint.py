"""A training written down, and taken up again where it stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcli.descent.optimizers import Optimizer
from gradcli.descent.training import Epoch, Setup, State, Trained, steps_an_epoch
from gradcli.errors import FileError, SpecError
from gradcli.inputs.files import read_arrays
from gradcli.model.training import Totals
from gradcli.problem import Arrays

KEY = "resume"
"""The key that names the file."""


def checkpoint(setup: Setup, trained: Trained) -> dict[str, Any]:
    """What the answer lacks for another training to go on from there.

    That is the optimizer's state, the position in the data, and ``of`` what it all is: JSON, in
    bytes, as a file of arrays holds no text.
    """
    state = trained.state
    slots: dict[str, Arrays] = {}
    for name, own in state.optimizer.state.items():
        for slot, array in own.items():
            slots.setdefault(slot, {})[name] = array
    told = json.dumps(_identity(setup)).encode()
    return {
        "optimizer": {"taken": state.optimizer.taken, **slots},
        "position": {"step": state.step, **state.seen._asdict()},
        "of": np.frombuffer(told, np.uint8),
    }


def _identity(setup: Setup) -> dict[str, Any]:
    """What two trainings have in common whose numbers are the same, but for where they begin."""
    training, spec = setup.training, setup.training.model.spec
    first = training.data.batch(slice(training.batch))
    digest = hashlib.sha256(b"".join([np.ascontiguousarray(a).tobytes() for a in first.values()]))
    options = setup.settings.options()
    return {
        "model": training.model.title,
        **{n: getattr(spec, n) for n in ("reduction", "from_logits", "from_probs", "scale")},
        "convention": spec.convention,
        "wrt": list(training.model.primals),
        "rows": len(setup.parts.trained),
        "rows to judge by": setup.parts.judged_by,
        "first rows": digest.hexdigest()[:12],
        **{name: value for name, value in options.items() if name not in ("steps", "every")},
    }


def resumed(setup: Setup, state: State, source: str) -> State:
    """``state``, which begins, as it is in the file ``source`` that ``--save`` made.

    Raises SpecError where that holds none, one of another training, or one that cannot be.
    """
    try:
        found = _Parts(source, read_arrays(source).arrays)
    except FileError as error:
        raise SpecError(KEY, str(error)) from None
    there = found.identity()
    for name, value in _identity(setup).items():
        if there.get(name) != value:
            raise SpecError(KEY, f"{source}: is of {name} {there.get(name)}, not {value}")
    history = _history(found)
    steps = steps_an_epoch(len(setup.parts.trained), setup.training.batch)
    step, taken = found.whole("position.step"), found.whole("optimizer.taken")
    if step >= steps or taken != len(history) * steps + step:
        raise found.damaged("position.step")
    state.params = found.like("params", state.params)
    state.moving = found.like("moving", state.moving)
    state.step, state.history = step, history
    counts = [found.whole(f"position.{name}") for name in Totals._fields[1:]]
    state.seen = Totals(float(found.number("position.loss")), *counts)
    _restore(state.optimizer, found, state.params, taken)
    return state


def _restore(optimizer: Optimizer, found: _Parts, params: Arrays, taken: int) -> None:
    if taken:
        slots = {slot: found.like(f"optimizer.{slot}", params) for slot in optimizer.rule.slots}
        optimizer.restore({n: {s: slots[s][n] for s in slots} for n in params}, taken)


class _Parts:
    """Arrays by name, of which some are asked for."""

    def __init__(self, source: str, arrays: Mapping[str, Any]) -> None:
        self.source = source
        self.arrays = arrays

    def damaged(self, name: str) -> SpecError:
        return SpecError(KEY, f"{self.source}: is damaged: its {name} cannot be")

    def array(self, name: str) -> Any:
        if name not in self.arrays:
            told = "is it an npz that a training of this model saved?"
            raise SpecError(KEY, f"{self.source}: holds no {name}: {told}")
        return self.arrays[name]

    def number(self, name: str) -> Any:
        array = self.array(name)
        if array.ndim:
            raise self.damaged(name)
        return array[()]

    def whole(self, name: str) -> int:
        number = self.number(name)
        if not 0 <= number < 2**53 or number % 1:
            raise self.damaged(name)
        return int(number)

    def identity(self) -> dict[str, Any]:
        if "of" not in self.arrays:
            told = "is no checkpoint: give an npz that a training saved"
            raise SpecError(KEY, f"{self.source}: {told}")
        try:
            found = json.loads(self.array("of").astype(np.uint8).tobytes())
        except ValueError:
            raise self.damaged("of") from None
        return found if isinstance(found, dict) else {}

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
    """The epochs that are done, none where it was stopped in the first."""
    columns = {
        n: found.arrays[f"history.{n}"] for n in Epoch._fields if f"history.{n}" in found.arrays
    }
    if not columns:
        return []
    for name, column in columns.items():
        if column.ndim != 1 or len(column) != len(columns.get("epoch", ())):
            raise found.damaged(f"history.{name}")
    if columns["epoch"].tolist() != [*range(1, 1 + len(columns["epoch"]))]:
        raise found.damaged("history.epoch")
    names, rows = list(columns), zip(*columns.values())
    every: dict[str, Any] = dict.fromkeys(Epoch._fields)
    return [
        Epoch(**{**every, **{n: float(v) for n, v in zip(names, row)}, "epoch": i})
        for i, row in enumerate(rows, 1)
    ]
