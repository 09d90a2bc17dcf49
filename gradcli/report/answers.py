"""Answers, of models and formulas alike, as a Report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gradcli.answer import Answer
from gradcli.report.numbers import text, texts
from gradcli.report.report import Screen
from gradcli.steps import Arrays

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class AnswerReport:
    """A Report of an Answer; its picture shows the variables from ``low`` to ``high``."""

    def __init__(
        self, answer: Answer, low: Sequence[float] = (), high: Sequence[float] = ()
    ) -> None:
        self.answer = answer
        self.low = low
        self.high = high
        self.name = answer.problem.value_name

    def document(self) -> dict[str, Any]:
        answer = self.answer
        found: dict[str, Any] = {self.name: answer.value}
        if answer.gradients is not None:
            found["grads"] = answer.gradients
        if answer.jacobian is not None:
            found["jacobian"] = answer.jacobian
        found |= answer.shown
        if answer.hessian is not None:
            found["hessian"] = answer.hessian
        if answer.derivatives is not None:
            found["derivatives"] = answer.derivatives
        return found

    def tables(self, screen: Screen) -> Iterator[Any]:
        from gradcli.report.answer_tables import answer_tables

        return answer_tables(self.answer, screen)

    def rows(self) -> Iterator[Sequence[Any]]:
        """quantity, name, row, column, value: one row a number."""
        yield "quantity", "name", "row", "column", "value"
        answer, shown = self.answer, dict(self.answer.shown)
        if not np.ndim(answer.value):
            yield self.name, "", "", "", text(answer.value)
        else:
            yield from _numbers(self.name, {"": answer.value})
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

    def figure(self) -> Figure:
        from gradcli.report.landscape_plots import problem_figure

        slopes = self.answer.gradients or self.answer.jacobian or {}
        return problem_figure(self.answer.problem, slopes, self.low, self.high)


def _numbers(quantity: str, arrays: Arrays) -> Iterator[Sequence[Any]]:
    for name, array in arrays.items():
        for row, column, value in _entries(np.asarray(array)):
            yield quantity, name, row, column, value


def _entries(array: npt.NDArray[Any]) -> Iterator[tuple[Any, Any, str]]:
    """(row, column, value); a vector has no row, a number neither, and more axes many rows."""
    for index, value in zip(np.ndindex(array.shape), texts(array, None).reshape(-1)):
        row = " ".join(map(str, index[:-1]))
        yield row, index[-1] if index else "", str(value)
