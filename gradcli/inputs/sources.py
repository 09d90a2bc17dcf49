"""What the text of a source names: a file of an array, an array in it, a slice of that.

A source is ``x.npy``, ``data.npz:key``, ``d.csv:height``, ``labels-idx1-ubyte.gz`` or ``-``
(standard input), each with an optional slice (``data.npz:x[0:32]``).
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.errors import FileError
from gradcli.inputs.literals import reads_stdin

if TYPE_CHECKING:
    from gradcli.inputs.formats.format import Format


class Place(NamedTuple):
    """What the text of a source names."""

    path: str
    key: str | None
    slice: str | None


def formats() -> dict[str, Format]:
    """Every format by name."""
    from gradcli.inputs.formats.format import FORMATS  # only what reads a file needs them

    return FORMATS


def array_extensions() -> list[str]:
    """What the files of every format end in."""
    return [extension for format in formats().values() for extension in format.extensions]


def names_file(text: str) -> bool:
    """Whether ``text`` is standard input or, by what its name ends in, a file of an array."""
    if reads_stdin(text):
        return True
    if not re.search(r"\.[^\W\d]|\w-[^\W\d]", text):  # no extension: the formats need not load
        return False
    return place_of(text).path.lower().endswith((*array_extensions(), ".gz"))


def path_of(source: str, folder: str | None) -> str | None:
    """The path of the file in ``source``, taken from ``folder``; None for standard input."""
    return None if reads_stdin(source) else os.path.join(folder or "", place_of(source).path)


def place_of(source: str) -> Place:
    """What ``source`` names: a key only after the extension of a format, or ``-``."""
    sliced = re.fullmatch(r"(.*)\[([^\[\]]*)\]", source, re.S)
    rest, index = sliced.groups() if sliced else (source, None)
    extensions = "|".join(map(re.escape, [*array_extensions(), ".gz"]))
    keyed = re.fullmatch(rf"(-|.*?(?:{extensions})):(.*)", rest, re.I | re.S)
    if keyed is None:
        return Place(rest, None, index)
    if index is not None and re.search(r"[^-+\d:,\s]", index):  # a column such as height [cm]
        return Place(keyed[1], f"{keyed[2]}[{index}]", None)
    return Place(keyed[1], keyed[2], index)


def sliced(array: npt.NDArray[Any], index: str | None) -> npt.NDArray[Any]:
    """A view of what ``index``, such as ``0:32``, takes; all where it is None."""
    if index is None:
        return array
    parts: list[Any] = []
    for part in index.split(","):
        bounds = [bound.strip() for bound in part.split(":")]
        try:
            numbers = [int(bound) if bound else None for bound in bounds]
        except ValueError:
            numbers = [None] * 4
        if len(numbers) > 3 or numbers == [None]:
            raise FileError(f"[{index}] is not a slice such as [0:32] or [:,0]")
        parts.append(numbers[0] if len(numbers) == 1 else slice(*numbers))
    try:
        taken = np.asarray(array[tuple(parts)])
    except (IndexError, ValueError) as error:
        raise FileError(f"{error} (its shape is {array.shape})") from None
    if array.size and not taken.size:
        raise FileError(f"is empty: its shape is {taken.shape}, taken from {array.shape}")
    return taken
