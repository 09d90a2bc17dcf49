"""A progress bar on stderr for work that takes over a second, on a terminal only."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from gradcli.cli.exits import stderr_width

PATIENCE = 1.0
"""Seconds without a bar."""


class Bar:
    """A bar while the work goes on; called with the amount done since the last call.

    It appears after a second even if it has not been called by then.
    """

    def __init__(self, what: str, total: int) -> None:
        self.what = what
        self.total = total
        self._done = 0
        self._drawn: Any = None
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        """While the work goes on, before a terminal."""

    def __enter__(self) -> Self:
        if stderr_width() is not None:
            self._timer = threading.Timer(PATIENCE, self._begin)
            self._timer.daemon = True
            self._timer.start()
        return self

    def __call__(self, amount: int) -> None:
        self._done += amount
        if self._drawn is not None:
            self._drawn.update(0, completed=min(self._done, self.total))

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """While something else is written to the terminal."""
        with self._lock:
            if self._drawn is not None:
                self._drawn.stop()
            try:
                yield
            finally:
                if self._drawn is not None:
                    self._drawn.start()

    def __exit__(self, *raised: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            self._timer = None  # which holds this bar, and all that is held beside it
            if self._drawn is not None:
                self._drawn.stop()
                self._drawn = None

    def _begin(self) -> None:
        from rich.console import Console
        from rich.progress import Progress

        with self._lock:
            if self._timer is None:  # the work is over
                return
            bar = Progress(console=Console(stderr=True), transient=True, redirect_stdout=False)
            bar.add_task(self.what, total=self.total, completed=self._done)
            bar.start()
            self._drawn = bar
