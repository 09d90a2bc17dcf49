"""Spec files: TOML or JSON in, documents out, one at a time."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import IO, Any, NamedTuple

from gradcli.errors import DocumentError, FileError
from gradcli.inputs.jsonstream import Malformed, read_values
from gradcli.inputs.opening import STDIN_GONE, named, open_file, open_stdin
from gradcli.keys import BESIDE

Document = dict[str, Any]


class SpecFile(NamedTuple):
    """A document as a file gives it; files that it names are looked for in ``folder``."""

    name: str
    document: Document
    folder: str | None
    line: int = 1
    """Where it begins."""
    change: Callable[[Document], Document] = dict
    """Makes of its specification what is meant; it may raise GradcliError."""
    trusted: bool = False
    """Whether code that it names may be run."""

    @property
    def mapping(self) -> Document:
        """The specification: the document, or what stands in it as ``spec``, as in an answer."""
        spec = self.document.get("spec")
        if not isinstance(spec, dict):
            spec = {key: value for key, value in self.document.items() if key not in BESIDE}
        return self.change(spec)

    @property
    def place(self) -> str:
        """Where it begins, as it is told from others."""
        if self.name.lower().endswith(".toml"):
            return self.name
        line = f"line {self.line}"
        return line if self.name == "-" else f"{self.name}: {line}"

    @property
    def id(self) -> Any:
        """Whose document it is; None where it does not say so."""
        return self.document.get("id")

    @property
    def grads(self) -> Any:
        """The gradients that stand beside the specification, None where there are none.

        A null stands for none of them: they are judged, and missing.
        """
        found = self.document.get("grads")
        return {} if found is None and "grads" in self.document else found

    @property
    def value(self) -> Any:
        """The value that stands beside the specification, None where there is none.

        Beside a ``spec`` a loss may be called so. That of a walk is another one, of its end; a
        table is what was found of a value. One that is not finite comes as null, or as NaN, which
        an answer would write as null: in words it stays a value.
        """
        spec = self.document.get("spec")
        names = ("value", "loss") if isinstance(spec, dict) else ("value",)
        given = [self.document[name] for name in names if name in self.document]
        found = next((value for value in given if value is not None), "nan" if given else None)
        verb = spec.get("verb") if isinstance(spec, dict) else self.document.get("verb")
        if verb == "descend" or isinstance(found, dict):
            return None
        return repr(found) if isinstance(found, float) and not math.isfinite(found) else found


def read_specs(name: str) -> Iterator[SpecFile]:
    """The documents in the file ``name``, or ``-`` for standard input.

    It holds one in TOML, or JSON: an object, an array of objects, or one object after the
    other, such as one a line; those are given as soon as their last line has come. Iterating
    raises FileError where the file cannot be read, and DocumentError for a document that is
    malformed; the next one can still be asked for.
    """
    folder = None if name == "-" else os.path.dirname(name)

    def spec(placed: tuple[int, Any]) -> SpecFile:
        line, found = placed
        if isinstance(found, dict):
            return SpecFile(name, found, folder, line)
        if not isinstance(found, Malformed):
            found = f"line {line}: must be a JSON object of keys, not {json.dumps(found)[:40]}"
        raise DocumentError(f"{name}: {found}", line)

    return map(spec, _found(name))  # which goes on after an error, as a generator does not


def _found(name: str) -> Iterator[tuple[int, Any]]:
    """Each document with its line; Malformed in place of one that cannot be read."""
    with named(name):
        if name == "-":
            yield from _documents(name, open_stdin())
            return
        with open_file(name) as file:
            yield from _documents(name, file)


def _documents(name: str, file: IO[bytes]) -> Iterator[tuple[int, Any]]:
    head: list[bytes] = []
    begins = b""
    for line in file:
        head.append(line)
        begins += line.strip().removeprefix(b"\xef\xbb\xbf")
        if begins not in (b"", b"["):
            break
    if not head and name == "-":
        raise FileError(STDIN_GONE)
    # A bracket begins a JSON array of objects, or the name of a TOML table.
    if re.match(rb"\{|\[\s*[{\]]", begins) or (name.endswith(".json") and begins):
        yield from read_values(chain(head, file))
    else:
        yield 1, _toml(b"".join([*head, *file]))


def _toml(data: bytes) -> Document | Malformed:
    import tomllib

    try:
        text = data.decode("utf-8-sig")
        if not text.strip():
            return Malformed("is empty: a spec needs at least a loss")
        return tomllib.loads(text)
    except UnicodeDecodeError:
        return Malformed("is not text, but TOML or JSON is expected")
    except (ValueError, RecursionError) as error:
        return Malformed(f"TOML: {error}")
