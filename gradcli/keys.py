"""A key of a specification: the kind of its value, and how that is read and checked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from gradcli.errors import SpecError
from gradcli.suggest import suggestion

BESIDE = ("grads", "value", "id")
"""What may stand among the keys of a specification in a file, and is none of them."""
_MOST = 2**63 - 1


class Key(NamedTuple):
    """One key of a specification, and one option of the command line.

    ``kind`` is int, number (above 0), amount (from 0), part (from 0 to below 1), pair (two
    numbers), ints (one or several, or one of ``words``), flag, text, file, word (one of ``words``),
    words (one of these or several), names (of ``words`` where there are any), map (of names to
    others), texts (by name: NAME=TEXT, given several times), value, layers or gradients.
    """

    name: str
    kind: str
    help: str
    default: str = ""
    """As help shows it."""
    words: Mapping[str, str] = {}
    """The words that it takes, with their meanings; for a value, besides arrays."""
    least: int = 1
    """Of an int."""
    group: str = "Model"
    """The heading under which help lists it; where it is empty, help does not."""
    metavar: str = ""
    """What stands for its value in help; the kind's own by default."""
    numbered: bool = False
    """Whether each layer has one of its own, by its number: w1, w2, ..."""
    only: Collection[str] = ()
    """The problems, optimizers or schedules that it goes with; with all where there are none."""
    aliases: Collection[str] = ()
    """What other frameworks call it: read as its name."""

    def read(self, value: Any) -> Any:
        """``value`` as a document gives it, checked. Raises SpecError naming this key."""
        if self.kind == "int" and not is_whole(value, self.least):
            raise SpecError(self.name, f"must be {whole_from(self.least)}, not {shown(value)}")
        fits, expected = _FITTING.get(self.kind, (None, ""))
        if fits is not None and not fits(value):
            raise SpecError(self.name, f"must be {expected}, not {shown(value)}")
        if self.kind == "word":
            self._require_word(value)
        if self.kind == "words":
            return self._several(value)
        if self.kind == "names":
            value = value.split(",") if isinstance(value, str) else value
            names = [name.strip() for name in value if name.strip()]
            for name in names if self.words else []:
                self._require_word(name)
            return names
        if self.kind == "map":
            return self._pairs(value)
        if self.kind == "texts":
            return self._texts(value)
        return self._wholes(value) if self.kind == "ints" else value

    def parse(self, text: str) -> Any:
        """The value that ``text`` on the command line stands for, checked as ``read`` does."""
        return self.read(self.value_of(text))

    def value_of(self, text: str) -> Any:
        """The value that ``text`` stands for; text itself where it is none of the kind's."""
        try:
            return _CONVERTED[self.kind](text) if self.kind in _CONVERTED else text
        except ValueError:
            return text

    def _require_word(self, value: Any) -> None:
        if not isinstance(value, str) or value not in self.words:
            near = suggestion(value, self.words) if isinstance(value, str) else ""
            known = f": one of {', '.join(self.words)}"
            raise SpecError(self.name, f"unknown value {shown(value)}{near or known}")

    def _several(self, value: Any) -> str | list[str]:
        """One word, or a list of several that differ."""
        if isinstance(value, str):
            value = [word.strip() for word in value.split(",")]
        found = list(value) if isinstance(value, (list, tuple)) and value else [value]
        for i, word in enumerate(found):
            self._require_word(word)
            if word in found[:i]:
                raise SpecError(self.name, f"has {word} twice")
        return found[0] if len(found) == 1 else found

    def _pairs(self, value: Any) -> dict[str, str]:
        """A table of names, or of what a list or a text has as ``theirs=ours``."""
        if isinstance(value, Mapping):
            return dict(value)
        found: dict[str, str] = {}
        for pair in value.split(",") if isinstance(value, str) else value:
            before, _, after = map(str.strip, pair.rpartition("="))
            if not (before and after):
                raise SpecError(self.name, f"must be names such as dw=w, not {shown(pair)}")
            if found.setdefault(before, after) != after:
                raise SpecError(self.name, f"has {before} twice")
        return found

    def _texts(self, value: Any) -> dict[str, str]:
        """A table of texts, or the NAME=TEXT of a list as one."""
        if isinstance(value, dict):
            return value
        found: dict[str, str] = {}
        for text in value:
            name, equals, after = map(str.strip, text.partition("="))
            if not (name and equals and after):
                raise SpecError(self.name, f"must be NAME=TEXT, not {shown(text)}")
            if name in found:
                raise SpecError(self.name, f"{name} is given twice")
            found[name] = after
        return found

    def _wholes(self, value: Any) -> list[int] | str:
        if isinstance(value, str) and value in self.words:
            return value
        listed = list(value) if isinstance(value, (list, tuple)) else [value]
        for number in listed:
            if not is_whole(number, self.least):
                expected = "".join([f"{word}, " for word in self.words]) + whole_from(self.least)
                near = suggestion(number, self.words) if isinstance(number, str) else ""
                raise SpecError(self.name, f"must be {expected}, not {shown(number)}{near}")
        return listed


