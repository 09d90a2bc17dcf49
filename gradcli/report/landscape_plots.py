"""Pictures of formulas and walks: surface and contours, curves, values by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradcli.descent import Descent
from gradcli.descent.profile import Profile, profile
from gradcli.descent.surface import Points, Surface, surface
from gradcli.problem import Arrays, Problem
from gradcli.report.gradient_plots import gradients_figure
from gradcli.report.plots import caption, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GRID = 120
"""Points along each axis of a picture."""
_LIFT = 0.02
"""How far above the surface the walk is drawn, of its whole height: it would sink in else."""

# Told apart by shape and by brightness, whatever colours one sees.
HALO = {"color": "white", "linewidth": 3}
PATH = {"color": "black", "linewidth": 1.2, "marker": "o", "markersize": 3}
_MARK = {"linestyle": "none", "markeredgecolor": "black"}
START = {**_MARK, "color": "white", "marker": "s", "markersize": 8}
END = {**_MARK, "color": "#d55e00", "marker": "*", "markersize": 14}
_MINIMUM = {**_MARK, "color": "white", "marker": "X", "markersize": 9}
_POINT = {**END, "marker": "o", "markersize": 8}


class Mark(NamedTuple):
    """Points over a surface, with their heights; a name that begins with _ is in no legend."""

    name: str
    at: Any
    heights: Any
    style: dict[str, Any]


def walk_figure(
    problem: Problem, walk: Descent, low: Sequence[float] = (), high: Sequence[float] = ()
) -> Figure:
    """Surface and contours with the walk, a curve with it, or the value by step.

    ``low`` and ``high`` are the ends of the variables' range: see ``descent.surface``.
    """
    if walk.points is not None and len(walk.end) == 2:
        return _surface(problem, walk.points, low, high)
    if walk.points is not None:
        return _curve(problem, walk.points, low, high)
    figure, [axes] = new_figure()
    axes.plot(walk.values, color="black")
    if walk.values and min(walk.values) > 0:
        axes.set_yscale("log")
    label(axes, "step", "value", problem.title)
    return figure


def problem_figure(
    problem: Problem, gradients: Arrays, low: Sequence[float] = (), high: Sequence[float] = ()
) -> Figure:
    """A problem of one or two scalar variables around its point, or else its ``gradients``.

    These are by variable; Jacobians will do. Raises SpecError where there are none.
    """
    if len(gradients) in (1, 2) and all(np.ndim(g) == 0 for g in gradients.values()):
        draw = _surface if len(gradients) == 2 else _curve
        return draw(problem, [tuple(float(v) for v in problem.primals.values())], low, high)
    return gradients_figure(problem.title, gradients)


def _surface(
    problem: Problem, points: Points, low: Sequence[float], high: Sequence[float]
) -> Figure:
    found = surface(problem, points, GRID, GRID, low, high)
    return surface_figure(found, _marks(found), problem.title)


def surface_figure(found: Surface, marks: Sequence[Mark], title: str) -> Figure:
    """A surface and its contours, with ``marks`` over both, from below."""
    x, y = np.meshgrid(found.x, found.y)
    z = _bounded(found.z)
    figure, _ = new_figure(0, width=2)
    solid: Any = figure.add_axes((0.0, 0.03, 0.46, 0.9), projection="3d", computed_zorder=False)
    solid.plot_surface(x, y, z, cmap="cividis", alpha=0.75, linewidth=0, zorder=1)
    flat = figure.add_axes((0.57, 0.12, 0.41, 0.78))
    heights = z[np.isfinite(z)]
    levels: Any = np.unique(np.quantile(heights, np.linspace(0, 1, 16))) if heights.size else []
    if len(levels) > 1:
        flat.contourf(x, y, found.z, levels, cmap="cividis", alpha=0.6, extend="both")
        lines = flat.contour(x, y, found.z, levels, cmap="cividis")
        flat.clabel(lines, levels[1:-1:2], fmt="%.3g", fontsize="x-small", colors="black")
    flat.set_xlim(found.x[0], found.x[-1])
    flat.set_ylim(found.y[0], found.y[-1])
    lift = _LIFT * float(np.ptp(heights)) if heights.size else 0.0
    for name, at, values, style in marks:
        there = np.array([found.cell(point) is not None for point in at])
        shown = np.where(there[:, None], at, np.nan)
        solid.plot(*shown.T, np.where(there, values + lift, np.nan), zorder=5, label=name, **style)
        flat.plot(*shown.T, zorder=5, label=name, **style)
    label(solid, *found.names, "")
    solid.set_zlabel("value")
    label(flat, *found.names, title)
    if len(marks) > 1:
        flat.legend(fontsize="x-small")
    return figure


def _marks(found: Surface) -> list[Mark]:
    path, heights = found.path, found.heights
    if len(path) == 1:
        marks = [Mark("point", path, heights, _POINT)]
    else:
        marks = [
            Mark("_", path, heights, HALO),
            Mark("path", path, heights, PATH | {"markevery": every(path)}),
            Mark("start", path[:1], heights[:1], START),
            Mark("end", path[-1:], heights[-1:], END),
        ]
    return [*known_minima(found), *marks]


def known_minima(found: Surface) -> list[Mark]:
    if not len(found.minima):
        return []
    return [Mark("known minimum", found.minima, found.depths, _MINIMUM)]


def every(path: Any) -> int:
    """Of how many points one has a marker."""
    return max(1, len(path) // 200)


def _bounded(z: Any) -> Any:
    """``z`` without what runs off to infinity around a pole, which would flatten all else."""
    finite = z[np.isfinite(z)]
    if not finite.size:
        return z
    low, high = np.quantile(finite, [0.02, 0.98])
    beyond = 3 * (high - low)
    return np.where((z < low - beyond) | (z > high + beyond), np.nan, z) if beyond else z


def _curve(problem: Problem, points: Points, low: Sequence[float], high: Sequence[float]) -> Figure:
    """The value and its derivative by one variable, with the points on the curve."""
    found = profile(problem, points, 4 * GRID, low, high)
    figure, axes = curves(found, problem.title, bool(len(low) or len(high)))
    path = found.path
    if len(points) == 1:
        axes.plot(*path, label="point", **_POINT | {"color": "black"})
    else:
        axes.plot(*path, **PATH, markevery=every(path.x), label="path")
        axes.plot(path.x[:1], path.y[:1], label="start", **START)
        axes.plot(path.x[-1:], path.y[-1:], label="end", **END)
    axes.legend()
    return figure


def curves(found: Profile, title: str, to_the_ends: bool) -> tuple[Figure, Any]:
    """The value and the derivative along one variable, and the axes that they are on."""
    figure, [axes] = new_figure()
    axes.plot(*found.value, color="#0072b2", label="value")
    axes.plot(*found.derivative, "--", color="#d55e00", label="derivative")
    if to_the_ends:
        axes.set_xlim(found.value.x[0], found.value.x[-1])
    if found.reach is not None:
        axes.set_ylim(*found.reach)
    label(axes, found.name, "", title)
    return figure, axes


def label(axes: Any, x: str, y: str, title: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_title(caption(title), fontsize="small")
    axes.grid(alpha=0.3)
