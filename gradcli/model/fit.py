"""Fitting the arrays that are given into the shapes that are needed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.errors import SpecError
from gradcli.layers.weights import Parameter
from gradcli.model.shapes import Sizes
from gradcli.suggest import counted


def fit_inputs(x: npt.NDArray[Any], sizes: Sizes) -> tuple[npt.NDArray[Any], str | None]:
    """``x`` as (batch, *row), and a warning where its rows are seen with other axes.

    A number fills it, a list of numbers is one row or one column. Rows of several axes may be
    written flat, those of one axis come with more, and axes of length 1 may be more or fewer.
    """
    batch, row = sizes.batch, sizes.row
    shape = (batch, *row)
    if x.ndim == 0:
        return np.full(shape, x), None
    if x.shape == shape:
        return x, None
    flat = (batch, math.prod(row)) if x.ndim == 2 else (math.prod(shape),)
    if (x.shape == row and batch == 1) or (len(row) > 1 and x.shape == flat):
        return x.reshape(shape), None
    if x.size == math.prod(shape) and len(x) == batch and x.ndim > 2:
        if len(row) == 1:
            return x.reshape(shape), f"x {x.shape} is flattened to {shape}"
        if without_ones(x.shape[1:]) == without_ones(row):
            return x.reshape(shape), f"x {x.shape} is taken as {shape}"
    if len(row) > 1 or x.ndim > 2:
        counts = f"{batch} of them" if batch > 1 else "one"
        raise SpecError("x", f"has shape {x.shape}, but {shape} is needed: rows of {row}, {counts}")
    if x.ndim == 1 and x.size == batch * row[0] and 1 in shape:
        return x.reshape(shape), None
    if x.shape[-1] != row[0]:
        raise SpecError(
            "x",
            f"has {x.shape[-1]} columns, but in is {row[0]}: "
            f"give in {x.shape[-1]}, or an x of {row[0]} columns",
        )
    rows = 1 if x.ndim == 1 else len(x)
    raise SpecError("x", f"has {counted(rows, 'row')}, but batch is {batch}")


def model_inputs(
    rows: npt.NDArray[Any], row: tuple[int, ...], scale: float, dtype: npt.DTypeLike
) -> npt.NDArray[Any]:
    """(n, *row) of ``dtype``: data of n rows, whatever axes these have, divided by ``scale``.

    They may be the data themselves. Each entry is the quotient in float64, rounded to ``dtype``.
    Where data and scale are numbers of ``dtype`` it is divided in that, which gives the same: the
    quotient of two float32 is not rounded twice by way of float64 (Figueroa, "When is double
    rounding innocuous?", 1995).
    """
    x, own = rows.reshape(len(rows), *row), np.asarray(scale, dtype)
    if scale == 1:
        return x.astype(dtype, copy=False)
    if np.can_cast(x.dtype, dtype) and float(own) == scale:
        return np.asarray(np.divide(x, own, dtype=dtype))
    return np.asarray(np.divide(x, scale, dtype=np.float64).astype(dtype))


def fit_parameter(name: str, array: npt.NDArray[Any], needed: Parameter) -> npt.NDArray[Any]:
    """A parameter in its shape: a number fills it, and axes of length 1 may be left out."""
    shape = needed.shape
    if array.ndim == 0:
        return np.full(shape, array)
    if array.shape == shape:
        return array
    if without_ones(array.shape) == without_ones(shape) and array.ndim != len(shape):
        return array.reshape(shape)
    turned = "; it fits transposed" if array.shape[::-1] == shape else ""
    raise SpecError(name, f"has shape {array.shape}, but {shape} is needed, {needed.axes}{turned}")


def fit_targets(y: npt.NDArray[Any], sizes: Sizes) -> tuple[npt.NDArray[Any], str | None]:
    """``y`` as (batch, *output), and a warning where NumPy would have broadcast it instead."""
    batch, out = sizes.batch, sizes.out
    shape = (batch, *sizes.output)
    if y.shape == shape:
        return y, None
    if y.ndim == 0:
        warning = f"y is one number: it is taken for all {math.prod(shape)} entries of {shape}"
        return np.full(shape, y), warning if math.prod(shape) > 1 else None
    if y.shape == sizes.output and batch == 1:
        return y.reshape(shape), None
    if len(shape) > 2:
        raise SpecError("y", f"has shape {y.shape}, but the output has {shape}")
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


def without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """``shape`` without its axes of length 1."""
    return tuple([n for n in shape if n != 1])
