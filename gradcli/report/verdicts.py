"""A verdict, wherever it is shown: its colour, its cells in a row, its keys in a document."""

from __future__ import annotations

import math
from typing import Any

from rich.text import Text

from gradcli.check.judge import ParameterVerdict
from gradcli.report import proofs
from gradcli.report.numbers import shape_text

COLOURS = {
    "pass": "bold green",
    "fail": "bold red",
    "inconclusive": "bold yellow",
    "not reached": "bold yellow",
}


def cells(name: str, verdict: ParameterVerdict) -> list[Any]:
    """A row of the table; empty cells where nothing was compared."""
    some = verdict.entries > 0
    error: Any = None if math.isnan(verdict.rel_error) else float(f"{verdict.rel_error:.2e}")
    if verdict.worst_index in verdict.below_noise:
        error = "noise"
    figures = [
        str(verdict.worst_index) if some and verdict.shape else "",
        verdict.backprop if some else None,
        None if math.isnan(verdict.numeric) else verdict.numeric,
        error,
    ]
    if verdict.proof is not None and _holds_as_a_whole(verdict):
        figures = proofs.figures(verdict.proof)
    coloured = Text(verdict.verdict, style=COLOURS[verdict.verdict])
    return [name, shape_text(verdict.shape), verdict.entries, *figures, coloured]


def _holds_as_a_whole(verdict: ParameterVerdict) -> bool:
    """Whether it passes, and no entry was looked at by itself."""
    return verdict.verdict == "pass" and math.isnan(verdict.max_abs_error)


def document_of(verdict: ParameterVerdict) -> dict[str, Any]:
    """One parameter. ``kinks``, ``below_noise`` and ``not_measured`` are counts."""
    fields = verdict._asdict()
    proof, drawn = fields.pop("proof"), fields.pop("drawn")
    worst = {
        "index": verdict.worst_index,
        "gradient": verdict.backprop,
        **{n: fields.pop(n) for n in ("numeric", "abs_error", "rel_error", "uncertainty")},
    }
    sides = zip(verdict.kinks, fields.pop("sides"))
    fields |= {
        "numeric": verdict.numeric,
        "worst": worst if verdict.entries and not _holds_as_a_whole(verdict) else None,
        "kinks_at": verdict.kinks,
        "kinks": len(verdict.kinks),
        "one_sided": [{"index": index, **side._asdict()} for index, side in sides],
        "below_noise": len(verdict.below_noise),
        "not_measured_at": verdict.unsure,
        "not_measured": len(fields.pop("unsure")),
    }
    if proof is not None:
        fields |= {"drawn": drawn, "proof": proofs.document_of(proof)}
    return fields
