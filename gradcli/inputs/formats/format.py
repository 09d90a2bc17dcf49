"""What a format is: how it is told, and what its files hold. The one table of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import IO, Any, NamedTuple

import numpy.typing as npt

from gradcli.errors import FileError
from gradcli.suggest import suggestion

Array = npt.NDArray[Any]


class Opened(NamedTuple):
    """A file at its beginning. It can be sought in, whatever it was read from."""

    file: IO[bytes]
    path: str | None = None
    """Where a plain file lies, for what maps it instead of reading it."""


class Named(Mapping[str, Array]):
    """The arrays called ``names``, each of which ``read`` gives when it is asked for."""

    def __init__(self, names: Collection[str], read: Callable[[str], Array]) -> None:
        self._names = names
        self._read = read

    def __getitem__(self, name: str) -> Array:
        if name not in self._names:
            raise KeyError(name)
        return self._read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Contents(NamedTuple):
    """What a file holds: one array, arrays by name, or both, as a table with its columns.

    Nothing need be read before it is asked for; ``named`` raises KeyError with the name that
    it lacks.
    """

    whole: Callable[[], Array] | None = None
    named: Mapping[str, Array] = {}
    noun: str = ""
    """What it holds by name, if that is no array of its own: ``column``."""

    def array(self, name: str | None) -> Array:
        """The array of that name, or the whole. Raises FileError where there is none."""
        if name is None and self.whole is not None:
            return self.whole()
        if name is None:
            if len(self.named) != 1:
                raise FileError(f"holds {len(self.named)} arrays: name one, {one_of(self.named)}")
            name = next(iter(self.named))
        if self.whole is not None and not self.named:
            raise FileError(f"holds no names: {name!r} cannot be picked")
        try:
            return self.named[name]
        except KeyError as error:
            [lacking] = error.args
        shown = " ".join([*self.noun.split(), repr(lacking)])
        near = suggestion(lacking, self.named)
        raise FileError(f"holds no {shown}, but {one_of(self.named)}{near}")


class Format(NamedTuple):
    """A format of array files. ``read`` may raise FileError, which need not name the file."""

    name: str
    extensions: tuple[str, ...]
    begins: Callable[[bytes], bool]
    """Whether a file that begins with these bytes is one, whatever it is called."""
    read: Callable[[Opened], Contents]
    by_name: bool
    """Whether its files hold arrays by name."""
    typed: bool
    """Whether its numbers have a dtype of their own."""


FORMATS: dict[str, Format] = {}
"""Every format by name; ``catalogue.ARRAY_FILES`` has the meanings of their extensions."""

Reader = Callable[[Opened], Contents]


def array_format(
    name: str,
    *extensions: str,
    begins: Callable[[bytes], bool] = lambda head: False,
    by_name: bool = False,
    typed: bool = False,
) -> Callable[[Reader], Reader]:
    """Declare the decorated function as the reader of a format."""

    def declare(read: Reader) -> Reader:
        FORMATS[name] = Format(name, extensions, begins, read, by_name, typed)
        return read

    return declare


def format_of(head: bytes, extension: str) -> Format:
    """The format of a file that begins with ``head``; text where nothing tells."""
    told = [f for f in FORMATS.values() if f.begins(head)]
    named = [f for f in FORMATS.values() if extension in f.extensions]
    return [*told, *named, FORMATS["CSV"]][0]


def one_of(names: Iterable[str]) -> str:
    """The ``names`` in a message, as they are written in a source."""
    shown = [_written(name) for name in names]
    if not shown:
        return "but it is empty"
    return f"one of: {', '.join([*shown[:8], '...'] if len(shown) > 8 else shown)}"


def _written(name: str) -> str:
    if not name.isprintable():
        return repr(name)
    return f'"{name}"' if any(c in name for c in ',[]"') else name
