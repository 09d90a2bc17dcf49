"""What a format is: how it is told, and what its files hold. The one table of them."""

from __future__ import annotations

import io
import math
import mmap
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import IO, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.errors import FileError
from gradcli.inputs.bounded import MOST, gathered
from gradcli.suggest import suggestion

Array = npt.NDArray[Any]


class Opened(NamedTuple):
    """A file at its beginning. It can be sought in, whatever it was read from."""

    file: IO[bytes]
    maps: bool = False
    """Whether its arrays should stay in the file if they can; they are views of it then."""
    beside: Callable[[str], Array] | None = None
    """Gives the one array of a file that it names, by a path from where it is itself."""

    def data(self) -> memoryview:
        """Its bytes, to be viewed: those of a plain file are mapped."""
        if isinstance(self.file, io.BytesIO):
            return self.file.getbuffer().toreadonly()
        try:
            return memoryview(mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_READ))
        except (OSError, ValueError):  # some file systems map nothing
            return gathered(self.file, MOST).getbuffer().toreadonly()

    def read(self) -> bytes:
        """Its bytes, in memory."""
        if isinstance(self.file, io.BytesIO):
            return self.file.getvalue()
        return gathered(self.file, MOST).getvalue()


def view(
    data: memoryview,
    dtype: npt.DTypeLike,
    shape: Sequence[int],
    offset: int = 0,
    order: Literal["C", "F"] = "C",
) -> Array:
    """The read-only array at ``offset`` of ``data``. Raises FileError where that ends early."""
    kind = np.dtype(dtype)
    needed = offset + math.prod(shape) * kind.itemsize
    if needed > len(data):
        raise FileError(f"ends early: has {len(data):,} bytes of {needed:,}")
    try:
        return np.ndarray(shape, kind, data, offset, order=order)
    except (ValueError, OverflowError, TypeError) as error:  # such as too many axes
        raise FileError(f"holds no array that NumPy can have ({error})") from None


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
    coarse: Collection[str] = ()
    """Names of arrays with fewer digits than their dtype here has."""
    typed: Collection[str] = ()
    """Names of those that have a dtype of their own where others of the format have none."""
    flat: bool = False
    """Whether it tells no shape: the whole is its numbers in a row."""

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
    begins: Callable[[bytes], bool] | None
    """Whether a file that begins with these bytes is one, whatever it is called. None where it
    may begin with any: only its extension tells then, and its bytes tell of no other format."""
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
    begins: Callable[[bytes], bool] | None = lambda head: False,
    by_name: bool = False,
    typed: bool = False,
) -> Callable[[Reader], Reader]:
    """Declare the decorated function as the reader of a format."""

    def declare(read: Reader) -> Reader:
        FORMATS[name] = Format(name, extensions, begins, read, by_name, typed)
        return read

    return declare


def is_raw(path: str) -> bool:
    """Whether by its extension the file may begin with any bytes."""
    named = _by_extension(path)
    return named is not None and named.begins is None


def format_of(head: bytes, path: str) -> Format:
    """The format of a file that begins with ``head``; text where nothing tells.

    Where several may begin so, it is that of its name.
    """
    named = _by_extension(path)
    if named is not None and named.begins is None:
        return named
    told = [f for f in FORMATS.values() if f.begins is not None and f.begins(head)]
    return named if named in told else told[0] if told else named or FORMATS["CSV"]


def _by_extension(path: str) -> Format | None:
    named = [f for f in FORMATS.values() if path.lower().endswith(f.extensions)]
    return named[0] if named else None


def require_once(names: Iterable[str]) -> None:
    """Raise FileError where one of ``names`` comes twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise FileError(f"holds {name!r} twice")
        seen.add(name)


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
