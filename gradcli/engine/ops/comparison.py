"""Comparisons and logic, entry by entry: functions without a gradient. On Tensors they stop it."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.engine.op import elementwise, op
from gradcli.engine.tensor import Array, Outcome

equal = elementwise(np.equal, operator="eq")
not_equal = elementwise(np.not_equal, operator="ne")
less = elementwise(np.less, operator="lt")
less_equal = elementwise(np.less_equal, operator="le")
greater = elementwise(np.greater, operator="gt")
greater_equal = elementwise(np.greater_equal, operator="ge")
logical_and = elementwise(np.logical_and)
logical_or = elementwise(np.logical_or)
logical_not = elementwise(np.logical_not)
bitwise_and = elementwise(np.bitwise_and, operator="and")
bitwise_or = elementwise(np.bitwise_or, operator="or")
invert = elementwise(np.invert, operator="invert")


@op(numpy=np.zeros_like)
def zeros_like(x: Array) -> Outcome:
    """Zeros of the shape and dtype of ``x``."""
    return np.zeros_like(x)


@op()
def stop_gradient(x: Array) -> Outcome:
    """``x`` itself, as a constant: no gradient goes through."""
    return np.asarray(x)[()]


@op(positions=("labels",))
def one_hot(labels: Array, depth: int, dtype: Any = np.float32) -> Outcome:
    """Rows of ``depth`` entries with a 1 at each label; a label out of range gives zeros."""
    return (np.asarray(labels)[..., None] == np.arange(depth)).astype(dtype)
