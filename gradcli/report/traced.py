"""A report with the steps behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from gradcli.report.report import Report, Screen
from gradcli.report.trace import trace_texts
from gradcli.steps import Step
from gradcli.trace import Trace, Use

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Traced(NamedTuple):
    """``report``, and after it every step of ``trace``, which makes the value ``value_name``."""

    report: Report
    trace: Trace
    value_name: str

    def document(self) -> dict[str, Any]:
        """That of the report, every step, and what each use of a leaf used more than once gives."""
        trace = self.trace
        steps = [_step(step, trace.uses.get(step.name, ())) for step in trace.steps]
        leaves = [leaf.name for leaf in trace.leaves if leaf.name in trace.uses]
        told = {name: _contributions(trace.uses[name]) for name in leaves}
        found = {**self.report.document(), "trace": steps}
        return {**found, "contributions": told} if told else found

    def tables(self, screen: Screen) -> Iterator[Any]:
        yield from self.report.tables(screen)
        yield from trace_texts(self.trace, self.value_name, screen)

    def rows(self) -> Iterator[Sequence[Any]]:
        return self.report.rows()

    def figure(self) -> Figure:
        return self.report.figure()


def _step(step: Step, uses: Sequence[Use]) -> dict[str, Any]:
    return {
        "name": step.name,
        "op": step.op,
        "inputs": step.inputs,
        "shape": list(step.value.shape),
        "value": step.value,
        "grad": step.gradient,
        "rule": step.rule,
        **({"contributions": _contributions(uses)} if uses else {}),
    }


def _contributions(uses: Sequence[Use]) -> list[dict[str, Any]]:
    return [{"by": use.by, "grad": use.gradient} for use in uses]
