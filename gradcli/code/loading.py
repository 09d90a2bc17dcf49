"""Somebody's function of Python, loaded from its file."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from gradcli.code.homes import Home, home_of
from gradcli.code.running import running
from gradcli.errors import GradcliError
from gradcli.inputs.opening import named, read_bytes
from gradcli.suggest import suggestion


class Function(NamedTuple):
    """A function, and where it stands."""

    call: Callable[..., Any]
    title: str
    """As it was named: ``mine.py:f``."""
    file: str
    """As it was named, too."""
    home: Home | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Around each call: see ``running``."""
        if self.home is not None:
            self.home.enter()
        with running(self.title, self.file):
            yield


def load(source: str, folder: str | None) -> Function:
    """The function that ``source`` names, FILE:NAME; a relative file is taken from ``folder``.

    Its file is run, with its folder first among those that are imported from. Raises GradcliError.
    """
    file, colon, name = source.rpartition(":")
    if not colon or not name or not file:
        known = functions_in(os.path.join(folder or "", source))
        more = f", such as {source}:{known[0]}" if known else ": FILE.py:NAME is needed"
        raise GradcliError(f"{source!r} names no function of a file{more}")
    path = os.path.join(folder or "", file)
    full = os.path.abspath(path)
    with named(path):
        text = read_bytes(path)
    home, module = home_of(full, text)
    home.enter()
    with running(path, path):
        found: Any = home.module(full, module)
        for part in name.split("."):
            found = getattr(found, part, _NOTHING)
    if found is _NOTHING:
        raise GradcliError(f"{path}: there is no {name!r} there{_near(name, path)}")
    if not callable(found):
        raise GradcliError(f"{path}: {name} is no function")
    return Function(found, f"{path}:{name}", path, home)


_NOTHING = object()


def functions_in(path: str) -> list[str]:
    """The names of the functions that stand in a file, which is not run."""
    try:
        tree = ast.parse(read_bytes(path))
    except (SyntaxError, ValueError, OSError, GradcliError):
        return []
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


def _near(name: str, path: str) -> str:
    known = functions_in(path)
    return suggestion(name, known) or (f"; it has {', '.join(known[:8])}" if known else "")
