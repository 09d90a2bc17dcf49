"""Arrays whose numbers do not depend on others."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.engine.domain import case
from gradcli.engine.op import composite, op
from gradcli.engine.ops.shape import broadcast_to
from gradcli.engine.tensor import Array, Outcome


@op(numpy=np.ones_like)
def ones_like(x: Array) -> Outcome:
    """Ones of the shape and dtype of ``x``."""
    return np.ones_like(x)


@op()
def eye(n: int) -> Outcome:
    """The identity matrix, (n, n)."""
    return np.eye(n)


@op()
def zeros(shape: Any) -> Outcome:
    """Zeros of ``shape``, float64."""
    return np.zeros(shape)


@op()
def ones(shape: Any) -> Outcome:
    """Ones of ``shape``, float64."""
    return np.ones(shape)


@composite(
    "the sum of g",
    aliases={"dims": "shape"},
    order=("shape", "value"),
    cases=(case((), shape=(2, 3)), case((), shape=2)),
)
def fill(value: Array, shape: Any) -> Outcome:
    """An array of ``shape`` with ``value`` at every entry."""
    return broadcast_to(value, shape)
