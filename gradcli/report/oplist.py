"""The ops of the engine as a table and a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gradcli.engine import REGISTRY, Op
from gradcli.report.layout import grid
from gradcli.report.report import Report, Screen


class OpList(Report):
    """A Report of the ops called ``names``, all of them where there are none."""

    def __init__(self, names: Sequence[str]) -> None:
        self.ops = [REGISTRY.named(name) for name in names or sorted(REGISTRY)]

    def document(self) -> dict[str, Any]:
        return {
            op.name: {
                "signature": op.signature,
                "rules": [rule for rule in op.rules if rule],
                "differentiable": op.differentiable,
            }
            for op in self.ops
        }

    def tables(self, screen: Screen) -> Iterator[Any]:
        return grid(["op", "rule"], [(op.signature, _rule(op)) for op in self.ops], screen)

    def rows(self) -> Iterator[Sequence[Any]]:
        yield "name", "signature", "rule"
        for op in self.ops:
            yield op.name, op.signature, _rule(op)


def _rule(op: Op) -> str:
    return "; ".join(rule for rule in op.rules if rule) or "not differentiable"
