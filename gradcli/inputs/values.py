"""VALUE: what a problem takes for an array."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.catalogue import INITIALISERS
from gradcli.errors import FileError, LiteralError, SpecError
from gradcli.inputs.literals import from_lists, looks_like_literal, parse_literal, reads_stdin
from gradcli.suggest import suggestion

if TYPE_CHECKING:
    from gradcli.inputs.files import OpenedArray
    from gradcli.inputs.streams import Stream

MOST_DRAWN = 10_000_000
"""Entries of one random array."""


class Given(NamedTuple):
    """An array that was given, and the file that it came from, as it was named (``d.csv:t``).

    ``origin`` is None where the array was written out; ``-`` is standard input. Its folder is
    that from which the command runs.
    """

    array: npt.NDArray[Any]
    origin: str | None = None
    file: OpenedArray | None = None
    """What tells whether the file is unchanged, where its array was to be mapped."""

    def require_unchanged(self) -> None:
        """Raise FileError where the file has changed since; ask before each use of the array."""
        if self.file is not None:
            self.file.require_unchanged()


WRITTEN_OUT = 10_000
"""Numbers up to which a specification writes out an array that came from a file."""


def written_out(array: npt.NDArray[Any], origin: str | None) -> bool:
    """Whether a specification has the numbers of ``array`` themselves, and not its file's name."""
    return origin is None or array.size <= WRITTEN_OUT


def written(array: npt.NDArray[Any], origin: str | None) -> Any:
    """How a specification has ``array``: by its file and that file's SHA-256 if it is large."""
    if origin is None or written_out(array, origin):
        return array
    from gradcli.inputs.opening import fingerprint  # not every command reads a file
    from gradcli.inputs.sources import path_of

    path = path_of(origin, None)
    if path is None or not os.path.isfile(path):
        return array
    return {"file": origin, "sha256": fingerprint(path)}


def pinned(source: str) -> dict[str, str]:
    """How a specification names a file that must be as it is: see ``unchanged``."""
    from gradcli.inputs.opening import fingerprint

    return {"file": source, "sha256": fingerprint(source)}


def resolve(key: str, value: Any, folder: str | None, mapped: bool = False) -> str | Given:
    """The array that ``value`` writes or that its file holds, or the initialiser that it names.

    Relative files are taken from ``folder``; where ``mapped``, their arrays are read-only and
    stay in the file if they can. A Given is given back. Raises SpecError for ``key`` where
    ``value`` is none of these.
    """
    try:
        if isinstance(value, Given):
            return value
        if isinstance(value, Mapping):
            return _from_file(unchanged(value, folder), folder, mapped)
        if isinstance(value, bool):
            raise SpecError(key, f"takes numbers, not {str(value).lower()}")
        if not isinstance(value, str):
            return Given(value if isinstance(value, np.ndarray) else from_lists(value))
        if value in INITIALISERS:
            return value
        from gradcli.inputs.sources import array_extensions, names_file, place_of

        if names_file(value):
            return _from_file(value, folder, mapped)
        if looks_like_literal(value):
            return Given(parse_literal(value))
        if os.path.exists(os.path.join(folder or "", place_of(value).path)):
            return _from_file(value, folder, mapped)
    except (FileError, LiteralError) as error:
        raise SpecError(key, str(error)) from None
    endings = f": files end in one of {', '.join(array_extensions())}"
    near = suggestion(value, INITIALISERS) or endings
    raise SpecError(key, f"{value!r} is neither an initialiser, a literal nor a file{near}")


def _from_file(source: str, folder: str | None, mapped: bool) -> Given:
    """The array that ``source`` names, and how it is named from where the command runs."""
    from gradcli.inputs.files import open_array, read_array

    origin = source if reads_stdin(source) else os.path.join(folder or "", source)
    if not mapped:
        return Given(read_array(source, folder), origin)
    opened = open_array(source, folder)
    return Given(opened.array, origin, opened)


def unchanged(value: Mapping[str, Any], folder: str | None) -> str:
    """The file that must be as it was: ``{"file": ..., "sha256": ...}``."""
    from gradcli.inputs.opening import fingerprint
    from gradcli.inputs.sources import path_of

    file, digest = value.get("file"), value.get("sha256")
    if not isinstance(file, str) or not isinstance(digest, str) or len(value) != 2:
        raise FileError("a table must have file and sha256, both text")
    path = path_of(file, folder)
    if path is None or fingerprint(path) != digest:
        raise FileError(f"{file}: has changed since: its SHA-256 is no longer {digest[:12]}...")
    return file


def drawn(key: str, text: Any, stream: Callable[[], Stream]) -> npt.NDArray[np.float64] | None:
    """The array that ``text``, such as ``normal(4,28)``, draws from ``stream()``, float64.

    None where it is no call of an initialiser. Raises SpecError for ``key``
    where the shape does not suit it.
    """
    if not isinstance(text, str):
        return None
    called = re.fullmatch(r"(\w+)\s*\(([\d\s,]*)\)", text.strip(), re.ASCII)
    if called is None or called[1] not in INITIALISERS:
        return None
    from gradcli.inputs.initialisers import initialise  # not every command draws

    try:
        shape = tuple([int(n) for n in called[2].split(",") if n.strip()])
        if np.prod(shape, dtype=float) > MOST_DRAWN:
            raise ValueError(f"at most {MOST_DRAWN:,} numbers are drawn")
        return np.asarray(initialise(called[1], shape, stream()), np.float64)
    except (ValueError, ZeroDivisionError, IndexError) as error:
        why = error if type(error) is ValueError else "needs a shape without 0, such as (3,2)"
        raise SpecError(key, f"{text}: {why}") from None
