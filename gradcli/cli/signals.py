"""Signals, and how the process ends: nothing is left behind, the code is what a shell expects."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from gradcli.ending import noted

GRACE = 1.0
"""Seconds in which the same signal again is the same key, still held down."""

_came: tuple[int, float] | None = None
"""The first signal, or 0 where the end has begun without one, and when."""
_deferred = False
"""Whether the first SIGINT is kept for whoever asks, and not raised."""


def listen() -> None:
    """Handle SIGINT, SIGTERM and SIGHUP, but for those that whoever started us has ignored.

    The first one is raised, as KeyboardInterrupt or SystemExit, and nothing after it is: what
    cleans up is not interrupted. A repeated one, or another, leaves at once.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _handle)


def exit_code() -> int | None:
    """The code of a process that the signal which came would end; None if none came."""
    return 128 + _came[0] if _came and _came[0] else None


@contextmanager
def deferred() -> Iterator[Callable[[], bool]]:
    """Within, the first SIGINT raises nothing: what is given tells whether it has come."""
    global _deferred
    _deferred = True
    try:
        yield lambda: exit_code() is not None
    finally:
        _deferred = False


def _handle(number: int, frame: object) -> None:
    global _came
    now = time.monotonic()
    if _came is None:
        _came = number, now
        if _deferred and number == signal.SIGINT:
            return
        interrupt = number == signal.SIGINT
        raise noted(KeyboardInterrupt() if interrupt else SystemExit(128 + number))
    if _came[0] != number or now - _came[1] > GRACE:
        with suppress(OSError):
            if os.isatty(2):
                os.write(2, b"\x1b[?25h")  # the cursor, which a bar of progress has hidden
        _end(128 + number)


def leave(code: int) -> NoReturn:
    """Flush, and end the process with ``code``.

    Nothing else is left to do, and taking the interpreter and NumPy apart takes longer than a
    small gradient.
    """
    global _came
    _came = _came or (0, time.monotonic())
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # gone away, closed, never there
            stream.flush()
    _end(code)


def _end(code: int) -> NoReturn:
    replace = sys.modules.get("gradcli.report.replace")
    if replace is not None:
        replace.remove_unfinished()
    os._exit(code)
