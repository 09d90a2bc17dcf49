"""Spread, norm and middle of the entries over an axis, several axes, or all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcli.engine.axes import CASES, Axis, add_reduce, entries, kept
from gradcli.engine.domain import above_zero, case, distinct, nonzero
from gradcli.engine.op import composite, op
from gradcli.engine.ops.arithmetic import abs, maximum
from gradcli.engine.ops.choice import where
from gradcli.engine.ops.indexing import sort
from gradcli.engine.ops.reduction import max, mean, min, sum
from gradcli.engine.ops.shape import broadcast_to, moveaxis, reshape
from gradcli.engine.tensor import Array, Outcome, Tensor, real
from gradcli.errors import OpError


def _var_vjp(g: Any, y: Any, x: Any, axis: Any, keepdims: bool, ddof: int) -> Any:
    n = entries(x, axis) - ddof
    return kept(g, x, axis) * (2 / n if n else np.nan) * (x - mean(x, axis=axis, keepdims=True))


@op(
    _var_vjp,
    rule="g * 2 * (x - mean(x)) / n",
    cases=CASES,
    numpy=np.var,
    aliases={"correction": "ddof"},
    analytic=False,
)
def var(x: Array, axis: Axis = None, keepdims: bool = False, ddof: int = 0) -> Outcome:
    """The mean square distance from the mean; ``ddof`` less than n divides it."""
    return _variance(x, axis, keepdims, ddof)


def _variance(x: Any, axis: Any, keepdims: bool, ddof: int) -> Any:
    """np.var, whose warning about too few entries is no part of the answer: nan is."""
    x = np.asarray(x)
    n = entries(x, axis)
    away = x - add_reduce(x, axis, keepdims=True) / (n or 1)
    left = n - ddof
    divisor = left if left > 0 else np.zeros((), away.dtype)
    return add_reduce(away * away, axis, keepdims=keepdims) / divisor


def _std_vjp(g: Any, y: Any, x: Any, axis: Any, keepdims: bool, ddof: int) -> Any:
    if not x.size:
        return x * 0
    # Where all entries are equal the slope is 0 by convention, even if their mean has rounded.
    y = kept(y, x, axis)
    flat = (max(x, axis, True) == min(x, axis, True)) | (y == 0)
    slope = where(flat, 0, kept(g, x, axis) / (2 * where(flat, 1, y)))
    return _var_vjp(slope, y, x, axis, keepdims, ddof)


@op(
    _std_vjp,
    rule="g * (x - mean(x)) / (n * y)",
    domain=distinct,
    cases=CASES,
    numpy=np.std,
    aliases={"correction": "ddof"},
    analytic=False,
)
def std(x: Array, axis: Axis = None, keepdims: bool = False, ddof: int = 0) -> Outcome:
    """The square root of the variance."""
    return np.sqrt(_variance(x, axis, keepdims, ddof))


def _norm_vjp(g: Any, y: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    flat = y == 0  # at the origin the slope is 0 by convention
    return kept(where(flat, 0, g / where(flat, 1, y)), x, axis) * x


@op(_norm_vjp, rule="g * x / y", domain=above_zero, cases=CASES)
def norm(x: Array, axis: Axis = None, keepdims: bool = False) -> Outcome:
    """The square root of the sum of squares along ``axis``."""
    x = real(x)
    return np.sqrt(add_reduce(x * x, axis, keepdims=keepdims))


def _numpy_norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """np.linalg.norm: of vectors in any order, of matrices the Frobenius norm."""
    if axis is None and ord is not None and x.ndim > 2:
        raise OpError(f"np.linalg.norm: ord={ord!r} of {x.ndim} axes: name one axis, or two")
    if np.ndim(axis) and len(axis) == 1:
        (axis,) = axis
    vectors = x.ndim == 1 if axis is None else np.ndim(axis) == 0
    if ord is None or (ord == "fro" and not vectors) or (ord == 2 and vectors):
        return norm(x, axis, keepdims)
    if not vectors:
        raise OpError(f"np.linalg.norm: of a matrix, ord={ord!r} has no rule: take 'fro'")
    if ord == np.inf:
        return max(abs(x), axis, keepdims)
    if ord == -np.inf:
        return min(abs(x), axis, keepdims)
    if ord == 1:
        return sum(abs(x), axis, keepdims)
    if not isinstance(ord, (int, float)) or ord <= 0:
        raise OpError(f"np.linalg.norm: ord={ord!r} has no rule: take a positive number, or inf")
    return sum(abs(x) ** ord, axis, keepdims) ** (1 / ord)


Tensor.numpy_ops[np.linalg.norm] = _numpy_norm


@composite(
    "g at the middle entry, or half at each of the two",
    numpy=np.median,
    domain=distinct,
    cases=(case((3,)), case((2, 4), axis=1), case((4,))),
    analytic=False,
)
def median(x: Array, axis: int | None = None, keepdims: bool = False) -> Outcome:
    """The middle entry in order along ``axis``; the mean of the middle two of an even number."""
    along = -1 if axis is None else axis
    rows = moveaxis(sort(reshape(x, (-1,)) if axis is None else x, along), along, -1)
    n = rows.shape[-1]
    middle = (rows[..., (n - 1) // 2] + rows[..., n // 2]) / 2
    last = rows[..., -1]  # nan is sorted to the end, and is then the median, as NumPy's
    middle = where(last == last, middle, last)
    return kept(middle, x, axis) if keepdims else middle


@composite(
    "g at the largest entry, -g at the smallest",
    numpy=np.ptp,
    domain=distinct,
    cases=(case((3,)), case((2, 3), axis=0)),
    analytic=False,
)
def ptp(x: Array, axis: Axis = None, keepdims: bool = False) -> Outcome:
    """The largest entry less the smallest."""
    return max(x, axis, keepdims) - min(x, axis, keepdims)


@composite(
    ("g * weights / sum(weights)", "g * (x - y) / sum(weights)"),
    numpy=np.average,
    domain=above_zero,
    cases=(case((3,), None), case((2, 3), (2, 3)), case((2, 3), (3,), axis=1)),
)
def average(x: Array, weights: Array | None = None, axis: int | None = None) -> Outcome:
    """The mean along ``axis``, each entry counted with its weight."""
    if weights is None:
        return mean(x, axis)
    if weights.shape != x.shape:
        if axis is None or weights.ndim != 1:
            raise OpError("average: weights of another shape than x need one axis")
        weights = reshape(weights, tuple([-1 if i == axis % x.ndim else 1 for i in range(x.ndim)]))
    return sum(x * weights, axis) / sum(broadcast_to(weights, x.shape), axis)


@composite(
    "g scaled, less its part along x",
    domain=nonzero,
    cases=(case((3,), clip_norm=0.25), case((2, 3), clip_norm=100.0)),
    analytic=False,
)
def clip_by_norm(x: Array, clip_norm: float, axis: Any = None) -> Outcome:
    """``x`` scaled down to the norm ``clip_norm`` where its own is larger."""
    return x * (clip_norm / maximum(norm(x, axis=axis, keepdims=True), clip_norm))


@composite(
    "g scaled, less its part along the arrays",
    cases=(case((2,), (3,), clip_norm=0.5), case((2,), (2, 2), clip_norm=100.0)),
    analytic=False,
)
def clip_by_global_norm(arrays: Sequence[Array], clip_norm: float) -> tuple[list[Outcome], Outcome]:
    """All ``arrays`` scaled by one factor, and the norm that they had. Pascanu et al. 2013."""
    total = sum(arrays[0] * arrays[0])
    for array in arrays[1:]:
        total = total + sum(array * array)
    whole = total**0.5
    return [a * (clip_norm / maximum(whole, clip_norm)) for a in arrays], whole


# Other spellings.
reduce_std = std
reduce_variance = var
