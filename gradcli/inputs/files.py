"""Arrays from files. Nothing that is read is ever unpickled or evaluated."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.errors import FileError
from gradcli.inputs.bounded import GZIP, beginning, inflated
from gradcli.inputs.opening import named, open_seekable
from gradcli.inputs.sources import formats, place_of, sliced

if TYPE_CHECKING:
    from gradcli.inputs.formats.format import Contents, Format

_HEAD = 2**16
_TELLING = 512
"""Bytes that tell a format; of a compressed one they are found in its first ``_HEAD``."""

State = tuple[int, ...]
"""Which file it is, its size and when it was written."""


def read_array(source: str, folder: str | None = None) -> npt.NDArray[Any]:
    """The array of numbers in the file ``source``, in memory and in this machine's byte order.

    A relative path is taken from ``folder``. Raises FileError naming the file where it is
    missing, unreadable, holds no such key or index, or something other than real numbers.
    """
    path, key, index = place_of(source)
    with _reading(source, path, folder) as reading:
        array = _real(sliced(reading.contents.array(key), index))
        return np.array(array, array.dtype.newbyteorder("="))


class OpenedArray(NamedTuple):
    """The array in a file, read-only: a view of the file where that can be mapped."""

    array: npt.NDArray[Any]
    source: str
    path: str | None
    state: State | None
    """As it was opened; None for what is no plain file."""

    def require_unchanged(self) -> None:
        """Raise FileError where the file is no longer as it was opened.

        Ask before each use: reading a view of what was cut off since ends the process.
        """
        if self.path is not None and self.state is not None:
            with named(self.source):
                if _state(os.stat(self.path)) != self.state:
                    raise FileError("has changed since it was opened")


def open_array(source: str, folder: str | None = None) -> OpenedArray:
    """The array that ``read_array`` reads, of which no more is read than is used.

    npy, IDX, raw and safetensors files, CIFAR-10's and what is not compressed of an npz are
    mapped, in their own byte order; all else is in memory. Raises FileError as ``read_array``.
    """
    path, key, index = place_of(source)
    with _reading(source, path, folder, maps=True) as reading:
        array = sliced(reading.contents.array(key), index)
        return _view(array, source, None if path == "-" else (path, folder), reading.state)


def arrays_in(source: str) -> Iterator[tuple[str, OpenedArray | FileError]]:
    """Every array that a file holds, as ``open_array`` opens it, by its source.

    Of a file that holds arrays by name, and of a table with its columns, each is one; in place of
    one of something else than real numbers stands why it is none. Use an array before you ask for
    the next one. Raises FileError as ``read_array``.
    """
    path, key, index = place_of(source)
    if path == "-" or key is not None or index is not None:
        yield source, open_array(source)
        return
    with _reading(source, path, None, maps=True) as reading:
        contents, where = reading.contents, (path, None)
        if not contents.named:
            yield source, _view(contents.array(None), source, where, reading.state)
        for name in contents.named:
            own = f"{source}:{name}"
            try:
                found: OpenedArray | FileError
                found = _view(contents.named[name], own, where, reading.state)
            except FileError as error:
                found = error
            yield own, found


def _view(
    array: npt.NDArray[Any], source: str, at: tuple[str, str | None] | None, state: State | None
) -> OpenedArray:
    view = _real(array).view()
    view.flags.writeable = False
    where = None if at is None else os.path.abspath(os.path.join(at[1] or "", at[0]))
    return OpenedArray(view, source, where, state)


class NamedArrays(NamedTuple):
    """Arrays by name, and those to which their file gave a dtype of their own."""

    arrays: dict[str, npt.NDArray[Any]]
    typed: Collection[str] = ()
    names: Mapping[str, str] = {}
    """What the file calls those whose names it has with something before them, beside others."""
    coarse: Collection[str] = ()
    """Those that the file has in BF16: two digits."""
    shapes: str = "own"
    """What their shapes are: their own, those of a "table", rows and columns, or all in a "row"."""
    alone: bool = False
    """Whether it is one without a name: that of its file stands for it."""


def read_arrays(source: str, *prefixes: str | tuple[str, ...]) -> NamedArrays:
    """Every array of numbers in a file that holds them by name, ``-`` for standard input.

    Where names begin with one of ``prefixes``, the first that any has, only those are read, and
    named without it; several may stand together. Raises FileError where ``source`` is of no such
    format.
    """
    with _reading(source, source, None) as (kind, contents, _):
        if not kind.by_name:
            known = [f.name for f in formats().values() if f.by_name]
            raise FileError(f"is neither {' nor '.join(known)}")
        if contents.whole is not None and not contents.named:
            raise FileError("holds no arrays by name")
        return _by_name(kind, contents, prefixes)


def read_any(source: str, several: bool, *prefixes: str | tuple[str, ...]) -> NamedArrays:
    """As ``read_arrays``, and the array of a file that holds one without a name.

    Of a table with names these are the columns where ``several`` are wanted, or else it is one.
    """
    with _reading(source, source, None) as (kind, contents, _):
        if contents.whole is None or (contents.named and (several or not contents.noun)):
            return _by_name(kind, contents, prefixes)._replace(
                shapes="table" if contents.noun else "own"
            )
        name = re.sub(r"(?<=.)\.[^.]+$", "", re.sub(r"\.gz$", "", os.path.basename(source)))
        whole = {name: _real(contents.whole())}
        typed = list(whole) if kind.typed else []
        shapes = "row" if contents.flat else "table" if contents.noun else "own"
        return NamedArrays(whole, typed, shapes=shapes, alone=True)


def _by_name(
    kind: Format, contents: Contents, prefixes: Sequence[str | tuple[str, ...]]
) -> NamedArrays:
    groups = [(p,) if isinstance(p, str) else p for p in prefixes]
    every = [*contents.named]
    own = next((group for group in groups if any(n.startswith(group) for n in every)), ())
    names = {n.removeprefix(p): n for p in own for n in every if n.startswith(p)}
    taken = names or {n: n for n in every}
    arrays = {name: _real(contents.named[n], n) for name, n in taken.items()}
    typed = [name for name, n in taken.items() if kind.typed or n in contents.typed]
    coarse = [name for name, n in taken.items() if n in contents.coarse]
    return NamedArrays(arrays, typed, names, coarse)


class _Reading(NamedTuple):
    kind: Format
    contents: Contents
    state: State | None


@contextmanager
def _reading(source: str, path: str, folder: str | None, maps: bool = False) -> Iterator[_Reading]:
    """A file, open, and what its bytes or else its name tell of it; errors name ``source``."""
    from gradcli.inputs.formats.format import Opened, format_of, is_raw

    inner = path[:-3] if path.lower().endswith(".gz") else path
    with named(source), open_seekable(path, folder) as file:
        state = None if isinstance(file, io.BytesIO) else _state(os.fstat(file.fileno()))
        head = file.read(_HEAD)
        file.seek(0)
        packed = head.startswith(GZIP) and not (inner == path and is_raw(path))
        if packed:
            head = beginning(head, _TELLING) or inflated(file).read(_TELLING)
            file.seek(0)
        if not head:
            raise FileError("is empty")
        kind = format_of(head[:_TELLING], inner)
        around = None if path == "-" else os.path.dirname(os.path.join(folder or "", path))
        beside = partial(_beside, around)
        opened = Opened(inflated(file) if packed else file, maps, beside)
        yield _Reading(kind, kind.read(opened), state)


def _beside(folder: str | None, path: str) -> npt.NDArray[Any]:
    """The one array of a file that another names, whose ``folder`` it is taken from."""
    with _reading(path, path, folder) as reading:
        return _real(reading.contents.array(None))


def _state(found: os.stat_result) -> State:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _real(array: npt.NDArray[Any], name: str = "") -> npt.NDArray[Any]:
    if array.dtype.kind not in "fiub":
        raise FileError(f"{name} holds {array.dtype}, not real numbers".lstrip())
    return array
