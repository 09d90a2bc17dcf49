"""A trace written down as source, forward and backward: what a Program replays."""

from __future__ import annotations

import dis
import functools
import re
from collections.abc import Sequence
from types import CodeType, FunctionType
from typing import Any, NamedTuple

import numpy as np

from gradcli.engine.cotangents import fit, ones
from gradcli.engine.operation import Op, Vjp
from gradcli.engine.registry import REGISTRY
from gradcli.engine.trace import Slot, Trace, is_constant
from gradcli.engine.variable import Variable


class Writer:
    """Writes a trace as source: ``v<n>`` is the value in slot n, ``g<n>`` its cotangent.

    The backward pass is run while it is written: where a cotangent has to be brought into
    its shape and dtype is then known, and a replay need not ask. Without ``argnums`` there is none.
    """

    def __init__(
        self, trace: Trace, argnums: Sequence[int], scope: dict[str, Any], steps: bool = False
    ) -> None:
        self.trace = trace
        self.argnums = argnums
        self.steps = steps
        """Whether every step's value and cotangent are given, too."""
        self.scope: dict[str, Any] = {"ones": ones, "fit": fit, **scope}
        self.connected: set[int] = set()
        """The slots that have a cotangent."""

    def write(self) -> str:
        names = [f"v{i}" for i in range(self.trace.arguments)]
        arguments = ", ".join(names)
        head = [
            f"def program({arguments}):",
            f"    if ({', '.join([f'{v}.shape, {v}.dtype' for v in names])},) != key:",
            f"        return other({arguments})",
        ]
        body, calls = [], []
        for step in self.trace.steps:
            call = _Call(
                [self.name(arg) for arg in step.args],
                [f"{key}={self.name(value)}" for key, value in step.params.items()],
            )
            calls.append(call)
            op = self.known(_safe(step.op), step.op.forward)
            body.append(f"v{step.slot.number} = {op}({call.spread})")
        if self.argnums:
            with np.errstate(all="ignore"):
                body += self.backward(calls)
        body.append(f"return {', '.join(self.outcomes())}")
        return "\n".join([*head, *[f"    {line}" for line in _released(body, names)]])

    def backward(self, calls: list[_Call]) -> list[str]:
        out = self.trace.out.number
        tracked = self.dependents()
        made = self.trace.steps[out - self.trace.arguments].record
        cotangents: dict[int, Any] = {out: ones(made.out.value)}
        lines = [f"g{out} = ones(v{out})"]
        for step, call in zip(reversed(self.trace.steps), reversed(calls)):
            o, op, record = step.slot.number, step.op, step.record
            if o not in cotangents:
                continue
            given = (cotangents[o], record.out.value)
            rule = op.vjps[0] if op.takes_list else None
            if rule:
                known = self.known(f"{_safe(op)}_vjp", rule)
                lines.append(f"at = {known}(g{o}, v{o}, {call.listed})")
                at = rule(*given, record.values, **record.settings)
            for k, (vjp, arg, value) in enumerate(zip(record.vjps, step.args, record.values)):
                if vjp is None or not isinstance(arg, Slot) or arg.number not in tracked:
                    continue
                i = arg.number
                c = "c" if i in cotangents else f"g{i}"
                if rule:
                    lines.append(f"{c} = at({k})")
                    found = at(k)
                else:
                    known = self.known(f"{_safe(op)}_vjp{k}", vjp)
                    lines.append(f"{c} = {known}({call.given(vjp, f'g{o}', f'v{o}')})")
                    found = vjp(*given, *record.values, **record.settings)
                if found.shape != value.shape or found.dtype != value.dtype:
                    lines.append(f"{c} = fit({c}, v{i}, {self.known(f'{_safe(op)}_op', op)})")
                    found = fit(found, value, op)
                if i in cotangents:
                    lines.append(f"g{i} = g{i} + c")
                cotangents[i] = cotangents[i] + found if i in cotangents else found
        self.connected = {*cotangents}
        return lines

    def outcomes(self) -> list[str]:
        """The value, the gradients, and what else the function gives."""
        gradients = [f"g{i}" if i in self.connected else "None" for i in self.argnums]
        parts = [f"v{self.trace.out.number}", _tuple(gradients)]
        if self.trace.aux is not None:
            parts.append(_tuple([self.name(value) for value in self.trace.aux]))
        if self.steps:
            slots = sorted(self.connected - {*range(self.trace.arguments)})
            parts += [_tuple([f"{letter}{i}" for i in slots]) for letter in "vg"]
        return parts

    def dependents(self) -> set[int]:
        """The slots that depend on an argument to differentiate with respect to."""
        depends = set(self.argnums)
        for step in self.trace.steps:
            if step.op.vjps and any(isinstance(a, Slot) and a.number in depends for a in step.args):
                depends.add(step.slot.number)
        return depends

    def name(self, value: Any) -> str:
        """``value`` as source; what is not made anew stands in the scope, by a name of its own."""
        if isinstance(value, Slot):
            return f"v{value.number}"
        if isinstance(value, Variable):  # it may be assigned to before a replay
            return f"{self.constant(value)}.value"
        if is_constant(value):
            return self.constant(value)
        if isinstance(value, slice):
            bounds = (value.start, value.stop, value.step)
            return f"slice({', '.join([self.name(bound) for bound in bounds])})"
        parts = "".join([self.name(part) + ", " for part in value])
        return f"[{parts}]" if isinstance(value, list) else f"({parts})"

    def constant(self, value: Any) -> str:
        return self.known(f"k{len(self.scope)}", value)

    def known(self, name: str, value: Any) -> str:
        """A name in the scope for ``value``: ``name``, unless that stands for another."""
        if self.scope.setdefault(name, value) is not value:
            name = f"{name}_{len(self.scope)}"
            self.scope[name] = value
        return name


