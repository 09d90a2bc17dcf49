"""Walks downhill as rich renderables, documents, rows and pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from rich.text import Text

from gradcli.descent import Descent, Row, Settings
from gradcli.problem import Problem
from gradcli.report.arrays import array_table, summary
from gradcli.report.layout import grid
from gradcli.report.map import Map
from gradcli.report.measures import measure_tables
from gradcli.report.numbers import shape_text, text
from gradcli.report.report import Screen
from gradcli.report.running import RunningTable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SMALL = 60
"""An array at the end of a walk that has more entries is summarised."""

_STOPPED = {
    "nonfinite": "stopped: the value or its gradient is not finite",
    "interrupted": "stopped: interrupted",
    "search": "stopped: the line search found no lower point",
}


class WalkLines:
    """A walk on the screen while it goes on: its title, and a table row by row.

    Where the screen is too narrow for all columns the point is left for the end.
    """

    def __init__(self, problem: Problem, settings: Settings, screen: Screen) -> None:
        self.problem = problem
        self.settings = settings
        self.screen = screen
        self._table: RunningTable | None = None
        self._first = 0

    @property
    def begun(self) -> bool:
        """Whether anything is shown: not where even two numbers are wider than the screen."""
        return self._table is not None and self._table.fits

    def row(self, row: Row) -> Iterator[Any]:
        """What ``row`` adds to the screen."""
        if self._table is None:
            self._table, self._first = _running(row, self.settings, self.screen)
            if self._table.fits:
                yield from _title(self.problem, self.settings)
                yield from self._table.top()
        if self._table.fits:
            yield self._table.row(row.step, _values(row)[self._first :])

    def end(self) -> Iterator[Any]:
        """The table's last line."""
        if self._table is not None and self._table.fits:
            yield self._table.bottom()


class WalkReport(NamedTuple):
    """A finished walk; with ``drawn``, a map of it goes on the screen.

    ``low`` and ``high`` are the ends of what its picture shows: see ``walk_figure``.
    """

    problem: Problem
    walk: Descent
    drawn: bool = False
    low: Sequence[float] = ()
    high: Sequence[float] = ()

    def document(self) -> dict[str, Any]:
        return walk_document(self.walk)

    def tables(self, screen: Screen) -> Iterator[Any]:
        walk = self.walk
        last = None
        if screen.begun:
            _, last = _running(walk.path[0], walk.settings, screen)
        else:
            yield from _title(self.problem, walk.settings)
        if last != 0:
            rows = [[row.step, *_values(row)[:last]] for row in walk.path]
            heads = _heads(walk.path[0])[: None if last is None else last + 1]
            yield from grid(heads, rows, screen)
        if self.drawn and walk.points is not None and len(walk.end) == 2:
            yield Map(self.problem, walk)
        for name, array in walk.end.items():
            if np.ndim(array):
                yield array_shown(name, array, screen)
        yield from ending(walk, screen)
        yield from measure_tables(walk.measured, screen)

    def rows(self) -> Iterator[Sequence[Any]]:
        """A row a shown step: its number, the point or its norm, the value, the norm."""
        yield [head.replace("grad norm", "grad_norm") for head in _heads(self.walk.path[0])]
        for row in self.walk.path:
            yield [row.step, *_values(row)]

    def figure(self) -> Figure:
        from gradcli.report.landscape_plots import walk_figure

        return walk_figure(self.problem, self.walk, self.low, self.high)


def walk_document(walk: Descent) -> dict[str, Any]:
    """From where to where, every shown row of the way, and how it ended."""
    return {
        "start": walk.start,
        "end": walk.end,
        "value": walk.value,
        "steps": walk.steps,
        "path": [
            {
                "step": row.step,
                **({} if row.at is None else {"at": row.at}),
                "value": row.value,
                "grad_norm": row.grad_norm,
            }
            for row in walk.path
        ],
        "converged": walk.converged,
        **({"stopped": walk.stopped} if walk.stopped else {}),
        **({"trend": walk.trend} if walk.trend else {}),
        **walk.measured,
    }


