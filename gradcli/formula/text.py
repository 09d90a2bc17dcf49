"""The text of a formula, as the command line gives it."""

from __future__ import annotations

from gradcli.errors import FileError
from gradcli.inputs.opening import named, read_bytes


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
