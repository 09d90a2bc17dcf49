"""Formulas: text in, a problem out; and the landscapes, formulas with a name."""

from gradcli.formula.formula import Formula
from gradcli.formula.landscapes import LANDSCAPES, Landscape, LandscapeProblem

__all__ = ["LANDSCAPES", "Formula", "Landscape", "LandscapeProblem"]
