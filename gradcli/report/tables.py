"""Evaluations as rich renderables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from rich.text import Text

from gradcli.report.arrays import array_table, summary
from gradcli.report.numbers import text, texts

if TYPE_CHECKING:
    from gradcli.model.model import Evaluation, Model
    from gradcli.problem import Step

_INLINE = 64
"""Entries of an array up to which a step shows all of it on a terminal."""


def evaluation_tables(
    model: Model, evaluation: Evaluation, trace: bool, full: bool, width: int | None
) -> Iterator[Any]:
    """Title, loss, a table for each gradient and, with ``trace``, every step."""
    exact = full or width is None
    yield Text(model.title, style="bold")
    yield Text.assemble("loss ", (text(evaluation.loss, exact), "bold cyan"))
    for name, gradient in evaluation.gradients.items():
        shape = "x".join(map(str, gradient.shape))
        yield array_table(f"dloss/d{name}  {shape}", gradient, width, full)
    if trace:
        yield Text("\nsteps: dz is the gradient of the loss by z, g that by the step's value")
        for step in evaluation.trace:
            yield from _step(step, exact)


def _step(step: Step, exact: bool) -> Iterator[Text]:
    shape = "x".join(map(str, step.value.shape)) or "scalar"
    yield Text.assemble(
        (step.name, "bold"), f" = {step.op}({', '.join(step.inputs)})", (f"  {shape}", "dim")
    )
    yield from _numbers("value", step.value, exact)
    yield from _numbers(f"dloss/d{step.name}", step.gradient, exact)
    if step.rule:
        yield Text.assemble(("  rule", "dim"), f"  {step.rule}")


def _numbers(label: str, array: npt.NDArray[Any], exact: bool) -> Iterator[Text]:
    """One line for each row of ``array``, with its label before the first."""
    if not exact and array.size > _INLINE:
        yield Text.assemble((f"  {label}", "dim"), f"  {summary(array)}")
        return
    cells = texts(array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1), exact)
    width = int(np.strings.str_len(cells).max(initial=1))
    head = f"  {label}"
    for row in cells.tolist():
        yield Text.assemble((head, "dim"), "  ", "  ".join([cell.rjust(width) for cell in row]))
        head = " " * len(head)
