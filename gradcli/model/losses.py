"""The loss of a batch: the engine's losses, one number a row, reduced over the rows.

A loss is an op of targets and output, and a line of the catalogue's LOSSES. One that reads the
output as probabilities has a line in CROSS_ENTROPIES, too. Output and targets are
(..., batch, out), and the loss a scalar for each leading index; so one call evaluates a stack
of models, too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from gradcli.engine import REGISTRY, Array
from gradcli.engine.ops.reduction import mean, sum


class CrossEntropy(NamedTuple):
    """How a loss reads the output as probabilities. Its op takes ``from_logits``."""

    probabilities: tuple[str, ...]
    """Activations that give such probabilities. After the first the loss is computed from the
    logits that it takes, unless the specification asks for the probabilities."""
    binary: bool = False
    """Whether one unit tells two classes apart: its label is then the target itself."""


CROSS_ENTROPIES = {
    "bce": CrossEntropy(("sigmoid", "softmax", "hard_sigmoid"), binary=True),
    "ce": CrossEntropy(("softmax",)),
}


def batch_loss(loss: str, output: Array, y: Any, from_logits: bool, reduction: str) -> Array:
    """The loss named ``loss`` of all rows: their mean, or with ``reduction`` "sum" their sum."""
    options: dict[str, Any] = {"from_logits": from_logits} if loss in CROSS_ENTROPIES else {}
    function = REGISTRY[loss]
    if reduction == "mean" and "axis" in function.names:
        return function(y, output, axis=(-2, -1), **options)  # both means as one
    rows = function(y, output, **options)
    return mean(rows, axis=-1) if reduction == "mean" else sum(rows, axis=-1)
