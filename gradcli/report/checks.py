"""Checks: one table with a row for each parameter, and what is to be said of some."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.text import Text

from gradcli.check.check import Checked
from gradcli.check.judge import ParameterVerdict
from gradcli.check.ops import OpVerdict
from gradcli.check.sweep import Sweep
from gradcli.errors import GradcliError
from gradcli.report.findings import findings
from gradcli.report.layout import grid
from gradcli.report.measures import measure_tables
from gradcli.report.numbers import shape_text
from gradcli.report.report import Report, Screen
from gradcli.suggest import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = {
    "pass": "bold green",
    "fail": "bold red",
    "inconclusive": "bold yellow",
    "not reached": "bold yellow",
}


class CheckReport(NamedTuple):
    """A check as a Report. ``given``: somebody else's gradients were judged, not the engine's."""

    checked: Checked
    sweep: Sweep | None = None
    given: bool = False
    explain: bool = False
    """Whether the tables end with the rule behind the verdict."""
    measured: Mapping[str, Any] = {}
    """What was asked for besides, at the problem's own point."""

    def document(self) -> dict[str, Any]:
        """What ``--json`` prints for a check: `gradcli help json` is the contract."""
        checked, sweep = self.checked, self.sweep
        document: dict[str, Any] = {
            "verdict": checked.verdict,
            "params": {name: _document(v) for name, v in checked.params.items()},
            "method": checked.method,
            "step": checked.step,
            "tolerance": checked.tolerance,
            "rule": checked.rule,
        }
        if checked.nonfinite:
            document["nonfinite"] = checked.nonfinite
        if checked.interrupted:
            document["stopped"] = "interrupted"
        if sweep is not None:
            document["sweep"] = [row._asdict() for row in sweep.rows]
            document["best_step"] = sweep.best and sweep.best.step
        return document | {**self.measured}

    def tables(self, screen: Screen) -> Iterator[Any]:
        """Title, a row for each parameter, what did not pass, the sweep and the verdict."""
        checked = self.checked
        yield Text(f"check {checked.title}", style="bold")
        yield from self._table(screen)
        for name, verdict in checked.params.items():
            for line in findings(verdict):
                yield Text.assemble((name, "bold"), f": {line}")
        if self.sweep is not None:
            yield from _sweep(self.sweep, screen)
        yield from measure_tables(self.measured, screen)
        yield Text.assemble((checked.verdict, COLOURS[checked.verdict]), f": {_summary(checked)}")
        if self.explain:
            yield Text(f"rule: {checked.rule}", style="dim")

    def _table(self, screen: Screen) -> list[Any]:
        heads, found = self._heads(), self.checked.params
        rows = [_cells(name, v) for name, v in found.items()]
        tables = list(grid(heads, rows, screen)) if rows else []
        if len(tables) > 1 and all(v.entries == math.prod(v.shape) for v in found.values()):
            at = heads.index("entries")  # of all, which their shape tells
            rows = [[*row[:at], *row[at + 1 :]] for row in rows]
            tables = list(grid([*heads[:at], *heads[at + 1 :]], rows, screen))
        return tables

    def rows(self) -> Iterator[Sequence[Any]]:
        """A row for each parameter."""
        yield ["parameter", *self._heads()[1:], "cause"]
        for name, verdict in self.checked.params.items():
            yield [*map(_plain, _cells(name, verdict)), verdict.cause]

    def figure(self) -> Figure:
        """Error against step. Raises GradcliError where there was no sweep."""
        from gradcli.report.plots import sweep_figure

        if self.sweep is None:
            raise GradcliError("without a sweep there is nothing to draw")
        return sweep_figure(self.sweep, self.checked.title)

    def _heads(self) -> list[str]:
        judged = "given" if self.given else "backprop"
        return ["", "shape", "entries", "worst", judged, "numeric", "error", "verdict"]


