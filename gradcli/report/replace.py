"""The one door through which files are written."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from typing import IO

from gradcli.errors import FileError

Write = Callable[[IO[bytes]], object]

UNFINISHED: set[str] = set()
"""Files that are being written: whoever ends the process before its time removes them."""


def replace_file(path: str, write: Write) -> None:
    """Have ``path`` hold what ``write`` writes: whole or not at all.

    It is written beside ``path``, under a name that cannot be foreseen, and renamed into place.
    A link stays, and what it points to is replaced; an old file leaves its mode and owner to the
    new one, as far as they can be kept. A FIFO or a character device is written to. Raises
    FileError where that cannot be done; the old file, if any, is then as it was.
    """
    try:
        old = _status(path)
        if old is None or stat.S_ISREG(old.st_mode):
            _replace(os.path.realpath(path), old, write)
        elif stat.S_ISFIFO(old.st_mode) or stat.S_ISCHR(old.st_mode):
            _pass_on(path, write)
        else:
            raise FileError(f"{path}: cannot be written: it is {_kind(old.st_mode)}, not a file")
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {error.strerror or error}") from None


def remove_unfinished() -> None:
    """Remove what would otherwise stay behind. Raises nothing."""
    while UNFINISHED:
        with suppress(OSError):
            os.unlink(UNFINISHED.pop())


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFSOCK: "a socket", stat.S_IFBLK: "a disk"}
    return kinds.get(stat.S_IFMT(mode), "something else")


def _replace(path: str, old: os.stat_result | None, write: Write) -> None:
    if old and not os.access(path, os.W_OK):
        raise PermissionError(0, "it is read-only")
    beside = os.path.join(os.path.dirname(path), f".gradcli.{os.urandom(8).hex()}.part")
    UNFINISHED.add(beside)  # before it is made: a signal may come in between
    try:
        with _made(beside, private=old is not None) as file:
            write(file)
            file.flush()
            if old:
                _take_after(old, file.fileno())
            os.fsync(file.fileno())
        os.replace(beside, path)
        UNFINISHED.discard(beside)
    finally:
        if beside in UNFINISHED:
            with suppress(FileNotFoundError):
                os.unlink(beside)
            UNFINISHED.discard(beside)


def _made(path: str, private: bool) -> IO[bytes]:
    """A new file, open for writing: private until it has the mode and group of an old one."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.fdopen(os.open(path, flags, 0o600 if private else 0o666), "wb")
    except OSError:
        UNFINISHED.discard(path)  # what is there is somebody else's
        raise


def _take_after(old: os.stat_result, file: int) -> None:
    """Give ``file`` the owner, the group and the mode of ``old``; no stranger gains a right."""
    mode = old.st_mode & 0o777
    new = os.fstat(file)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        with suppress(OSError):
            os.fchown(file, -1, old.st_gid)
        with suppress(OSError):
            os.fchown(file, old.st_uid, -1)
        if os.fstat(file).st_gid != old.st_gid:
            # Another group: it gets what everybody has.
            mode = mode & ~0o070 | (mode & 0o007) << 3
    os.fchmod(file, mode)


def _pass_on(path: str, write: Write) -> None:
    """Write to what is no file, in one go, when all of it is known."""
    whole = io.BytesIO()
    write(whole)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC), "wb") as file:
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise FileExistsError(0, "it has just been replaced by a file")
        file.write(whole.getbuffer())
