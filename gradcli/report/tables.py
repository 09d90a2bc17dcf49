"""Evaluations as rich renderables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.text import Text

from gradcli.report.arrays import array_table
from gradcli.report.numbers import text
from gradcli.report.report import Screen
from gradcli.report.trace import trace_texts

if TYPE_CHECKING:
    from gradcli.model.model import Evaluation, Model


def evaluation_tables(
    model: Model, evaluation: Evaluation, trace: bool, full: bool, width: int | None
) -> Iterator[Any]:
    """Title, loss, a table for each gradient and, with ``trace``, every step."""
    screen = Screen(width, None if full else 6)
    yield Text(model.title, style="bold")
    yield Text.assemble("loss ", (text(evaluation.loss, screen), "bold cyan"))
    for name, gradient in evaluation.gradients.items():
        shape = "x".join(map(str, gradient.shape))
        yield array_table(f"dloss/d{name}  {shape}", gradient, screen)
    if trace:
        yield from trace_texts(evaluation.trace, "loss", screen)
