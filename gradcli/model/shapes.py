"""Sizes and shapes: inferring what a spec leaves out, and fitting what it gives."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.errors import SpecError
from gradcli.layers.layer import Layer, Parameter, Shape
from gradcli.model.network import Placed
from gradcli.model.spec import Spec
from gradcli.suggest import counted

Values = Mapping[str, str | npt.NDArray[Any] | None]
"""By key an initialiser's name, an array, or None where nothing is given."""


class Sizes(NamedTuple):
    """Rows, and the shape of one: as it comes in, and as each layer hands it on."""

    batch: int
    shapes: tuple[Shape, ...]

    @property
    def inputs(self) -> int:
        """Features in."""
        return self.shapes[0][-1]

    @property
    def out(self) -> int:
        """Units out."""
        return self.shapes[-1][-1]


def infer(spec: Spec, given: Values) -> tuple[Spec, Sizes]:
    """``spec`` with what arrays tell of its layers, and the sizes.

    Sizes are those that the spec states, or else those of the arrays that are ``given`` by name.
    """
    for name, value in given.items():
        if isinstance(value, np.ndarray) and not value.size:
            raise SpecError(name, f"is empty: its shape is {value.shape}")
    x, y, labels = given["x"], given["y"], given["labels"]
    told = [_told(placed, given) for placed in spec.layers]

    inputs = _first(spec.inputs, _columns(x), told[0][0], _alone(x))
    if inputs is None:
        raise SpecError("in", "needed: the number of features in (or an x or w of numbers)")
    layers: list[Placed] = []
    shapes: list[Shape] = [(inputs,)]
    for placed, (_, by_parameters) in zip(spec.layers, told):
        layer = placed.layer
        if layer.inferred and getattr(layer, layer.inferred) is None:
            target = y if len(shapes) == len(spec.layers) else None
            found = _first(_columns(target), by_parameters, _alone(target))
            if found is None:
                raise _needed(spec, len(shapes) - 1)
            layer = layer.completed(found)
        layers.append(placed._replace(layer=layer))
        shapes.append(_output_shape(layer, shapes))
    if len(shapes[-1]) != 1:
        raise SpecError("layers", f"a row comes out as {shapes[-1]}, but a loss takes (out,)")
    count = labels.size if isinstance(labels, np.ndarray) else None
    batch = _first(spec.batch, _rows(x, inputs), _rows(y, shapes[-1][-1]), count) or 1
    return spec._replace(layers=tuple(layers)), Sizes(batch, tuple(shapes))


def _needed(spec: Spec, at: int) -> SpecError:
    """What to give where nothing tells the width of a layer."""
    layer = spec.layers[at].layer
    arrays = " or ".join([weight.letter for weight in layer.weights])
    if at == len(spec.layers) - 1:
        arrays = f"y, {arrays}"
    if spec.long:
        return SpecError(f"layers[{at + 1}]", f"needs {layer.inferred} (or a {arrays} of numbers)")
    return SpecError("out", f"needed: the number of units out (or a {arrays} of numbers)")


def _told(placed: Placed, given: Values) -> tuple[int | None, int | None]:
    """Features in, and what a layer leaves to be inferred, as its parameters tell."""
    found = {letter: given[name] for letter, name in placed.names.items()}
    return placed.layer.told({n: v for n, v in found.items() if isinstance(v, np.ndarray)})


def _output_shape(layer: Layer, shapes: list[Shape]) -> Shape:
    try:
        return layer.output_shape(shapes[-1])
    except ValueError as error:
        raise SpecError(f"layers[{len(shapes)}]", str(error)) from None


def stand_columns(spec: Spec, given: Values, from_files: Collection[str]) -> Values:
    """``given``, with the x and y that are a file's list of numbers as columns, one number a row.

    They stay lists where in or out, given or told by a parameter, or the batch says otherwise.
    """
    first, last = spec.layers[0], spec.layers[-1]
    out = getattr(last.layer, last.layer.inferred) if last.layer.inferred else None
    widths = {
        "x": _first(spec.inputs, _told(first, given)[0]),
        "y": _first(out, _told(last, given)[1]),
    }
    batch = spec.batch
    stood = dict(given)
    for name, width in widths.items():
        array = given[name] if name in from_files and width is None else None
        if isinstance(array, np.ndarray) and array.ndim == 1 and batch in (None, array.size):
            stood[name] = array.reshape(-1, 1)
        batch = _first(batch, _rows(stood[name], width or 0))
    return stood


def _first(*candidates: int | None) -> int | None:
    return next((n for n in candidates if n is not None), None)


def _alone(value: object) -> int | None:
    """One, for a single number where nothing else tells how many there should be."""
    return 1 if isinstance(value, np.ndarray) and value.ndim == 0 else None


def _columns(value: object) -> int | None:
    """Features of a table of rows; a list of numbers is one row."""
    if not isinstance(value, np.ndarray) or value.ndim == 0:
        return None
    return int(value.shape[-1])


def _rows(value: object, columns: int) -> int | None:
    if not isinstance(value, np.ndarray) or value.ndim == 0:
        return None
    if value.ndim == 1:
        return int(value.size) if columns == 1 else 1
    return int(value.shape[0])


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
        raise SpecError("x", f"has {counted(rows, 'row')}, but batch is {sizes.batch}")
    return x


def fit_parameter(name: str, array: npt.NDArray[Any], needed: Parameter) -> npt.NDArray[Any]:
    """A parameter in its shape: a number fills it, and axes of length 1 may be left out."""
    shape = needed.shape
    if array.ndim == 0:
        return np.full(shape, array)
    if array.shape == shape:
        return array
    if _without_ones(array.shape) == _without_ones(shape) and array.ndim != len(shape):
        return array.reshape(shape)
    turned = "; it fits transposed" if array.shape[::-1] == shape else ""
    raise SpecError(name, f"has shape {array.shape}, but {shape} is needed, {needed.axes}{turned}")


def fit_targets(y: npt.NDArray[Any], sizes: Sizes) -> tuple[npt.NDArray[Any], str | None]:
    """``y`` as (batch, out), and a warning where NumPy would have broadcast it instead."""
    batch, out = shape = sizes.batch, sizes.out
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
    fix = f"give y {counted(batch, 'row')} of {counted(out, 'number')}"
    if y.ndim == 2 and len(y) == batch:
        fix += f", or out {y.shape[1]}"
    elif y.ndim == 2 and y.shape[1] == out:
        fix += f", or batch {len(y)}"
    raise SpecError("y", f"has shape {y.shape}, but the output has {shape}: {fix}")


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple([n for n in shape if n != 1])
