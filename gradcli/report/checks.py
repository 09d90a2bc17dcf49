"""Checks: one table with a row for each parameter, and what is to be said of some."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.text import Text

from gradcli.check.besides import Besides
from gradcli.check.check import Checked
from gradcli.check.judge import ParameterVerdict
from gradcli.errors import GradcliError
from gradcli.report import proofs
from gradcli.report.besides import (
    besides_document,
    besides_findings,
    besides_summary,
    besides_tables,
)
from gradcli.report.findings import findings
from gradcli.report.layout import grid
from gradcli.report.measures import measure_tables
from gradcli.report.report import Screen
from gradcli.report.verdicts import COLOURS, cells, document_of
from gradcli.suggest import counted, printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class CheckReport(NamedTuple):
    """A check as a Report. ``given``: somebody else's gradients were judged, not the engine's."""

    checked: Checked
    given: bool = False
    explain: bool = False
    """Whether the tables end with the rule behind the verdict."""
    measured: Mapping[str, Any] = {}
    """What was asked for besides, at the problem's own point."""
    besides: Besides = Besides()
    matched: Mapping[str, str] = {}
    """By what gradients are called where they were given, whose they are, where names differ."""

    def document(self) -> dict[str, Any]:
        """What ``--json`` prints for a check: `gradcli help json` is the contract."""
        checked = self.checked
        document: dict[str, Any] = {
            "verdict": checked.verdict,
            "params": {name: document_of(v) for name, v in checked.params.items()},
            "method": checked.method,
            "step": checked.step,
            "tolerance": checked.tolerance,
            "rule": checked.rule,
        }
        if self.matched:
            document["matched"] = dict(self.matched)
        if checked.together is not None or checked.by_size:
            together = checked.together and proofs.document_of(checked.together)
            document |= {"by_size": checked.by_size, "together": together}
        if checked.precision.words:
            document["precision"] = checked.precision.words
        if checked.nonfinite:
            document["nonfinite"] = checked.nonfinite
        if checked.interrupted:
            document["stopped"] = "interrupted"
        return document | besides_document(self.besides) | {**self.measured}

    def tables(self, screen: Screen) -> Iterator[Any]:
        """Title, a row for each parameter, what did not pass, the sweep and the verdict."""
        checked = self.checked
        yield Text(f"check {checked.title}", style="bold")
        if self.matched:
            pairs = [f"{theirs} -> {ours}" for theirs, ours in self.matched.items()]
            yield Text(printable(f"matched: {', '.join(pairs)}"), style="dim")
        if checked.precision.words:
            part = f"{checked.precision.resolution:g} of a parameter's largest"
            yield Text(f"{checked.precision.words}; measured to {part}", style="dim")
        yield from self._table(screen)
        yield from self._findings()
        yield from besides_tables(self.besides, self._judged, screen)
        yield from measure_tables(self.measured, screen)
        yield from proofs.shown(checked)
        yield Text.assemble((checked.verdict, COLOURS[checked.verdict]), f": {self._summary()}")
        if self.explain:
            yield Text(f"rule: {checked.rule}", style="dim")

    def line(self, label: str) -> Text:
        """All of it in one line: the verdict, whose it is, and what did not pass."""
        verdict = self.checked.verdict
        found = "; ".join([text.plain for text in self._findings()]) if verdict != "pass" else ""
        shown = (f"{verdict:12}", COLOURS[verdict])
        return Text.assemble(shown, "  ", (label, "bold"), f": {found or self._summary()}")

    def _findings(self) -> Iterator[Text]:
        """What is to be said of the parameters, and of all else that is off."""
        for name, verdict in self.checked.params.items():
            for line in findings(verdict):
                yield Text.assemble((name, "bold"), f": {line}")
        yield from besides_findings(self.besides)

    def _table(self, screen: Screen) -> list[Any]:
        heads, found = self._heads(), self.checked.params
        rows = [cells(name, v) for name, v in found.items()]
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
            yield [*map(_plain, cells(name, verdict)), verdict.cause]
        if (value := self.besides.value) is not None:
            yield [*map(_plain, cells(self.besides.value_name, value)), value.cause]

    def figure(self) -> Figure:
        """Error against step. Raises GradcliError where there was no sweep."""
        from gradcli.report.plots import sweep_figure

        if self.besides.sweep is None:
            raise GradcliError("without a sweep there is nothing to draw")
        return sweep_figure(self.besides.sweep, self.checked.title)

    @property
    def _judged(self) -> str:
        return "given" if self.given else "backprop"

    def _heads(self) -> list[str]:
        by = "proven" if proofs.compared(self.checked) else "numeric"
        return ["", "shape", "entries", "worst", self._judged, by, "error", "verdict"]

    def _summary(self) -> str:
        """What the verdict is on."""
        checked = self.checked
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
        text += "".join(
            map(_told_to, {v.digits: v for v in sorted(verdicts, key=_coarseness)}.values())
        )
        text += besides_summary(self.besides)
        return f"{text}, interrupted" if checked.interrupted else text


def _coarseness(verdict: ParameterVerdict) -> float:
    return verdict.told_to or 0.0


def _told_to(verdict: ParameterVerdict) -> str:
    """What its digits allow, where these are few."""
    if verdict.digits is None:
        return ""
    return f"; {verdict.digits} tells errors from {100 * _coarseness(verdict):.2g} % on"


def _plain(cell: Any) -> Any:
    return cell.plain if isinstance(cell, Text) else cell
