"""Pictures, with matplotlib (the extra ``plot``)."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any

from gradcli.check.sweep import Sweep
from gradcli.errors import SpecError
from gradcli.report.replace import replace_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_figure(columns: int = 1, width: int = 1, rows: int = 1) -> tuple[Figure, list[Any]]:
    """A figure without a window, with ``rows`` of ``columns`` axes each, row by row.

    Raises SpecError saying what to install where matplotlib is missing.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise SpecError(
            "plot", "needs matplotlib: install gradcli with the extra plot, gradcli[plot]"
        ) from None
    # Margins by hand: a layout engine's solver warns on some screens, and takes its time.
    width = max(columns, width)
    figure = Figure(figsize=(6.4 * width, 4.8 * rows))
    figure.subplots_adjust(left=0.14 / width, right=1 - 0.05 / width, wspace=0.2)
    figure.subplots_adjust(bottom=0.12 / rows, top=1 - 0.12 / rows, hspace=0.3)
    return figure, [figure.add_subplot(rows, columns, i + 1) for i in range(rows * columns)]


def caption(text: str) -> str:
    """``text`` for a picture: not longer than a line, its dollars no mathematics."""
    text = text if len(text) <= 100 else f"{text[:97]}..."
    return text.replace("$", r"\$")


def save_plot(path: str, draw: Callable[[], Figure]) -> None:
    """Draw and write to ``path``, .png .svg or .pdf, whole or not at all.

    The same picture gives the same bytes: no date, and no names at random.
    """
    kind = os.path.splitext(path)[1][1:].lower()
    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what matplotlib thinks of a font or a tick is no answer
        figure = draw()

    def write(file: IO[bytes]) -> None:
        from matplotlib import rc_context

        with warnings.catch_warnings(), rc_context({"svg.hashsalt": "gradcli"}):
            warnings.simplefilter("ignore")
            figure.savefig(file, format=kind, dpi=150, metadata=dates.get(kind))

    replace_file(path, write)


def sweep_figure(sweep: Sweep, title: str) -> Figure:
    """Error against step, both on logarithmic axes, the best step marked."""
    figure, [axes] = new_figure()
    rows = [row for row in sweep.rows if 0 < row.max_rel_error < math.inf]
    axes.loglog([r.step for r in rows], [r.max_rel_error for r in rows], marker="o")
    if sweep.best and sweep.best.max_rel_error > 0:
        axes.plot(
            sweep.best.step,
            sweep.best.max_rel_error,
            "*",
            color="#d55e00",
            markersize=12,
            label="best step",
        )
        axes.legend()
    axes.set_xlabel("step h, times max(1, |x|)")
    axes.set_ylabel("largest relative error")
    axes.set_title(caption(f"{sweep.method} differences: {title}"), fontsize="small")
    axes.grid(alpha=0.3)
    return figure
