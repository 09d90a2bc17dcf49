"""The softmax family, stable: the largest entry is subtracted before exponentiation.

Where the numbers are moderate nothing is: to find the largest of each row takes longer than exp.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.engine.axes import Axis, add_along, kept
from gradcli.engine.domain import case
from gradcli.engine.op import op
from gradcli.engine.ops.exponential import exp
from gradcli.engine.ops.linear import vecdot
from gradcli.engine.tensor import Array, Outcome, real

_CASES = (case((3,)), case((2, 3)), case((2, 3), axis=0))


def _shifted(x: Any, axis: int) -> Any:
    if not x.size:
        return x.copy()
    if x.ndim > 1 and axis == -1:
        # A maximum over rows is several times faster down the columns of a copy.
        rows = x.reshape(-1, x.shape[-1])
        return x - np.maximum.reduce(rows.T.copy(), 0).reshape((*x.shape[:-1], 1))
    return x - np.max(x, axis=axis, keepdims=True)


def _softmax_vjp(g: Any, y: Any, x: Any, axis: int) -> Any:
    along = vecdot(g, y)[..., None] if axis == -1 else (g * y).sum(axis=axis, keepdims=True)
    found = g - along
    found *= y  # plain arrays in place
    return found


_MODERATE = 16.0
"""The largest entry up to which exp needs nothing subtracted,"""
_SMALLEST = 1e-7
"""and the sum of a row from which its small entries are still exact (to 1e-31 of it)."""


@op(_softmax_vjp, rule="y * (g - sum(g * y))", cases=_CASES)
def softmax(x: Array, axis: int = -1) -> Outcome:
    """exp(x) / sum(exp(x)): positive entries that sum to 1 along ``axis``."""
    x = real(x)
    if x.size and x.dtype.char in "fd" and np.maximum.reduce(x, None) <= _MODERATE:
        e = np.exp(x)
        total = add_along(e, axis)
        if np.minimum.reduce(total, None) >= _SMALLEST:  # no row needs its largest subtracted
            e /= total
            return e
    e = np.exp(_shifted(x, axis))
    if e.size:
        e /= add_along(e, axis)
    return e


@op(
    lambda g, y, x, axis: g - exp(y) * g.sum(axis=axis, keepdims=True),
    rule="g - softmax(x) * sum(g)",
    cases=_CASES,
)
def log_softmax(x: Array, axis: int = -1) -> Outcome:
    """log(softmax(x)), exact where softmax(x) is too small for a number."""
    s = _shifted(real(x), axis)
    if s.size:
        s = s - np.log(add_along(np.exp(s), axis))
    return s


@op(
    lambda g, y, x, axis, keepdims: kept(g, x, axis) * exp(x - kept(y, x, axis)),
    rule="g * softmax(x)",
    cases=(case((3,)), case((2, 3)), case((2, 3), axis=1)),
)
def logsumexp(x: Array, axis: Axis = None, keepdims: bool = False) -> Outcome:
    """log(sum(exp(x))) along ``axis``; -inf of nothing."""
    x = real(x)
    top = np.max(np.real(x), axis=axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, top.dtype.type(0))
    with np.errstate(divide="ignore"):  # log(0) is meant
        y = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return y if keepdims else np.squeeze(y, axis=axis)


# Other spellings.
log_sum_exp = logsumexp
reduce_logsumexp = logsumexp
