"""Pictures of gradients that are arrays: a panel for each parameter."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.errors import SpecError
from gradcli.problem import Arrays
from gradcli.report.numbers import norm, shape_text
from gradcli.report.plots import caption, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_PANELS = 12
_MOST_BARS = 64
_MOST_NUMBERS = 60
"""Entries up to which their numbers are written into a panel."""
_COLOURS = "PuOr_r"
"""From purple below 0 to orange above, told apart whatever colours one sees; white is 0."""


def gradients_figure(title: str, gradients: Arrays) -> Figure:
    """Matrices as heat maps, vectors as bars, all scalars as one panel of bars.

    Above a dozen panels, the norm of each gradient instead. Raises SpecError without gradients.
    """
    scalars = {name: g for name, g in gradients.items() if g.ndim == 0}
    arrays = {name: g for name, g in gradients.items() if g.size and g.ndim}
    panels = len(arrays) + bool(scalars)
    if not panels:
        raise SpecError("plot", "there is no gradient to draw")
    if panels > _MOST_PANELS:
        figure, [axes] = new_figure()
        _bars(axes, [float(norm(g)) for g in gradients.values()], list(gradients))
        axes.set_title(f"norm of each gradient of {caption(title)}", fontsize="small")
        return figure
    columns = min(panels, math.ceil(math.sqrt(panels)))
    rows = math.ceil(panels / columns)
    figure, all_axes = new_figure(columns, rows=rows)
    figure.suptitle(caption(title), fontsize="small")
    for axes in all_axes[panels:]:
        axes.remove()
    for axes, (name, gradient) in zip(all_axes, arrays.items()):
        head = f"gradient by {caption(name)}  {shape_text(gradient.shape)}"
        axes.set_title(head, fontsize="small")
        if gradient.ndim == 1 and gradient.size <= _MOST_BARS:
            _bars(axes, gradient.tolist(), [str(i) for i in range(gradient.size)])
        else:
            _heat(figure, axes, gradient.reshape(-1, gradient.shape[-1]))
    if scalars:
        axes = all_axes[len(arrays)]
        axes.set_title("gradient", fontsize="small")
        _bars(axes, [float(g) for g in scalars.values()], list(scalars))
    return figure


def _bars(axes: Any, heights: list[float], names: list[str]) -> None:
    at = range(len(heights))
    axes.bar(at, heights, color="#0072b2")
    axes.axhline(0, color="black", linewidth=0.8)
    every = math.ceil(len(names) / 16)
    axes.set_xticks(at[::every], [caption(name) for name in names[::every]], fontsize="small")


def _heat(figure: Any, axes: Any, grid: Any) -> None:
    """The entries by colour, the same on both sides of 0; grey where there is no number."""
    finite = np.abs(grid[np.isfinite(grid)])
    largest = float(finite.max(initial=0.0)) or 1.0
    axes.set_facecolor("0.6")
    shown = np.where(np.isfinite(grid), grid, np.nan)
    image = axes.imshow(shown, cmap=_COLOURS, vmin=-largest, vmax=largest, aspect="auto")
    figure.colorbar(image, ax=axes)
    for ticks, count in ((axes.set_xticks, grid.shape[1]), (axes.set_yticks, grid.shape[0])):
        ticks(range(0, count, math.ceil(count / 10)))
    if grid.size <= _MOST_NUMBERS:
        for (row, column), value in np.ndenumerate(grid):
            dark = np.isfinite(value) and abs(value) > 0.6 * largest
            style = {"ha": "center", "va": "center", "color": "white" if dark else "black"}
            axes.text(column, row, f"{value:.3g}", fontsize="x-small", **style)
