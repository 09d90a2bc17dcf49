"""Somebody else's gradients, from a file or a document."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.check.given import Gradients
from gradcli.errors import FileError, LiteralError, SpecError
from gradcli.inputs.files import NamedArrays, read_any
from gradcli.inputs.literals import from_lists
from gradcli.keys import shown
from gradcli.naming.matching import matched

Array = npt.NDArray[Any]
Shape = tuple[int, ...]


def read_gradients(
    source: str | Mapping[str, Any],
    dtype: str,
    primals: Mapping[str, Array],
    told: Mapping[str, str] | None = None,
    forms: Mapping[str, Shape] | None = None,
) -> Gradients:
    """Gradients of ``primals``, by name, from a file (``-``: standard input), or lists.

    They go by the names of the primals, by what people write for these, and by what is ``told``,
    {theirs: ours}; ``forms`` are other shapes in which they may come. A file that holds one array
    without a name goes by its own. JSON and tables do not tell in how many digits their numbers
    were computed: they are taken to be of ``dtype``. Raises FileError; SpecError where lists are
    no lists of numbers, and for ``map`` where it is in doubt which array is meant.
    """
    where = f"{source}: " if isinstance(source, str) else ""
    several = len(primals) > 1
    read = read_any(source, several, "grads.") if isinstance(source, str) else _listed(source)
    told = dict(told or {})
    short = {full: name for name, full in read.names.items()}
    told = {short.get(theirs, theirs): ours for theirs, ours in told.items()}
    given = {name: {array.shape} for name, array in read.arrays.items()}
    ours = {name: {primal.shape} for name, primal in primals.items()}
    for name, shape in (forms or {}).items():
        ours.get(name, set()).add(shape)
    try:
        meant = matched(given, ours, told)
        if read.alone and not meant:
            [name] = given
            if len(ours) > 1:
                such = f"say whose it is, such as {name}={next(iter(ours))}"
                raise SpecError("map", f"is one array, of {len(ours)} parameters: {such}")
            meant = {name: next(iter(ours))}
    except SpecError as error:
        raise SpecError(error.key, f"{where}{error.problem}") from None
    arrays = {}
    for name, array in read.arrays.items():
        if name in primals and name not in meant:
            continue  # another was told to be it
        own = meant.get(name, name)
        if not (array.dtype.kind == "f" and name in read.typed):
            array = array.astype(dtype)
        if own in primals:
            if not array.shape and primals[own].shape and np.isnan(array):
                continue  # a null in place of an array stands for none
            array = _shaped(array, read.shapes, primals[own].shape)
        arrays[own] = array
    places = {own: name for name, own in meant.items()}
    called = {places[own]: own for own in primals if own in places and places[own] != own}
    return Gradients(arrays, called, {meant.get(name, name) for name in read.coarse})


def _listed(source: Any) -> NamedArrays:
    from gradcli.inputs.formats.nested import flat  # few gradients come in a document

    arrays = {}
    if not isinstance(source, dict):
        raise SpecError("grads", f"must be arrays by name, not {shown(source)}")
    try:
        for name, lists in flat(source).items():
            arrays[name] = from_lists(lists)
            if arrays[name].dtype.kind == "b":
                raise LiteralError("is not a list of numbers")
    except FileError as error:
        raise SpecError("grads", str(error)) from None
    except LiteralError as error:
        raise SpecError("grads", f"{name} {error}") from None
    return NamedArrays(arrays)


def _shaped(array: Array, shapes: str, needed: Shape) -> Array:
    """``array`` as it is ``needed``, as far as its file tells no ``shapes``.

    A table has none but rows and columns: axes of 1 do not count. Numbers in a row have none.
    """
    lean = np.squeeze(array).shape == tuple([n for n in needed if n > 1])
    fits = {"table": lean, "row": array.size == math.prod(needed)}
    return array.reshape(needed) if fits.get(shapes) else array
