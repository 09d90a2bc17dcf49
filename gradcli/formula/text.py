"""The text of a formula and its NAME=VALUE bindings, as the command line gives them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from gradcli.errors import FileError, GradcliError
from gradcli.inputs.files import named, read_bytes


def read_text(expression: str) -> str:
    """The formula itself, or what the file (``@FILE``) or standard input (``-``) holds."""
    if expression != "-" and not expression.startswith("@"):
        return expression
    name = expression[1:] or "-"
    with named(name):
        try:
            return read_bytes(name).decode("utf-8-sig").strip()
        except UnicodeDecodeError:
            raise FileError("is not text, but a formula is expected") from None


def bindings(words: Sequence[str]) -> dict[str, str]:
    """What each of ``words``, NAME=VALUE, gives. Raises GradcliError for one that is no such."""
    values: dict[str, str] = {}
    for word in words:
        spelt, equals, value = word.partition("=")
        name = canonical(spelt.strip())
        if not equals:
            raise GradcliError(f"{word!r} is no NAME=VALUE, such as x=1")
        if name in values:
            raise GradcliError(f"{name} is given twice")
        values[name] = value.strip()
    return values


def canonical(name: str) -> str:
    """``name`` as Python's parser reads it: in NFKC, in which many spellings are one."""
    return unicodedata.normalize("NFKC", name)
