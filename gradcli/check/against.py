"""Somebody else's gradients, from a file."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from gradcli.inputs.files import read_arrays

_PREFIX = "grads."
"""What names begin with in an npz that holds a whole answer."""


def read_gradients(source: str, dtype: str) -> dict[str, npt.NDArray[Any]]:
    """Gradients by name from an npz or JSON (``-``: standard input).

    Keys are parameter names, those of an answer saved as npz (``grads.w``), or a whole
    ``--json`` document. JSON does not tell in how many digits its numbers were computed:
    they are taken to be of ``dtype``. Raises FileError.
    """
    arrays = read_arrays(source)
    answer = {
        name.removeprefix(_PREFIX): array
        for name, array in arrays.items()
        if name.startswith(_PREFIX)
    }
    return {
        name: array if array.dtype.kind == "f" and _binary(source) else array.astype(dtype)
        for name, array in (answer or arrays).items()
    }


def _binary(source: str) -> bool:
    return source.lower().endswith(".npz")
