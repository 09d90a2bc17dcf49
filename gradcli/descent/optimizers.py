"""Optimizers on their way: a rule with what it carries from step to step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from gradcli.catalogue import OPTIMIZERS
from gradcli.descent.packs import Pack, State, packed, slots_by_name
from gradcli.descent.rules import RULES
from gradcli.errors import GradcliError, SpecError
from gradcli.problem import Arrays
from gradcli.suggest import listed, suggestion

Rate = Callable[[int], float]
"""The learning rate by the number of steps taken before; see ``Schedule``."""
Evaluate = Callable[[Arrays], tuple[Any, Arrays]]
"""The value and the gradients at a point."""


class Point(NamedTuple):
    """A point on the way, with the value and the gradients there."""

    at: Arrays
    value: Any
    gradients: Arrays


class Stepping(Protocol):
    """What takes the steps of a walk."""

    needs_values: bool
    """Whether it asks for the value at points of its own choice, of all the data."""

    def advance(self, point: Point, evaluate: Evaluate) -> Point | None:
        """The point after a step from ``point``; None where no lower one is found."""


class Optimizer:
    """An optimizer on its way; ``taken`` is the number of steps so far.

    ``lr`` is the learning rate, or a function of the number of steps taken, as a Schedule is.
    ``keys`` replace the defaults of its rule. Raises SpecError for a name that is not known, and
    for one that is no rule's.
    """

    needs_values = False

    def __init__(self, name: str, lr: float | Rate, **keys: float) -> None:
        if name not in RULES:
            raise SpecError("optimizer", _no_rule(name))
        self.rule = RULES[name]
        self.name = name
        self.lr = lr if callable(lr) else float(lr)  # a number of NumPy's would widen float32
        self.keys = {**self.rule.keys, **{key: float(value) for key, value in keys.items()}}
        self.taken = 0
        self._restored: State = {}
        self._packs: list[Pack] = []

    @property
    def state(self) -> State:
        """The slots of each primal, by name; none before the first step. They go on changing."""
        return slots_by_name(self._packs) if self._packs else self._restored

    def step(self, at: Arrays, gradients: Arrays) -> Arrays:
        """The point after a step from ``at``: new arrays of the same names, shapes and dtypes."""
        moved = {n: p.copy() if isinstance(p, np.ndarray) else p for n, p in at.items()}
        self.step_in_place(moved, gradients)
        return moved

    def step_in_place(self, at: Arrays, gradients: Arrays) -> None:
        """As ``step``, to the bit, written into the arrays of ``at``: it takes no new memory."""
        packs = self._packs or self._begin(at)
        lr = self.lr(self.taken) if callable(self.lr) else self.lr
        self.taken = taken = self.taken + 1
        update, keys = self.rule.update, self.keys
        for names, p, g, ps, gs, slots, work in packs:
            if ps:
                for name, own, slope in zip(names, ps, gs):
                    own[...] = at[name]
                    slope[...] = gradients[name]
                update(p, g, lr, taken, work, *slots.values(), **keys)
                for name, own in zip(names, ps):
                    at[name][...] = own
                continue
            name = names[0]
            at[name], *carried = update(
                at[name], gradients[name], lr, taken, work, *slots.values(), **keys
            )
            if carried:  # arrays are the same, scalars new ones
                slots.update(zip(slots, carried))

    def advance(self, point: Point, evaluate: Evaluate) -> Point:
        """The point after a step from ``point``."""
        at = self.step(point.at, point.gradients)
        return Point(at, *evaluate(at))

    def restore(self, state: Mapping[str, Mapping[str, Any]], taken: int) -> None:
        """Go on as the optimizer did whose ``state`` and ``taken`` these are; they are copied.

        Raises GradcliError where the slots are not those of its rule; the next step raises it
        where they do not fit the primals.
        """
        for name, slots in state.items():
            if set(slots) != set(self.rule.slots):
                told = f"{self.name} needs {_named(self.rule.slots)}"
                raise GradcliError(f"the state of {name!r} has {_named(slots)}, and {told}")
        self._restored = {
            name: {slot: np.array(slots[slot]) for slot in self.rule.slots}
            for name, slots in state.items()
        }
        self._packs = []
        self.taken = taken

    def _begin(self, at: Arrays) -> list[Pack]:
        """Make what is needed beside the primals ``at``, of what was restored if anything was."""
        if self._restored:
            _require_fit(self._restored, at)
        initial = {slot: self.keys.get(f"initial_{slot}_value", 0.0) for slot in self.rule.slots}
        state = self._restored or {
            name: {slot: np.full_like(p, v) for slot, v in initial.items()}
            for name, p in at.items()
        }
        self._packs = packed(at, state)
        return self._packs


def _require_fit(state: State, at: Arrays) -> None:
    for name, p in at.items():
        if name not in state:
            raise GradcliError(f"the state of the optimizer lacks {name!r}")
        for slot, array in state[name].items():
            if (array.shape, array.dtype) != (p.shape, p.dtype):
                raise GradcliError(f"{slot} of {name!r} is {_form(array)}, and {name} {_form(p)}")


def _form(array: npt.NDArray[Any]) -> str:
    return f"{array.dtype} of shape {array.shape}"


def _named(slots: Iterable[str]) -> str:
    return listed(slots) if list(slots) else "no slots"


def _no_rule(name: str) -> str:
    if name in OPTIMIZERS:
        told = "asks for the value at points of its own choice, which cannot be had here"
        return f"{name} {told}: take one of {', '.join(RULES)}"
    near = suggestion(name, RULES) or f": one of {', '.join(RULES)}"
    return f"unknown optimizer {name!r}{near}"
