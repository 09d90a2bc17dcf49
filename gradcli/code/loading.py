"""Somebody's function of Python, loaded from its file, and what goes wrong in it."""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import io
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from gradcli.code.callee import Undefined
from gradcli.errors import FileError, GradcliError
from gradcli.inputs.files import named, read_bytes
from gradcli.suggest import suggestion

_LONGEST = 300
"""Characters of somebody's message that are told."""
_DOMAIN = re.compile(r"domain error|range error|^expected a (positive|nonnegative|number in)")
"""What math says of a number that a function of it has no value for."""
_loaded: dict[str, ModuleType] = {}
"""Modules by path: a function and its backward pass may share what their module holds."""


class Function(NamedTuple):
    """A function, and where it stands."""

    call: Callable[..., Any]
    title: str
    """As it was named: ``mine.py:f``."""
    file: str
    """As it was named, too."""

    @contextmanager
    def running(self) -> Iterator[None]:
        """Around each call: see ``running``."""
        with running(self.title, self.file):
            yield


def load(source: str, folder: str | None) -> Function:
    """The function that ``source`` names, FILE:NAME; a relative file is taken from ``folder``.

    Its file is run, with its folder first among those that are imported from. Raises GradcliError.
    """
    file, colon, name = source.rpartition(":")
    if not colon or not name or not file:
        where = os.path.join(folder or "", source)
        known = functions_in(where) if os.path.isfile(where) else []
        more = f", such as {source}:{known[0]}" if known else ", FILE.py:NAME"
        raise GradcliError(f"{source!r} names no function of a file{more}")
    path = os.path.join(folder or "", file)
    module = _module(path)
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise GradcliError(f"{path}: there is no {name!r} there{_near(name, path)}")
        found = getattr(found, part)
    if not callable(found):
        raise GradcliError(f"{path}: {name} is no function")
    return Function(found, f"{path}:{name}", path)


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


def _module(path: str) -> ModuleType:
    """The module in the file ``path``, as a part of its package where it has one."""
    full = os.path.abspath(path)
    if full in _loaded:
        return _loaded[full]
    with named(path):
        source = read_bytes(path)
    root, name = _place(full, source)
    sys.path.insert(0, root)
    try:
        with running(path, path):
            module = _run(full, name)
    finally:
        # What is imported later, within a function, is found, and shadows nothing.
        sys.path.remove(root)
        sys.path.append(root)
    _loaded[full] = module
    return module


def _place(full: str, source: bytes) -> tuple[str, str]:
    """The folder to import from and the name of the module there, ``package.module``."""
    folder, base = os.path.split(full)
    name = os.path.splitext(base)[0]
    relative = re.search(rb"^\s*from\s+\.", source, re.M)
    while os.path.isfile(os.path.join(folder, "__init__.py")) or (relative and "." not in name):
        folder, package = os.path.split(folder)
        if not package.isidentifier():
            break
        name = f"{package}.{name}"
    return folder, name


def _run(full: str, name: str) -> ModuleType:
    package = name.rpartition(".")[0]
    if package:
        importlib.import_module(package)
    elif name in sys.modules or name in sys.stdlib_module_names:
        name = f"_{name}"  # such as test.py: the other one stays what it is
    if name in sys.modules:
        return sys.modules[name]
    loader = importlib.machinery.SourceFileLoader(name, full)
    spec = importlib.util.spec_from_file_location(name, full, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


@contextmanager
def running(title: str, file: str) -> Iterator[None]:
    """Around what runs somebody's code: its prints go to stderr, its errors are told in a line.

    Raises Undefined for an arithmetic error, GradcliError for every other, with the last line of
    the code that was reached.
    """
    try:
        with redirect_stdout(sys.stderr or io.StringIO()), np.errstate(all="ignore"):
            yield
    except Exception as error:
        told = f"{_where(error, file) or title}: {told_of(error)}"
        raise (Undefined if _is_arithmetic(error) else GradcliError)(told) from error
    except SystemExit as error:
        told = f"{_where(error, file) or title}: it ends the program, by exit({error.code})"
        raise GradcliError(told) from error


def told_of(error: Exception) -> str:
    """An error as a line: its type and its message; of one of ours, the message."""
    text = " ".join(str(error).split())
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}..."
    if isinstance(error, SyntaxError):
        text = str(error.msg)
    kind = "" if isinstance(error, GradcliError) else type(error).__name__
    return ": ".join(filter(None, [kind, text]))


def _is_arithmetic(error: Exception) -> bool:
    if isinstance(error, (ArithmeticError, np.linalg.LinAlgError)):
        return True
    return isinstance(error, ValueError) and _DOMAIN.search(str(error)) is not None


def _where(error: BaseException, file: str) -> str:
    """The last line of somebody's own code that was reached, ``mine.py:12``."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_shown(error.filename, file)}:{error.lineno}"
    home = os.path.dirname(os.path.abspath(file))
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        if frame.filename.startswith(home + os.sep) and not _is_foreign(frame.filename, home):
            return f"{_shown(frame.filename, file)}:{frame.lineno}"
    return ""


def _is_foreign(filename: str, home: str) -> bool:
    inner = filename[len(home) :]
    return "site-packages" in inner or __package__.partition(".")[0] in inner.split(os.sep)


def _shown(filename: str, file: str) -> str:
    """``filename`` as the user named it, or from where the command runs."""
    if filename == os.path.abspath(file):
        return file
    relative = os.path.relpath(filename)
    return filename if relative.startswith("..") else relative


def require_file(source: str) -> None:
    """Raise FileError unless the text of a specification can name a function."""
    if not isinstance(source, str):
        raise FileError("must be the name of a function, FILE.py:NAME")
