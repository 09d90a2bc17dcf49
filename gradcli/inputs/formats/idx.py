"""IDX, in which the MNIST database is given (LeCun, Cortes and Burges): one array.

Two zeros, a type, the number of axes; the size of each axis, and then the numbers, all big-endian.
"""

from __future__ import annotations

from gradcli.errors import FileError
from gradcli.inputs.formats.format import Array, Contents, Opened, array_format, view

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


@array_format(
    "IDX",
    ".idx",
    "-ubyte",
    begins=lambda head: _begins(head) and head[3] > 0,
    typed=True,
)
def read_idx(opened: Opened) -> Contents:
    return Contents(lambda: _array(opened.data()))


def _array(data: memoryview) -> Array:
    if not _begins(data):
        raise FileError("is no IDX file")
    offset = 4 + 4 * data[3]
    sizes = view(data, ">u4", [data[3]], 4).tolist()
    array = view(data, TYPES[data[2]], sizes, offset)
    if offset + array.nbytes < len(data):
        told = offset + array.nbytes
        raise FileError(f"has {len(data):,} bytes, but its header tells of {told:,}")
    return array


def _begins(data: bytes | memoryview) -> bool:
    return len(data) >= 4 and data[:2] == b"\0\0" and data[2] in TYPES
