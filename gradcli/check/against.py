"""Somebody else's gradients, from a file."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from gradcli.inputs.files import read_arrays


def read_gradients(source: str, dtype: str) -> dict[str, npt.NDArray[Any]]:
    """Gradients by name from an npz or JSON (``-``: standard input).

    Keys are parameter names, those of an answer saved as npz (``grads.w``), or a whole
    ``--json`` document. JSON does not tell in how many digits its numbers were computed:
    they are taken to be of ``dtype``. Raises FileError.
    """
    given = read_arrays(source, "grads.")
    return {
        name: array if array.dtype.kind == "f" and given.typed else array.astype(dtype)
        for name, array in given.arrays.items()
    }
