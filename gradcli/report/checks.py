"""Checks as rich renderables and documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from rich import box
from rich.table import Table
from rich.text import Text

from gradcli.check.check import Checked
from gradcli.check.judge import ParameterVerdict
from gradcli.check.ops import OpVerdict
from gradcli.check.sweep import Sweep
from gradcli.report.numbers import text

COLOURS = {"pass": "bold green", "fail": "bold red", "inconclusive": "bold yellow"}
_NAMED = 5
"""Entries that a table names before it goes on to count."""


def check_tables(
    checked: Checked, sweep: Sweep | None, judged: str, width: int | None
) -> Iterator[Any]:
    """Title, a table for each parameter, the sweep, the verdict and the rule behind it.

    ``judged`` is what the judged gradient is called: backprop, or given.
    """
    yield Text(f"check {checked.title}", style="bold")
    for name, verdict in checked.params.items():
        yield Text(name, style="bold")
        yield _parameter(verdict, judged)
    if sweep is not None:
        yield from _sweep(sweep)
    entries = sum(v.entries for v in checked.params.values())
    counted = f"{entries:,} entries of {len(checked.params)} parameters"
    yield Text.assemble((checked.verdict, COLOURS[checked.verdict]), f": {counted}")
    yield Text(f"rule: {checked.rule}", style="dim")


def _parameter(verdict: ParameterVerdict, judged: str) -> Table:
    table = Table(box=box.ROUNDED, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    if verdict.entries:
        table.add_row("entries", f"{verdict.entries:,}")
        table.add_row("max abs error", f"{verdict.max_abs_error:.3g}")
        table.add_row("max rel error", f"{verdict.max_rel_error:.3g}")
        table.add_row("worst entry", str(verdict.worst_index))
        table.add_row(judged, text(np.float64(verdict.backprop)))
        table.add_row("numeric", text(np.float64(verdict.numeric)))
    if verdict.failed:
        table.add_row("failed", f"{verdict.failed:,}")
    if verdict.kinks:
        table.add_row("kinks", _named(verdict.kinks))
    if verdict.below_noise:
        table.add_row("below noise", _named(verdict.below_noise))
    if verdict.unsure:
        table.add_row("not measured", _named(verdict.unsure))
    if verdict.point:
        table.add_row("judged at", verdict.point)
    table.add_row("verdict", Text(verdict.verdict, style=COLOURS[verdict.verdict]))
    if verdict.cause:
        table.add_row("cause", verdict.cause)
    return table


def _named(indices: Sequence[list[int]]) -> str:
    more = ", ..." if len(indices) > _NAMED else ""
    return f"{len(indices):,}: {', '.join(map(str, indices[:_NAMED]))}{more}"


def _sweep(sweep: Sweep) -> Iterator[Any]:
    yield Text(f"error of {sweep.method} differences against their step", style="bold")
    table = Table(box=box.ROUNDED, header_style="dim")
    for column in ("step", "max abs error", "max rel error", ""):
        table.add_column(column, justify="right")
    for row in sweep.rows:
        best = "best" if row == sweep.best else ""
        table.add_row(
            f"{row.step:.0e}", f"{row.max_abs_error:.2e}", f"{row.max_rel_error:.2e}", best
        )
    yield table


def check_document(checked: Checked, sweep: Sweep | None) -> dict[str, Any]:
    """What ``--json`` prints for a check: see the README for the contract."""
    document: dict[str, Any] = {
        "verdict": checked.verdict,
        "params": {name: _verdict_document(v) for name, v in checked.params.items()},
        "method": checked.method,
        "step": checked.step,
        "tolerance": checked.tolerance,
        "rule": checked.rule,
    }
    if sweep is not None:
        document["sweep"] = [row._asdict() for row in sweep.rows]
        document["best_step"] = sweep.best.step
    return document


def _verdict_document(verdict: ParameterVerdict) -> dict[str, Any]:
    fields = verdict._asdict()
    fields["kinks_at"], fields["kinks"] = verdict.kinks, len(verdict.kinks)
    fields["below_noise"] = len(verdict.below_noise)
    fields["not_measured_at"], fields["not_measured"] = verdict.unsure, len(fields.pop("unsure"))
    return fields


def ops_table(found: Sequence[OpVerdict]) -> Iterator[Any]:
    table = Table(box=box.ROUNDED, header_style="dim")
    table.add_column("op", overflow="fold")
    for column in ("cases", "order 1", "order 2"):
        table.add_column(column, justify="right")
    table.add_column("verdict", overflow="fold")
    for op in found:
        table.add_row(
            op.op, str(op.cases), f"{op.first_order:.1e}", f"{op.second_order:.1e}",
            Text(op.where or op.verdict, style=COLOURS[op.verdict]),
        )  # fmt: skip
    yield table
    failed = sum(op.verdict == "fail" for op in found)
    outcome = "fail" if failed else "pass"
    yield Text.assemble((outcome, COLOURS[outcome]), f": {len(found)} ops, {failed} failed")


def ops_document(found: Sequence[OpVerdict]) -> dict[str, Any]:
    return {
        "verdict": "fail" if any(op.verdict == "fail" for op in found) else "pass",
        "ops": {op.op: {k: v for k, v in op._asdict().items() if k != "op"} for op in found},
    }
