"""Whose gradients are which: those that code returns, by the names of its inputs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.errors import GradcliError, SpecError
from gradcli.problem import Arrays
from gradcli.suggest import counted, listed, suggestion

_AROUND = re.compile(r"^(?:d|grads?)[_./]?(?=.)|(?<=.)[_./]?grads?$", re.I)
"""What people write around the name of a parameter to name its gradient."""


def by_name(returned: Any, title: str, floating: Sequence[str], wrt: Sequence[str]) -> Arrays:
    """The gradients ``returned`` by the names of the inputs that they are by.

    They are a dict, whose names are those of inputs, as people write them; or one array or a
    sequence, in the order of the ``floating`` inputs, or of ``wrt`` where these are fewer. None
    among them is left out. Raises GradcliError where they do not fit.
    """
    if isinstance(returned, Mapping):
        pairs = {_meant(str(name), title, floating): g for name, g in returned.items()}
    else:
        several = _several(returned, floating)
        order = next((o for o in (floating, wrt) if len(o) == len(several)), None)
        if order is None:
            raise SpecError(
                "wrt",
                f"{title} gives {counted(len(several), 'gradient')}, but is given "
                f"{counted(len(floating), 'floating-point array')}"
                f"{f', {listed(floating)}' if floating else ''}: name those that they are by, or "
                "hold an array fixed by :=",
            )
        pairs = dict(zip(order, several))
    return {
        name: real(gradient, f"{title}: the gradient by {name}")
        for name, gradient in pairs.items()
        if gradient is not None
    }


def _several(returned: Any, floating: Sequence[str]) -> Sequence[Any]:
    """What was returned, one by one."""
    if isinstance(returned, np.ndarray) or not isinstance(returned, (tuple, list)):
        return [returned]
    flat = returned and all(np.ndim(part) == 0 and part is not None for part in returned)
    if flat and len(floating) == 1 and len(returned) > 1:  # the entries of one array
        return [returned]
    return returned


def _meant(name: str, title: str, floating: Sequence[str]) -> str:
    if name in floating:
        return name
    bare = {_bare(name), _bare(_AROUND.sub("", name, count=1))}
    found = [known for known in floating if _bare(known) in bare]
    if len(found) != 1:
        near = suggestion(_AROUND.sub("", name, count=1), floating)
        raise GradcliError(f"{title} gives a gradient {name!r}, which is by no input{near}")
    return found[0]


def _bare(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())


def real(value: Any, what: str) -> npt.NDArray[Any]:
    """``value`` as an array of real numbers. Raises GradcliError that tells ``what`` is none."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        array = np.empty((), object)
    if array.dtype.kind in "iu":
        array = array.astype(np.float64)
    if array.dtype.kind != "f":
        kind = type(value).__name__ if array.dtype.kind in "OUS" else array.dtype
        raise GradcliError(f"{what} is of {kind}, not of real numbers")
    return array
