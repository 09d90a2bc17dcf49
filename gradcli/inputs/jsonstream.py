"""JSON as it comes: the values of a stream, each as soon as its last line is there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_SPACE = re.compile(r"\s*")
_COMMA = re.compile(r"[\s,]*")


class Malformed(str):
    """What is wrong, in place of a value."""


def read_values(lines: Iterable[bytes]) -> Iterator[tuple[int, Any]]:
    """The values and their lines: those of one array, or one after the other.

    In place of a value that is malformed stands Malformed, with the line of the mistake; what
    follows is read from the next line on that begins with a brace, but not within an array.
    """
    reader = _Reader(lines)
    while True:
        try:
            if not reader.more():
                return
            yield reader.value()
        except UnicodeDecodeError:
            yield reader.undecodable()


class _Reader:
    """Lines, not yet read from ``_at`` in ``_text`` on; ``_line`` is the number of that line.

    ``_begin`` is where the last value began.
    """

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self._count = 0
        self._text = ""
        self._at = 0
        self._begin = 0
        self._line = 0
        self._is_array: bool | None = None
        self._is_closed = False
        self._is_lost = False
        self._decode = json.JSONDecoder(object_pairs_hook=_table).raw_decode

    def more(self) -> bool:
        """Go to where the next value begins; False where there is none."""
        while True:
            space = _COMMA if self._is_array else _SPACE
            self._move(space.match(self._text, self._at).end())  # type: ignore[union-attr]
            if self._at == len(self._text):
                self._text, self._at = self._fetch(), 0
                self._line = self._count
                if not self._text:
                    unfinished, self._is_array = bool(self._is_array), False
                    return unfinished
            elif self._is_array is None:
                self._is_array = self._text[self._at] == "["
                self._move(self._at + self._is_array)
            elif self._is_array and self._text[self._at] == "]":
                self._is_array, self._is_closed = False, True
                self._move(self._at + 1)
            else:
                return True

    def value(self) -> tuple[int, Any]:
        """The value that begins here, and its line."""
        if self._is_closed:
            return self.lost("JSON: more follows after the array")
        line, self._begin = self._line, self._at
        while True:
            try:
                value, end = self._decode(self._text, self._at)
                self._move(end)
                return line, value
            except json.JSONDecodeError as error:
                # Only what stops short at the end may be whole once more lines have come.
                if error.pos < len(self._text.rstrip()) or not self._extend():
                    column = error.pos - self._text.rfind("\n", 0, error.pos)
                    self._move(error.pos)
                    return self.lost(f"column {column}: JSON: {error.msg}", ", ")
            except RecursionError:
                return self.lost("JSON: too many lists or tables in one another")
            except ValueError as error:  # too many digits, a key given twice
                return self.lost(f"JSON: {error}")

    def undecodable(self) -> tuple[int, Malformed]:
        """The line that was fetched last is no text."""
        self._line = self._count
        return self.lost("is not text, but JSON is expected")

    def lost(self, message: str, joint: str = ": ") -> tuple[int, Malformed]:
        """``message`` with the line, having gone to where the values go on after a mistake."""
        line = self._line
        # A mistake may be the brace of another value, but never that of the value it is in.
        after = self._text.find("\n{", max(self._begin, self._at - 1))
        if self._is_array or self._is_closed:
            self._lines, after = iter(()), -1
        self._is_array = self._is_closed = False
        self._is_lost = after < 0
        self._move(len(self._text) if after < 0 else after + 1)
        return line, Malformed(f"line {line}{joint}{message}")

    def _move(self, at: int) -> None:
        self._line += self._text.count("\n", self._at, at)
        self._at = at

    def _fetch(self) -> str:
        """The next line; after a mistake, the next that begins with a brace. Empty at the end."""
        for data in self._lines:
            self._count += 1
            if self._is_lost and data[:1] != b"{":
                continue
            self._is_lost = False
            return data.decode("utf-8-sig" if self._count == 1 else "utf-8")
        return ""

    def _extend(self) -> bool:
        """Append lines until the value may be whole, or another one begins; False at the end."""
        parts: list[str] = []
        depth = _nesting(self._text[self._at :])
        while depth > 0 and not (parts and parts[-1].startswith("{")):
            parts.append(self._fetch())
            if not parts[-1]:
                break
            depth += _nesting(parts[-1])
        self._text += "".join(parts)
        return any(parts)


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for i, key in enumerate(keys) if key in keys[:i])
        raise ValueError(f"{twice} is given twice")
    return found


def _nesting(text: str) -> int:
    """How many more brackets open than close in whole lines, strings left out."""
    bare = _STRING.sub("", text)
    return bare.count("{") + bare.count("[") - bare.count("}") - bare.count("]")
