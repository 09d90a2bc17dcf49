"""The softmax family, stable: the largest entry is subtracted before exponentiation."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.engine.domain import case
from gradcli.engine.op import op
from gradcli.engine.ops.exponential import exp
from gradcli.engine.ops.reduction import kept

_CASES = (case((3,)), case((2, 3)), case((2, 3), axis=0))


def _shifted(x: Any, axis: int) -> Any:
    if x.ndim > 1 and axis == -1:
        # A maximum over rows is several times faster down the columns of a copy.
        rows = x.reshape(-1, x.shape[-1])
        return x - np.maximum.reduce(rows.T.copy(), 0).reshape((*x.shape[:-1], 1))
    return x - np.max(x, axis=axis, keepdims=True)


def _total(e: Any, axis: int) -> Any:
    if e.ndim > 1 and axis == -1:
        # The sums of short rows are several times faster as a product with ones.
        n = e.shape[-1]
        return e.reshape(-1, n).dot(np.ones(n, e.dtype)).reshape((*e.shape[:-1], 1))
    return np.add.reduce(e, axis, keepdims=True)


def _softmax(x: Any, axis: int = -1) -> Any:
    e = np.exp(_shifted(np.asarray(x), axis))
    e /= _total(e, axis)
    return e


def _log_softmax(x: Any, axis: int = -1) -> Any:
    s = _shifted(np.asarray(x), axis)
    s -= np.log(_total(np.exp(s), axis))
    return s


def _logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    y = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return y if keepdims else np.squeeze(y, axis=axis)


softmax = op(
    "softmax(x, axis=-1)", _softmax,
    lambda g, y, x, axis=-1: y * (g - (g * y).sum(axis=axis, keepdims=True)),
    rule="y * (g - sum(g * y))", cases=_CASES,
)  # fmt: skip
log_softmax = op(
    "log_softmax(x, axis=-1)", _log_softmax,
    lambda g, y, x, axis=-1: g - exp(y) * g.sum(axis=axis, keepdims=True),
    rule="g - softmax(x) * sum(g)", cases=_CASES,
)  # fmt: skip
logsumexp = op(
    "logsumexp(x, axis=None, keepdims=False)", _logsumexp,
    lambda g, y, x, axis=None, keepdims=False: (
        kept(g, x, axis) * exp(x - kept(y, x, axis))
    ),
    rule="g * softmax(x)", cases=(case((3,)), case((2, 3)), case((2, 3), axis=1)),
)  # fmt: skip
