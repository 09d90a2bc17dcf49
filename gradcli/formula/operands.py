"""The values of a running formula, and what an op is handed of them.

A value is a real number or an array of one dtype, the formula's; a Python float, which takes on
the dtype of what it meets; whole numbers or truths, which are positions and masks, and become
real numbers where they meet arithmetic; or a tuple, the several outcomes of one op.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcli.engine import REGISTRY, Op, Tensor
from gradcli.formula.limits import LARGEST, is_limited, require_small

Operation = Callable[[Sequence[Any], dict[str, Any]], Any]
"""An op as a function of a formula's values: its arrays, and its other parameters by name."""


def operation(op: Op, dtype: np.dtype[Any]) -> Operation:
    """``op`` of values; what comes out is of ``dtype`` where it is real."""
    by_number, always, casts = _is_ufunc(op), is_limited(op), "dtype" in op.names
    real = dtype.type

    def operate(values: Sequence[Any], params: dict[str, Any]) -> Any:
        arrays: list[Any] = []
        numbers, most = 0, 1
        for value in values:
            kind = type(value)
            if kind is float:
                numbers += 1
                arrays.append(value)
            elif kind is real:
                arrays.append(value)
            elif (kind is Tensor or kind is np.ndarray) and value.dtype is dtype:
                arrays.append(value)
                most *= value.size or 1
            else:
                arrays.append(_operand(op, len(arrays), len(values), value, dtype))
                most *= np.size(arrays[-1]) or 1
        if numbers and not by_number:
            # Among themselves they are computed in full, as Python would.
            number = np.float64 if numbers == len(values) else real
            arrays = [number(a) if type(a) is float else a for a in arrays]
        if always or most > LARGEST:  # broadcast together, they are no more than that
            require_small(op, arrays, params)
        result = cast(op, arrays, params) if casts else op.call(arrays, params)
        # Numbers among themselves stay Python's, which take on the dtype of what they meet.
        if numbers == len(values) and isinstance(result, np.floating):
            return float(result)
        return result if type(result) is real else of_dtype(result, dtype)

    return operate


@functools.cache
def _is_ufunc(op: Op) -> bool:
    """Whether ``op`` is NumPy's, entry by entry: Python's numbers take on the dtype they meet."""
    return any(
        found is op and isinstance(function, np.ufunc) and function.signature is None
        for function, found in Tensor.numpy_ops.items()
    )


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
    return stacked(arrays)


def listed(parts: Sequence[Any], dtype: np.dtype[Any]) -> Any:
    """The array that a list of real numbers and arrays writes out."""
    arrays = []
    for part in parts:
        array = array_of(part, dtype)
        arrays.append(array.astype(dtype) if array.dtype.kind in "iub" else array)
    return stacked(arrays)


def stacked(arrays: list[Any]) -> Any:
    """The arrays along a new first axis. Raises ValueError where they are too many numbers."""
    require_small(REGISTRY["stack"], arrays, {})
    return REGISTRY["stack"](arrays)


def cast(op: Op, arrays: list[Any], params: dict[str, Any]) -> Any:
    """``op`` of ``arrays``, one of whose ``params`` is a dtype.

    Raises ValueError where whole numbers are asked of what has none, or too large ones.
    """
    if np.dtype(params["dtype"]).kind != "i":
        return op.call(arrays, params)
    try:
        with np.errstate(invalid="raise"):
            return op.call(arrays, params)
    except FloatingPointError:
        raise ValueError("cast: nan, inf and numbers beyond 2^63 are no whole numbers") from None
