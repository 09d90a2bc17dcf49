"""Activation functions as tables, documents and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from rich import box
from rich.table import Table

from gradcli.engine import REGISTRY, GradientTape, Tensor
from gradcli.errors import GradcliError
from gradcli.model.network import activate
from gradcli.report.numbers import text
from gradcli.report.plots import new_figure
from gradcli.report.report import Screen

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Curve(NamedTuple):
    """An activation at some points, each (n,)."""

    name: str
    x: npt.NDArray[Any]
    value: npt.NDArray[Any]
    derivative: npt.NDArray[Any]
    """Of the value at the same point."""


def tabulate(name: str, low: float, high: float, points: int, dtype: str) -> Curve:
    """``points`` evenly spaced from ``low`` to ``high``, with value and derivative.

    Raises GradcliError for an activation of all entries of a row together: it is no curve.
    """
    if "axis" in REGISTRY.get(name, REGISTRY["identity"]).names:
        raise GradcliError(
            f"{name} is a function of a whole row, not of one number: "
            f'gradcli formula "{name}(x)" x=1,2,3 --jacobian'
        )
    x = np.linspace(low, high, points).astype(dtype)
    tensor = Tensor(x)
    with np.errstate(all="ignore"):
        with GradientTape() as tape:
            tape.watch(tensor)
            value = activate(0, name, tensor)
        derivative = tape.gradient(value, tensor).value if value is not tensor else np.ones_like(x)
    return Curve(name, x, value.value, derivative)


def curve_table(curve: Curve, width: int | None) -> Any:
    screen = Screen(width, None if width is None else 6)
    table = Table(box=box.ROUNDED, header_style="dim", title=curve.name)
    for column in ("x", "value", "derivative"):
        table.add_column(column, justify="right", overflow="fold")
    for row in zip(curve.x, curve.value, curve.derivative):
        table.add_row(*[text(number, screen) for number in row])
    yield table


def curve_document(curve: Curve) -> dict[str, Any]:
    return {
        "activation": curve.name,
        "x": curve.x,
        "value": curve.value,
        "derivative": curve.derivative,
    }


def curve_figure(curve: Curve) -> Figure:
    """Both curves."""
    figure, [axes] = new_figure()
    axes.plot(curve.x, curve.value, label=curve.name)
    axes.plot(curve.x, curve.derivative, "--", label="derivative")
    axes.set_xlabel("x")
    axes.legend()
    axes.grid(alpha=0.3)
    return figure
