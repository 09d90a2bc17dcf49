"""Answers on the screen, and as rows of a table of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.text import Text

from gradcli.answer import Answer
from gradcli.problem import Arrays
from gradcli.report.arrays import array_table
from gradcli.report.layout import grid
from gradcli.report.measures import measure_tables
from gradcli.report.numbers import shape_text, text, texts
from gradcli.report.report import Screen

_MOST_TOGETHER = 12
"""Scalar variables up to which a Hessian is shown as one table."""


def answer_tables(answer: Answer, screen: Screen) -> Iterator[Any]:
    """Title, value, and a table for each kind of derivative."""
    name = answer.problem.value_name
    yield Text(answer.problem.title, style="bold")
    if np.ndim(answer.value):
        yield array_table(f"{name}  {shape_text(answer.value.shape)}", answer.value, screen)
    else:
        yield Text.assemble(f"{name} ", (text(answer.value, screen), "bold cyan"))
    for other, output in answer.outputs.items():
        yield array_table(f"{other}  {shape_text(output.shape)}", output, screen)
    yield from measure_tables(answer.measured, screen)
    if answer.lacking is not None:
        yield Text(answer.lacking, style="dim")
    yield from _slopes(answer, answer.gradients or answer.jacobian or {}, screen)
    if answer.derivatives is not None:
        yield from grid(["order", "derivative"], [*enumerate(answer.derivatives, 1)], screen)
    elif answer.hessian is not None:
        yield from _hessian(name, answer.hessian, screen)


def _slopes(answer: Answer, slopes: Arrays, screen: Screen) -> Iterator[Any]:
    at, name = answer.problem.primals, answer.problem.value_name
    scalars = [(n, at[n][()], g[()]) for n, g in slopes.items() if g.ndim == 0]
    if scalars:
        yield from grid(["", "at", "gradient"], scalars, screen)
    for variable, slope in slopes.items():
        if slope.ndim:
            yield array_table(f"d{name}/d{variable}  {shape_text(slope.shape)}", slope, screen)


def _hessian(value: str, hessian: dict[str, Arrays], screen: Screen) -> Iterator[Any]:
    names = list(hessian)
    scalar = all(block.ndim == 0 for row in hessian.values() for block in row.values())
    if scalar and len(names) <= _MOST_TOGETHER:
        yield Text("Hessian", style="bold")
        rows = [[first, *[block[()] for block in row.values()]] for first, row in hessian.items()]
        yield from grid(["", *names], rows, screen)
        return
    for first, row in hessian.items():
        for second, block in row.items():
            title = f"d2{value}/d{first}d{second}  {shape_text(block.shape)}"
            yield array_table(title, block, screen)


def answer_rows(answer: Answer) -> Iterator[Sequence[Any]]:
    """quantity, name, row, column, value: one row a number."""
    yield "quantity", "name", "row", "column", "value"
    shown = dict(answer.shown)
    yield from _numbers(answer.problem.value_name, {"": answer.value})
    yield from _numbers("output", answer.outputs)
    yield from _numbers("grad", answer.gradients or {})
    yield from _numbers("jacobian", answer.jacobian or {})
    yield from _numbers("param", shown.pop("params", {}))
    output = shown.pop("output", None)
    yield from _numbers("input", shown)
    yield from _numbers("output", {} if output is None else {"": output})
    for first, row in (answer.hessian or {}).items():
        yield from _numbers("hessian", {f"{first},{second}": v for second, v in row.items()})
    for order, value in enumerate(answer.derivatives or [], 1):
        yield "derivative", str(order), "", "", text(value)


def _numbers(quantity: str, arrays: Arrays) -> Iterator[Sequence[Any]]:
    for name, array in arrays.items():
        for row, column, value in _entries(np.asarray(array)):
            yield quantity, name, row, column, value


def _entries(array: npt.NDArray[Any]) -> Iterator[tuple[Any, Any, str]]:
    """(row, column, value); a vector has no row, a number neither, and more axes many rows."""
    for index, value in zip(np.ndindex(array.shape), texts(array, None).reshape(-1)):
        row = " ".join(map(str, index[:-1]))
        yield row, index[-1] if index else "", str(value)
