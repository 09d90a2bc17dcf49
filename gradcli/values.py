"""VALUE: what a problem takes for an array."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.errors import FileError, LiteralError, SpecError
from gradcli.files import from_lists, names_file, read_array
from gradcli.literals import looks_like_literal, parse_literal
from gradcli.names import suggestion


def resolve(
    key: str, value: Any, folder: str | None, words: Sequence[str] = ()
) -> str | npt.NDArray[Any]:
    """The array that ``value`` writes or that its file holds, or the one of ``words`` it is.

    Relative files are taken from ``folder``. Raises SpecError for ``key`` where it is none
    of these.
    """
    try:
        if not isinstance(value, str):
            return value if isinstance(value, np.ndarray) else from_lists(value)
        if value in words:
            return value
        if names_file(value):
            return read_array(value, folder)
        if looks_like_literal(value):
            return parse_literal(value)
        if os.path.exists(os.path.join(folder or "", value)):
            return read_array(value, folder)
    except (FileError, LiteralError) as error:
        raise SpecError(key, str(error)) from None
    kinds = "an initialiser, a literal nor a file" if words else "a literal nor a file"
    raise SpecError(key, f"{value!r} is neither {kinds}{suggestion(value, words)}")


def require_array(
    key: str, value: Any, folder: str | None, words: Sequence[str] = ()
) -> npt.NDArray[Any]:
    """As ``resolve``, for a key that takes none of the ``words``."""
    array = resolve(key, value, folder, words)
    if isinstance(array, str):
        raise SpecError(key, f"takes numbers or a file, not the initialiser {array!r}")
    return array
