"""The ops, one file a family. This declares those that models need; ``others`` the rest."""

from gradcli.engine.ops import (
    activation,
    arithmetic,
    choice,
    comparison,
    exponential,
    linear,
    loss,
    reduction,
    shape,
    softmax,
    trigonometric,
)

__all__ = [
    "activation",
    "arithmetic",
    "choice",
    "comparison",
    "exponential",
    "linear",
    "loss",
    "reduction",
    "shape",
    "softmax",
    "trigonometric",
]