class _Call(NamedTuple):
    """The arguments of a step as source: its arrays, and its other parameters."""

    arrays: list[str]
    params: list[str]

    @property
    def spread(self) -> str:
        """The arrays one by one."""
        return ", ".join([*self.arrays, *self.params])

    def given(self, vjp: Vjp, *first: str) -> str:
        """What ``vjp`` takes, the arrays that it does not read left out: nobody keeps them."""
        unread = _unread(vjp)
        arrays = [
            "None" if i in unread else array for i, array in enumerate((*first, *self.arrays))
        ]
        return ", ".join([*arrays, *self.params])

    @property
    def listed(self) -> str:
        """The arrays as one list."""
        return ", ".join([f"[{', '.join(self.arrays)}]", *self.params])


def _unread(function: Any) -> set[int]:
    """The positional parameters that a function of Python's never reads.

    Keeping all of them until then would take a fourth more memory for LeNet-5 and for attention.
    """
    return _never_read(function.__code__) if isinstance(function, FunctionType) else set()


@functools.lru_cache(4096)
def _never_read(code: CodeType) -> set[int]:
    read: set[Any] = set()
    for step in dis.get_instructions(code):
        if "LOAD" in step.opname:
            read.update(step.argval if isinstance(step.argval, tuple) else (step.argval,))
    return {i for i, name in enumerate(code.co_varnames[: code.co_argcount]) if name not in read}


_NAME = re.compile(r"\b(?:[vg]\d+|c|at)\b(?!=)")
"""A value, a cotangent, or what is on its way to one; no parameter's name."""


def _released(lines: list[str], kept: list[str]) -> list[str]:
    """``lines``, each followed by a ``del`` of what no later one reads; not of ``kept``."""
    live, found = set(kept), []
    for line in reversed(lines):
        made, _, told = line.rpartition(" = ")
        names = _NAME.findall(told)
        last = {n for n in (*names, made) if n and n not in live and (n != made or n not in names)}
        if last and made:
            found.append(f"del {', '.join(sorted(last))}")
        found.append(line)
        live.discard(made)
        live.update(names)
    return found[::-1]


def _tuple(parts: list[str]) -> str:
    return f"({''.join([f'{part}, ' for part in parts])})"


def _safe(op: Op) -> str:
    """A name for ``op`` in the source: its own, unless a user gave it."""
    return op.name if REGISTRY.get(op.name) is op else "custom"
