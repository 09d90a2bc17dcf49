"""What a signal raises to end the command, which somebody's code may catch and keep to itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_raised: BaseException | None = None


def noted(error: BaseException) -> BaseException:
    """``error``, which a signal is about to raise wherever the process is."""
    global _raised
    _raised = error
    return error


@contextmanager
def unswallowed() -> Iterator[None]:
    """Around somebody's code: what a signal raised within comes out, whatever is made of it."""
    global _raised
    _raised = None
    try:
        yield
    finally:
        error, _raised = _raised, None
        if error is not None:
            raise error
