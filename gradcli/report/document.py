"""The JSON documents: strict JSON, numbers that round-trip in their dtype."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from json.encoder import encode_basestring
from typing import Any

import numpy as np
import numpy.typing as npt

Singles = list[npt.NDArray[np.float32]]


def dumps(answer: Mapping[str, Any]) -> str:
    """``answer`` on one line; arrays as nested lists, nan and infinities as null.

    What a terminal would obey (DEL, C1 controls, marks of direction) is escaped as JSON does it.
    """
    text, singles = _quickly(answer) or _slowly(answer)
    if singles:
        texts = _texts if sum([array.size for array in singles]) < _FEW else _import_texts()
        once = {id(array): array for array in singles}  # an array given is in the spec, too
        told = dict(zip(once, texts(list(once.values()))))
        between = text.split(_SINGLES)
        parts = [part for pair in zip(between, singles) for part in (pair[0], told[id(pair[1])])]
        text = "".join([*parts, between[-1]])
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(c if c.isprintable() else _escape(c) for c in text)


def _quickly(answer: Mapping[str, Any]) -> tuple[str, Singles] | None:
    """The text with ``_SINGLES`` in place of arrays of singles, and these; None where it has nan.

    What the standard library writes at once takes a tenth of the time.
    """
    singles: Singles = []

    def plain(value: Any) -> Any:
        if _is_single(value):
            singles.append(np.asarray(value))
            return _SINGLES
        if isinstance(value, (np.ndarray, np.generic)):
            return _lists(np.asarray(value))
        if isinstance(value, Mapping):
            return dict(value)
        raise TypeError

    try:
        text = json.dumps(answer, ensure_ascii=False, allow_nan=False, default=plain)
    except (TypeError, ValueError):
        return None
    mark = json.dumps(_SINGLES)
    if text.count(mark) != len(singles):  # a text that looks like one
        return None
    return text.replace(mark, _SINGLES), singles


def _slowly(answer: Mapping[str, Any]) -> tuple[str, Singles]:
    """The same, with null for what is not finite."""
    parts: list[str] = []
    singles: Singles = []
    _write("", answer, parts, singles)
    return "".join(parts), singles


def _texts(arrays: Iterable[npt.NDArray[np.float32]]) -> list[str]:
    return [json.dumps(_lists(array)) for array in arrays]


def _import_texts() -> Callable[[list[npt.NDArray[np.float32]]], list[str]]:
    from gradcli.report.shortest import texts  # a small answer needs none of it

    return texts


def _escape(character: str) -> str:
    if character == "\x7f":  # ASCII, which json.dumps leaves as it is
        return "\\u007f"
    return json.dumps(character)[1:-1]


_SINGLES = "\0"
"""In place of an array of singles; JSON has no such character, in no text either."""
_FEW = 64
"""Singles up to which it is quicker to write one after the other."""
_MOST_AXES, _MOST = 4, 2**16
"""Axes and entries of arrays of singles that are written together."""
_WORDS = {None: "null", True: "true", False: "false"}


def _write(before: str, value: Any, parts: list[str], singles: Singles) -> None:
    """Append ``before`` and ``value`` to ``parts``, and arrays of singles to ``singles``."""
    kind = type(value)
    if kind is str:
        parts.append(before + encode_basestring(value))
    elif kind is int:
        parts.append(f"{before}{value}")
    elif kind is float:
        parts.append(f"{before}{value!r}" if math.isfinite(value) else f"{before}null")
    elif value is None or kind is bool:
        parts.append(before + _WORDS[value])
    elif kind is dict:
        parts.append(f"{before}{{")
        joint = ""
        for name, item in value.items():
            _write(f"{joint}{encode_basestring(str(name))}: ", item, parts, singles)
            joint = ", "
        parts.append("}")
    elif kind is list or kind is tuple:
        parts.append(f"{before}[")
        joint = ""
        for item in value:
            _write(joint, item, parts, singles)
            joint = ", "
        parts.append("]")
    elif isinstance(value, (np.ndarray, np.generic)):
        if _is_single(value):
            parts.append(before + _SINGLES)
            singles.append(np.asarray(value))
        else:
            parts.append(before + json.dumps(_lists(np.asarray(value))))
    elif isinstance(value, Mapping):
        _write(before, dict(value), parts, singles)
    elif isinstance(value, (list, tuple)):
        _write(before, list(value), parts, singles)
    else:
        parts.append(before + json.dumps(value, allow_nan=False, ensure_ascii=False))


def _is_single(value: Any) -> bool:
    """Whether it is an array of singles, or one, that is written together with others."""
    return (
        isinstance(value, (np.ndarray, np.generic))
        and value.dtype == np.float32
        and value.ndim <= _MOST_AXES
        and 0 < value.size <= _MOST
    )


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
    if type(value) in _PLAIN:
        return value
    if isinstance(value, np.ndarray):
        if np.isfinite(value).all():
            return value
        return str(value.astype(str).tolist()).replace("'", "")
    if isinstance(value, Mapping):
        return {n: v if type(v) in _PLAIN else _literal(v) for n, v in value.items()}
    if isinstance(value, list):
        return [v if type(v) in _PLAIN else _literal(v) for v in value]
    return value


_PLAIN = (str, int, bool, type(None))
"""Of what holds no array."""
