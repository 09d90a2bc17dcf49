"""VALUE: what a specification may give for an array."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.errors import FileError, LiteralError, SpecError
from gradcli.files import from_lists, names_file, read_array
from gradcli.literals import looks_like_literal, parse_literal
from gradcli.model.keys import INITIALISERS
from gradcli.names import suggestion


def resolve(key: str, value: Any, folder: str | None) -> str | npt.NDArray[Any]:
    """The initialiser that ``value`` names, or the array that it writes or that its file holds.

    Raises SpecError for ``key`` where it is none of these.
    """
    try:
        if not isinstance(value, str):
            return value if isinstance(value, np.ndarray) else from_lists(value)
        if value in INITIALISERS:
            return value
        if names_file(value):
            return read_array(value, folder)
        if looks_like_literal(value):
            return parse_literal(value)
        if os.path.exists(os.path.join(folder or "", value)):
            return read_array(value, folder)
    except (FileError, LiteralError) as error:
        raise SpecError(key, str(error)) from None
    raise SpecError(
        key,
        f"{value!r} is neither an initialiser, a literal nor a file"
        f"{suggestion(value, INITIALISERS)}",
    )


def require_array(key: str, value: Any, folder: str | None) -> npt.NDArray[Any]:
    """As ``resolve``, for a key that takes no initialiser."""
    array = resolve(key, value, folder)
    if isinstance(array, str):
        raise SpecError(key, f"takes numbers or a file, not the initialiser {array!r}")
    return array
