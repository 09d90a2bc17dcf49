"""A progress bar on stderr for work that takes over a second, on a terminal only."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PATIENCE = 1.0
"""Seconds without a bar."""


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A function to call with the amount of work done since its last call."""
    start = time.monotonic()
    done = 0
    bar: Any = None
    task: Any = None

    def advance(amount: int) -> None:
        nonlocal done, bar, task
        done += amount
        if bar is None and time.monotonic() - start > PATIENCE and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress

            bar = Progress(console=Console(stderr=True), transient=True)
            bar.start()
            task = bar.add_task(what, total=total)
        if bar is not None:
            bar.update(task, completed=min(done, total))

    try:
        yield advance
    finally:
        if bar is not None:
            bar.stop()
