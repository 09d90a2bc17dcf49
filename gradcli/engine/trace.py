"""A trace: the course of operations that a function takes, as a flat list of steps.

Every value on the way has a slot: the arguments come first, then one for each step, in order.
A step names its op and where its arguments come from, and holds the numbers that it gave while
tracing: all that is needed to run the course again, or to write it down elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from gradcli.engine.lists import replaced, tensors_in
from gradcli.engine.operation import Op
from gradcli.engine.recording import Record
from gradcli.engine.tensor import Recorder, Tensor, active
from gradcli.engine.variable import Variable
from gradcli.errors import GradientError


class Slot:
    """The place of a value that is made anew in each run: an argument's, or a step's."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    def __repr__(self) -> str:
        return f"Slot({self.number})"


class Step(NamedTuple):
    """``slot = op(*args, **params)``.

    ``args`` and ``params`` hold Slots, Variables, which are read when they are needed, and plain
    values. Among params a Slot or a Variable may be within lists, tuples and slices, too.
    """

    slot: Slot
    op: Op
    args: tuple[Any, ...]
    params: dict[str, Any]
    record: Record
    """The operation itself, with the numbers that it met while tracing."""


class Trace(NamedTuple):
    """The steps that make the value in slot ``out`` from the arguments, slots 0, 1, ..."""

    arguments: int
    steps: list[Step]
    out: Slot
    aux: list[Any] | None = None
    """What the function gives besides its value, if it does: Slots, and what is not made anew."""


def trace(function: Callable[..., Any], arguments: Sequence[Any], has_aux: bool = False) -> Trace:
    """The course of ``function(*arguments)``; the arguments are plain arrays.

    With ``has_aux`` the function gives its value and a sequence of other outcomes. The course holds
    for arguments of these shapes and dtypes. Steps on which nothing that it gives depends are left
    out. Raises GradientError where the course depends on an argument's values (a
    branch, a shape), and TypeError where the value does not depend on the arguments.
    """
    tensors = [Tensor(argument) for argument in arguments]
    outer = active.recorders
    recorder = _Recorder(tensors, outer)
    active.recorders = (recorder,)
    try:
        out, aux = function(*tensors) if has_aux else (function(*tensors), None)
    finally:
        active.recorders = outer
    if not isinstance(out, Tensor) or not any(r.out is out for r in recorder.records):
        raise TypeError("a Program needs a function whose value depends on its arguments")
    slots = {id(tensor): Slot(i) for i, tensor in enumerate(tensors)}

    def placed(tensor: Tensor) -> Any:
        """Where a Tensor comes from: a slot, a Variable, or outside, where it stays as it is."""
        return slots.get(id(tensor)) or (tensor if isinstance(tensor, Variable) else tensor.value)

    steps = []
    for record in _needed(recorder.records, [out, *tensors_in(aux)]):
        args = zip(record.args, record.values)
        step = Step(
            Slot(len(slots)),
            record.op,
            tuple([placed(arg) if isinstance(arg, Tensor) else value for arg, value in args]),
            {name: replaced(value, placed) for name, value in record.params.items()},
            record,
        )
        slots[id(record.out)] = step.slot
        steps.append(step)
    return Trace(len(tensors), steps, slots[id(out)], replaced(aux and list(aux), placed))


class _Recorder(Recorder):
    """Keeps every operation, watched or not: a replay must compute them all anew."""

    frozen: str | None = (
        "a Program replays one course of operations; use where(), or a GradientTape for each call"
    )

    def __init__(self, tensors: list[Tensor], outer: tuple[Recorder, ...]) -> None:
        self.records: list[Record] = []
        self._outer = outer
        self._made = {id(tensor) for tensor in tensors}

    def record(self, record: Record) -> None:
        op = record.op
        for tensor in tensors_in(record.args):
            if id(tensor) not in self._made and any(r.follows(tensor) for r in self._outer):
                raise GradientError(
                    "a Program gives plain numbers: what a tape follows from outside would lose "
                    "its gradient; make it an argument, or call the function itself"
                )
            if op.sized_by_values:
                tensor.observed(f"the shape of {op.name}")
        for name, value in record.params.items():
            for tensor in tensors_in(value):
                if name not in op.positions or tensor.dtype.kind == "b":
                    tensor.observed(f"a shape ({op.name}'s {name})")
        self.records.append(record)
        self._made.add(id(record.out))

    def follows(self, tensor: Tensor) -> bool:
        return id(tensor) in self._made or isinstance(tensor, Variable)


def is_constant(value: Any) -> bool:
    """Whether there is no Slot and no Variable in an argument of a Step."""
    if isinstance(value, slice):
        value = (value.start, value.stop, value.step)
    if isinstance(value, (list, tuple)):
        return all(map(is_constant, value))
    return not isinstance(value, (Slot, Variable))


def _needed(records: list[Record], outcomes: Sequence[Tensor]) -> list[Record]:
    """The records that ``outcomes`` are made from."""
    wanted = set(map(id, outcomes))
    found = []
    for record in reversed(records):
        if id(record.out) in wanted:
            found.append(record)
            values = (*record.args, *record.params.values())
            wanted.update([id(tensor) for tensor in tensors_in(values)])
    return found[::-1]
