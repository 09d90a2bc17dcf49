"""The nearest of some names, for messages about a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable


def suggestion(name: str, known: Iterable[str]) -> str:
    """``; did you mean 'sigmoid'?`` where a known name is near, else an empty string."""
    import difflib  # only a message needs it

    near = difflib.get_close_matches(name.lower(), list(known), 1)
    return f"; did you mean {near[0]!r}?" if near else ""
