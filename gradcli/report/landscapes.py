"""The list of landscapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from gradcli.formula import LANDSCAPES
from gradcli.report.report import Report, Screen


class LandscapeList(Report):
    """A Report of the landscapes that there are."""

    def document(self) -> dict[str, Any]:
        return {
            name: {
                "formula": landscape.formula,
                "minima": [{"x": x, "y": y, "value": v} for x, y, v in landscape.minima],
                "source": landscape.source,
                "start": list(landscape.start),
                "lr": landscape.walk.lr,
                "steps": landscape.walk.steps,
            }
            for name, landscape in LANDSCAPES.items()
        }

    def tables(self, screen: Screen) -> Iterator[Any]:
        for name, landscape in LANDSCAPES.items():
            minima = ", ".join(f"({x:g}, {y:g})" for x, y, _ in landscape.minima)
            yield Text(name, style="bold")
            yield Text(f"  {landscape.formula}")
            yield Text(f"  minimum {landscape.minima[0][2]:g} at {minima}")
            yield Text(f"  {landscape.source}", style="dim")

    def rows(self) -> Iterator[Sequence[Any]]:
        yield "name", "formula", "x", "y", "value"
        for name, landscape in LANDSCAPES.items():
            for minimum in landscape.minima:
                yield name, landscape.formula, *minimum
