"""NumPy's own files. Nothing in them is ever unpickled."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from gradcli.errors import FileError
from gradcli.inputs.bounded import gathered, require_trust
from gradcli.inputs.formats.format import (
    Array,
    Contents,
    Named,
    Opened,
    array_format,
    one_of,
    require_once,
    view,
)

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
"""How a zip begins; the second, one that is empty."""
_NPY = b"\x93NUMPY"
_LONGEST_HEADER = 2**16
_LOCAL_HEADER = 30
"""Bytes before the name of a member of a zip."""


@array_format("npy", ".npy", begins=lambda head: head.startswith(_NPY), typed=True)
def read_npy(opened: Opened) -> Contents:
    return Contents(lambda: _array(opened.data()))


@array_format("npz", ".npz", begins=lambda head: head.startswith(_ZIP), by_name=True, typed=True)
def read_npz(opened: Opened) -> Contents:
    """Arrays by name. Of a plain file, those that are not compressed can be mapped: the checksum
    of such an array is not looked at."""
    import zipfile  # takes a while

    try:
        archive = zipfile.ZipFile(opened.file)
    except Exception as error:  # zipfile and zlib raise all kinds on a corrupt file
        raise _unreadable(error) from None
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    require_once(info.filename.removesuffix(".npy") for info in archive.infolist())
    if members and not any(info.filename.endswith(".npy") for info in members.values()):
        held = one_of(members)
        raise FileError(f"is a zip without arrays, {held}: unpack it, or save them with savez")

    def read(name: str) -> Array:
        info = members[name]
        try:
            if opened.maps and info.compress_type == zipfile.ZIP_STORED:
                return _array(_stored(opened.data(), info))
            return _array(_member(archive, info))
        except FileError:
            raise
        except Exception as error:
            raise _unreadable(error) from None

    return Contents(named=Named(members, read))


def _member(archive: ZipFile, info: ZipInfo) -> memoryview:
    """What is inflated, no more than the archive tells."""
    require_trust(info.file_size, info.compress_size)
    with archive.open(info) as file:
        return gathered(file, info.file_size).getbuffer().toreadonly()


def _stored(data: memoryview, info: ZipInfo) -> memoryview:
    """Where in the file a member lies that is not compressed."""
    head = data[info.header_offset : info.header_offset + _LOCAL_HEADER]
    name, extra = np.frombuffer(head, "<u2", 2, _LOCAL_HEADER - 4).tolist()
    start = info.header_offset + _LOCAL_HEADER + name + extra
    return data[start : start + info.file_size]


def _array(data: memoryview) -> Array:
    header = io.BytesIO(data[:_LONGEST_HEADER])
    if not header.getvalue().startswith(_NPY):
        raise FileError("is no NumPy file")
    try:
        old = np.lib.format.read_magic(header) == (1, 0)
        kind = np.lib.format
        read = kind.read_array_header_1_0 if old else kind.read_array_header_2_0
        shape, fortran, dtype = read(header)
    except Exception as error:  # whatever Python's own parser and tokenizer raise
        raise _unreadable(error) from None
    if dtype.hasobject:
        raise FileError(
            "holds Python objects, as a pickle, which may run code when it is read: pad "
            "sequences to one length and save a plain array of numbers"
        )
    return view(data, dtype, shape, header.tell(), "F" if fortran else "C")


def _unreadable(error: Exception) -> FileError:
    return FileError(f"is not a readable NumPy file ({' '.join(str(error).split())})")
