"""Somebody else's gradients, from a file or a document."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import numpy.typing as npt

from gradcli.errors import FileError, LiteralError, SpecError
from gradcli.inputs.files import NamedArrays, read_arrays
from gradcli.inputs.literals import from_lists
from gradcli.keys import shown

_BEFORE = re.compile(r"(?:d|grads?)[_./]?(?=.)")
"""What people write before the name of a parameter to name its gradient,"""
_AFTER = re.compile(r"(?<=.)[_./]?grads?$")
"""and after it."""


def read_gradients(
    source: str | Mapping[str, Any], dtype: str, names: Collection[str]
) -> dict[str, npt.NDArray[Any]]:
    """Gradients of the parameters ``names`` from a file (``-``: standard input), or lists.

    Keys are those names, or dW1, grad_w1 or W1 for w1, fc1.weight.grad or fc1_weight for fc1.weight
    where they leave no doubt; those of an answer saved as npz (``grads.w``); or a whole ``--json``
    document. JSON does not tell in how
    many digits its numbers were computed: they are taken to be of ``dtype``. Raises FileError,
    and SpecError where lists are no lists of numbers.
    """
    given = read_arrays(source, "grads.") if isinstance(source, str) else _listed(source)
    for name in given.coarse:
        raise FileError(f"{source}: {name} is BF16, whose two digits prove nothing: save it as F32")
    meant = _meant(given.arrays, names)
    return {
        meant.get(name, name): array
        if array.dtype.kind == "f" and given.typed
        else array.astype(dtype)
        for name, array in given.arrays.items()
    }


def _listed(source: Any) -> NamedArrays:
    arrays = {}
    if not isinstance(source, dict):
        raise SpecError("grads", f"must be arrays by name, not {shown(source)}")
    for name, lists in source.items():
        try:
            arrays[name] = from_lists(lists)
        except LiteralError as error:
            raise SpecError("grads", f"{name} {error}") from None
    return NamedArrays(arrays, typed=False)


def _meant(given: Collection[str], names: Collection[str]) -> dict[str, str]:
    """Which of ``names``, for those ``given`` that are none of them but can mean one only."""
    missing = {name: _bare(name.lower()) for name in names if name not in given}
    alike: dict[str, list[str]] = {name: [] for name in missing}
    for other in given:
        spelt = {other.lower(), _BEFORE.sub("", other.lower(), count=1)}
        bares = {_bare(text) for text in (*spelt, *[_AFTER.sub("", text) for text in spelt])}
        fits = [name for name, bare in missing.items() if bare in bares]
        if other not in names and len(fits) == 1:
            alike[fits[0]].append(other)
    return {others[0]: name for name, others in alike.items() if len(others) == 1}


def _bare(name: str) -> str:
    """Its letters and digits."""
    return re.sub(r"[\W_]+", "", name)
