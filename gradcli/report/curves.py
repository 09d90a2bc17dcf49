"""Activation functions as tables, documents and pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.text import Text

from gradcli.model.curves import Curve
from gradcli.report.layout import grid
from gradcli.report.numbers import text
from gradcli.report.plots import new_figure
from gradcli.report.report import Screen

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEADS = ("x", "value", "derivative")


class CurveReport(NamedTuple):
    """A Report of a Curve; ``drawn`` has more points of it, for the picture."""

    curve: Curve
    drawn: Curve

    def document(self) -> dict[str, Any]:
        return {"activation": self.curve.name, **dict(zip(_HEADS, self.curve[1:]))}

    def tables(self, screen: Screen) -> Iterator[Any]:
        yield Text(self.curve.name, style="bold")
        yield from grid(_HEADS, [*zip(*self.curve[1:])], screen)

    def rows(self) -> Iterator[Sequence[Any]]:
        yield _HEADS
        for row in zip(*self.curve[1:]):
            yield [text(number) for number in row]

    def figure(self) -> Figure:
        """Both curves."""
        figure, [axes] = new_figure()
        axes.plot(self.drawn.x, self.drawn.value, label=self.drawn.name)
        axes.plot(self.drawn.x, self.drawn.derivative, "--", label="derivative")
        axes.set_xlabel("x")
        axes.legend()
        axes.grid(alpha=0.3)
        return figure
