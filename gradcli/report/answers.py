"""Answers, of models and formulas alike, as a Report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from gradcli.answer import Answer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from gradcli.report.report import Screen


class AnswerReport(NamedTuple):
    """A Report of an Answer; its picture shows the variables from ``low`` to ``high``."""

    answer: Answer
    low: Sequence[float] = ()
    high: Sequence[float] = ()

    def document(self) -> dict[str, Any]:
        answer = self.answer
        found = {
            answer.problem.value_name: answer.value,
            **answer.outputs,
            **answer.measured,
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
        from gradcli.report.answer_tables import answer_rows

        return answer_rows(self.answer)

    def figure(self) -> Figure:
        from gradcli.report.landscape_plots import problem_figure

        slopes = self.answer.gradients or self.answer.jacobian or {}
        return problem_figure(self.answer.problem, slopes, self.low, self.high)
