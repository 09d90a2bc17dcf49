"""Program: a tape made once and replayed many times.

Tracing a function records the course of operations that it takes. A Program writes that
course down as a straight-line Python function, forward and backward, and compiles it: a
replay skips all that a tape decides anew on every call (what is a Tensor, what is watched,
what to add up), which for small arrays costs more than the arithmetic. ``Program.source``
is that function, to be read.

A course holds for the shapes and dtypes that it was traced with: for others the function is
traced again. What depends on the numbers themselves is computed anew by every replay (the
order of a sort), or refused while tracing (a branch).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcli.engine.cotangents import fit, ones
from gradcli.engine.operation import Op
from gradcli.engine.recording import Record
from gradcli.engine.registry import REGISTRY
from gradcli.engine.tensor import Recorder, Tensor, active, plain, require_floating
from gradcli.engine.variable import Variable
from gradcli.errors import GradientError

MOST_COURSES = 64
"""Courses that a Program keeps; beyond, the oldest is forgotten."""


class Program:
    """The value and gradients of ``function(*args)``, traced first on example arguments.

    ``argnums`` are the arguments to differentiate with respect to. The function must take
    the same course for all arguments of one shape and dtype: a branch on a Tensor raises
    GradientError while tracing. Variables from outside are read anew by every replay; other
    things from outside (arrays, random numbers) stay what they were while tracing.
    """

    def __init__(
        self, function: Callable[..., Any], args: Sequence[Any], argnums: int | Sequence[int]
    ) -> None:
        chosen = (argnums,) if isinstance(argnums, int) else argnums
        self._argnums = [range(len(args))[i] for i in chosen]
        self._function = function
        self._courses: dict[tuple[Any, ...], Callable[..., Any]] = {}
        self.source = ""
        self._replay = self._course([np.asarray(plain(arg)) for arg in args])

    def value_and_grad(self, *args: Any) -> tuple[Any, tuple[Any, ...]]:
        """The value, and its gradient with respect to each of ``argnums``: plain arrays.

        Takes arrays or NumPy's numbers. An argument that the value does not depend on has
        the gradient None.
        """
        try:
            return self._replay(*args)  # type: ignore[no-any-return]
        except AttributeError:  # a number of Python's has no shape
            return self._other(*args)

    def _other(self, *args: Any) -> tuple[Any, tuple[Any, ...]]:
        """The same for arguments of other shapes or dtypes than the last ones."""
        arrays = [np.asarray(plain(arg)) for arg in args]
        self._replay = self._course(arrays)
        return self._replay(*arrays)  # type: ignore[no-any-return]

    def _course(self, args: list[Any]) -> Callable[..., Any]:
        key = _key(args)
        if key not in self._courses:
            for i in self._argnums:
                require_floating(args[i])
            tensors = [Tensor(arg) for arg in args]
            records, out = _trace(self._function, tensors)
            writer = _Writer(tensors, self._argnums, {"key": key, "other": self._other})
            self.source = writer.write(records, out)
            # Only names that we made.
            exec(compile(self.source, "<gradcli program>", "exec"), writer.scope)
            while len(self._courses) >= MOST_COURSES:
                self._courses.pop(next(iter(self._courses)), None)
            self._courses[key] = writer.scope["program"]
            return writer.scope["program"]  # type: ignore[no-any-return]
        return self._courses[key]


def _key(args: list[Any]) -> tuple[Any, ...]:
    return tuple([part for arg in args for part in (arg.shape, arg.dtype)])


SIZED_BY_VALUES = ("arange", "argwhere", "flatnonzero")
"""Ops whose outcome has as many entries as its input's values say."""


class _Recorder(Recorder):
    """Keeps every operation, watched or not: a Program must recompute them all."""

    frozen: str | None = (
        "a Program replays one course of operations; use where(), or a GradientTape for each call"
    )

    def __init__(self, tensors: list[Tensor], outer: tuple[Recorder, ...]) -> None:
        self.records: list[Record] = []
        self._outer = outer
        self._made = {id(tensor) for tensor in tensors}

    def record(self, record: Record) -> None:
        for tensor in _tensors(record.args):
            if id(tensor) not in self._made and any(r.follows(tensor) for r in self._outer):
                raise GradientError(
                    "a Program gives plain numbers: what a tape follows from outside would lose "
                    "its gradient; make it an argument, or call the function itself"
                )
        for name, value in record.params.items():
            for tensor in _tensors(value):
                if name not in ("index", "indices") or tensor.dtype.kind == "b":
                    tensor.observed(f"a shape ({record.op.name}'s {name})")
        if record.op.name in SIZED_BY_VALUES:
            for tensor in _tensors(record.args):
                tensor.observed(f"the shape of {record.op.name}")
        self.records.append(record)
        self._made.add(id(record.out))

    def follows(self, tensor: Tensor) -> bool:
        return id(tensor) in self._made or isinstance(tensor, Variable)


def _trace(function: Callable[..., Any], tensors: list[Tensor]) -> tuple[list[Record], Tensor]:
    outer = active.recorders
    recorder = _Recorder(tensors, outer)
    active.recorders = (recorder,)
    try:
        out = function(*tensors)
    finally:
        active.recorders = outer
    if not isinstance(out, Tensor) or not any(r.out is out for r in recorder.records):
        raise TypeError("a Program needs a function whose value depends on its arguments")
    return recorder.records, out


