"""The steps of a problem: what was done, of what, and by which rule its gradient goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.engine import Tensor, plain
from gradcli.engine.cotangents import fit
from gradcli.engine.recording import Record


class Step(NamedTuple):
    """One operation of a problem, with the gradient of the scalar by its outcome."""

    name: str
    op: str
    inputs: list[str]
    value: npt.NDArray[Any]
    gradient: npt.NDArray[Any]
    rule: str
    """The gradient of each input; g is the gradient of this step's own value."""
    record: Record
    """The operation itself."""

    @property
    def call(self) -> str:
        """What was done, such as ``z = add(x, y)``."""
        return f"{self.name} = {self.op}({', '.join(self.inputs)})"

    def taken(self) -> Iterator[tuple[int, str]]:
        """Position and name of each input to which this step gives a gradient."""
        if self.rule != UNUSED:
            record = self.record
            for i, (vjp, arg, name) in enumerate(zip(record.vjps, record.args, self.inputs)):
                if vjp is not None and isinstance(arg, Tensor):
                    yield i, name

    def given(self, i: int) -> npt.NDArray[Any]:
        """What this step gives to the gradient of its input ``i``, one of those ``taken``."""
        record = self.record
        vjp = record.vjps[i]
        assert vjp is not None
        given = vjp(self.gradient[()], record.out.value, *record.values, **record.settings)
        return np.asarray(fit(given, np.asarray(record.values[i]), record.op))


UNUSED = "none: the value is not made from this step"
"""In place of the rule of a step that leads nowhere."""


def steps_of(
    records: tuple[Record, ...], gradients: list[Tensor | None], names: dict[int, str]
) -> list[Step]:
    """A step for each record; what has no name among ``names``, by id, is called v1, v2, ..."""
    steps = []
    unnamed = 0
    for record, gradient in zip(records, gradients):
        if id(record.out) not in names:
            unnamed += 1
            names[id(record.out)] = f"v{unnamed}"
        name, shown = names[id(record.out)], _inputs(record, names)
        steps.append(
            Step(
                name,
                record.op.name,
                shown,
                np.asarray(record.out.value),
                np.asarray(np.zeros_like(record.out.value) if gradient is None else gradient.value),
                UNUSED if gradient is None else _rule(record, shown, name),
                record,
            )
        )
    return steps


def _inputs(record: Record, names: dict[int, str]) -> list[str]:
    shown = []
    for arg in record.args:
        if id(arg) in names:
            shown.append(names[id(arg)])
        elif arg is None or getattr(plain(arg), "dtype", None) == np.bool_:
            shown.append(str(plain(arg)) if np.ndim(arg) == 0 else f"constant{np.shape(arg)}")
        elif np.ndim(plain(arg)) == 0:
            shown.append(str(plain(arg)).removesuffix(".0"))
        else:
            shown.append(f"constant{np.shape(plain(arg))}")
    defaults = record.op.defaults
    for key, value in record.settings.items():
        if key not in defaults or repr(value) != repr(defaults[key]):
            shown.append(f"{key}={value}")
    return shown


def _rule(record: Record, shown: list[str], out: str) -> str:
    """The gradient of each input that the step takes, in the names of this problem."""
    names = dict(zip(record.op.names, shown[: len(record.args)])) | {"y": out}
    letter = re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b")
    rules = record.op.rules * (len(record.args) if record.op.takes_list else 1)
    return ", ".join(
        f"d{name} = {letter.sub(lambda found: names[found[0]], rule)}"
        for name, rule, arg in zip(shown, rules, record.args)
        if rule and isinstance(arg, Tensor)
    )
