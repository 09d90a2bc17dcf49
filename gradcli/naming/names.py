"""What the name of a gradient may stand for, as people write it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

ROLES = {
    "w": "w weight weights kernel",
    "b": "b bias biases",
    "gamma": "gamma scale weight",
    "beta": "beta offset bias",
    "u": "u recurrent_kernel",
    "e": "e embedding embeddings weight",
    "x": "x input inputs",
}
"""What an array is in its layer, and what people call that; a weight may be a norm's, too."""
_MEANT = {
    word.replace("_", ""): {role for role, others in ROLES.items() if word in others.split()}
    for words in ROLES.values()
    for word in words.split()
}
_MARK = "d|grads?|gradients?"
"""What is written beside the name of a parameter to name its gradient:"""
_BEFORE = re.compile(rf"(?:{_MARK})[_./]?(?=.)", re.I)
_AFTER = re.compile(rf"(?<=.)[_./]?(?:{_MARK})$", re.I)
_COPY = re.compile(r":\d+$")
"""TensorFlow's number behind the name of a variable: kernel:0."""


class Reading(NamedTuple):
    """A name as a layer, what an array is in it, and a number of that: fc1.weight, w1."""

    layer: tuple[str, ...]
    role: str
    number: str = ""

    @property
    def roles(self) -> set[str]:
        """What the role may be here."""
        return _MEANT.get(self.role, {self.role})

    @property
    def keys(self) -> set[str]:
        """The same for names that mean the same."""
        return {f"{''.join(self.layer)} {role}{self.number}" for role in self.roles}


def readings(name: str) -> list[Reading]:
    """Every way to read ``name``, with and without what names a gradient, the plainest first."""
    return list(_readings(_words(name)))


def spellings(name: str) -> list[set[str]]:
    """What ``name`` may stand for: to the letter, in any letters, and in meaning.

    In meaning it may be longer than what it stands for by the names of what that is a part of.
    """
    plain = _COPY.sub("", name)
    exact = {plain, _BEFORE.sub("", plain, count=1)}
    exact |= {_AFTER.sub("", text) for text in exact}
    words = _words(name)
    tails = [words[i:] for i in range(1, len(words)) if i < len(words) - 1 or _cut(words[i])[1]]
    read = [reading for some in (words, *tails) for reading in _readings(some)]
    return [exact, {bare(text) for text in exact}, {key for r in read for key in r.keys}]


def bare(name: str) -> str:
    """Its letters and digits, small."""
    return re.sub(r"[\W_]+", "", name.lower())


def _words(name: str) -> list[str]:
    plain = _COPY.sub("", name.lower()).replace("recurrent_kernel", "recurrentkernel")
    return re.findall(r"[^\W_]+", plain) or [name]


def _readings(words: list[str]) -> Iterator[Reading]:
    for *first, last in _unmarked(words):
        role, number = _cut(last)
        if first and role not in _MEANT and _cut(first[0])[0] in _MEANT:  # W_fc1, b_1
            role, number = _cut(first[0])
            rest = (*first[1:], last)
            alone = len(rest) == 1 and last.isdecimal() and not number
            yield Reading((), role, last) if alone else Reading(rest, role, number)
        else:
            yield Reading(tuple(first), role, number)


def _unmarked(words: list[str]) -> Iterator[list[str]]:
    yield words
    for i, word in enumerate(words):
        if len(words) > 1 and re.fullmatch(_MARK, word):
            yield [*words[:i], *words[i + 1 :]]
    for i in {0, len(words) - 1}:
        for pattern in (_BEFORE, _AFTER):
            short = pattern.sub("", words[i], count=1)
            if short != words[i]:
                yield [*words[:i], short, *words[i + 1 :]]


def _cut(word: str) -> tuple[str, str]:
    """A word, and the number behind it."""
    front = word.rstrip("0123456789")
    return (front, word[len(front) :]) if front else (word, "")