class _Writer:
    """Writes records as source: ``v<n>`` are values, ``g<n>`` their cotangents.

    The backward pass is run while it is written: where a cotangent has to be brought into
    its shape and dtype is then known, and a replay need not ask.
    """

    def __init__(
        self, tensors: list[Tensor], argnums: Sequence[int], scope: dict[str, Any]
    ) -> None:
        self.arguments = [f"v{i}" for i in range(len(tensors))]
        self.numbers = {id(t): i for i, t in enumerate(tensors)}
        self.argnums = argnums
        self.scope: dict[str, Any] = {"ones": ones, "fit": fit, **scope}

    def write(self, records: list[Record], out: Tensor) -> str:
        arguments = ", ".join(self.arguments)
        parts = ", ".join([f"{v}.shape, {v}.dtype" for v in self.arguments])
        lines = [
            f"def program({arguments}):",
            f"    if ({parts},) != key:",
            f"        return other({arguments})",
        ]
        calls = []
        for record in _needed(records, out):
            call = self.call(record)
            calls.append((record, call))
            self.numbers[id(record.out)] = len(self.numbers)
            op = self.known(_safe(record.op), record.op.forward)
            lines.append(f"    {self.name(record.out)} = {op}({call})")
        with np.errstate(all="ignore"):
            lines += [f"    {line}" for line in self.backward(calls, out)]
        return "\n".join(lines)

    def backward(self, calls: list[tuple[Record, str]], out: Tensor) -> list[str]:
        tracked = {self.numbers[id(out)] for out in self.dependents(calls)} | set(self.argnums)
        cotangents: dict[int, Any] = {self.numbers[id(out)]: ones(out.value)}
        lines = [f"g{self.numbers[id(out)]} = ones({self.name(out)})"]
        for record, call in reversed(calls):
            o = self.numbers[id(record.out)]
            if o not in cotangents:
                continue
            for k, (vjp, arg, value) in enumerate(zip(record.vjps, record.args, record.values)):
                i = self.numbers.get(id(arg))
                if vjp is None or i not in tracked:
                    continue
                rule = self.known(f"{_safe(record.op)}_vjp{k}", vjp)
                lines.append(f"c = {rule}(g{o}, v{o}, {call})")
                found = vjp(cotangents[o], record.out.value, *record.values, **record.settings)
                if found.shape != value.shape or found.dtype != value.dtype:
                    op = self.known(f"{_safe(record.op)}_op", record.op)
                    lines.append(f"c = fit(c, v{i}, {op})")
                    found = fit(found, value, record.op)
                lines.append(f"g{i} = g{i} + c" if i in cotangents else f"g{i} = c")
                cotangents[i] = cotangents[i] + found if i in cotangents else found
        gradients = [f"g{i}" if i in cotangents else "None" for i in self.argnums]
        return [*lines, f"return {self.name(out)}, ({', '.join(gradients)},)"]

    def dependents(self, calls: list[tuple[Record, str]]) -> list[Tensor]:
        """The outcomes that depend on an argument to differentiate with respect to."""
        depends = set(self.argnums)
        found = []
        for record, _ in calls:
            if record.vjps and any(self.numbers.get(id(arg)) in depends for arg in record.args):
                depends.add(self.numbers[id(record.out)])
                found.append(record.out)
        return found

    def call(self, record: Record) -> str:
        """The arguments as source; constants and parameters go into the scope."""
        parts = [self.name(arg) for arg in record.args]
        parts += [f"{key}={self.name(value)}" for key, value in record.params.items()]
        return ", ".join(parts)

    def name(self, value: Any) -> str:
        """``value`` as source: what was computed by its number, what was not as a constant."""
        if id(value) in self.numbers:
            return f"v{self.numbers[id(value)]}"
        if isinstance(value, Variable):  # it may be assigned to before a replay
            return f"{self.constant(value)}.value"
        if isinstance(value, Tensor) or not _tensors(value):
            return self.constant(plain(value))
        if isinstance(value, (list, tuple)):
            return f"({''.join([self.name(part) + ', ' for part in value])})"
        bounds = (value.start, value.stop, value.step)
        return f"slice({', '.join([self.name(bound) for bound in bounds])})"

    def constant(self, value: Any) -> str:
        return self.known(f"k{len(self.scope)}", value)

    def known(self, name: str, value: Any) -> str:
        """A name in the scope for ``value``: ``name``, unless that stands for another."""
        if self.scope.setdefault(name, value) is not value:
            name = f"{name}_{len(self.scope)}"
            self.scope[name] = value
        return name


def _safe(op: Op) -> str:
    """A name for ``op`` in the source: its own, unless a user gave it."""
    return op.name if REGISTRY.get(op.name) is op else "custom"


def _needed(records: list[Record], out: Tensor) -> list[Record]:
    """The records that ``out`` is made from."""
    wanted = {id(out)}
    found = []
    for record in reversed(records):
        if id(record.out) in wanted:
            found.append(record)
            for value in (*record.args, *record.params.values()):
                wanted.update([id(tensor) for tensor in _tensors(value)])
    return found[::-1]


def _tensors(value: Any) -> list[Tensor]:
    """The Tensors in a parameter: itself, or in a list, tuple or slice."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, slice):
        value = (value.start, value.stop, value.step)
    if isinstance(value, (list, tuple)):
        return [tensor for part in value for tensor in _tensors(part)]
    return []
