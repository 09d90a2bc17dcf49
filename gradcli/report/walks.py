"""Walks as rich renderables and documents."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from rich import box
from rich.table import Table
from rich.text import Text

from gradcli.descent import Descent, Settings
from gradcli.problem import Problem
from gradcli.report.map import Map
from gradcli.report.numbers import text
from gradcli.report.report import Screen

NEAR = 0.01
"""How near to a published minimum a walk must end for it to be named."""

_STOPPED = {
    "tol": "stopped: the gradient's norm is at most --tol",
    "nonfinite": "stopped: the value or its gradient is not finite",
    "interrupted": "stopped: interrupted",
}


def walk_tables(
    problem: Problem, walk: Descent, settings: Settings, width: int | None, drawn: bool
) -> Iterator[Any]:
    """Title, a row for each shown step, where it ended, and with ``drawn`` a map of it."""
    screen = Screen(width, None if width is None else 6)
    how = f"{settings.optimizer}, lr {settings.lr:g}, {settings.steps} steps"
    yield Text(f"descend {problem.title}", style="bold")
    yield Text(how, style="dim")
    names = [n for n, v in walk.end.items() if problem.shows_point and np.ndim(v) == 0]
    if problem.shows_point and len(names) < len(walk.end):
        names = []  # arrays among them: their norm stands for all
    table = Table(box=box.ROUNDED, header_style="dim")
    columns = ["step", *(names or ["norm"]), "value", "grad norm"]
    for column in columns:
        table.add_column(column, justify="right", overflow="fold")
    for row in walk.path:
        at = [text(row.at[n], screen) for n in names] if row.at is not None and names else []
        table.add_row(
            str(row.step), *(at or [_short(row.norm, screen)]),
            _short(row.value, screen), _short(row.grad_norm, screen),
        )  # fmt: skip
    yield table
    if drawn and walk.points is not None and len(walk.end) == 2:
        yield Map(problem, walk)
    where = ", ".join(f"{n} {text(walk.end[n], screen)}" for n in names)
    steps = f"{walk.steps} step{'s' * (walk.steps != 1)}"
    place = f" at {where}" if where else ""
    yield Text.assemble(f"after {steps}: value ", (text(walk.value, screen), "bold cyan"), place)
    if walk.stopped:
        yield Text(_STOPPED[walk.stopped])
    minimum = reached(problem, walk)
    if minimum:
        yield Text(minimum, style="green")


def _short(value: float, screen: Screen) -> str:
    return text(np.float64(value), screen)


def reached(problem: Problem, walk: Descent) -> str | None:
    """The published minimum at which a walk on a landscape ended, if it did."""
    if not problem.minima or walk.points is None:
        return None
    x, y = walk.points[-1]
    for mx, my, value in problem.minima:
        if math.hypot(x - mx, y - my) <= NEAR:
            return f"the minimum at ({mx:.4f}, {my:.4f}), value {value:g}"
    return None


def walk_document(walk: Descent) -> dict[str, Any]:
    """What ``--json`` prints for a walk: see the README for the contract."""
    document = {
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
    }
    if walk.stopped:
        document["stopped"] = walk.stopped
    return document
