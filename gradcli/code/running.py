"""Around what runs somebody's code: its prints, and its errors as one line."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

import numpy as np

from gradcli.code.callee import Undefined
from gradcli.ending import unswallowed
from gradcli.errors import GradcliError

_LONGEST = 200
"""Characters of somebody's message that are told: whole sentences, if there are any."""
_MOST_LINES = 1000
_OFF = (ArithmeticError, np.linalg.LinAlgError, ValueError, AssertionError, GradcliError)
"""What code raises at numbers for which it has no value: log(-1), or a check of its own."""


@contextmanager
def running(title: str, file: str) -> Iterator[None]:
    """Around a call of the code ``title`` in ``file``: its prints go to stderr.

    Raises Undefined for what numbers may be the reason of, GradcliError for all else, with the last
    line of the code that was reached. What a signal raises comes out as it is.
    """
    with unswallowed(), _told(title, file), redirect_stdout(_printed), np.errstate(all="ignore"):
        yield


@contextmanager
def _told(title: str, file: str) -> Iterator[None]:
    """Around a call: its errors as a line."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except SystemExit as error:
        told = f"{_where(error, file) or title}: it ends the program, by exit({error.code})"
        raise GradcliError(told) from error
    except BaseException as error:
        told = f"{_where(error, file) or title}: {_told_of(error)}"
        raise (Undefined if isinstance(error, _OFF) else GradcliError)(told) from error


def _told_of(error: BaseException) -> str:
    """An error as a line: its type and its message; of one of ours, the message."""
    text = " ".join(_message(error).split())
    if isinstance(error, SyntaxError):
        text = error.msg
    if len(text) > _LONGEST:
        text = text[:_LONGEST].rpartition(". ")[0] or f"{text[:_LONGEST]}..."
    kind = "" if isinstance(error, GradcliError) else type(error).__name__
    whole = isinstance(error, IndexError) and "integer" in text
    hint = "; whole numbers are given by :=, as in y:=[0,1]" if whole else ""
    return ": ".join(filter(None, [kind, text])) + hint


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # its own __str__ may be wrong
        return ""


def _where(error: BaseException, file: str) -> str:
    """The last line of somebody's own code that was reached, ``mine.py:12``."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_shown(error.filename, file)}:{error.lineno}"
    home = os.path.join(os.path.dirname(os.path.abspath(file)), "")
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        inner = frame.filename.removeprefix(home)
        if inner != frame.filename and not {"site-packages", _OURS} & {*inner.split(os.sep)}:
            return f"{_shown(frame.filename, file)}:{frame.lineno}"
    return ""


_OURS = __name__.partition(".")[0]


def _shown(filename: str, file: str) -> str:
    """``filename`` as the user named it, or from where the command runs."""
    if filename == os.path.abspath(file):
        return file
    relative = os.path.relpath(filename)
    return filename if relative.startswith("..") else relative


class _Printed(io.TextIOBase):
    """What somebody's code prints: on stderr, each line once, however often it is called."""

    def __init__(self) -> None:
        self._line = ""
        self._seen: set[str] = set()

    def write(self, text: str) -> int:
        *lines, self._line = f"{self._line}{text}".split("\n")
        for line in lines:
            if line not in self._seen and len(self._seen) < _MOST_LINES and sys.stderr is not None:
                self._seen.add(line)
                sys.stderr.write(f"{line}\n")
        return len(text)


_printed = _Printed()