def _title(problem: Problem, settings: Settings) -> Iterator[Text]:
    yield Text(f"descend {problem.title}", style="bold")
    yield Text(f"{way(settings)}, {steps_text(settings.steps)}", style="dim")


def way(settings: Settings) -> str:
    """How a walk goes, in words: its optimizer, and what was asked for besides the defaults."""
    known = settings.options()
    told = [settings.optimizer]
    if "lr" in known:
        told.append(f"lr {known['lr']:g} {known.get('lr_schedule', '')}".rstrip())
    keys = {**settings.decay, **settings.keys}
    return ", ".join([*told, *[f"{name} {value:g}" for name, value in keys.items()]])


def steps_text(number: int) -> str:
    return f"{number} step{'s' * (number != 1)}"


def _point(row: Row) -> dict[str, Any]:
    """The numbers that stand for the point; arrays among them are shown by their norm."""
    if row.at is not None and all(np.ndim(v) == 0 for v in row.at.values()):
        return row.at
    return {"norm": row.norm}


def _running(row: Row, settings: Settings, screen: Screen) -> tuple[RunningTable, int]:
    """The table that shows a walk from ``row`` on, and how many of its values it leaves out."""
    heads, values = _heads(row), _values(row)
    for left_out in (0, len(values) - 2):
        shown = [heads[0], *heads[1 + left_out :]]
        table = RunningTable(shown, values[left_out:], settings.steps, screen)
        if table.fits:
            break
    return table, left_out


def _heads(row: Row) -> list[str]:
    return ["step", *_point(row), "value", "grad norm"]


def _values(row: Row) -> list[Any]:
    return [*_point(row).values(), row.value, row.grad_norm]


def array_shown(name: str, array: Any, screen: Screen, small: int = SMALL) -> Any:
    """An array at the end of a walk; one of more than ``small`` entries in a line."""
    title = f"{name}  {shape_text(array.shape)}"
    if array.size > small and screen.digits is not None:
        return Text.assemble((title, "bold"), f"  {summary(array, screen)}")
    return array_table(title, array, screen)


def ending(walk: Descent, screen: Screen) -> Iterator[Text]:
    """Where a walk ended and how."""
    point = [f"{n} {text(v, screen)}" for n, v in walk.end.items() if np.ndim(v) == 0]
    at = f" at {', '.join(point)}" if point else ""
    steps = steps_text(walk.steps)
    yield Text.assemble(f"after {steps}: value ", (text(walk.value, screen), "bold cyan"), at)
    if walk.stopped in _STOPPED and not walk.converged:
        yield Text(_STOPPED[walk.stopped])
    if walk.stopped != "nonfinite":
        yield _verdict(walk, screen)
    if walk.arrival is not None:
        (x, y, value), distance, reached = walk.arrival
        where = f"the minimum at ({x:.4f}, {y:.4f}), value {value:g}"
        if reached:
            yield Text(where, style="green")
        else:
            yield Text(f"{distance:.2g} from {where}")


def _verdict(walk: Descent, screen: Screen) -> Text:
    norm = f"gradient norm {text(walk.path[-1].grad_norm, screen)}"
    if walk.stopped == "tol":
        return Text(f"converged: {norm}, at most tol {walk.settings.tol:g}", style="green")
    if walk.converged:
        return Text(f"converged: {norm}", style="green")
    return Text(f"not converged: {norm}{_wrong(walk, screen)}", style="yellow")


def _wrong(walk: Descent, screen: Screen) -> str:
    """What went wrong, and the way out."""
    half = (walk.steps + 1) // 2
    over = f"over the last {steps_text(half)}"
    lower = f"lower the learning rate (it is {walk.settings.lr:g})"
    if walk.trend == "diverging":
        first, last = (text(row.value, screen) for row in (walk.path[0], walk.path[-1]))
        return f"; diverging: the value rose from {first} to {last}: {lower}"
    if walk.trend == "oscillating":
        return f"; oscillating: the value has not fallen {over}: {lower}"
    if walk.trend == "still":
        return f"; the value has not changed {over}"
    return f"; the value fell {over}: take more" if walk.steps and not walk.stopped else ""
