"""Names: those of the landscapes, for help and completion, and all as Python reads them.

No NumPy here.
"""

from __future__ import annotations

LANDSCAPE_NAMES = (
    "himmelblau", "rosenbrock", "beale", "booth", "rastrigin", "ackley", "sphere", "mccormick",
)  # fmt: skip


def canonical(name: str) -> str:
    """``name`` as Python's parser reads it: in NFKC, in which many spellings are one."""
    import unicodedata  # only formulas need it

    return unicodedata.normalize("NFKC", name)
