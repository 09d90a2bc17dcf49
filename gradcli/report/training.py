"""Trainings as rich renderables, documents, rows and pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.text import Text

from gradcli.descent.checkpoint import checkpoint
from gradcli.descent.training import Epoch, Setup, Trained, steps_an_epoch
from gradcli.report.layout import grid
from gradcli.report.measures import measure_tables
from gradcli.report.numbers import text
from gradcli.report.plots import caption, new_figure
from gradcli.report.report import Screen
from gradcli.report.running import RunningTable
from gradcli.report.walks import SMALL, array_shown, way
from gradcli.suggest import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def title(setup: Setup, how: str | None = None) -> Iterator[Text]:
    """What is trained, ``how``, and on what."""
    training, plan = setup.training, setup.plan
    yield Text(f"descend {training.model.title}", style="bold")
    rows, judged_by = len(setup.parts.trained), setup.parts.judged_by
    steps = steps_an_epoch(rows, training.batch)
    epochs = f"{counted(plan.epochs, 'epoch')} of {counted(steps, 'step')}"
    held = f", {judged_by:,} to judge by" * bool(judged_by)
    parts = [how or way(setup.settings), epochs, f"{counted(rows, 'row')}{held}"]
    yield Text("; ".join(parts), style="dim")


class TrainingLines:
    """A training on the screen while it goes on: its title, and a table epoch by epoch.

    Nothing is shown where a table of all columns would be wider than the screen.
    """

    def __init__(self, setup: Setup, screen: Screen) -> None:
        self.setup = setup
        self.screen = screen
        self._table: RunningTable | None = None
        self.begun = self._of(_WIDEST).fits

    def begin(self) -> Iterator[Any]:
        """What stands above the table."""
        return title(self.setup) if self.begun else iter(())

    def row(self, epoch: Epoch) -> Iterator[Any]:
        """What ``epoch`` adds to the screen."""
        if not self.begun:
            return
        if self._table is None:
            self._table = self._of(epoch)
            yield from self._table.top()
        yield self._table.row(epoch.epoch, _values(epoch))

    def end(self) -> Iterator[Any]:
        """The table's last line."""
        if self._table is not None:
            yield self._table.bottom()

    def _of(self, epoch: Epoch) -> RunningTable:
        return RunningTable(_heads(epoch), _values(epoch), self.setup.plan.epochs, self.screen)


_WIDEST = Epoch(1, 0.0, 0.0, 0.0, 0.0)


class TrainingReport(NamedTuple):
    """A Report of a training that has ended."""

    setup: Setup
    trained: Trained

    def document(self) -> dict[str, Any]:
        trained = self.trained
        return {
            "history": [
                {name: value for name, value in epoch._asdict().items() if value is not None}
                for epoch in trained.state.history
            ],
            "steps": trained.state.optimizer.taken,
            "params": {**self.setup.training.model.parameters, **trained.state.params},
            **({"moving": trained.state.moving} if trained.state.moving else {}),
            **({"stopped": trained.stopped} if trained.stopped else {}),
            **trained.measured,
        }

    def archive(self) -> dict[str, Any]:
        """The same, and what another training needs to go on from here."""
        return {**self.document(), **checkpoint(self.setup, self.trained)}

    def tables(self, screen: Screen) -> Iterator[Any]:
        history = self.trained.state.history
        if not screen.begun:
            yield from title(self.setup)
            shown = [epoch for epoch in history if self.trained.plan.shows(epoch.epoch)]
            if shown:
                rows = [[epoch.epoch, *_values(epoch)] for epoch in shown]
                yield from grid(_heads(shown[0]), rows, screen)
        arrays = self.trained.state.params | self.trained.state.moving
        small = SMALL if sum(array.size for array in arrays.values()) <= SMALL else 0
        for name, array in arrays.items():
            yield array_shown(name, array, screen, small)
        yield from self.ending(screen)
        yield from measure_tables(self.trained.measured, screen)

    def ending(self, screen: Screen) -> Iterator[Text]:
        """How far it came, and what it had reached by then."""
        state = self.trained.state
        epochs = counted(len(state.history), "epoch")
        if state.step:
            epochs += f" and {counted(state.step, 'step')}"
        told = []
        if state.history:
            last = zip(_heads(state.history[-1])[1:], _values(state.history[-1]))
            told = [f"{head} {text(value, screen)}" for head, value in last]
        yield Text(f"after {epochs}{': ' * bool(told)}{', '.join(told)}", style="bold")
        if self.trained.stopped == "nonfinite":
            yield Text("stopped: the loss or a parameter is not finite")
        elif self.trained.stopped:
            yield Text(f"stopped: {self.trained.stopped}")

    def rows(self) -> Iterator[Sequence[Any]]:
        """A row an epoch."""
        history = self.trained.state.history
        if history:
            yield [head.replace(" ", "_") for head in _heads(history[0])]
        for epoch in history:
            yield [epoch.epoch, *_values(epoch)]

    def figure(self) -> Figure:
        """The losses by epoch, and the accuracies beside them where there are any."""
        history = self.trained.state.history
        kinds = ["loss", "accuracy"] if history and history[0].accuracy is not None else ["loss"]
        figure, axes = new_figure(len(kinds))
        numbers = [epoch.epoch for epoch in history]
        for one, kind in zip(axes, kinds):
            for name, style in ((kind, "o-"), (f"test_{kind}", "s--")):
                values = [getattr(epoch, name) for epoch in history]
                if values and values[0] is not None:
                    one.plot(numbers, values, style, markersize=3, label=name.replace("_", " "))
            one.set_xlabel("epoch")
            one.set_ylabel(kind)
            one.grid(alpha=0.3)
            one.legend(fontsize="x-small")
        axes[0].set_title(caption(self.setup.training.model.title), fontsize="small")
        return figure


def _heads(epoch: Epoch) -> list[str]:
    return [n.replace("_", " ") for n, value in epoch._asdict().items() if value is not None]


def _values(epoch: Epoch) -> list[float]:
    return [value for value in epoch[1:] if value is not None]
