"""How much memory a model takes, known before any is taken."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcli.errors import TooLargeError
from gradcli.model.network import leaves
from gradcli.model.placed import Placed
from gradcli.model.shapes import Sizes


def estimate(layers: Sequence[Placed], sizes: Sizes, dtype: np.dtype[Any]) -> tuple[int, int]:
    """``(parameters, bytes)`` that evaluating a model of these sizes takes at least."""
    parameters, entries = 0, math.prod(sizes.row)
    for placed in leaves(layers):
        own = placed.layer.parameters(placed.shape, sizes.batch)
        letters = {letter for local in placed.names for letter in placed.letters_of(local)}
        parameters += sum(math.prod(own[letter].shape) for letter in letters)
        entries += placed.layer.entries(placed.shape)
    # Each activation is held with its gradient, before and after its function; a
    # parameter with its gradient, and while it is drawn in float64.
    numbers = sizes.batch * entries + 2 * parameters
    return parameters, dtype.itemsize * numbers + 8 * parameters


def require_memory(layers: Sequence[Placed], sizes: Sizes, dtype: np.dtype[Any]) -> None:
    """Raise TooLargeError with the estimate where this machine's memory would not do."""
    parameters, needed = estimate(layers, sizes, dtype)
    limit = _physical_memory()
    if limit is not None and needed > limit:
        raise TooLargeError(
            f"the model is too large for memory: {parameters:,} parameters and batch "
            f"{sizes.batch:,} need about {_binary(needed)}, this machine has {_binary(limit)}"
        )


def _physical_memory() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _binary(count: float) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB"):
        if count < 1024:
            return f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:.3g} EiB"
