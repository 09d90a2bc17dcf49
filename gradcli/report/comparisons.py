"""Walks by several optimizers side by side: a table, a document, rows and a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.text import Text

from gradcli.descent import Descent
from gradcli.problem import Problem
from gradcli.report.layout import grid
from gradcli.report.measures import measure_tables
from gradcli.report.report import Screen
from gradcli.report.running import RunningTable
from gradcli.report.walks import ending, steps_text, walk_document, way

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class ComparisonReport(NamedTuple):
    """Finished walks from one start, each by another optimizer.

    ``low`` and ``high`` are the ends of what the picture shows: see ``comparison_figure``.
    """

    problem: Problem
    walks: Sequence[Descent]
    low: Sequence[float] = ()
    high: Sequence[float] = ()

    def document(self) -> dict[str, Any]:
        """Each walk's own document, with its optimizer."""
        return {
            "runs": [
                {"optimizer": walk.settings.optimizer, **walk_document(walk)} for walk in self.walks
            ]
        }

    def begin(self, screen: Screen) -> list[Any]:
        """The title and the table, whose numbers are each as short as can be; none if too wide.

        As a walk begins to be shown while it goes on; ``tables`` gives the rest.
        """
        heads, *rows = self.rows()
        table = RunningTable(heads, rows[0][1:], rows[-1][0], screen)
        if not table.fits:
            return []
        lines = [table.row(step, values) for step, *values in rows]
        return [*self._title(), *table.top(), *lines, table.bottom()]

    def tables(self, screen: Screen) -> Iterator[Any]:
        if not screen.begun:
            heads, *rows = self.rows()
            yield from self._title()
            yield from grid(heads, rows, screen)
        for walk in self.walks:
            yield Text(way(walk.settings), style="bold")
            yield from ending(walk, screen)
            yield from measure_tables(walk.measured, screen)

    def _title(self) -> Iterator[Text]:
        yield Text(f"descend {self.problem.title}", style="bold")
        yield Text(f"the value by step, {steps_text(self.walks[0].settings.steps)}", style="dim")

    def rows(self) -> Iterator[Sequence[Any]]:
        """A row a shown step: its number, and the value by each optimizer that came so far."""
        yield ["step", *[walk.settings.optimizer for walk in self.walks]]
        for step in sorted({row.step for walk in self.walks for row in walk.path}):
            yield [step, *[_value(walk, step) for walk in self.walks]]

    def figure(self) -> Figure:
        from gradcli.report.comparison_plots import comparison_figure

        return comparison_figure(self.problem, self.walks, self.low, self.high)


def _value(walk: Descent, step: int) -> Any:
    return walk.value.dtype.type(walk.values[step]) if step < len(walk.values) else None
