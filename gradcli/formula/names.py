"""Names as Python reads them. No NumPy here."""

from __future__ import annotations


def canonical(name: str) -> str:
    """``name`` as Python's parser reads it: in NFKC, in which many spellings are one."""
    import unicodedata  # only formulas need it

    return unicodedata.normalize("NFKC", name)
