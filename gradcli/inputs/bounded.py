"""Bytes that are brought into memory, from pipes and gzip: no more than a limit of them."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Iterator
from typing import IO

from gradcli.errors import FileError

MOST = 8 * 2**30
"""Bytes of one file that are brought into memory,"""
MOST_OF_PIPE = 2 * 2**30
"""and of what does not tell how many there are: it may never end."""
UNSUSPECTED = 2**30
"""Bytes that any compressed file may hold,"""
RATIO = 1000
"""and how many times its own size, beyond that."""
GZIP = b"\x1f\x8b"
"""How gzip begins (RFC 1952)."""

_CHUNK = 2**16
_WITH_HEADER = 31
"""zlib's word for gzip with the largest window."""


def gathered(file: IO[bytes], most: int = MOST_OF_PIPE) -> io.BytesIO:
    """All that ``file`` holds from here on. Raises FileError where it is over ``most`` bytes."""
    return _together(iter(lambda: file.read(_CHUNK), b""), most)


def inflated(file: IO[bytes]) -> io.BytesIO:
    """What the gzip ``file`` holds, of all its members.

    Raises FileError where it ends early or is none, and for one that holds suspiciously much.
    """
    return _together(_members(file), MOST)


def beginning(head: bytes, length: int) -> bytes:
    """The first ``length`` bytes of what is compressed in a gzip file that begins with ``head``."""
    try:
        return zlib.decompressobj(_WITH_HEADER).decompress(head, length)
    except zlib.error as error:
        raise _unreadable(error) from None


def require_trust(size: int, packed: int) -> None:
    """Raise FileError where ``packed`` bytes hold more than is inflated into memory."""
    if size > MOST:
        raise FileError(f"holds more than {MOST:,} bytes, compressed: inflate it to a file first")
    if size > UNSUSPECTED and size > RATIO * packed:
        raise FileError(
            f"holds over {RATIO:,} times its own size, as a bomb does: if it is none, inflate it "
            "to a file first"
        )


def _members(file: IO[bytes]) -> Iterator[bytes]:
    stream = zlib.decompressobj(_WITH_HEADER)
    packed = size = 0
    while chunk := file.read(_CHUNK):
        packed += len(chunk)
        while chunk:
            if stream.eof:
                chunk = chunk.lstrip(b"\0")  # a tape's padding
                if not chunk:
                    break
                stream = zlib.decompressobj(_WITH_HEADER)
            try:
                found = stream.decompress(chunk)
            except zlib.error as error:
                raise _unreadable(error) from None
            size += len(found)
            require_trust(size, packed)
            yield found
            chunk = stream.unused_data
    if not stream.eof:
        raise FileError(f"ends early: {packed:,} bytes of gzip are not all of it")


def _unreadable(error: zlib.error) -> FileError:
    return FileError(f"is not readable gzip ({error})")


def _together(chunks: Iterable[bytes], most: int) -> io.BytesIO:
    whole = io.BytesIO()
    for chunk in chunks:
        whole.write(chunk)
        if whole.tell() > most:
            raise FileError(f"holds more than {most:,} bytes, the most that is brought into memory")
    whole.seek(0)
    return whole
