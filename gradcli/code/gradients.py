"""Whose gradients are which: those that code returns, by the names of its inputs, and lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.code.inputs import Inputs
from gradcli.errors import GradcliError, SpecError
from gradcli.naming.matching import matched
from gradcli.problem import Arrays
from gradcli.suggest import counted, listed, suggestion


def by_name(returned: Any, title: str, floating: Sequence[str], wrt: Sequence[str]) -> Arrays:
    """The gradients ``returned`` by the names of the inputs that they are by.

    They are a dict, whose names are those of inputs, as people write them; or one array or a
    sequence, in the order of the ``floating`` inputs, or of ``wrt`` where these are fewer. None
    among them is left out. Raises GradcliError where they do not fit.
    """
    if isinstance(returned, Mapping):
        given = {str(name): gradient for name, gradient in returned.items()}
        meant = _meant(list(given), title, floating)
        pairs = {meant[name]: gradient for name, gradient in given.items()}
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
    try:
        flat = returned and all(np.ndim(part) == 0 and part is not None for part in returned)
    except ValueError:  # ragged, or without an end
        return returned
    if flat and len(floating) == 1 and len(returned) > 1:  # the entries of one array
        return [returned]
    return returned


def _meant(names: Sequence[str], title: str, floating: Sequence[str]) -> dict[str, str]:
    """The input that the gradient of each name is by."""
    nowhere: set[tuple[int, ...]] = set()
    try:
        found = matched(dict.fromkeys(names, nowhere), dict.fromkeys(floating, nowhere), {})
    except SpecError as error:
        raise GradcliError(f"{title}: {error.problem}") from None
    for name in names:
        if name not in found:
            near = suggestion(name, floating)
            raise GradcliError(f"{title} gives a gradient {name!r}, which is by no input{near}")
    return found


def require_floating(wrt: Sequence[str], inputs: Inputs) -> None:
    """Raise SpecError where gradients cannot be taken by all ``wrt`` of the ``inputs``."""
    for name in wrt:
        if name not in inputs.arrays:
            known = suggestion(name, inputs.floating)
            raise SpecError("wrt", f"there is no array {name!r} here{known}")
        if name not in inputs.floating:
            raise SpecError("wrt", f"{name} is of whole numbers, which nothing moves")


def chosen(wrt: Sequence[str], inputs: Inputs, gives: Sequence[str], title: str) -> list[str]:
    """The inputs ``wrt``, or else all by which the code ``gives`` gradients, if it does at all.

    Raises SpecError where it gives others.
    """
    for name in wrt:
        if gives and name not in gives:
            raise SpecError("wrt", f"{title} gives no gradient by {name}")
    return list(dict.fromkeys(wrt)) or [n for n in inputs.floating if n in gives or not gives]


def amiss(gradients: Arrays, arrays: Arrays, names: Sequence[str], title: str) -> list[str]:
    """What to tell of ``gradients`` by those ``names`` that are missing, or of other shapes."""
    told = []
    for name in names if gradients else ():
        if name not in gradients:
            told.append(f"{title} gives no gradient by {name}")
        elif np.shape(gradients[name]) != arrays[name].shape:
            told.append(misshapen(name, gradients[name], arrays[name]))
    return told


def misshapen(name: str, gradient: Any, array: npt.NDArray[Any]) -> str:
    """That the ``gradient`` by the ``array`` of this name is of another shape."""
    shapes = f"has shape {np.shape(gradient)}, but {name} has {np.shape(array)}"
    return f"the gradient by {name} {shapes}"


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
