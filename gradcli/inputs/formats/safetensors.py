"""safetensors: the length of a JSON header, the header, and the arrays that it tells of.

It is read, and written, too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from gradcli.errors import FileError
from gradcli.inputs.formats.format import Array, Contents, Named, Opened, array_format, view

_LENGTH = 8
_LONGEST_HEADER = 100_000_000
"""As the format's own readers have it."""
DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "BOOL": "?",
    **{f"I{8 * n}": f"<i{n}" for n in (1, 2, 4, 8)},
    **{f"U{8 * n}": f"<u{n}" for n in (1, 2, 4, 8)},
}


@array_format(
    "safetensors",
    ".safetensors",
    begins=lambda head: head[8:9] == b"{" and _length(head) <= _LONGEST_HEADER,
    by_name=True,
    typed=True,
)
def read_safetensors(opened: Opened) -> Contents:
    """Arrays by name. BF16, which NumPy does not have, becomes float32."""
    data = opened.data()
    header = _header(data)
    body = data[_LENGTH + _length(data) :]
    _require_whole(header, len(body))

    def read(name: str) -> Array:
        entry = header[name]
        dtype, [start, end] = entry["dtype"], entry["data_offsets"]
        if dtype not in DTYPES:
            raise FileError(f"{name} holds {dtype}, which is not read: save it as F32")
        size = math.prod(entry["shape"]) * np.dtype(DTYPES[dtype]).itemsize
        if end - start != size:
            raise FileError(f"{name} takes {size:,} bytes, its offsets tell of {end - start:,}")
        found = view(body, DTYPES[dtype], entry["shape"], start)
        if dtype == "BF16":  # the upper half of a float32
            return (found.astype("<u4") << 16).view("<f4")
        return found

    coarse = [name for name, entry in header.items() if entry["dtype"] == "BF16"]
    return Contents(named=Named(header, read), coarse=coarse)


def write_safetensors(file: IO[bytes], arrays: Mapping[str, Array]) -> None:
    """Write ``arrays`` one after the other, behind a header padded to 8 bytes."""
    import json

    names = {np.dtype(dtype): name for name, dtype in reversed(DTYPES.items()) if name != "BF16"}
    header: dict[str, Any] = {}
    end = 0
    for name, array in arrays.items():
        dtype = names[array.dtype.newbyteorder("<")]
        header[name] = {
            "dtype": dtype,
            "shape": array.shape,
            "data_offsets": (end, end + array.nbytes),
        }
        end += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(_LENGTH, "little") + text)
    for array in arrays.values():
        file.write(array.astype(array.dtype.newbyteorder("<"), "C", copy=False).tobytes())


def _length(data: memoryview | bytes) -> int:
    return int.from_bytes(data[:_LENGTH], "little")


def _header(data: memoryview) -> dict[str, dict[str, Any]]:
    """What the file tells of each of its arrays, in the order in which they lie."""
    import json

    length = _length(data)
    if len(data) < _LENGTH or length > _LONGEST_HEADER:
        raise FileError("is no safetensors file")
    if _LENGTH + length > len(data):
        raise FileError(f"ends early: has {len(data):,} bytes of {_LENGTH + length:,}")
    try:
        pairs = json.loads(bytes(data[_LENGTH : _LENGTH + length]), object_pairs_hook=_once)
        header = {name: entry for name, entry in pairs.items() if name != "__metadata__"}
        for entry in header.values():
            numbers = [*entry["shape"], *entry["data_offsets"]]
            if not all(type(n) is int and n >= 0 for n in numbers) or len(entry) != 3:
                raise ValueError("sizes are whole numbers from 0")
            start, end = entry["data_offsets"]
            if not isinstance(entry["dtype"], str) or start > end:
                raise ValueError("a dtype is text, and offsets grow")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise FileError(f"its header is no safetensors header ({error})") from None
    return dict(sorted(header.items(), key=lambda item: item[1]["data_offsets"]))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name stands there twice")
    return dict(pairs)


def _require_whole(header: dict[str, dict[str, Any]], size: int) -> None:
    """Raise FileError where the arrays do not lie one after the other, to the end of the file."""
    offsets = [entry["data_offsets"] for entry in header.values()]
    ends = [0, *[end for _, end in offsets]]
    if ends[-1] > size:
        raise FileError(f"ends early: has {size:,} bytes of arrays of {ends[-1]:,}")
    if ends != [*[start for start, _ in offsets], size]:
        raise FileError("its arrays do not fill it, one after the other")
