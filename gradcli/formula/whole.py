"""Whole numbers, which say where or how many: told from other numbers, and reckoned with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.engine import Array, Op, Tensor, plain
from gradcli.engine.tensor import active
from gradcli.errors import GradcliError

EXACT = 2**53
"""Whole numbers below this are float64, too, and so are told apart from their neighbours."""


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
    return value if value.dtype.kind in "iub" else _as_whole(value)


def _as_whole(value: Any) -> Any:
    exact = np.abs(value) < 2.0 ** (np.finfo(value.dtype).nmant + 1)
    if value.dtype.kind != "f" or not np.all((value == np.rint(value)) & exact):
        raise IndexError("an index is a whole number")
    return value.astype(np.intp)


def positions(name: str, value: Any) -> npt.NDArray[np.intp]:
    """The values of a name that is an index. Raises GradcliError for what is no whole number."""
    array = np.asarray(value)
    if not np.all(np.abs(array) < EXACT) or not np.all(array == np.rint(array)):
        raise GradcliError(f"{name} is used as an index, but holds what is no whole number")
    return array.astype(np.intp)


def reckoning(calculate: Callable[[Any, Any], Any]) -> Op:
    """``calculate``, one of Python's operators, of whole numbers: an op, which replays check, too.

    It is computed in float64, where nothing wraps around. Raises IndexError where the outcome
    is no whole number (a division by 0), or one too large to be exact. Of two masks it is
    NumPy's.
    """

    def reckon(a: Array, b: Array) -> Array:
        if np.result_type(a, b) == np.bool_:
            return calculate(a, b)
        with np.errstate(all="ignore"):
            found = np.asarray(calculate(np.asarray(a, np.float64), np.asarray(b, np.float64)))
        if not np.all(np.isfinite(found)):
            raise IndexError("an index is divided by 0")
        if not np.all(np.abs(found) < EXACT):
            raise IndexError(f"an index would be larger than {EXACT:,}")
        return found.astype(np.intp)[()]

    reckon.__name__ = calculate.__name__
    return Op(reckon, analytic=False)
