"""Arrays from files, and files replaced whole.

A file is ``x.npy``, ``data.npz:key``, ``x.csv``, ``x.json`` or ``-`` (standard input), each
with an optional slice (``data.npz:x[0:32]``). Nothing that is read is ever unpickled or
evaluated.
"""

from __future__ import annotations

import io
import os
import re
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.errors import FileError
from gradcli.inputs.literals import number_pattern

_SLICED = r"(?P<source>.*?)\[(?P<index>[^\[\]]*)\]"
_KEYED = r"(?P<path>.*?\.npz):(?P<key>.*)"
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
            array = _from_bytes(read_stdin(), key)
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


def read_arrays(source: str) -> dict[str, npt.NDArray[Any]]:
    """Every array of numbers in an npz or a JSON object of nested lists, by name.

    Raises FileError where ``source`` (``-`` is standard input) is neither.
    """
    try:
        data = read_stdin() if source == "-" else read_bytes(source)
        arrays = _open_npz(io.BytesIO(data)) if data[:4] in _ZIP else _json_object(data)
    except FileError as error:
        raise FileError(f"{source}: {error}") from None
    except OSError as error:
        raise FileError(f"{source}: {error.strerror or error}") from None
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub":
            raise FileError(f"{source}: {name} holds {array.dtype}, not real numbers")
    return arrays


def _json_object(data: bytes) -> dict[str, npt.NDArray[Any]]:
    import json

    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FileError(f"is neither npz nor JSON: {error}") from None
    if isinstance(value, dict) and isinstance(value.get("grads"), dict):
        value = value["grads"]
    if not isinstance(value, dict):
        raise FileError("must hold a JSON object of arrays by name")
    arrays = {}
    for name, lists in value.items():
        try:
            arrays[name] = from_lists(lists)
        except FileError as error:
            raise FileError(f"{name} {error}") from None
    return arrays


def _split_source(source: str) -> tuple[str, str | None, str | None]:
    index = None
    match = re.fullmatch(_SLICED, source)
    if match:
        source, index = match["source"], match["index"]
    match = re.fullmatch(_KEYED, source, re.I | re.S)
    return (match["path"], match["key"], index) if match else (source, None, index)


def _extension(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def read_bytes(path: str) -> bytes:
    """What the file holds; OSError where it cannot be read."""
    with open(path, "rb") as file:
        return file.read()


def read_stdin() -> bytes:
    """What standard input holds. Raises FileError where it is closed or holds nothing."""
    data = sys.stdin.buffer.read() if sys.stdin is not None else b""
    if not data:
        raise FileError("standard input is empty, closed, or was read already")
    return data


def _from_path(path: str, key: str | None) -> npt.NDArray[Any]:
    with open(path, "rb") as file:
        begins = file.read(6)
    if begins == _NPY:
        return _npy(path)
    if begins[:4] in _ZIP:
        return _npz(path, key)
    if _extension(path) in (".npy", ".npz"):
        raise FileError("holds pickled objects" if begins[:1] == b"\x80" else "is no NumPy file")
    data = read_bytes(path)
    return _json(data) if _extension(path) == ".json" else _from_bytes(data, key)


_NPY = b"\x93NUMPY"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
"""How a zip begins; the second, one that is empty."""


def _from_bytes(data: bytes, key: str | None) -> npt.NDArray[Any]:
    """An array from bytes of unknown kind, told by how they begin."""
    if data.startswith(_NPY):
        return _npy(io.BytesIO(data))
    if data[:4] in _ZIP:
        return _npz(io.BytesIO(data), key)
    return _json(data) if data.lstrip()[:1] == b"[" else _text(data)


def _npy(file: Any) -> npt.NDArray[Any]:
    try:
        if isinstance(file, str):  # mapped, so that a slice reads no more than it needs
            return np.load(file, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]
        return np.load(file, allow_pickle=False)  # type: ignore[no-any-return]
    except Exception as error:  # NumPy and zipfile raise all kinds on a corrupt file
        raise FileError(_not_loaded(error)) from None


def _npz(file: Any, key: str | None) -> npt.NDArray[Any]:
    arrays = _open_npz(file, key)
    if key is not None:
        if key not in arrays:
            raise FileError(f"holds no {key!r}, but {_choices(list(arrays))}")
        return arrays[key]
    if len(arrays) != 1:
        raise FileError(f"holds {len(arrays)} arrays: name one, {_choices(list(arrays))}")
    return next(iter(arrays.values()))


def _open_npz(file: Any, key: str | None = None) -> dict[str, npt.NDArray[Any]]:
    """The arrays in an npz; with ``key``, only that one is read and the others are empty."""
    try:
        with np.load(file, allow_pickle=False) as archive:
            wanted = {key} if key is not None and key in archive.files else set(archive.files)
            empty = np.empty(0)
            return {n: archive[n] if n in wanted else empty for n in archive.files}
    except Exception as error:
        raise FileError(_not_loaded(error)) from None


def _not_loaded(error: Exception) -> str:
    if "pickle" in str(error).lower() or "Python objects" in str(error):
        return "holds pickled objects: only plain arrays of numbers are read"
    return f"is not a readable NumPy file ({' '.join(str(error).split())})"


def _json(data: bytes) -> npt.NDArray[Any]:
    import json

    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FileError(f"is not JSON: {error}") from None
    return from_lists(value)


def _text(data: bytes) -> npt.NDArray[Any]:
    """Comma-separated rows; a first row without any number is a header."""
    import csv

    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise FileError("is neither text nor a NumPy file") from None
    rows: list[list[float]] = []
    for number, cells in enumerate(csv.reader(lines), 1):
        if not any(cell.strip() for cell in cells):
            continue
        values = [_number(cell) for cell in cells]
        if not rows and all(value is None for value in values):
            continue
        if None in values:
            cell = cells[values.index(None)]
            raise FileError(f"line {number}: {cell.strip()!r} is not a number")
        if rows and len(values) != len(rows[0]):
            raise FileError(f"line {number} has {len(values)} numbers, the first {len(rows[0])}")
        rows.append([value for value in values if value is not None])
    if not rows:
        raise FileError("holds no numbers")
    return np.array(rows)


def _number(cell: str) -> float | None:
    return float(cell) if number_pattern().fullmatch(cell.strip()) else None


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
    if not names:
        return "but it is empty"
    shown = ", ".join(names[:8])
    return f"one of: {shown}, ..." if len(names) > 8 else f"one of: {shown}"
