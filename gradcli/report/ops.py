"""The proof of the engine: a row for each op."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from gradcli.check.ops import OpVerdict
from gradcli.report.layout import grid
from gradcli.report.report import Report, Screen
from gradcli.report.verdicts import COLOURS
from gradcli.suggest import counted


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
