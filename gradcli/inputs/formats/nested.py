"""JSON: nested lists of numbers, or an object of them by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gradcli.errors import FileError, LiteralError
from gradcli.inputs.formats.format import Array, Contents, Named, Opened, array_format, one_of
from gradcli.inputs.literals import from_lists

_BEGINNING = rb'(\xef\xbb\xbf)?\s*(\{|\[\s*([-{\[\]"\d]|null|NaN|Infinity))'


@array_format(
    "JSON",
    ".json",
    begins=lambda head: re.match(_BEGINNING, head) is not None,
    by_name=True,
)
def read_json(opened: Opened) -> Contents:
    """An object within an object names its arrays with a point: ``grads.w``."""
    import json

    try:
        value = json.loads(opened.read())
        if not isinstance(value, dict):
            return Contents(lambda: from_lists(value))
        lists = dict(_flat(value, ""))
    except (ValueError, RecursionError) as error:
        raise FileError(f"is not JSON: {error}") from None

    def read(name: str) -> Array:
        try:
            return from_lists(lists[name])
        except LiteralError as error:
            raise FileError(f"{name} {error}") from None

    def refuse() -> Array:
        raise FileError(f"is not a list of numbers: name one that it holds, {one_of(lists)}")

    return Contents(refuse, Named(lists, read))


def _flat(value: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, f"{prefix}{name}.")
        else:
            yield prefix + name, inner
