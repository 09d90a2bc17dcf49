"""The ops, one file a family. Importing this package declares them all."""

from gradcli.engine.ops import (
    activation,
    arithmetic,
    comparison,
    exponential,
    indexing,
    linear,
    reduction,
    shape,
    softmax,
    trigonometric,
)

__all__ = [
    "activation",
    "arithmetic",
    "comparison",
    "exponential",
    "indexing",
    "linear",
    "reduction",
    "shape",
    "softmax",
    "trigonometric",
]
