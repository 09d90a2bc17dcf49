"""Evaluations as rich renderables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from rich.text import Text

from gradcli.report.arrays import MOST_ROWS, array_table, both_ends, fitting, summary
from gradcli.report.numbers import text, texts
from gradcli.report.report import Screen

if TYPE_CHECKING:
    from gradcli.model.model import Evaluation, Model
    from gradcli.problem import Step


def evaluation_tables(
    model: Model, evaluation: Evaluation, trace: bool, full: bool, width: int | None
) -> Iterator[Any]:
    """Title, loss, a table for each gradient and, with ``trace``, every step."""
    screen = Screen(width, None if full or width is None else 6)
    yield Text(model.title, style="bold")
    yield Text.assemble("loss ", (text(evaluation.loss, screen), "bold cyan"))
    for name, gradient in evaluation.gradients.items():
        shape = "x".join(map(str, gradient.shape))
        yield array_table(f"dloss/d{name}  {shape}", gradient, width, full)
    if trace:
        yield Text("\nsteps: dz is the gradient of the loss by z, g that by the step's value")
        for step in evaluation.trace:
            yield from step_texts(step, "loss", width if screen.digits else None)


def step_texts(step: Step, scalar: str, width: int | None) -> Iterator[Text]:
    """Name, op and shape; value; gradient of the ``scalar``; rule. All of it if width is None."""
    shape = "x".join(map(str, step.value.shape)) or "scalar"
    yield Text.assemble(
        (step.name, "bold"), f" = {step.op}({', '.join(step.inputs)})", (f"  {shape}", "dim")
    )
    slope = f"  d{scalar}/d{step.name}"
    yield from _numbers("  value".ljust(len(slope)), step.value, width)
    yield from _numbers(slope, step.gradient, width)
    if step.rule:
        yield Text.assemble(("  rule".ljust(len(slope)), "dim"), f"  {step.rule}")


def _numbers(head: str, array: npt.NDArray[Any], width: int | None) -> Iterator[Text]:
    """One line for each row of ``array``, with ``head`` before the first."""
    if not array.size:
        yield Text.assemble((head, "dim"), "  empty")
        return
    grid = array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)
    if width is not None and len(grid) > MOST_ROWS:
        yield Text.assemble((head, "dim"), f"  {summary(array)}")
        return
    count = grid.shape[1]
    if width is not None:
        count = fitting(grid, width - len(head), gap=2)
    columns = both_ends(grid.shape[1], count)
    cells = texts(grid[:, [j for j in columns if j is not None]], None if width is None else 6)
    widest = int(np.strings.str_len(cells).max(initial=1))
    for row in cells.tolist():
        numbers = iter([cell.rjust(widest) for cell in row])
        line = "  ".join(["..." if j is None else next(numbers) for j in columns])
        yield Text.assemble((head, "dim"), "  ", line)
        head = " " * len(head)
