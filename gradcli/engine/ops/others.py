"""The families of ops that few commands need, loaded when one of their ops is asked for."""

from types import ModuleType

from gradcli.engine import ops
from gradcli.engine.operation import Op
from gradcli.engine.ops import (  # noqa: F401  (declares them)
    algebra,
    constants,
    convolution,
    einsum,
    indexing,
    joining,
    likelihood,
    normalisation,
    places,
    pooling,
    recurrent,
    rounding,
    running,
    scores,
    sequence,
    statistics,
    truths,
    windows,
)


def spellings() -> dict[str, str]:
    """The names that an op has in its family's file besides its own, and its own."""
    families = [module for module in vars(ops).values() if isinstance(module, ModuleType)]
    return {
        name: found.name
        for family in families
        for name, found in vars(family).items()
        if isinstance(found, Op) and name != found.name and not name.startswith("_")
    }
