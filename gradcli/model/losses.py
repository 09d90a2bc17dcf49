"""The loss of a batch: the engine's losses, one number a row, reduced over the rows that count.

A loss is an op of targets and output, and a line of the catalogue. Output and targets are
(..., batch, *lead, out), where every index of (batch, *lead) is a row, and the loss is a scalar
for each index before those; so one call evaluates a stack of models, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from gradcli.engine import REGISTRY, Array
from gradcli.engine.ops.arithmetic import abs, square
from gradcli.engine.ops.choice import where
from gradcli.engine.ops.reduction import mean, sum


def batch_loss(
    loss: str,
    output: Array,
    y: Any,
    settings: Mapping[str, Any],
    reduction: str = "mean",
    axes: int = 1,
    mask: Array | None = None,
    by_batch: bool = False,
) -> Array:
    """The loss named ``loss`` of all rows: their mean, or with ``reduction`` "sum" their sum.

    The rows are those of so many ``axes`` before the last; where there is a ``mask``, those where
    it is not 0. With ``by_batch`` the sum is divided by the batch in place of the number of rows.
    """
    function = REGISTRY[loss]
    by_batch = by_batch and (axes > 1 or mask is not None)
    if reduction == "mean" and mask is None and not by_batch and "axis" in function.names:
        return function(y, output, axis=tuple(range(-axes - 1, 0)), **settings)  # means as one
    along = -1 if axes == 1 else tuple(range(-axes, 0))
    rows = row_losses(loss, output, y, settings, mask)
    if reduction == "mean" and mask is None and not by_batch:
        return mean(rows, axis=along)
    total = sum(rows, axis=along)
    if reduction == "sum":
        return total
    if by_batch or mask is None:
        return total / rows.shape[-axes]
    one, nothing = np.ones((), total.dtype), np.zeros((), total.dtype)
    number = sum(where(mask != 0, one, nothing))
    return total / where(number == 0, one, number)  # a batch may be of such rows alone


def row_losses(
    loss: str, output: Array, y: Any, settings: Mapping[str, Any], mask: Array | None = None
) -> Array:
    """The loss named ``loss`` of each row, (..., batch, *lead); 0 where ``mask`` is 0."""
    function = REGISTRY[loss]
    if mask is None:
        return function(y, output, **settings)
    # A row that does not count is 1 before the loss, which is then finite whatever it was.
    counts = mask != 0
    y, output = [where(counts[..., None], part, 1) for part in (y, output)]
    return where(counts, function(y, output, **settings), 0)


def penalty(l1: float, l2: float, weights: Iterable[tuple[Array, int]]) -> Array | None:
    """``l1`` times the sum of |w| and ``l2`` times that of w^2; None without weights.

    Each weight comes with the number of its axes; with more of them it is a stack.
    """
    total: Any = None
    for weight, ndim in weights:
        axis = None if weight.ndim == ndim else tuple(range(1, weight.ndim))
        for part, size in ((l1, abs), (l2, square)):
            if part:
                term = sum(size(weight), axis=axis) * part
                total = term if total is None else total + term
    return total
