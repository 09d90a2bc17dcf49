"""Words in messages: the nearest of some names, and text that came from outside."""

from __future__ import annotations

from collections.abc import Iterable

MEANINGS = {
    "acos": "arccos", "activation": "act", "asin": "arcsin", "atan": "arctan", "atan2": "arctan2",
    "average": "mean", "avg": "mean", "bias": "b", "binary_crossentropy": "bce",
    "categorical_crossentropy": "ce", "cross_entropy": "ce", "crossentropy": "ce",
    "epochs": "steps", "fit": "descend", "gradcheck": "check", "iterations": "steps",
    "kernel": "w", "learning_rate": "lr", "lg": "log10", "ln": "log", "logistic": "sigmoid",
    "mean_absolute_error": "mae", "mean_squared_error": "mse", "minimise": "descend",
    "minimize": "descend", "optimiser": "optimizer", "pow": "power", "sgd": "gd", "sgn": "sign",
    "sqr": "square", "swish": "silu", "targets": "y", "target": "y", "train": "descend",
    "units": "out", "verify": "check", "weights": "w",
}  # fmt: skip
"""Names that people know from elsewhere, and what is meant here."""


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


def printable(text: str) -> str:
    """``text`` on one line, with an escape such as ``\\x1b`` for what is no visible character.

    That is what ``repr`` escapes: control characters, ends of lines, marks that change the
    direction of writing, halves of characters. A terminal shows the rest and obeys none of it.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
