"""Pictures of several walks: all paths on the surface or the curve, or the values by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.descent import Descent
from gradcli.descent.profile import profile
from gradcli.descent.surface import Points, surface
from gradcli.problem import Problem
from gradcli.report.landscape_plots import (
    GRID,
    HALO,
    PATH,
    START,
    Mark,
    curves,
    every,
    known_minima,
    label,
    surface_figure,
)
from gradcli.report.plots import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Told apart by dashes and markers, too, whatever colours one sees; the curves have two more.
_COLOURS = ("#000000", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#666666", "#800000")
_DASHES = ("-", "--", "-.", ":")
_MARKERS = "o^svDPX"


def comparison_figure(
    problem: Problem,
    walks: Sequence[Descent],
    low: Sequence[float] = (),
    high: Sequence[float] = (),
) -> Figure:
    """Surface and contours, or the curve, with the path of each walk; or the values by step.

    ``low`` and ``high`` are the ends of the variables' range: see ``descent.surface``. Where
    they are not given, all walks are shown whole but those that diverge.
    """
    if walks[0].points is None:
        return _values(problem, walks)
    steady = [walk for walk in walks if walk.stopped != "nonfinite" and walk.trend != "diverging"]
    shown = [point for walk in steady or walks for point in walk.points or ()]
    draw = _surface if len(walks[0].end) == 2 else _curve
    return draw(problem, walks, shown, low, high)


def _surface(
    problem: Problem,
    walks: Sequence[Descent],
    shown: Points,
    low: Sequence[float],
    high: Sequence[float],
) -> Figure:
    found = surface(problem, shown, GRID, GRID, low, high)
    marks = known_minima(found)
    for i, walk in enumerate(walks):
        path = np.array(walk.points)
        heights = np.array(walk.values)
        name, style = walk.settings.optimizer, _style(i) | {"markevery": every(path)}
        marks += [Mark("_", path, heights, HALO), Mark(name, path, heights, style)]
    start = Mark("start", path[:1], heights[:1], START)
    return surface_figure(found, [*marks, start], problem.title)


def _curve(
    problem: Problem,
    walks: Sequence[Descent],
    shown: Points,
    low: Sequence[float],
    high: Sequence[float],
) -> Figure:
    found = profile(problem, shown, 4 * GRID, low, high)
    figure, axes = curves(found, problem.title, to_the_ends=True)
    for i, walk in enumerate(walks):
        x, y = np.array(walk.points)[:, 0], np.array(walk.values)
        y[~((found.value.x[0] <= x) & (x <= found.value.x[-1]))] = np.nan
        axes.plot(x, y, **_style(i), markevery=every(x), label=walk.settings.optimizer)
    axes.plot(x[:1], y[:1], label="start", **START)
    axes.legend()
    return figure


def _values(problem: Problem, walks: Sequence[Descent]) -> Figure:
    figure, [axes] = new_figure()
    for i, walk in enumerate(walks):
        axes.plot(walk.values, **_style(i) | {"marker": ""}, label=walk.settings.optimizer)
    values = np.concatenate([walk.values for walk in walks])
    finite = values[np.isfinite(values)]
    if finite.size and finite.min() >= 0 < finite.max():
        axes.set_yscale("log")
    label(axes, "step", "value", problem.title)
    axes.legend()
    return figure


def _style(i: int) -> dict[str, Any]:
    colour, dashes, marker = (
        choices[i % len(choices)] for choices in (_COLOURS, _DASHES, _MARKERS)
    )
    return PATH | {"color": colour, "linestyle": dashes, "marker": marker}
