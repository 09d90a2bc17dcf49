"""Pictures of formulas and walks: surface and contours, curves, losses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.descent import Descent
from gradcli.errors import GradcliError
from gradcli.formula import Formula
from gradcli.problem import Problem
from gradcli.report.map import Surface, stretches
from gradcli.report.plots import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GRID = 120
"""Points along each axis of a picture."""


def walk_figure(problem: Problem, walk: Descent) -> Figure:
    """Surface and contours with the walk, a curve with it, or the value by step."""
    if walk.points is not None and len(walk.end) == 2:
        return _surface(problem, walk.points)
    if walk.points is not None:
        return _curve(problem, walk.points)
    figure, [axes] = new_figure()
    axes.plot(walk.values)
    if walk.values and min(walk.values) > 0:
        axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.set_ylabel("value")
    axes.set_title(problem.title, fontsize="small")
    axes.grid(alpha=0.3)
    return figure


def formula_figure(formula: Formula) -> Figure:
    """The formula around its point: a surface of two variables, a curve of one."""
    at = formula.primals
    if np.ndim(formula.value) or any(v.ndim for v in at.values()) or len(at) > 2:
        raise GradcliError("--plot: needs a formula of one or two scalar variables: see --wrt")
    point = tuple(float(v) for v in at.values())
    return _surface(formula, [point]) if len(at) == 2 else _curve(formula, [point])


def _surface(problem: Problem, points: list[tuple[float, ...]]) -> Figure:
    surface = Surface(problem, points, GRID, GRID)
    x, y = np.meshgrid(surface.x, surface.y)
    z = np.where(np.isfinite(surface.z), surface.z, np.nan)
    figure, _ = new_figure(0, width=2)
    solid = figure.add_subplot(1, 2, 1, projection="3d")
    solid.plot_surface(x, y, z, cmap="viridis", alpha=0.8, linewidth=0)
    flat = figure.add_subplot(1, 2, 2)
    levels = np.unique(np.nanquantile(z, np.linspace(0, 1, 16)))
    if levels.size > 1:
        flat.contour(x, y, z, levels=levels, cmap="viridis")
    path = np.array(points)
    heights = [float(problem.forward(dict(zip(surface.names, map(np.float64, p))), _same))
               for p in points]  # fmt: skip
    solid.plot(path[:, 0], path[:, 1], heights, "r.-", markersize=3)
    flat.plot(path[:, 0], path[:, 1], "r.-", markersize=3)
    flat.plot(*path[-1], "g*", markersize=12)
    for axes in (solid, flat):
        axes.set_xlabel(surface.names[0])
        axes.set_ylabel(surface.names[1])
    flat.set_title(problem.title, fontsize="small")
    return figure


def _curve(problem: Problem, points: list[tuple[float, ...]]) -> Figure:
    """The value and its derivative by one variable, with the points on the curve."""
    [name] = problem.primals
    xs = np.array([p[0] for p in points])
    xs = xs[np.isfinite(xs)]
    [(low, high)] = stretches(points, margin=0.3, least=20 / 3)
    grid = np.linspace(low, high, 4 * GRID)
    step = problem.stepper()
    with np.errstate(all="ignore"):
        both = [step({name: np.asarray(x)[()]}) for x in grid]
        heights = [float(step({name: np.asarray(x)[()]})[0]) for x in xs]
    figure, [axes] = new_figure()
    axes.plot(grid, [float(value) for value, _ in both], label="value")
    axes.plot(grid, [float(g[name]) for _, g in both], "--", label="derivative")
    axes.plot(xs, heights, "r.-", markersize=4)
    axes.set_xlabel(name)
    axes.legend()
    axes.set_title(problem.title, fontsize="small")
    axes.grid(alpha=0.3)
    return figure


def _same(name: str, value: Any) -> Any:
    return value
