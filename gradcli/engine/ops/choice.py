"""One of two values, entry by entry: what the gradients of other ops are selected by."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.engine.domain import case, distinct, real
from gradcli.engine.op import op
from gradcli.engine.tensor import Array, Outcome


def _where_a(g: Any, y: Any, condition: Any, a: Any, b: Any) -> Any:
    return keep(condition, g)


def _where_b(g: Any, y: Any, condition: Any, a: Any, b: Any) -> Any:
    return where(condition, 0, g)


@op(
    None,
    _where_a,
    _where_b,
    rule=("", "g where the condition holds, else 0", "0 where the condition holds, else g"),
    domain=(distinct, real),
    aliases={"x": "a", "y": "b"},
    of_one="argwhere",
    cases=(
        case(np.array([[True, False, True]]), (2, 3), (2, 3)),
        case(np.array([True, False, False]), (2, 3), ()),
    ),
)
def where(condition: Array, a: Array, b: Array) -> Outcome:
    """``a`` where the condition holds, ``b`` elsewhere.

    Of the condition alone it is argwhere: where it holds, as TensorFlow's.
    """
    return np.where(condition, a, b)


def keep(condition: Array, g: Array) -> Outcome:
    """``where(condition, g, 0)``: what a mask lets through, not multiplied by it.

    On plain arrays the bits of ``g`` are multiplied by 0 or 1, which is exact, as 0 * inf is
    not, and takes a third of np.where's time.
    """
    if type(g) is np.ndarray and type(condition) is np.ndarray:
        bits = _BITS.get(g.dtype.char)
        if bits is not None and condition.dtype.char == "?" and condition.shape == g.shape:
            return (condition.astype(bits) * g.view(bits)).view(g.dtype)
    return where(condition, g, 0)


_BITS: dict[str, np.dtype[Any]] = {"f": np.dtype(np.int32), "d": np.dtype(np.int64)}
"""Whole numbers as wide as each kind of float, by the letters of their dtypes."""
