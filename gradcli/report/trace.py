"""The steps behind a value, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy.typing as npt
from rich.text import Text

from gradcli.report.arrays import GAP, MOST_ROWS, both_ends, fitting, rows_of, summary
from gradcli.report.layout import spans
from gradcli.report.numbers import columns, shape_text, text
from gradcli.report.report import Screen
from gradcli.trace import Trace, Use

_SPACE = "  "
_LEAST = len(_SPACE) + 1
"""What a number takes at least."""


def trace_texts(trace: Trace, scalar: str, screen: Screen) -> Iterator[Text]:
    """Every leaf and every step: name, op and shape; value; gradient of the ``scalar``; rule.

    Where a value is used more than once, what each use adds to its gradient.
    """
    yield Text(f"\nsteps: dz is the gradient of the {scalar} by z, g that by the step's value")
    for leaf in trace.leaves:
        yield Text.assemble((leaf.name, "bold"), (f"  {shape_text(leaf.value.shape)}", "dim"))
        slope = f"  d{scalar}/d{leaf.name}"
        yield from _numbers("  value".ljust(len(slope)), leaf.value, screen)
        if leaf.gradient is not None:
            yield from _gradient(slope, leaf.gradient, trace.uses.get(leaf.name, []), screen)
    for step in trace.steps:
        made = step.call.removeprefix(step.name)
        yield Text.assemble((step.name, "bold"), made, (f"  {shape_text(step.value.shape)}", "dim"))
        slope = f"  d{scalar}/d{step.name}"
        yield from _numbers("  value".ljust(len(slope)), step.value, screen)
        yield from _gradient(slope, step.gradient, trace.uses.get(step.name, []), screen)
        if step.rule:
            yield Text.assemble(("  rule".ljust(len(slope)), "dim"), f"  {step.rule}")


def _gradient(
    head: str, gradient: npt.NDArray[Any], uses: Sequence[Use], screen: Screen
) -> Iterator[Text]:
    """The ``gradient``; of a number, as the sum of its ``uses``, of an array, below it."""
    kept = both_ends(len(uses), len(uses) if screen.whole else MOST_ROWS)
    if uses and not gradient.ndim:
        parts = [GAP if i is None else _part(uses[i], screen) for i in kept]
        total = text(gradient, screen)
        yield Text.assemble((head, "dim"), f"{_SPACE}{' + '.join(parts)} = {total}")
        return
    yield from _numbers(head, gradient, screen)
    for i in kept:
        by = f"{_SPACE}{_SPACE}{GAP if i is None else f'by {uses[i].by}'}".ljust(len(head))
        if i is None:
            yield Text(by, style="dim")
        else:
            yield from _numbers(by, uses[i].gradient, screen)


def _part(use: Use, screen: Screen) -> str:
    return f"{text(use.gradient, screen)} (by {use.by})"


def _numbers(head: str, array: npt.NDArray[Any], screen: Screen) -> Iterator[Text]:
    """One line for each row of ``array``, with ``head`` before the first.

    What is wider than the screen goes on below where all of it is asked for, else the columns
    in the middle are left out.
    """
    if not array.size:
        yield Text.assemble((head, "dim"), "  empty")
        return
    grid = rows_of(array)
    if not screen.whole and len(grid) > MOST_ROWS:
        yield Text.assemble((head, "dim"), f"  {summary(array, screen)}")
        return
    cells, widths = _cells(grid, screen)
    room = None if screen.width is None else screen.width - len(head)
    if room is not None and max(widths) > room:  # too narrow a screen for both
        yield Text(head, style="dim")
        head = ""
        room = screen.width
    for line in _lines(cells, widths, room, screen.whole, grid.shape[1]):
        yield Text.assemble((head, "dim"), line)
        head = " " * len(head)


def _cells(grid: npt.NDArray[Any], screen: Screen) -> tuple[list[list[str]], list[int]]:
    """The numbers of the columns that may fit, and how wide each column is with its space."""
    if not screen.whole:
        near = both_ends(grid.shape[1], max(3, (screen.width or 0) // _LEAST))
        grid = grid[:, [j for j in near if j is not None]]
    cells = columns(grid, screen.digits).tolist()
    return cells, [len(cell) + len(_SPACE) for cell in cells[0]]


def _lines(
    cells: list[list[str]], widths: list[int], room: int | None, whole: bool, count: int
) -> Iterator[str]:
    if room is None or whole:
        for first, last in spans(widths, room):
            for row in cells:
                yield "".join([_SPACE + cell for cell in row[first:last]]).rstrip()
        return
    kept = both_ends(len(widths), len(widths))
    if len(widths) < count or sum(widths) > room:
        kept = both_ends(len(widths), fitting(widths, room - len(_SPACE + GAP)))
    for row in cells:
        yield "".join([_SPACE + (GAP if j is None else row[j]) for j in kept]).rstrip()
