"""A problem from its specification, whatever kind it is."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from operator import attrgetter
from typing import Any

from gradcli.catalogue import KINDS
from gradcli.errors import SpecError
from gradcli.problem import Problem

_PLACES = {
    "loss": "gradcli.model.model:Model.from_spec",
    "layer": "gradcli.model.single:SingleLayer.from_spec",
    "formula": "gradcli.formula.formula:Formula.from_spec",
    "landscape": "gradcli.formula.landscapes:LandscapeProblem.from_spec",
    "python": "gradcli.code.python:python_problem",
    "program": "gradcli.code.program:program_problem",
}
"""By the key that tells a kind of problem, what makes it of a mapping, and the folder of files."""
RUNS_CODE = ("python", "program")
"""The kinds that run somebody's own code."""


def kind_of(mapping: Mapping[str, Any]) -> str:
    """The key that tells what kind of problem ``mapping`` specifies.

    Raises SpecError where there is none, or more than one.
    """
    kinds = [kind for kind in KINDS if mapping.get(kind) is not None]
    if len(kinds) == 1:
        return kinds[0]
    if kinds:
        raise SpecError(kinds[1], f"does not go with {kinds[0]}: a specification is of one problem")
    raise SpecError(None, f"names no problem: it needs one of the keys {', '.join(KINDS)}")


def problem_from(
    mapping: Mapping[str, Any], folder: str | None = None, allow_code: bool = False
) -> Problem:
    """The problem that ``mapping`` specifies; relative files are taken from ``folder``.

    Code that it names is run only where you ``allow_code``. Raises SpecError naming the key at
    fault, TooLargeError where memory would not do.
    """
    kind = kind_of(mapping)
    if kind in RUNS_CODE and not allow_code:
        raise SpecError(kind, "is code, which a specification may run only where you allow it")
    module, _, name = _PLACES[kind].partition(":")
    problem: Problem = attrgetter(name)(import_module(module))(mapping, folder)
    return problem
