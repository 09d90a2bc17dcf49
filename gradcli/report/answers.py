"""Answers, of models and formulas alike, as a Report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.answer import Answer
from gradcli.report.numbers import text, texts
from gradcli.report.report import Screen
from gradcli.steps import Arrays

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class AnswerReport(NamedTuple):
    """A Report of an Answer; its picture shows the variables from ``low`` to ``high``."""

    answer: Answer
    low: Sequence[float] = ()
    high: Sequence[float] = ()

    def document(self) -> dict[str, Any]:
        answer = self.answer
        found = {
            answer.problem.value_name: answer.value,
            "grads": answer.gradients,
            "jacobian": answer.jacobian,
            **answer.shown,
            "hessian": answer.hessian,
            "derivatives": answer.derivatives,
        }
        return {name: value for name, value in found.items() if value is not None}

    def tables(self, screen: Screen) -> Iterator[Any]:
        from gradcli.report.answer_tables import answer_tables

        return answer_tables(self.answer, screen)

    def rows(self) -> Iterator[Sequence[Any]]:
        """quantity, name, row, column, value: one row a number."""
        yield "quantity", "name", "row", "column", "value"
        answer, shown = self.answer, dict(self.answer.shown)
        yield from _numbers(answer.problem.value_name, {"": answer.value})
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
