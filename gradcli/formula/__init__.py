"""Formulas: text in, a problem out; and the landscapes, formulas with a name.

They load on first use, so that names can be read without NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcli.formula.formula import Formula
    from gradcli.formula.landscapes import LANDSCAPES, Landscape, LandscapeProblem

__all__ = ["LANDSCAPES", "Formula", "Landscape", "LandscapeProblem"]


def __getattr__(name: str) -> Any:
    if name == "Formula":
        from gradcli.formula.formula import Formula

        return Formula
    if name in ("LANDSCAPES", "Landscape", "LandscapeProblem"):
        from gradcli.formula import landscapes

        return getattr(landscapes, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
