"""Arrays from files: what names one, and what it names.

A file is ``x.npy``, ``data.npz:key``, ``d.csv:height`` or ``-`` (standard input), each with an
optional slice (``data.npz:x[0:32]``). Nothing that is read is ever unpickled or evaluated.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.errors import FileError, LiteralError
from gradcli.inputs.literals import reads_stdin

if TYPE_CHECKING:
    from gradcli.inputs.formats.format import Contents, Format

STDIN_GONE = "standard input is empty, closed, or was read already"
_taken: IO[bytes] | None = None
"""The standard input that somebody reads."""


class Place(NamedTuple):
    """What the text of a source names."""

    path: str
    key: str | None
    slice: str | None


def names_file(text: str) -> bool:
    """Whether ``text`` is standard input or, by its extension, a file of an array."""
    if reads_stdin(text):
        return True
    if not re.search(r"\.[^\W\d]", text):  # no extension: the formats need not load
        return False
    return _extension(_place(text).path) in array_extensions()


def path_of(source: str, folder: str | None) -> str | None:
    """The path of the file in ``source``, taken from ``folder``; None for standard input."""
    return None if reads_stdin(source) else os.path.join(folder or "", _place(source).path)


def array_extensions() -> list[str]:
    """What the files of every format end in."""
    return [extension for format in _formats().values() for extension in format.extensions]


def _formats() -> dict[str, Format]:
    from gradcli.inputs.formats.format import FORMATS  # only what reads a file needs them

    return FORMATS


def read_array(source: str, folder: str | None = None) -> npt.NDArray[Any]:
    """The array of numbers in the file ``source``; a relative path is taken from ``folder``.

    Raises FileError naming the file where it is missing, unreadable, holds no such key or
    index, or something other than real numbers.
    """
    path, key, index = _place(source)
    with _reading(source, path, folder) as (_, contents):
        array = contents.array(key)
        return _real(np.array(array if index is None else _indexed(array, index)))


class NamedArrays(NamedTuple):
    """Arrays by name, and whether their file gave them a dtype of their own."""

    arrays: dict[str, npt.NDArray[Any]]
    typed: bool


def read_arrays(source: str, prefix: str = "") -> NamedArrays:
    """Every array of numbers in a file that holds them by name, ``-`` for standard input.

    Where names begin with ``prefix``, only those are read, and named without it. Raises
    FileError where ``source`` is of no such format.
    """
    with _reading(source, source, None) as (kind, contents):
        if not kind.by_name:
            formats = [f.name for f in _formats().values() if f.by_name]
            raise FileError(f"is neither {' nor '.join(formats)}")
        if contents.whole is not None and not contents.named:
            raise FileError("holds no arrays by name")
        names = [name for name in contents.named if name.startswith(prefix)]
        return NamedArrays(
            {n.removeprefix(prefix): _real(contents.named[n], n) for n in names or contents.named},
            kind.typed,
        )


@contextmanager
def _reading(source: str, path: str, folder: str | None) -> Iterator[tuple[Format, Contents]]:
    """The format of a file and its contents, open; what is raised names ``source``."""
    from gradcli.inputs.formats.format import Opened, format_of

    with named(source), _seekable(path, folder) as file:
        head = file.read(512)
        file.seek(0)
        kind = format_of(head, _extension(path))
        plain = not isinstance(file, io.BytesIO)
        yield kind, kind.read(Opened(file, file.name if plain else None))


@contextmanager
def named(source: str) -> Iterator[None]:
    """Where what is done with the file ``source`` fails, raise FileError that names it."""
    try:
        yield
    except (FileError, LiteralError) as error:
        raise FileError(f"{source}: {error}") from None
    except OSError as error:
        raise FileError(f"{source}: {error.strerror or error}") from None


def _seekable(path: str, folder: str | None) -> IO[bytes]:
    """The file, or the bytes of what cannot be sought in, such as a pipe."""
    if path == "-":
        return io.BytesIO(read_stdin())
    file = open_file(os.path.join(folder or "", path))
    if file.seekable():
        return file
    with file:
        return io.BytesIO(file.read())


def open_file(path: str) -> IO[bytes]:
    """The file at ``path``, to be read. Raises OSError, or FileError where no file is called so."""
    try:
        return open(path, "rb")
    except ValueError as error:  # NUL, or what the file system cannot encode
        raise FileError(f"no file can be called so ({error})") from None


def read_bytes(path: str) -> bytes:
    """What the file holds, ``-`` for standard input; OSError where it cannot be read."""
    if path == "-":
        return read_stdin()
    with open_file(path) as file:
        return file.read()


def read_stdin() -> bytes:
    """What standard input holds. Raises FileError where it is closed or holds nothing."""
    data = open_stdin().read()
    if not data:
        raise FileError(STDIN_GONE)
    return data


def open_stdin() -> IO[bytes]:
    """Standard input, to be read by whoever asks first. Raises FileError for all others."""
    global _taken
    if sys.stdin is None or sys.stdin.buffer is _taken:
        raise FileError(STDIN_GONE)
    _taken = sys.stdin.buffer
    return _taken


def fingerprint(path: str) -> str:
    """The SHA-256 of a file in hexadecimal. Raises FileError where it cannot be read."""
    import hashlib  # only an answer that names its files needs it

    with named(path), open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def _place(source: str) -> Place:
    sliced = re.fullmatch(r"(.*)\[([^\[\]]*)\]", source, re.S)
    rest, index = sliced.groups() if sliced else (source, None)
    extensions = "|".join(map(re.escape, array_extensions()))
    keyed = re.fullmatch(rf"(-|.*?(?:{extensions})):(.*)", rest, re.I | re.S)
    if keyed is None:
        return Place(rest, None, index)
    if index is not None and re.search(r"[^-+\d:,\s]", index):  # a column such as height [cm]
        return Place(keyed[1], f"{keyed[2]}[{index}]", None)
    return Place(keyed[1], keyed[2], index)


def _extension(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def _real(array: npt.NDArray[Any], name: str = "") -> npt.NDArray[Any]:
    if array.dtype.kind not in "fiub":
        raise FileError(f"{name} holds {array.dtype}, not real numbers".lstrip())
    return array


def _indexed(array: npt.NDArray[Any], index: str) -> npt.NDArray[Any]:
    parts: list[Any] = []
    for part in index.split(","):
        bounds = [bound.strip() for bound in part.split(":")]
        try:
            numbers = [int(bound) if bound else None for bound in bounds]
        except ValueError:
            numbers = [None] * 4
        if len(numbers) > 3 or numbers == [None]:
            raise FileError(f"[{index}] is not a slice such as [0:32] or [:,0]")
        parts.append(numbers[0] if len(numbers) == 1 else slice(*numbers))
    try:
        taken: npt.NDArray[Any] = array[tuple(parts)]
    except (IndexError, ValueError) as error:
        raise FileError(f"{error} (its shape is {array.shape})") from None
    if array.size and not taken.size:
        raise FileError(f"is empty: its shape is {taken.shape}, taken from {array.shape}")
    return taken