def canonical(given: Mapping[str, Any], keys: Sequence[Key]) -> dict[str, Any]:
    """``given`` by the names of ``keys``, where it has aliases. Raises SpecError for both."""
    names = {alias: key.name for key in keys for alias in key.aliases}
    found: dict[str, Any] = {}
    for name, value in given.items():
        own = names.get(name, name)
        if own in found or (own != name and own in given):
            raise SpecError(own, f"is given twice: {name} is another name of it")
        found[own] = value
    return found


def read_keys(given: Mapping[str, Any], keys: Sequence[Key]) -> dict[str, Any]:
    """What ``given`` holds, each key checked. Raises SpecError for one that is unknown."""
    known = {key.name: key for key in keys}
    for name in given:
        if name not in known:
            raise SpecError(None, f"unknown key {name!r}{suggestion(str(name), [*known, *BESIDE])}")
    return {name: known[name].read(v) for name, v in given.items() if v is not None}


def is_whole(value: Any, least: int) -> bool:
    """Whether ``value`` is a whole number from ``least`` up to 2^63."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= _MOST


def whole_from(least: int) -> str:
    return f"a whole number from {least}"


def shown(value: Any) -> str:
    """``value`` in a message: not too long of it."""
    if isinstance(value, int) and abs(value) > _MOST:
        return "one beyond 2^63"
    if isinstance(value, float):
        return f"{value:g}" if value % 1 else str(value)
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _is_number(value: Any) -> bool:
    """Whether ``value`` is a float, or a whole number that is one, too: JSON's have any length."""
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) <= sys.float_info.max
    return isinstance(value, float)


def _is_names(value: Any) -> bool:
    listed = isinstance(value, (list, tuple)) and all(isinstance(name, str) for name in value)
    return listed or isinstance(value, str)


def _is_map(value: Any) -> bool:
    table = isinstance(value, Mapping) and all(isinstance(name, str) for name in value.values())
    return table or _is_names(value)


def _is_texts(value: Any) -> bool:
    texts = value.values() if isinstance(value, dict) else value
    return isinstance(value, (dict, list, tuple)) and all(isinstance(t, str) for t in texts)


def _is_pair(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2 and all(map(_is_number, value))


_FITTING: dict[str, tuple[Callable[[Any], bool], str]] = {
    "number": (lambda v: _is_number(v) and 0 < v < float("inf"), "a number above 0"),
    "amount": (lambda v: _is_number(v) and 0 <= v < float("inf"), "a number from 0"),
    "part": (lambda v: _is_number(v) and 0 <= v < 1, "a number from 0 to below 1"),
    "layers": (lambda v: isinstance(v, (list, str)), "one table or more, such as {units = 3}"),
    "names": (_is_names, "names such as x,y"),
    "map": (_is_map, "names such as dw=w, or a table of them"),
    "texts": (_is_texts, "a table of texts by name"),
    "pair": (_is_pair, "two numbers"),
    "flag": (lambda v: isinstance(v, bool), "true or false"),
    "text": (lambda v: isinstance(v, str), "text"),
    "file": (lambda v: isinstance(v, (str, dict)), "a file"),
    "gradients": (lambda v: isinstance(v, (str, dict)), "a file, or arrays by name"),
}
"""By kind, what a value must be, and the words for it."""


def _pair(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def _wholes(text: str) -> Any:
    """The numbers in ``text``, none in an empty one; what is no number stays text."""
    parts = [_whole(part) for part in text.split(",")] if text.strip() else []
    return parts[0] if len(parts) == 1 else parts


_TRUTHS = {"true": True, "false": False}
_CONVERTED: dict[str, Callable[[str], Any]] = {
    "int": int,
    "number": float,
    "amount": float,
    "part": float,
    "pair": _pair,
    "ints": _wholes,
    "flag": lambda text: _TRUTHS.get(text, text),
}
"""By kind, what makes a value of text; the others are text themselves."""


def _whole(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        return text.strip()
