"""The JSON documents: strict JSON, numbers that round-trip in their dtype."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt


def dumps(answer: Mapping[str, Any]) -> str:
    """``answer`` on one line; arrays as nested lists, nan and infinities as null.

    What a terminal would obey (DEL, C1 controls, marks of direction) is escaped as JSON does it.
    """
    text = json.dumps(_plain(answer), allow_nan=False, ensure_ascii=False)
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(character: str) -> str:
    if character == "\x7f":  # ASCII, which json.dumps leaves as it is
        return "\\u007f"
    return json.dumps(character)[1:-1]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return _lists(np.asarray(value))
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def _lists(array: npt.NDArray[Any]) -> Any:
    if array.dtype.kind != "f":
        return array.tolist()
    if array.dtype.itemsize < 8:
        # By way of text: the double that prints as the shortest decimal of the single.
        shortest = array.astype(str).astype(np.float64)
    else:
        shortest = array
    finite = np.isfinite(array)
    if finite.all():
        return shortest.tolist()
    values = shortest.astype(object)
    values[~finite] = None
    return values.tolist()


def with_spec(document: Mapping[str, Any], spec: Mapping[str, Any] | None) -> dict[str, Any]:
    """``document`` with the specification that gives it again, before its trace if it has one.

    JSON has no nan, so an array that holds one goes into a specification as a literal.
    """
    if spec is None:
        return dict(document)
    found = dict(document)
    trace = {"trace": found.pop("trace")} if "trace" in found else {}
    return {**found, "spec": _literal(spec), **trace}


def _literal(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _literal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_literal(item) for item in value]
    if isinstance(value, np.ndarray) and not np.all(np.isfinite(value)):
        return str(value.astype(str).tolist()).replace("'", "")
    return value
