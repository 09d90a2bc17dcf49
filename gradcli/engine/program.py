"""Program: a tape made once and replayed many times.

Tracing a function records the course of operations that it takes. A Program writes that
course down as a straight-line Python function, forward and backward, and compiles it: a
replay skips all that a tape decides anew on every call (what is a Tensor, what is watched,
what to add up), which for small arrays costs more than the arithmetic. ``Program.source``
is that function, to be read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcli.engine.tape import Record, active, fit, ones
from gradcli.engine.tensor import Tensor, plain, tracing


class Program:
    """The value and gradients of ``function(*args)``, traced once on example arguments.

    ``argnums`` are the arguments to differentiate with respect to. The function must take
    the same course whatever the numbers: a branch on a Tensor raises GradientError while
    tracing. Shapes may differ from call to call as far as the operations allow it.
    """

    def __init__(
        self, function: Callable[..., Any], args: Sequence[Any], argnums: int | Sequence[int]
    ) -> None:
        tensors = [Tensor(np.asarray(plain(arg))) for arg in args]
        chosen = (argnums,) if isinstance(argnums, int) else argnums
        argnums = [range(len(tensors))[i] for i in chosen]
        records, out = _trace(function, tensors)
        self.source, scope = _Writer(tensors, argnums).write(records, out)
        exec(compile(self.source, "<gradcli program>", "exec"), scope)  # only names that we made
        self._replay: Callable[..., tuple[Any, tuple[Any, ...]]] = scope["program"]

    def value_and_grad(self, *args: Any) -> tuple[Any, tuple[Any, ...]]:
        """The value, and its gradient with respect to each of ``argnums``: plain arrays.

        An argument that the value does not depend on has the gradient None.
        """
        return self._replay(*args)


class _Recorder:
    """Keeps every operation, watched or not: a Program must recompute them all."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def record(self, record: Record) -> None:
        self.records.append(record)


def _trace(function: Callable[..., Any], tensors: list[Tensor]) -> tuple[list[Record], Tensor]:
    recorder = _Recorder()
    outer = active.recorders
    active.recorders = (recorder,)
    tracing.on = True
    try:
        out = function(*tensors)
    finally:
        tracing.on = False
        active.recorders = outer
    if not isinstance(out, Tensor) or not any(record.out is out for record in recorder.records):
        raise TypeError("a Program needs a function whose value depends on its arguments")
    return recorder.records, out


class _Writer:
    """Writes records as source: ``v<n>`` are values, ``g<n>`` their cotangents."""

    def __init__(self, tensors: list[Tensor], argnums: Sequence[int]) -> None:
        self.arguments = [f"v{i}" for i in range(len(tensors))]
        self.numbers = {id(t): i for i, t in enumerate(tensors)}
        self.argnums = argnums
        self.scope: dict[str, Any] = {"ones": ones, "fit": fit}

    def write(self, records: list[Record], out: Tensor) -> tuple[str, dict[str, Any]]:
        lines = [f"def program({', '.join(self.arguments)}):"]
        calls = []
        for record in records:
            call = self.call(record)
            calls.append((record, call))
            self.scope[record.op.name] = record.op.forward
            self.numbers[id(record.out)] = len(self.numbers)
            lines.append(f"    {self.name(record.out)} = {record.op.name}({call})")
        lines += [f"    {line}" for line in self.backward(calls, out)]
        return "\n".join(lines), self.scope

    def backward(self, calls: list[tuple[Record, str]], out: Tensor) -> list[str]:
        tracked = {self.numbers[id(out)] for out in self.dependents(calls)} | set(self.argnums)
        reached = {self.numbers[id(out)]}
        lines = [f"g{self.numbers[id(out)]} = ones({self.name(out)})"]
        for record, call in reversed(calls):
            o = self.numbers[id(record.out)]
            if o not in reached:
                continue
            for k, (vjp, arg) in enumerate(zip(record.vjps, record.args)):
                i = self.numbers.get(id(arg))
                if vjp is None or i not in tracked:
                    continue
                rule = f"{record.op.name}_vjp{k}"
                self.scope[rule], self.scope[f"{record.op.name}_op"] = vjp, record.op
                lines += [
                    f"c = {rule}(g{o}, v{o}, {call})",
                    f"if c.shape != v{i}.shape or c.dtype != v{i}.dtype:",
                    f"    c = fit(c, v{i}, {record.op.name}_op)",
                    f"g{i} = g{i} + c" if i in reached else f"g{i} = c",
                ]
                reached.add(i)
        gradients = [f"g{i}" if i in reached else "None" for i in self.argnums]
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
        for key, value in record.params.items():
            parts.append(f"{key}={self.constant(value)}")
        return ", ".join(parts)

    def name(self, value: Any) -> str:
        if id(value) in self.numbers:
            return f"v{self.numbers[id(value)]}"
        return self.constant(plain(value))  # a Tensor from outside is a constant like any other

    def constant(self, value: Any) -> str:
        name = f"k{len(self.scope)}"
        self.scope[name] = value
        return name
