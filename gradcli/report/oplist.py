"""The ops of the engine as a table and a document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table

from gradcli.engine import REGISTRY, Op
from gradcli.errors import GradcliError
from gradcli.suggest import suggestion


def op_table(names: Sequence[str]) -> Any:
    table = Table(box=box.ROUNDED, header_style="dim")
    table.add_column("op", overflow="fold")
    table.add_column("rule", overflow="fold")
    for op in _chosen(names):
        table.add_row(op.signature, _rule(op))
    return table


def op_document(names: Sequence[str]) -> dict[str, Any]:
    return {
        op.name: {
            "signature": op.signature,
            "rules": [rule for rule in op.rules if rule],
            "differentiable": op.differentiable,
        }
        for op in _chosen(names)
    }


def _rule(op: Op) -> str:
    return "; ".join(rule for rule in op.rules if rule) or "not differentiable"


def _chosen(names: Sequence[str]) -> list[Op]:
    for name in names:
        if name not in REGISTRY:
            raise GradcliError(f"there is no op {name!r}{suggestion(name, REGISTRY)}")
    return [REGISTRY[name] for name in names or sorted(REGISTRY)]
