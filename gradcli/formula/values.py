"""The values of a formula's names, as a specification gives them."""

from __future__ import annotations

import functools
import keyword
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gradcli.errors import GradcliError, SpecError
from gradcli.formula.text import canonical
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
