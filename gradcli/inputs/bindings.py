"""NAME=VALUE: the values of names, as the command line and specifications give them."""

from __future__ import annotations

import functools
import keyword
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradcli.errors import GradcliError, SpecError
from gradcli.inputs.values import drawn, resolve

if TYPE_CHECKING:
    from gradcli.inputs.streams import Stream


def read_values(
    given: Mapping[str, Any], seed: int, folder: str | None
) -> tuple[dict[str, Any], dict[str, str], Callable[[], Stream]]:
    """The array of each name: what it writes, what its file holds, or what it draws.

    And the files of those that came from one, by name, and the stream to go on drawing from.

    Raises GradcliError for a name that cannot be one, and for what is no value.
    """

    @functools.cache
    def stream() -> Any:
        from gradcli.inputs.streams import NumpyStream

        return NumpyStream(seed)

    values: dict[str, Any] = {}
    files: dict[str, str] = {}
    for spelt, value in given.items():
        name = canonical(spelt.strip())
        if not name.isidentifier() or keyword.iskeyword(name):
            raise GradcliError(f"{name!r} cannot be the name of a variable")
        if name in values:
            raise GradcliError(f"{name} is given twice")
        try:
            values[name] = drawn(name, value, stream)
            if values[name] is not None:
                continue
            found = resolve(name, value, folder)
        except SpecError as error:  # its key is a name of the user's, no option
            raise GradcliError(str(error)) from error
        if isinstance(found, str):
            raise GradcliError(f"{name}: give it a shape, such as {name}={value}(3,2)")
        values[name] = found.array
        if found.origin is not None:
            files[name] = found.origin
    return values, files, stream


def moved(names: Sequence[str], files: Collection[str]) -> list[str]:
    """Those of ``names`` that a walk moves: what came from ``files``, by name, stays where it is.

    Raises SpecError where nothing is left.
    """
    found = [name for name in names if name not in files]
    if not found and names:
        raise SpecError("wrt", "all values come from files, which a walk leaves as they are")
    return found


def bindings(words: Sequence[str]) -> dict[str, str]:
    """What each of ``words``, NAME=VALUE, gives. Raises GradcliError for one that is no such."""
    values: dict[str, str] = {}
    for word in words:
        spelt, equals, value = word.partition("=")
        name = canonical(spelt.strip())
        if not equals:
            raise GradcliError(f"{word!r} is no NAME=VALUE, such as x=1")
        if name in values:
            raise GradcliError(f"{name} is given twice")
        values[name] = value.strip()
    return values


def canonical(name: str) -> str:
    """``name`` as Python's parser reads it: in NFKC, in which many spellings are one."""
    return unicodedata.normalize("NFKC", name)


def settings_among(words: Sequence[str]) -> tuple[dict[str, str], dict[str, Any]]:
    """What ``words``, NAME=VALUE and NAME:=JSON, give. Raises GradcliError for all others."""
    import json

    values = bindings(words)
    settings: dict[str, Any] = {}
    for spelt in [name for name in values if name.endswith(":")]:
        name, text = spelt[:-1].strip(), values.pop(spelt)
        if name in values or name in settings:
            raise GradcliError(f"{name} is given twice")
        if not name.isidentifier():
            raise GradcliError(f"{name!r} cannot be the name of a variable")
        try:
            settings[name] = json.loads(text)
        except (ValueError, RecursionError) as error:
            near = f'; a text is written "{text}"' if text.isidentifier() else ""
            raise GradcliError(f"{name}: {text!r} is no JSON ({error}){near}") from None
    return values, settings
