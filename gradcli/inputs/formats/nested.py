"""JSON: nested lists of numbers, an object of them by name, or where raw numbers are by name."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from gradcli.errors import FileError, LiteralError
from gradcli.inputs.formats.format import (
    Array,
    Contents,
    Named,
    Opened,
    array_format,
    one_of,
    require_once,
)
from gradcli.inputs.literals import from_lists
from gradcli.keys import is_whole

_BEGINNING = rb'(\xef\xbb\xbf)?\s*(\{|\[\s*([-{\[\]"\d]|null|NaN|Infinity))'


@array_format(
    "JSON",
    ".json",
    # The length that begins a safetensors file may be written {, but text has no byte of 0.
    begins=lambda head: re.match(_BEGINNING, head) is not None and b"\0" not in head,
    by_name=True,
)
def read_json(opened: Opened) -> Contents:
    """An object within an object names its arrays with a point: ``grads.w``.

    An array may be told of, ``{"file": "g.f32", "shape": [3, 4], "offset": 12}``: so many numbers
    of that file from the offset on, or from where the array told of before it ends.
    """
    import json

    try:
        value = json.loads(opened.read(), object_pairs_hook=_once)
        if not isinstance(value, dict):
            return Contents(lambda: from_lists(value))
        lists = flat(value)
        ends: dict[str, int] = {}
        told = {name: _told(name, v, ends) for name, v in lists.items() if isinstance(v, dict)}
    except (ValueError, RecursionError) as error:
        raise FileError(f"is not JSON: {error}") from None

    def read(name: str) -> Array:
        if name in told:
            return _raw(told[name], opened)
        try:
            return from_lists(lists[name])
        except LiteralError as error:
            raise FileError(f"{name} {error}") from None

    def refuse() -> Array:
        raise FileError(f"is not a list of numbers: name one that it holds, {one_of(lists)}")

    return Contents(refuse, Named(lists, read), typed=list(told))


def flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """What the object holds, by names with points. Raises FileError where a name comes twice."""
    found: dict[str, Any] = {}
    for name, inner in value.items():
        nested = isinstance(inner, Mapping) and not _tells(inner)
        for own, item in (
            flat(inner, f"{prefix}{name}.").items() if nested else [(prefix + name, inner)]
        ):
            if own in found:
                raise FileError(f"holds {own!r} twice")
            found[own] = item
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    require_once(name for name, _ in pairs)
    return dict(pairs)


class _Raw(NamedTuple):
    """Where the numbers of an array are."""

    name: str
    file: str
    shape: list[int]
    offset: int


def _tells(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("file"), str)


def _told(name: str, value: Mapping[str, Any], ends: dict[str, int]) -> _Raw:
    """What ``value`` tells of; ``ends`` has where the arrays before it end in each file."""
    file, shape = value["file"], value.get("shape")
    offset = value.get("offset", ends.get(file, 0))
    others = set(value) - {"file", "shape", "offset"}
    if others or not isinstance(shape, list) or not all(is_whole(n, 0) for n in (offset, *shape)):
        raise FileError(
            f"{name}: must have file, shape and perhaps offset, in whole numbers from 0"
        )
    ends[file] = offset + math.prod(shape)
    return _Raw(name, file, shape, offset)


def _raw(told: _Raw, opened: Opened) -> Array:
    if opened.beside is None:
        raise FileError(f"{told.name}: names a file, and is none itself")
    whole = opened.beside(told.file).reshape(-1)
    end = told.offset + math.prod(told.shape)
    if end > whole.size:
        held = f"{told.file} has {whole.size:,} numbers"
        raise FileError(f"{told.name}: {held}, and it would end at {end:,}")
    return whole[told.offset : end].reshape(told.shape)
