"""The ops, one file a family. This declares those that models need; ``others`` the rest."""

from gradcli.engine.ops import (  # noqa: F401  (declares them)
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
