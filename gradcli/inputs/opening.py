"""Files and standard input, opened to be read: what each refuses, and whose name an error has."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import IO

from gradcli.errors import FileError, LiteralError
from gradcli.inputs.bounded import gathered

STDIN_GONE = "standard input is empty, closed, or was read already"
_taken: IO[bytes] | None = None
"""The standard input that somebody reads."""


@contextmanager
def named(source: str) -> Iterator[None]:
    """Where what is done with the file ``source`` fails, raise FileError that names it."""
    try:
        yield
    except (FileError, LiteralError) as error:
        raise FileError(f"{source}: {error}") from None
    except OSError as error:
        raise FileError(f"{source}: {error.strerror or error}") from None
    except MemoryError:
        raise FileError(f"{source}: needs more memory than there is") from None


def open_seekable(path: str, folder: str | None) -> AbstractContextManager[IO[bytes]]:
    """The file, or the bytes of what cannot be sought in, such as a pipe."""
    if path == "-":
        return nullcontext(io.BytesIO(read_stdin()))
    file = open_file(os.path.join(folder or "", path))
    if file.seekable():
        return file
    with file:
        return nullcontext(gathered(file))


def open_file(path: str) -> IO[bytes]:
    """The file at ``path``, to be read.

    Raises OSError, or FileError where no file is called so, or a device that does not end.
    """
    file = _opened(path)
    if _is_device(file):
        file.close()
        raise FileError("is a device, neither a file nor a pipe")
    return file


def _opened(path: str) -> IO[bytes]:
    try:
        return open(path, "rb")
    except ValueError as error:  # NUL, or what the file system cannot encode
        raise FileError(f"no file can be called so ({error})") from None


def read_bytes(path: str) -> bytes:
    """What the file holds, ``-`` for standard input; OSError where it cannot be read."""
    if path == "-":
        return read_stdin()
    with open_file(path) as file:
        return gathered(file).getvalue()


def read_stdin() -> bytes:
    """What standard input holds. Raises FileError where it is closed or holds nothing."""
    data = gathered(open_stdin()).getvalue()
    if not data:
        raise FileError(STDIN_GONE)
    return data


def open_stdin() -> IO[bytes]:
    """Standard input, to be read by whoever asks first. Raises FileError for all others."""
    global _taken
    if sys.stdin is None or sys.stdin.buffer is _taken:
        raise FileError(STDIN_GONE)
    if _is_device(sys.stdin.buffer):
        raise FileError("standard input is a device, neither a file nor a pipe")
    _taken = sys.stdin.buffer
    return _taken


def _is_device(file: IO[bytes]) -> bool:
    """Whether it may never end, as /dev/zero: neither a terminal nor /dev/null."""
    try:
        found = os.fstat(file.fileno())
    except OSError:  # no file of the system's
        return False
    if stat.S_ISCHR(found.st_mode):
        return not file.isatty() and found.st_rdev != os.stat(os.devnull).st_rdev
    return stat.S_ISBLK(found.st_mode)


def fingerprint(path: str) -> str:
    """The SHA-256 of a file in hexadecimal. Raises FileError where it cannot be read."""
    import hashlib  # only an answer that names its files needs it

    with named(path), open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
