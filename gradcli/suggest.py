"""Words in messages: the nearest of some names, and text that came from outside."""

from __future__ import annotations

from collections.abc import Iterable


def suggestion(name: str, known: Iterable[str]) -> str:
    """``; did you mean 'sigmoid'?`` where a known name is near, else an empty string."""
    import difflib  # only a message needs it

    near = difflib.get_close_matches(name.lower(), list(known), 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def printable(text: str) -> str:
    """``text`` on one line, with an escape such as ``\\x1b`` for what is no visible character.

    That is what ``repr`` escapes: control characters, ends of lines, marks that change the
    direction of writing, halves of characters. A terminal shows the rest and obeys none of it.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
