"""Formulas as rich renderables and documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from rich import box
from rich.table import Table
from rich.text import Text

from gradcli.derivatives import Answer
from gradcli.formula import LANDSCAPES, Formula
from gradcli.problem import Arrays
from gradcli.report.arrays import array_table
from gradcli.report.document import step_document
from gradcli.report.numbers import text
from gradcli.report.report import Screen
from gradcli.report.trace import trace_texts

_MOST_TOGETHER = 12
"""Scalar variables up to which a Hessian is shown as one table."""


def answer_tables(
    formula: Formula, answer: Answer, trace: bool, full: bool, width: int | None
) -> Iterator[Any]:
    """The formula, its value, and a table for each kind of derivative."""
    screen = Screen(width, None if full else 6)
    yield Text(formula.title, style="bold")
    if np.ndim(answer.value):
        yield array_table(f"value  {_shape(answer.value)}", answer.value, screen)
    else:
        yield Text.assemble("value ", (text(answer.value, screen), "bold cyan"))
    if answer.lacking is not None:
        yield Text(answer.lacking, style="dim")
    grads = answer.grads or {}
    scalars = {n: g for n, g in grads.items() if g.ndim == 0}
    if scalars:
        table = Table(box=box.ROUNDED, header_style="dim")
        for column in ("", "at", "gradient"):
            table.add_column(column, justify="right" if column else "left", overflow="fold")
        for name, gradient in scalars.items():
            at = formula.primals[name]
            table.add_row(name, text(at, screen), text(gradient, screen))
        yield table
    for name, gradient in grads.items():
        if gradient.ndim:
            yield array_table(f"dvalue/d{name}  {_shape(gradient)}", gradient, screen)
    if answer.derivatives is not None:
        yield _orders(answer.derivatives, screen)
    elif answer.hessian is not None:
        yield from _hessian(answer.hessian, screen)
    if trace:
        yield from trace_texts(answer.trace, "value", screen)


def _shape(array: Any) -> str:
    return "x".join(map(str, np.shape(array)))


def _orders(derivatives: list[Any], screen: Screen) -> Table:
    table = Table(box=box.ROUNDED, header_style="dim")
    table.add_column("order", justify="right")
    table.add_column("derivative", justify="right", overflow="fold")
    for order, value in enumerate(derivatives, 1):
        table.add_row(str(order), text(value, screen))
    return table


def _hessian(hessian: dict[str, Arrays], screen: Screen) -> Iterator[Any]:
    names = list(hessian)
    scalar = all(block.ndim == 0 for row in hessian.values() for block in row.values())
    if scalar and len(names) <= _MOST_TOGETHER:
        yield Text("Hessian", style="bold")
        table = Table(box=box.ROUNDED, header_style="dim")
        for column in ("", *names):
            table.add_column(column, justify="right", overflow="fold")
        for first, row in hessian.items():
            table.add_row(first, *[text(block, screen) for block in row.values()])
        yield table
        return
    for first, row in hessian.items():
        for second, block in row.items():
            title = f"d2value/d{first}d{second}  {_shape(block) or 'scalar'}"
            yield array_table(title, block, screen)


def answer_document(answer: Answer, trace: bool) -> dict[str, Any]:
    """What ``--json`` prints for a formula: see the README for the contract."""
    document: dict[str, Any] = {"value": answer.value}
    if answer.grads is not None:
        document["jacobian" if answer.jacobian else "grads"] = answer.grads
    if answer.hessian is not None:
        document["hessian"] = answer.hessian
    if answer.derivatives is not None:
        document["derivatives"] = answer.derivatives
    if trace:
        document["trace"] = [step_document(step) for step in answer.trace]
    return document


def landscapes_tables() -> Iterator[Any]:
    for name, landscape in LANDSCAPES.items():
        minima = ", ".join(f"({x:g}, {y:g})" for x, y, _ in landscape.minima)
        yield Text(name, style="bold")
        yield Text(f"  {landscape.formula}")
        yield Text(f"  minimum {landscape.minima[0][2]:g} at {minima}")
        yield Text(f"  {landscape.source}", style="dim")


def landscapes_document() -> dict[str, Any]:
    return {
        name: {
            "formula": landscape.formula,
            "minima": [{"x": x, "y": y, "value": v} for x, y, v in landscape.minima],
            "source": landscape.source,
            "start": list(landscape.start),
            "lr": landscape.walk.lr,
            "steps": landscape.walk.steps,
        }
        for name, landscape in LANDSCAPES.items()
    }
