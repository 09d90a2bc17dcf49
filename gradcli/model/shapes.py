"""Sizes and shapes: inferring what a spec leaves out, and fitting what it gives."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.errors import SpecError
from gradcli.model.spec import Spec


class Sizes(NamedTuple):
    """Rows, features in, and the units of each layer."""

    batch: int
    inputs: int
    units: tuple[int, ...]


def infer(spec: Spec, given: Mapping[str, Any]) -> Sizes:
    """The sizes that the spec states, or else those of the arrays that are given."""
    first, last = given[f"w{spec.suffix(0)}"], given[f"w{spec.suffix(len(spec.layers) - 1)}"]
    bias = given.get(f"b{spec.suffix(len(spec.layers) - 1)}")
    x, y, labels = given["x"], given["y"], given["labels"]
    for layer in spec.layers[:-1]:
        if layer.units is None:
            raise SpecError("layers", "every hidden layer needs units")

    for name, value in given.items():
        if isinstance(value, np.ndarray) and not value.size:
            raise SpecError(name, f"is empty: its shape is {value.shape}")

    inputs = _first(spec.inputs, _columns(x), _axis(first, 0), _alone(x))
    if inputs is None:
        raise SpecError("in", "needed: the number of features in (or an x or w of numbers)")
    out = _first(spec.layers[-1].units, _columns(y), _axis(last, 1), _axis(bias, 0), _alone(y))
    if out is None:
        raise SpecError("out", "needed: the number of units out (or a y, w or b of numbers)")
    count = None if labels is None else int(labels.size)
    batch = _first(spec.batch, _rows(x, inputs), _rows(y, out), count) or 1
    return Sizes(batch, inputs, (*[_known(layer.units) for layer in spec.layers[:-1]], out))


def stand_columns(spec: Spec, given: dict[str, Any], from_files: Collection[str]) -> dict[str, Any]:
    """``given``, with the x and y that are a file's list of numbers as columns, one number a row.

    They stay lists where in or out, given or told by a parameter, or the batch says otherwise.
    """
    end = spec.suffix(len(spec.layers) - 1)
    widths = {
        "x": _first(spec.inputs, _axis(given[f"w{spec.suffix(0)}"], 0)),
        "y": _first(
            spec.layers[-1].units, _axis(given[f"w{end}"], 1), _axis(given.get(f"b{end}"), 0)
        ),
    }
    batch = spec.batch
    for name, width in widths.items():
        is_list = name in from_files and given[name].ndim == 1
        if is_list and width is None and batch in (None, given[name].size):
            given[name] = given[name].reshape(-1, 1)
        batch = _first(batch, _rows(given[name], width or 0))
    return given


def _known(units: int | None) -> int:
    assert units is not None
    return units


def _first(*candidates: int | None) -> int | None:
    return next((n for n in candidates if n is not None), None)


def _alone(value: Any) -> int | None:
    """One, for a single number where nothing else tells how many there should be."""
    return 1 if isinstance(value, np.ndarray) and value.ndim == 0 else None


def _columns(value: Any) -> int | None:
    """Features of a table of rows; a list of numbers is one row."""
    if value is None or isinstance(value, str) or value.ndim == 0:
        return None
    return int(value.shape[-1])


def _rows(value: Any, columns: int) -> int | None:
    if value is None or isinstance(value, str) or value.ndim == 0:
        return None
    if value.ndim == 1:
        return int(value.size) if columns == 1 else 1
    return int(value.shape[0])


def _axis(value: Any, axis: int) -> int | None:
    """The length of an axis of a parameter; a list of numbers as a weight is one column."""
    if value is None or isinstance(value, str) or value.ndim == 0:
        return None
    shape = (*value.shape, 1)
    return int(shape[axis])


def fit_inputs(x: npt.NDArray[Any], sizes: Sizes) -> npt.NDArray[Any]:
    """``x`` as (batch, in): a number fills it, a list of numbers is one row or one column."""
    shape = (sizes.batch, sizes.inputs)
    if x.ndim == 0:
        return np.full(shape, x)
    if x.ndim == 1 and x.size == sizes.batch * sizes.inputs and 1 in shape:
        return x.reshape(shape)
    if x.ndim > 2:
        raise SpecError("x", f"has shape {x.shape}, but a table (batch, in) is needed")
    if x.shape[-1] != sizes.inputs:
        raise SpecError(
            "x",
            f"has {x.shape[-1]} columns, but in is {sizes.inputs}: "
            f"give in {x.shape[-1]}, or an x of {sizes.inputs} columns",
        )
    if x.ndim == 1 or len(x) != sizes.batch:
        rows = 1 if x.ndim == 1 else len(x)
        raise SpecError("x", f"has {_count(rows, 'row')}, but batch is {sizes.batch}")
    return x


def fit_parameter(name: str, array: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """A parameter in its shape: a number fills it, and axes of length 1 may be left out."""
    if array.ndim == 0:
        return np.full(shape, array)
    if array.shape == shape:
        return array
    if _without_ones(array.shape) == _without_ones(shape) and array.ndim != len(shape):
        return array.reshape(shape)
    axes = "(in, out)" if len(shape) == 2 else "(out,)"
    turned = "; it fits transposed" if array.shape[::-1] == shape else ""
    raise SpecError(name, f"has shape {array.shape}, but {shape} is needed, {axes}{turned}")


def fit_targets(y: npt.NDArray[Any], sizes: Sizes) -> tuple[npt.NDArray[Any], str | None]:
    """``y`` as (batch, out), and a warning where NumPy would have broadcast it instead."""
    batch, out = shape = sizes.batch, sizes.units[-1]
    if y.shape == shape:
        return y, None
    if y.ndim == 0:
        warning = f"y is one number: it is taken for all {batch * out} entries of {shape}"
        return np.full(shape, y), warning if batch * out > 1 else None
    if y.ndim == 1 and batch == 1 and y.size == out:
        return y.reshape(shape), None
    if y.ndim == 1 and out == 1 and y.size == batch:
        return y.reshape(shape), (
            f"y of shape {y.shape} is read as a column {shape}: against an output of {shape} "
            f"NumPy and TensorFlow would broadcast it to {(batch, batch)}"
        )
    fix = f"give y {_count(batch, 'row')} of {_count(out, 'number')}"
    if y.ndim == 2 and len(y) == batch:
        fix += f", or out {y.shape[1]}"
    elif y.ndim == 2 and y.shape[1] == out:
        fix += f", or batch {len(y)}"
    raise SpecError("y", f"has shape {y.shape}, but the output has {shape}: {fix}")


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple([n for n in shape if n != 1])


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
