"""NumPy's own files. Nothing in them is ever unpickled."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.errors import FileError
from gradcli.inputs.formats.format import Array, Contents, Named, Opened, array_format

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
"""How a zip begins; the second, one that is empty."""


@array_format("npy", ".npy", begins=lambda head: head.startswith(b"\x93NUMPY"), typed=True)
def read_npy(opened: Opened) -> Contents:
    """One array; that of a plain file is mapped, so that a slice reads no more than it needs."""
    return Contents(lambda: _loaded(opened, opened.path))


@array_format("npz", ".npz", begins=lambda head: head.startswith(_ZIP), by_name=True, typed=True)
def read_npz(opened: Opened) -> Contents:
    archive = _loaded(opened)

    def read(name: str) -> Array:
        try:
            return archive[name]  # type: ignore[no-any-return]
        except Exception as error:  # NumPy, zipfile and zlib raise all kinds on a corrupt file
            raise _unreadable(error) from None

    return Contents(named=Named(archive.files, read))


def _loaded(opened: Opened, path: str | None = None) -> Any:
    head = opened.file.read(6)
    opened.file.seek(0)
    if not head.startswith((b"\x93NUMPY", *_ZIP)):
        raise FileError("holds pickled objects" if head[:1] == b"\x80" else "is no NumPy file")
    try:
        if path is None:
            return np.load(opened.file, allow_pickle=False)
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:
        raise _unreadable(error) from None


def _unreadable(error: Exception) -> FileError:
    if "pickle" in str(error).lower() or "Python objects" in str(error):
        return FileError("holds pickled objects: only plain arrays of numbers are read")
    return FileError(f"is not a readable NumPy file ({' '.join(str(error).split())})")
