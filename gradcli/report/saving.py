"""The one door through which files are written."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import IO

from gradcli.errors import FileError


def replace_file(path: str, write: Callable[[IO[bytes]], None]) -> None:
    """Write a file beside ``path`` and rename it into place: whole or not at all.

    Raises FileError where that cannot be done; the old file, if any, is then as it was.
    """
    path = os.path.realpath(path)  # a link stays, and what it points to is replaced
    beside = os.path.join(os.path.dirname(path), f".gradcli.{os.getpid()}.part")
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
