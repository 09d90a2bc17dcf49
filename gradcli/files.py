"""Arrays from files, and files replaced whole.

A file is ``x.npy``, ``data.npz:key``, ``x.csv``, ``x.json`` or ``-`` (standard input), each
with an optional slice (``data.npz:x[0:32]``). Nothing that is read is ever unpickled or
evaluated.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Callable
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from gradcli.errors import FileError
from gradcli.literals import NUMBER

_SLICED = re.compile(r"(?P<source>.*?)\[(?P<index>[^\[\]]*)\]")
_EXTENSIONS = (".npy", ".npz", ".csv", ".json")


def names_file(text: str) -> bool:
    """Whether ``text`` is standard input or, by its extension, a file of an array."""
    path, _, _ = _split_source(text)
    return path == "-" or _extension(path) in _EXTENSIONS


def read_array(source: str, folder: str | None = None) -> npt.NDArray[Any]:
    """The array of numbers in the file ``source``; a relative path is taken from ``folder``.

    Raises FileError naming the file where it is missing, unreadable, holds no such key or
    index, or something other than real numbers.
    """
    path, key, index = _split_source(source)
    try:
        if path == "-":
            array = _from_bytes(sys.stdin.buffer.read(), key)
        else:
            array = _from_path(os.path.join(folder or "", path), key)
    except FileError as error:
        raise FileError(f"{source}: {error}") from None
    except OSError as error:
        raise FileError(f"{source}: {error.strerror or error}") from None
    if index is not None:
        array = _indexed(array, index, source)
    array = np.array(array)
    if array.dtype.kind not in "fiub":
        raise FileError(f"{source}: holds {array.dtype}, not real numbers")
    return array


def _split_source(source: str) -> tuple[str, str | None, str | None]:
    index = None
    match = _SLICED.fullmatch(source)
    if match:
        source, index = match["source"], match["index"]
    head, colon, key = source.rpartition(":")
    if colon and head.lower().endswith(".npz"):
        return head, key, index
    return source, None, index


def _extension(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def read_bytes(path: str) -> bytes:
    """What the file holds; OSError where it cannot be read."""
    with open(path, "rb") as file:
        return file.read()


def _from_path(path: str, key: str | None) -> npt.NDArray[Any]:
    suffix = _extension(path)
    if suffix == ".npy":
        return _npy(path)
    if suffix == ".npz":
        return _npz(path, key)
    data = read_bytes(path)
    if suffix == ".json":
        return _json(data)
    return _text(data) if suffix == ".csv" else _from_bytes(data, key)


def _from_bytes(data: bytes, key: str | None) -> npt.NDArray[Any]:
    """An array from bytes of unknown kind, told by how they begin."""
    if data.startswith(b"\x93NUMPY"):
        return _npy(io.BytesIO(data))
    if data.startswith(b"PK"):
        return _npz(io.BytesIO(data), key)
    return _json(data) if data.lstrip()[:1] == b"[" else _text(data)


def _npy(file: Any) -> npt.NDArray[Any]:
    try:
        if isinstance(file, str):  # mapped, so that a slice reads no more than it needs
            return np.load(file, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]
        return np.load(file, allow_pickle=False)  # type: ignore[no-any-return]
    except (ValueError, EOFError) as error:
        raise FileError(_not_loaded(error)) from None


def _npz(file: Any, key: str | None) -> npt.NDArray[Any]:
    import zipfile

    try:
        with np.load(file, allow_pickle=False) as archive:
            if key is None and len(archive.files) == 1:
                key = archive.files[0]
            if key is None:
                raise FileError(f"holds several arrays: name one, {_choices(archive.files)}")
            if key not in archive.files:
                raise FileError(f"holds no {key!r}, but {_choices(archive.files)}")
            return archive[key]  # type: ignore[no-any-return]
    except (ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise FileError(_not_loaded(error)) from None


def _not_loaded(error: Exception) -> str:
    if "pickle" in str(error).lower() or "Python objects" in str(error):
        return "holds pickled objects: only plain arrays of numbers are read"
    return f"is not a readable NumPy file ({error})"


def _json(data: bytes) -> npt.NDArray[Any]:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise FileError(f"is not JSON: {error}") from None
    return from_lists(value)


def _text(data: bytes) -> npt.NDArray[Any]:
    """Comma-separated rows; a first row without numbers is a header."""
    try:
        lines = [line for line in data.decode().splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise FileError("is neither text nor a NumPy file") from None
    if lines and NUMBER.match(lines[0].strip()) is None:
        del lines[0]
    if not lines:
        raise FileError("holds no numbers")
    rows = []
    for i, line in enumerate(lines):
        try:
            rows.append([float(cell) for cell in line.split(",")])
        except ValueError as error:
            raise FileError(f"row {i + 1}: {error}") from None
        if len(rows[-1]) != len(rows[0]):
            raise FileError(f"row {i + 1} has {len(rows[-1])} numbers, row 1 has {len(rows[0])}")
    return np.array(rows)


def from_lists(value: Any) -> npt.NDArray[Any]:
    """An array from nested lists of numbers, as TOML and JSON give them; null is nan."""
    try:
        array = np.array(value)
        if array.dtype == object:
            array = np.array(value, np.float64)
    except (ValueError, TypeError, OverflowError):
        raise FileError("is not a list of numbers, or of lists of one length") from None
    if array.dtype.kind not in "fiub":
        raise FileError("is not a list of numbers")
    return array


def _indexed(array: npt.NDArray[Any], index: str, source: str) -> npt.NDArray[Any]:
    parts: list[Any] = []
    for part in index.split(","):
        bounds = [bound.strip() for bound in part.split(":")]
        try:
            numbers = [int(bound) if bound else None for bound in bounds]
        except ValueError:
            numbers = [None] * 4
        if len(numbers) > 3 or numbers == [None]:
            raise FileError(f"{source}: [{index}] is not a slice such as [0:32] or [:,0]")
        parts.append(numbers[0] if len(numbers) == 1 else slice(*numbers))
    try:
        return array[tuple(parts)]  # type: ignore[no-any-return]
    except (IndexError, ValueError) as error:
        raise FileError(f"{source}: {error} (its shape is {array.shape})") from None


def _choices(names: list[str]) -> str:
    shown = ", ".join(names[:8])
    return f"one of: {shown}, ..." if len(names) > 8 else f"one of: {shown}"


def replace_file(path: str, write: Callable[[IO[bytes]], None]) -> None:
    """Write a file beside ``path`` and rename it into place: whole or not at all.

    Raises FileError where that cannot be done; the old file, if any, is then as it was.
    """
    folder, name = os.path.split(path)
    beside = os.path.join(folder, f".{name}.{os.getpid()}.part")
    try:
        try:
            with open(beside, "wb") as file:
                write(file)
            os.replace(beside, path)
        finally:
            if os.path.exists(beside):
                os.remove(beside)
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {error.strerror or error}") from None
