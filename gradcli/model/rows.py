"""What arrays tell of rows: their number, and the shape of one."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.conventions.convention import convention_of
from gradcli.errors import SpecError
from gradcli.layers.layer import Shape
from gradcli.model.network import leaves
from gradcli.model.placed import Placed, T, front
from gradcli.model.spec import Spec
from gradcli.suggest import counted

Values = Mapping[str, str | npt.NDArray[Any] | None]
"""By key an initialiser's name, an array, or None where nothing is given."""


def row_of_x(spec: Spec, given: Values, from_files: Collection[str]) -> Shape | None:
    """The shape of a row of x as the spec states it, or as x has it and the first layer takes it.

    Rows of several axes are flattened for a layer that takes features, where its weight tells as
    many, or where x comes from a file and no target is of one step in each row; images without
    an axis of channels get one.
    """
    x, told = given["x"], told_by(spec.layers[0], given).get("in")
    own = _row(x)
    if spec.inputs or own is None:
        return first_of(spec.inputs, (told,) if told else None, _alone(x))
    layer, count = next(leaves(spec.layers)).layer, math.prod(own)
    if len(own) > 1 and layer.flat:
        data = spec.loss is not None and "x" in from_files and not _is_of_steps(given)
        return (count,) if told == count != own[-1] or (told is None and data) else own
    if len(layer.axes) > 2 and len(own) == len(layer.axes) - 1:
        return front((*own, 1), convention_of(spec.convention).channels_first)
    return own


def _is_of_steps(given: Values) -> bool:
    """Whether there is a target for each step of each row of x."""
    x, y, labels = given["x"], given.get("y"), given.get("labels")
    assert isinstance(x, np.ndarray)
    lead = x.shape[:-1]
    return (isinstance(y, np.ndarray) and y.shape[:-1] == lead) or (
        isinstance(labels, np.ndarray) and labels.shape == lead
    )


def columns_of(y: object) -> int | None:
    """How many numbers a row of ``y`` has."""
    if not isinstance(y, np.ndarray):
        return None
    return y.shape[-1] if y.ndim else 1


def _row(x: object) -> Shape | None:
    """The shape of a row of ``x``; a list of numbers is one row."""
    if not isinstance(x, np.ndarray) or x.ndim == 0:
        return None
    return tuple(x.shape if x.ndim == 1 else x.shape[1:])


def told_by(placed: Placed, given: Values) -> dict[str, Any]:
    """Features in, as ``in``, and what a layer leaves to be inferred, as its parameters tell."""
    if not placed.layer.inferred:
        return {}
    found = {local: given[name] for local, name in placed.names.items()}
    arrays = {n: v for n, v in found.items() if isinstance(v, np.ndarray)}
    if placed.layout:
        axes = {n: told.count(",") + 1 for n, told in placed.layout.axes.items()}
        arrays = {n: v for n, v in arrays.items() if v.ndim == axes.get(n, v.ndim)}
        arrays = {n: np.asarray(v) for n, v in placed.layout.ours(arrays, placed.layer).items()}
    return placed.layer.told(arrays)


def stand_columns(spec: Spec, given: Values, from_files: Collection[str]) -> Values:
    """``given``, with the x and y that are a file's list of numbers as columns, one number a row.

    They stay lists where in or out, given or told by a parameter, or the batch says otherwise.
    Raises SpecError where x and y can only be columns of different lengths.
    """
    if not from_files:
        return given
    first, last = spec.layers[0], spec.layers[-1]
    widths = {
        "x": first_of(spec.inputs[-1] if spec.inputs else None, told_by(first, given).get("in")),
        "y": first_of(getattr(last.layer, "units", None), told_by(last, given).get("units")),
    }
    batch = spec.batch
    stood = dict(given)
    for name, width in widths.items():
        array = given.get(name) if name in from_files and width in (None, 1) else None
        if isinstance(array, np.ndarray) and array.ndim == 1:
            if batch in (None, array.size):
                stood[name] = array.reshape(-1, 1)
            elif name == "y" and batch != 1:
                whose = "x has" if spec.batch is None else "batch is"
                raise SpecError("y", f"has {counted(array.size, 'row')}, but {whose} {batch}")
        batch = first_of(batch, rows_in(stood.get(name), (width or 0,)))
    return stood


def first_of(*candidates: T | None) -> T | None:
    """The first that is there."""
    return next((n for n in candidates if n is not None), None)


def _alone(value: object) -> Shape | None:
    """One, for a single number where nothing else tells how many there should be."""
    return (1,) if isinstance(value, np.ndarray) and value.ndim == 0 else None


def rows_in(value: object, row: Shape) -> int | None:
    """How many rows ``value`` has; an array of the shape of a ``row`` is one, flat or not."""
    if not isinstance(value, np.ndarray) or value.ndim == 0:
        return None
    if value.ndim == 1 and len(row) > 1:
        return max(int(value.size) // math.prod(row), 1)
    if value.ndim == 1 and len(row) == 1:
        return int(value.size) if row == (1,) else 1
    return 1 if value.shape == row else int(value.shape[0])
