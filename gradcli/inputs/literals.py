"""Arrays written out: ``0.5``, ``0,1``, ``1/3,2*pi;3,4`` or ``[[1,2],[3,4]]``."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.errors import LiteralError

_NUMBER = r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?|nan)"
_FACTOR = rf"{_NUMBER}|[+-]?pi"
_DEEPEST = 32


def number_pattern() -> re.Pattern[str]:
    """What a number looks like; compiled when the first one is read."""
    return re.compile(_NUMBER, re.I)


def reads_stdin(text: str) -> bool:
    """Whether ``text`` is standard input, or a part of it."""
    return text == "-" or text.startswith(("-[", "-:"))


def looks_like_literal(text: str) -> bool:
    """Whether ``text`` begins as a number or a list does, and does not go on as a name."""
    stripped = text.strip()
    if stripped.startswith("["):
        return True
    match = re.match(rf"(?:{_FACTOR})(?:\s*[*/]\s*(?:{_FACTOR}))*", stripped, re.I)
    if match is None:
        return False
    rest = stripped[match.end() :].lstrip()
    return not rest or rest[0] in ",;" or not (rest[0].isalpha() or rest[0] in "_/\\:")


def parse_literal(text: str) -> npt.NDArray[np.float64]:
    """The array that ``text`` writes: 0-d for a number, 1-d for ``a,b``, 2-d for ``a,b;c,d``.

    Raises LiteralError with the position (counted from 1) of what does not fit.
    """
    return _Literal(text).parse()


def from_lists(value: Any) -> npt.NDArray[Any]:
    """An array from nested lists of numbers, as TOML and JSON give them; null is nan.

    Raises LiteralError where they are no such lists.
    """
    try:
        array = np.array(value)
        if array.dtype == object:
            array = np.array(value, np.float64)
    except (ValueError, TypeError, OverflowError):
        raise LiteralError("is not a list of numbers, or of lists of one length") from None
    if array.dtype.kind not in "fiub":
        raise LiteralError("is not a list of numbers")
    return array


class _Literal:
    """A recursive-descent parser over one literal."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.match = re.compile(_FACTOR, re.I).match

    def parse(self) -> npt.NDArray[np.float64]:
        self.skip()
        value: Any
        if self.peek() == "[":
            value = self.nested(1)
        else:
            rows = [self.row()]
            while self.peek() == ";":
                self.step()
                rows.append(self.row())
                if len(rows[-1]) != len(rows[0]):
                    raise LiteralError(
                        f"{self.shown()}: row {len(rows)} has {len(rows[-1])} numbers, "
                        f"row 1 has {len(rows[0])}"
                    )
            value = rows if len(rows) > 1 else rows[0]
            if len(rows) == 1 and len(rows[0]) == 1:
                value = rows[0][0]
        if self.at < len(self.text):
            raise self.unexpected("the end, ',' or ';'")
        try:
            return np.array(value, np.float64)
        except ValueError:
            raise LiteralError(f"{self.shown()}: the lists have different lengths") from None

    def row(self) -> list[float]:
        numbers = [self.number()]
        while self.peek() == ",":
            self.step()
            numbers.append(self.number())
        return numbers

    def nested(self, depth: int) -> list[Any]:
        if depth > _DEEPEST:
            raise LiteralError(f"{self.shown()}: lists nested more than {_DEEPEST} deep")
        self.step()
        items: list[Any] = []
        while self.peek() != "]":
            items.append(self.nested(depth + 1) if self.peek() == "[" else self.number())
            if self.peek() == ",":
                self.step()
            elif self.peek() != "]":
                raise self.unexpected("',' or ']'")
        self.step()
        return items

    def number(self) -> float:
        """A factor, or a product or quotient of several, from the left, as Python reckons."""
        value = self.factor()
        while (sign := self.peek()) and sign in "*/":
            self.step()
            at = self.at
            factor = self.factor()
            if sign == "/" and factor == 0:
                raise LiteralError(f"{self.shown()}: division by zero at position {at + 1}")
            value = value * factor if sign == "*" else value / factor
        return value

    def factor(self) -> float:
        match = self.match(self.text, self.at)
        if match is None:
            raise self.unexpected("a number")
        self.at = match.end()
        self.skip()
        return float(match.group().lower().replace("pi", repr(math.pi)))

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def step(self) -> None:
        self.at += 1
        self.skip()

    def skip(self) -> None:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1

    def unexpected(self, expected: str) -> LiteralError:
        found = repr(self.text[self.at : self.at + 8]) if self.at < len(self.text) else "the end"
        return LiteralError(
            f"{self.shown()}: expected {expected} at position {self.at + 1}, found {found}"
        )

    def shown(self) -> str:
        """The literal, shortened to the surroundings of the position if it is long."""
        if len(self.text) <= 60:
            return f"literal {self.text!r}"
        start = max(0, self.at - 30)
        return f"literal ...{self.text[start : start + 60]!r}..."
