"""What is given for the arrays of a network, by name: read from files, not fitted yet."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.errors import FileError, SpecError
from gradcli.inputs.literals import reads_stdin
from gradcli.inputs.summary import first_odd
from gradcli.inputs.values import Given, resolve
from gradcli.model.network import changed, leaves
from gradcli.model.rows import Values, stand_columns
from gradcli.model.spec import Spec
from gradcli.suggest import counted, listed, place, suggestion

SAVED = (("params.", "moving."), "end.")
"""Before the names of parameters: in an answer or a training, and in a walk."""


class Found(NamedTuple):
    """A specification with what is given for its arrays."""

    spec: Spec
    values: Values
    origins: dict[str, str]
    """The files that arrays came from, by key."""
    warnings: Sequence[str]
    mapped: Sequence[Given] = ()
    """The data of a training that are views of files."""


def read_given(spec: Spec, folder: str | None, training: bool = False) -> Found:
    """Every VALUE of ``spec``, an initialiser's name or an array; None where there is none.

    Relative files are taken from ``folder``. Where it is for ``training``, what that gathers itself
    is left out of parameters that are read, and data are mapped. Raises SpecError naming the key
    at fault.
    """
    named = {"x": spec.x}
    for placed in leaves(spec.layers):
        named |= {name: placed.values[local] for local, name in placed.names.items()}
    if spec.loss is not None:  # one layer may have a mask of its own
        named["mask"] = spec.mask
    named |= spec.targets
    _require_one_stdin({**named, "params": spec.params})
    saved = _parameters(spec, folder, training)
    if saved.arrays:
        layers = changed(spec.layers, lambda p: p.having(saved.arrays))
        spec = spec._replace(layers=layers, structure=None)  # it is no longer the one that is known
    given: dict[str, str | npt.NDArray[Any] | None] = {**dict.fromkeys(named), **saved.arrays}
    origins, mapped, anew = {**saved.origins}, [], list[str]()
    for key, value in named.items():
        if value is None:
            continue
        found = resolve(key, value, folder, training and key in ("x", *spec.targets, "mask"))
        if isinstance(found, str) and key in ("y", "labels", "mask"):
            raise SpecError(key, f"takes numbers or a file, not the initialiser {found!r}")
        if isinstance(found, str) and key in saved.arrays:
            anew.append(key)
        given[key] = found if isinstance(found, str) else found.array
        origins.pop(key, None)
        if isinstance(found, Given) and found.origin:
            origins[key] = found.origin
            mapped += [found] if training else []
    for key in ("x", "y"):  # of y the rows that count are told later
        array = given.get(key)
        if isinstance(array, np.ndarray) and (key == "x" or spec.mask is None):
            require_finite(spec, key, array, origins.get(key))
    given["x"] = _shaped(spec, given["x"])
    stood = stand_columns(spec, given, set(origins))
    told = [f"{listed(anew)}: drawn anew, and not taken from {spec.params}"] if anew else []
    return Found(spec, stood, origins, [*saved.warnings, *told], mapped)


def require_finite(spec: Spec, key: str, array: npt.NDArray[Any], origin: str | None) -> None:
    """Raise SpecError where the data of a model hold nan or infinity.

    Who writes one in a literal means it.
    """
    value = spec.x if key == "x" else spec.targets[key]
    if spec.loss is None or spec.allow_nan or (isinstance(value, str) and origin is None):
        return
    at = first_odd(array)
    if at is not None:
        where = f"{origin}: " if origin else ""
        odd = f"{where}holds {array[at]}{place(at)}"
        raise SpecError(key, f"{odd}: allow_nan takes it as it is")


def _require_one_stdin(named: Mapping[str, Any]) -> None:
    """Raise SpecError where two of these VALUEs are standard input."""
    readers = [k for k, v in named.items() if isinstance(v, str) and reads_stdin(v)]
    if len(readers) > 1:
        raise SpecError(readers[1], f"standard input (-) is read by {readers[0]} already")


class _Saved(NamedTuple):
    """Parameters from a file, by their names here."""

    arrays: Mapping[str, npt.NDArray[Any]] = {}
    origins: Mapping[str, str] = {}
    warnings: Sequence[str] = ()


def _parameters(spec: Spec, folder: str | None, training: bool) -> _Saved:
    """The parameters in the file ``spec.params``; those that have no VALUE of their own."""
    if spec.params is None:
        return _Saved()
    from gradcli.inputs.files import read_arrays

    source = spec.params if reads_stdin(spec.params) else os.path.join(folder or "", spec.params)
    try:
        read = read_arrays(source, *SAVED)
    except FileError as error:
        raise SpecError("params", str(error)) from None
    known = [name for p in leaves(spec.layers) for name in p.having(read.arrays).kept]
    if training:
        own = {name for p in leaves(spec.layers) for name in p.gathered.values()}
        known = [name for name in known if name not in own]
    arrays = {name: array for name, array in read.arrays.items() if name in known}
    others = [name for name in read.arrays if name not in known]
    if others and not read.names:
        near = suggestion(others[0], known) or f": there are {', '.join(known) or 'none'}"
        raise SpecError("params", f"{source}: {others[0]!r} is no parameter here{near}")
    if not arrays:
        raise SpecError("params", f"{source}: holds none of {', '.join(known) or 'no parameters'}")
    origins = {} if reads_stdin(source) else {n: f"{source}:{read.names.get(n, n)}" for n in arrays}
    left = [f"{source}: {listed(others)}: no parameter here, and not read"] if others else []
    return _Saved(arrays, origins, left)


def _shaped(spec: Spec, x: str | npt.NDArray[Any] | None) -> str | npt.NDArray[Any] | None:
    """x in its ``x_shape``; what goes with numbers alone is refused where it is drawn."""
    if not isinstance(x, np.ndarray):
        for key, given in (("scale", spec.scale != 1), ("x_shape", spec.x_shape)):
            if given:
                raise SpecError(key, "goes with an x of numbers, and x is drawn")
        return x
    if spec.x_shape is None:
        return x
    if x.size != math.prod(spec.x_shape):
        count = math.prod(spec.x_shape)
        raise SpecError(
            "x_shape", f"{spec.x_shape} takes {counted(count, 'number')}, and x has {x.size:,}"
        )
    return x.reshape(spec.x_shape)
