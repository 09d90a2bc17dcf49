"""Numbers as text."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

SCREEN_DIGITS = 8
"""Significant digits on a terminal, as in NumPy's own printing."""


def texts(array: npt.NDArray[Any], exact: bool) -> npt.NDArray[Any]:
    """Each entry as the shortest text that gives it back in its dtype.

    Unless ``exact``, with at most SCREEN_DIGITS significant digits: float32 has about as
    many, float64 twice that.
    """
    if exact or array.dtype.itemsize <= 4 or array.dtype.kind != "f":
        return array.astype(str)
    rounded = [f"{value:.{SCREEN_DIGITS}g}" for value in array.reshape(-1).tolist()]
    return np.array(rounded, dtype=str).reshape(array.shape)


def text(value: Any, exact: bool = True) -> str:
    """One number as text; see ``texts``."""
    return str(texts(np.asarray(value), exact)[()])
