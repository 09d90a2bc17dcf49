"""The values of a running formula, and what an op is handed of them.

A value is a real number or an array of one dtype, the formula's; a Python float, which takes on
the dtype of what it meets; whole numbers or truths, which are positions and masks, and become
real numbers where they meet arithmetic; or a tuple, the several outcomes of one op.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcli.engine import REGISTRY, Op, Tensor, plain
from gradcli.engine.domain import BINARY, UNARY
from gradcli.engine.tensor import active
from gradcli.formula.limits import is_limited, require_small

Operation = Callable[[Sequence[Any], dict[str, Any]], Any]
"""An op as a function of a formula's values: its arrays, and its other parameters by name."""


_MANY = 1000
"""Entries from which two arrays, broadcast, may be too large."""


def operation(op: Op, dtype: np.dtype[Any]) -> Operation:
    """``op`` of values; what comes out is of ``dtype`` where it is real."""
    by_number = op.cases is UNARY or op.cases is BINARY  # takes Python's numbers as they are
    always, real = op.cases is not BINARY and is_limited(op), dtype.type

    def operate(values: Sequence[Any], params: dict[str, Any]) -> Any:
        arrays: list[Any] = []
        numbers, many = 0, always
        for value in values:
            kind = type(value)
            if kind is float:
                numbers += 1
                arrays.append(value if by_number else real(value))
            elif kind is real:
                arrays.append(value)
            elif (kind is Tensor or kind is np.ndarray) and value.dtype is dtype:
                arrays.append(value)
                many = many or value.size > _MANY
            else:
                arrays.append(_operand(op, len(arrays), len(values), value, dtype))
                many = True
        if many:
            require_small(op, arrays, params)
        result = op.call(arrays, params)
        if op.name == "astype":
            require_cast(arrays[0], result)
        # Numbers among themselves stay Python's, which take on the dtype of what they meet.
        if numbers == len(values) and isinstance(result, np.floating):
            return float(result)
        return result if type(result) is real else of_dtype(result, dtype)

    return operate


def _operand(op: Op, i: int, count: int, value: Any, dtype: np.dtype[Any]) -> Any:
    """``value`` as the ``i``-th of ``count`` arrays of ``op``: real where ``op`` has a gradient."""
    if isinstance(value, (tuple, list)):
        value = together(value, dtype)
    vjps = op.vjps_for(count) if op.vjps else ()
    is_real = vjps[i] is not None if vjps else op.differentiable
    if is_real and getattr(value, "dtype", dtype).kind in "iub":
        return value.astype(dtype)
    return value


def of_dtype(result: Any, dtype: np.dtype[Any]) -> Any:
    """``result`` with all real arrays in ``dtype``."""
    if isinstance(result, (tuple, list)):
        parts = [of_dtype(part, dtype) for part in result]
        return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)
    if type(result) is float:
        return result
    wrong = result.dtype.kind == "f" and result.dtype != dtype
    return result.astype(dtype) if wrong else result


def array_of(value: Any, dtype: np.dtype[Any]) -> Any:
    """``value`` as one array or Tensor; several outcomes are stacked."""
    if isinstance(value, (tuple, list)):
        return together(value, dtype)
    return np.asarray(value, dtype)[()] if isinstance(value, float) else value


def together(parts: Sequence[Any], dtype: np.dtype[Any]) -> Any:
    """The outcomes of an op as one array along a new first axis, if they are of one kind.

    Raises ValueError where they are not.
    """
    arrays = [array_of(part, dtype) for part in parts]
    if len({(np.shape(a), a.dtype.kind) for a in arrays}) > 1:
        raise ValueError("there are several outcomes, of unequal parts: pick one with [0]")
    return REGISTRY["stack"](arrays)


def listed(parts: Sequence[Any], dtype: np.dtype[Any]) -> Any:
    """The array that a list of real numbers and arrays writes out."""
    arrays = []
    for part in parts:
        array = array_of(part, dtype)
        arrays.append(array.astype(dtype) if array.dtype.kind in "iub" else array)
    return REGISTRY["stack"](arrays)


def whole(value: Any) -> Any:
    """``value`` as an index: whole numbers or a mask, which no variable moves.

    Raises IndexError where it is something else.
    """
    if isinstance(value, tuple):  # an index for each axis
        return tuple([whole(part) for part in value])
    if isinstance(value, Tensor) and value.dtype.kind == "f":
        if any(recorder.follows(value) for recorder in active.recorders):
            raise IndexError("an index is whole numbers that do not depend on a variable")
        value = plain(value)
    if isinstance(value, int):
        return value
    value = np.float64(value) if type(value) is float else value
    if value.dtype.kind in "iub":
        return value
    exact = np.abs(value) < 2.0 ** (np.finfo(value.dtype).nmant + 1)
    if value.dtype.kind != "f" or not np.all((value == np.rint(value)) & exact):
        raise IndexError("an index is a whole number")
    return value.astype(np.intp)


def require_cast(x: Any, result: Any) -> None:
    """Raise ValueError where whole numbers are asked of what has none, or too large ones."""
    if result.dtype.kind in "iu":
        numbers = np.asarray(plain(x), np.float64)
        if not np.all(np.trunc(numbers) == plain(result)):
            raise ValueError("cast: nan, inf and numbers beyond 2^63 are no whole numbers")