def _cells(name: str, verdict: ParameterVerdict) -> list[Any]:
    """A row of the table; empty cells where nothing was compared."""
    some = verdict.entries > 0
    error: Any = None if math.isnan(verdict.rel_error) else float(f"{verdict.rel_error:.2e}")
    if verdict.worst_index in verdict.below_noise:
        error = "noise"
    return [
        name,
        shape_text(verdict.shape),
        verdict.entries,
        str(verdict.worst_index) if some and verdict.shape else "",
        verdict.backprop if some else None,
        None if math.isnan(verdict.numeric) else verdict.numeric,
        error,
        Text(verdict.verdict, style=COLOURS[verdict.verdict]),
    ]


def _plain(cell: Any) -> Any:
    return cell.plain if isinstance(cell, Text) else cell


def _summary(checked: Checked) -> str:
    """What the verdict is on."""
    if checked.nonfinite:
        return f"the value is not finite: {checked.nonfinite}; nothing was compared"
    verdicts = list(checked.params.values())
    entries = counted(sum(v.entries for v in verdicts), "entry", "entries")
    noise = sum(len(v.below_noise) for v in verdicts)
    parameters = counted(len(verdicts), "parameter")
    text = f"{entries} of {parameters}"
    if checked.verdict != "pass" and not checked.interrupted:
        such = sum(v.verdict == checked.verdict for v in verdicts)
        text = f"{such:,} of {parameters}, {entries} compared"
    text += f", {noise:,} below noise" if noise else ""
    return f"{text}, interrupted" if checked.interrupted else text


def _document(verdict: ParameterVerdict) -> dict[str, Any]:
    """One parameter. ``kinks``, ``below_noise`` and ``not_measured`` are counts."""
    fields = verdict._asdict()
    worst = {
        "index": verdict.worst_index,
        "gradient": verdict.backprop,
        **{n: fields.pop(n) for n in ("numeric", "abs_error", "rel_error", "uncertainty")},
    }
    sides = zip(verdict.kinks, fields.pop("sides"))
    fields |= {
        "numeric": verdict.numeric,
        "worst": worst if verdict.entries else None,
        "kinks_at": verdict.kinks,
        "kinks": len(verdict.kinks),
        "one_sided": [{"index": index, **side._asdict()} for index, side in sides],
        "below_noise": len(verdict.below_noise),
        "not_measured_at": verdict.unsure,
        "not_measured": len(fields.pop("unsure")),
    }
    return fields


def _sweep(sweep: Sweep, screen: Screen) -> Iterator[Any]:
    yield Text(f"error of {sweep.method} differences against their step", style="bold")
    rows = []
    for row in sweep.rows:
        errors = [f"{error:.2e}" for error in (row.max_abs_error, row.max_rel_error)]
        rows.append([f"{row.step:.0e}", *errors, "best" if row == sweep.best else ""])
    yield from grid(["step", "max abs error", "max rel error", ""], rows, screen)


class OpsReport(Report):
    """The proof of ops as a Report."""

    def __init__(self, found: Sequence[OpVerdict]) -> None:
        self.found = found

    def document(self) -> dict[str, Any]:
        return {
            "verdict": self._verdict(),
            "ops": {v.op: {k: x for k, x in v._asdict().items() if k != "op"} for v in self.found},
        }

    def tables(self, screen: Screen) -> Iterator[Any]:
        heads = ["op", "cases", "order 1", "order 2", "verdict"]
        rows = []
        for op in self.found:
            orders = [f"{error:.1e}" for error in (op.first_order, op.second_order)]
            verdict = Text(op.where or op.verdict, style=COLOURS[op.verdict])
            rows.append([op.op, op.cases, *orders, verdict])
        yield from grid(heads, rows, screen)
        failed = sum(op.verdict == "fail" for op in self.found)
        outcome = self._verdict()
        ops = counted(len(self.found), "op")
        yield Text.assemble((outcome, COLOURS[outcome]), f": {ops}, {failed} failed")

    def rows(self) -> Iterator[Sequence[Any]]:
        yield list(OpVerdict._fields)
        yield from self.found

    def _verdict(self) -> str:
        return "fail" if any(op.verdict == "fail" for op in self.found) else "pass"
