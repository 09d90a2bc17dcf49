"""A report with the steps behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gradcli.problem import Result
from gradcli.report.document import trace_document
from gradcli.report.report import Report, Screen
from gradcli.report.trace import trace_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure


class Traced:
    """``report``, and after it every step of ``result``."""

    def __init__(self, report: Report, result: Result, value_name: str) -> None:
        self.report = report
        self.result = result
        self.value_name = value_name

    def document(self) -> dict[str, Any]:
        return {**self.report.document(), **trace_document(self.result.trace)}

    def tables(self, screen: Screen) -> Iterator[Any]:
        yield from self.report.tables(screen)
        yield from trace_texts(self.result.trace, self.value_name, screen)

    def rows(self) -> Iterator[Sequence[Any]]:
        return self.report.rows()

    def figure(self) -> Figure:
        return self.report.figure()
