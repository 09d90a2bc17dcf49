"""Trainings by several optimizers side by side: a table, a document, rows and a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.text import Text

from gradcli.report.layout import grid
from gradcli.report.measures import measure_tables
from gradcli.report.plots import new_figure
from gradcli.report.report import Screen
from gradcli.report.training import TrainingReport, title
from gradcli.report.walks import way

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class TrainingComparison(NamedTuple):
    """Trainings from the same parameters on the same rows, each by another optimizer."""

    runs: Sequence[TrainingReport]

    def document(self) -> dict[str, Any]:
        """Each training's own document, with its optimizer."""
        return {
            "runs": [
                {"optimizer": run.setup.settings.optimizer, **run.document()} for run in self.runs
            ]
        }

    def tables(self, screen: Screen) -> Iterator[Any]:
        heads, *rows = self.rows()
        yield from title(self.runs[0].setup, "the loss by epoch")
        shows = self.runs[0].setup.plan.shows
        yield from grid(heads, [row for row in rows if shows(row[0])], screen)
        for run in self.runs:
            yield Text(way(run.setup.settings), style="bold")
            yield from run.ending(screen)
            yield from measure_tables(run.trained.measured, screen)

    def rows(self) -> Iterator[Sequence[Any]]:
        """A row an epoch: its number, and the losses by each optimizer that came so far."""
        curves = self._curves()
        yield ["epoch", *curves]
        for i in range(max(map(len, curves.values()))):
            yield [i + 1, *[losses[i] if i < len(losses) else None for losses in curves.values()]]

    def figure(self) -> Figure:
        """The losses by epoch."""
        from gradcli.report.landscape_plots import label

        figure, [axes] = new_figure()
        for name, losses in self._curves().items():
            style = "s--" if name.endswith(" test") else "o-"
            axes.plot(range(1, len(losses) + 1), losses, style, markersize=3, label=name)
        label(axes, "epoch", "loss", self.runs[0].setup.training.model.title)
        axes.legend(fontsize="x-small")
        return figure

    def _curves(self) -> dict[str, list[float]]:
        """The losses by epoch of each optimizer, and those of the rows that it was judged by."""
        found = {}
        for run in self.runs:
            name, history = run.setup.settings.optimizer, run.trained.state.history
            found[name] = [epoch.loss for epoch in history]
            if run.setup.parts.judged_by:
                found[f"{name} test"] = [e.test_loss for e in history if e.test_loss is not None]
        return found
