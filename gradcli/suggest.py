"""Words in messages: the nearest of some names, and text that came from outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_ELSEWHERE = {
    "act": "activation",
    "arccos": "acos",
    "arcsin": "asin",
    "arctan": "atan",
    "arctan2": "atan2",
    "b": "bias",
    "bce": "binary_crossentropy",
    "ce": "categorical_crossentropy cross_entropy crossentropy",
    "check": "gradcheck verify",
    "descend": "fit minimise minimize train",
    "gd": "sgd",
    "log": "ln",
    "log10": "lg",
    "lr": "learning_rate",
    "mae": "mean_absolute_error",
    "mean": "average avg",
    "mse": "mean_squared_error",
    "optimizer": "optimiser",
    "out": "units",
    "power": "pow",
    "sigmoid": "logistic",
    "sign": "sgn",
    "silu": "swish",
    "square": "sqr",
    "steps": "epochs iterations",
    "w": "kernel weights",
    "y": "target targets",
}
"""Names of ours, and what people know each by from elsewhere."""
MEANINGS = {other: name for name, others in _ELSEWHERE.items() for other in others.split()}


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one of ``known`` that is near ``name``, first in meaning, then in spelling."""
    import difflib  # only a message needs it

    names = list(known)
    meant = MEANINGS.get(name.lower())
    if meant in names:
        return meant
    return next(iter(difflib.get_close_matches(name.lower(), names, 1)), None)


def suggestion(name: str, known: Iterable[str]) -> str:
    """``; did you mean 'sigmoid'?`` where a known name is near, else an empty string."""
    near = nearest(name, known)
    return f"; did you mean {near!r}?" if near else ""


def counted(number: int, one: str, many: str = "") -> str:
    """``number`` with its word: 1 step, 2,442 entries. Without ``many`` an s is added."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(names: Iterable[str]) -> str:
    """``names`` in a sentence: bce, ce and focal."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def printable(text: str) -> str:
    """``text`` on one line, with an escape such as ``\\x1b`` for what is no visible character.

    That is what ``repr`` escapes: control characters, ends of lines, marks that change the
    direction of writing, halves of characters. A terminal shows the rest and obeys none of it.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def place(index: Sequence[int]) -> str:
    """`` at [1, 0]``, to stand after what is said of an entry; nothing for that of a scalar."""
    return f" at {list(index)}" if index else ""
