"""Layers written as one text: ``conv2d(4, 3, act=relu), flatten, dense(3, name=fc1)``."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gradcli.errors import LayersError
from gradcli.inputs.literals import number_pattern
from gradcli.layer_kinds import LayerKind
from gradcli.suggest import counted, suggestion

LONGEST = 100_000
"""Characters."""
DEEPEST = 32
"""Levels of nesting."""
CONSTANTS = {"true": True, "false": False, "inf": math.inf, "nan": math.nan}
"""Words, in any case, that are no text."""

_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"[^\W\d]\w*")
_KEYWORD = re.compile(r"([^\W\d][\w.]*)\s*=\s*")
_TEXT = re.compile(r"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'")
_CLOSING = {"(": ")", "[": "]"}


def read_layers(
    text: str, kinds: Mapping[str, LayerKind], others: Callable[[str], Iterable[str]]
) -> list[dict[str, Any]]:
    """The tables that ``text`` stands for, as a document lists them; nothing is evaluated.

    A layer is the name of its kind and, in brackets, values in the order of the kind's keys,
    then ``key=value``. A value is a number, true or false, a word, text in quotes (where it has
    that quote itself, twice), or a list, ``[...]`` or ``(...)``. ``kinds`` are those that there
    are, ``others(kind)`` what a layer of that kind takes by name alone.

    Raises LayersError, its caret at what cannot be read or is not known.
    """
    return _Layers(text, kinds, others).read()


class _Layers:
    def __init__(
        self, text: str, kinds: Mapping[str, LayerKind], others: Callable[[str], Iterable[str]]
    ) -> None:
        if len(text) > LONGEST:
            raise LayersError(f"the layers have {len(text):,} characters; {LONGEST:,} are allowed")
        self.text = text.strip()
        self.kinds = kinds
        self.others = others
        self.at = 0
        self.depth = 0

    def read(self) -> list[dict[str, Any]]:
        if not self.text:
            raise LayersError("no layers are given")
        layers = [self.layer()]
        while self.take(","):
            if self.at == len(self.text):
                break
            layers.append(self.layer())
        if self.at < len(self.text):
            raise self.error("a comma is needed between two layers")
        return layers

    def layer(self) -> dict[str, Any]:
        start = self.at
        word = self.match(_WORD)
        if word is None:
            raise self.error("a layer is needed here")
        kind = word[0]
        if self.peek() == ".":
            raise self.error(f"a kind stands without its module: drop {kind}.", start)
        if kind not in self.kinds:
            near = suggestion(kind, self.kinds) or f": one of {', '.join(self.kinds)}"
            raise self.error(f"there is no layer {kind!r}{near}", start)
        layer: dict[str, Any] = {"kind": kind}
        if self.peek() == "(":
            _Arguments(self, layer).read()
        return layer

    def listed(self, item: Callable[[], Any]) -> list[Any]:
        """What ``item`` reads, one after the other, up to the bracket that closes this one."""
        opened = self.at
        closing = _CLOSING[self.peek()]
        if self.depth == DEEPEST:
            raise self.error(f"nested more than {DEEPEST} deep")
        self.depth += 1
        self.step()
        items = []
        while not self.take(closing):
            if self.at == len(self.text):
                raise self.error(f"this {self.text[opened]} is never closed", opened)
            items.append(item())
            if not self.take(",") and self.peek() not in (closing, ""):
                raise self.error(f"a comma or {closing} is needed here")
        self.depth -= 1
        return items

    def value(self) -> Any:
        """A number, true or false, text, or a list of such."""
        if self.peek() in _CLOSING:
            return self.listed(self.value)
        start = self.at
        if word := self.match(_WORD):
            if self.text[word.end() : word.end() + 1] in tuple("./\\:-"):
                raise self.error("text with more than letters, digits and _ needs quotes", start)
            return CONSTANTS.get(word[0].lower(), word[0])
        if number := self.match(number_pattern()):
            whole = number[0].lstrip("+-").isdecimal() and len(number[0]) <= 20
            return int(number[0]) if whole else float(number[0])
        if text := self.match(_TEXT):
            quote = text[0][0]
            return text[0][1:-1].replace(quote * 2, quote)
        if self.peek() in ("'", '"'):
            raise self.error("this quote is never closed")
        raise self.error("a value is needed here")

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self, character: str) -> bool:
        """Whether ``character`` is next; it is passed over then."""
        if found := self.peek() == character:
            self.step()
        return found

    def step(self) -> None:
        self.at += 1
        self.skip()

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """What matches here; it, and the space after it, are passed over then."""
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
            self.skip()
        return found

    def skip(self) -> None:
        space = _SPACE.match(self.text, self.at)
        assert space is not None
        self.at = space.end()

    def error(self, message: str, at: int | None = None) -> LayersError:
        """An error with a caret below the character at ``at``, or below the next one."""
        at = self.at if at is None else at
        start = self.text.rfind("\n", 0, at) + 1
        end = self.text.find("\n", at)
        line = self.text[start : end if end >= 0 else len(self.text)]
        return LayersError(message, line, at - start)


class _Arguments:
    """What stands in the brackets after a kind, on its way into the layer's table."""

    def __init__(self, text: _Layers, layer: dict[str, Any]) -> None:
        self.text = text
        self.layer = layer
        self.kind = layer["kind"]
        self.keys = text.kinds[self.kind].keys
        self.names = {name: key for key in self.keys for name in (key.name, *key.aliases)}
        self.others = ["name", *text.others(self.kind)]
        self.given: set[str] = set()
        """The keys, each by its own name."""
        self.has_named = False

    def read(self) -> None:
        self.text.listed(self.argument)

    def argument(self) -> None:
        start = self.text.at
        keyword = self.text.match(_KEYWORD)
        if keyword:
            self.named(keyword[1], start)
        elif self.has_named:
            raise self.text.error("this needs a key: what follows key=value is key=value, too")
        else:
            self.positional()

    def named(self, name: str, start: int) -> None:
        key = self.names.get(name)
        if key is None and name not in self.others:
            near = suggestion(name, [*self.names, *self.others])
            listed = f": it has {', '.join(key.name for key in self.keys)}" if self.keys else ""
            raise self.text.error(f"{self.kind} has no key {name!r}{near or listed}", start)
        own = key.name if key else name
        if own in self.given:
            same = f": it is {own}" if own != name else ""
            raise self.text.error(f"{name} is given twice{same}", start)
        self.given.add(own)
        self.has_named = True
        self.layer[name] = self.layers() if key and key.kind == "layers" else self.text.value()

    def positional(self) -> None:
        if self.keys and self.keys[-1].name in self.given and self.keys[-1].kind == "layers":
            self.layer[self.keys[-1].name] += self.layers()
        elif len(self.given) < len(self.keys):
            key = self.keys[len(self.given)]
            self.given.add(key.name)
            self.layer[key.name] = self.layers() if key.kind == "layers" else self.text.value()
        else:
            names = ", ".join(key.name for key in self.keys)
            most = f"at most {counted(len(self.keys), 'value')}: {names}" if names else "no values"
            raise self.text.error(f"{self.kind} takes {most}")

    def layers(self) -> list[dict[str, Any]]:
        """One layer, or several in brackets."""
        if self.text.peek() in _CLOSING:
            return self.text.listed(self.text.layer)
        return [self.text.layer()]
