"""The loss of a batch: the engine's losses, one number a row, reduced over the rows.

A loss is an op of targets and output, and a line of the catalogue; one that reads the output
as probabilities has a line in CROSS_ENTROPIES there, too. Output and targets are
(..., batch, *lead, out), where every index of (batch, *lead) is a row, and the loss is a scalar
for each index before those; so one call evaluates a stack of models, too.
"""

from __future__ import annotations

from typing import Any

from gradcli.catalogue import CROSS_ENTROPIES
from gradcli.engine import REGISTRY, Array
from gradcli.engine.ops.reduction import mean, sum


def batch_loss(
    loss: str, output: Array, y: Any, from_logits: bool, reduction: str, axes: int = 1
) -> Array:
    """The loss named ``loss`` of all rows: their mean, or with ``reduction`` "sum" their sum.

    The rows are those of so many ``axes`` before the last.
    """
    options: dict[str, Any] = {"from_logits": from_logits} if loss in CROSS_ENTROPIES else {}
    function = REGISTRY[loss]
    if reduction == "mean" and "axis" in function.names:
        return function(y, output, axis=tuple(range(-axes - 1, 0)), **options)  # means as one
    rows = function(y, output, **options)
    along = -1 if axes == 1 else tuple(range(-axes, 0))
    return mean(rows, axis=along) if reduction == "mean" else sum(rows, axis=along)
