"""What random directions have shown, wherever it is told."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from rich.text import Text

from gradcli.check.check import Checked
from gradcli.check.projection import CHANCE, Proof
from gradcli.suggest import counted


def compared(checked: Checked) -> bool:
    """Whether gradients were given, and compared with proven ones."""
    found = checked.params.values()
    return any(v.proof is not None and v.given_shape is not None for v in found)


def shown(checked: Checked) -> Iterator[Text]:
    """In words: what is proven, of how many entries, and how sure that is."""
    if checked.by_size:
        yield Text("method directions, for the size of the problem: all entries are moved at once")
    proven = [v for v in checked.params.values() if v.proof is not None and v.proof.holds]
    proofs = [v.proof for v in proven if v.proof is not None]
    if proofs:
        what = "the gradients to compare with, " if compared(checked) else ""
        entries = counted(sum(math.prod(v.shape) for v in proven), "entry", "entries")
        bound = max(proof.relative for proof in proofs)
        yield Text(
            f"proven along {sum(proof.directions for proof in proofs):,} random directions: "
            f"{what}{entries} of {counted(len(proven), 'parameter')}, each gradient right to "
            f"{bound:.1e} of its norm, but for a chance of {CHANCE * len(proofs):.0e}"
        )
    if checked.together is not None and checked.together.worst.wrong:
        yield Text("along a random direction of all parameters at once the gradients do not hold")


def figures(proof: Proof) -> list[Any]:
    """Cells of a row: the directions, and of the worst of them both derivatives and the error."""
    worst = proof.worst
    error: Any = float(f"{worst.error / worst.norm:.2e}") if worst.norm else 0.0
    if proof.norm > 0 and not proof.relative:
        error = "noise"
    return [counted(proof.directions, "direction"), worst.claimed, worst.numeric, error]


def document_of(proof: Proof) -> dict[str, Any]:
    """With the figures of the worst direction."""
    worst = proof.worst
    return {
        "holds": proof.holds,
        "directions": proof.directions,
        "norm": proof.norm,
        "bound": proof.bound,
        "chance": CHANCE,
        "worst": {
            "gradient": worst.claimed,
            "numeric": worst.numeric,
            "error": worst.error,
            "allowed": worst.allowed,
            "uncertainty": worst.uncertainty,
            "norm": worst.norm,
        },
    }
