"""Folders that people's modules are imported from, each with modules of its own.

Two people may each have a ``layers.py``, or a package of one name: what one imports is never
the other's.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import re
import sys
from types import ModuleType

_homes: dict[str, Home] = {}
_current: Home | None = None


class Home:
    """The folder ``root``, and the modules that were imported from there."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._others = set(sys.modules)
        self._modules: dict[str, ModuleType] = {}

    def enter(self) -> None:
        """Let imports find the modules that are at home here, and no one else's."""
        global _current
        if _current is self:
            return
        if _current is not None:
            _current._leave()
        sys.modules.update(self._modules)
        # Last of all: a file of theirs that is called like a library shadows it for nobody.
        sys.path.append(self.root)
        importlib.invalidate_caches()
        _current = self

    def _leave(self) -> None:
        self._modules = {n: m for n, m in sys.modules.items() if self._has(n, m)}
        for name in self._modules:
            del sys.modules[name]
        if self.root in sys.path:
            sys.path.remove(self.root)

    def _has(self, name: str, module: ModuleType) -> bool:
        own = getattr(module, "__dict__", {})  # a __getattr__ of theirs may do anything
        places = [own.get("__file__"), *own.get("__path__", ())]
        return name not in self._others and any(
            place is not None and place.startswith(os.path.join(self.root, "")) for place in places
        )

    def module(self, full: str, name: str) -> ModuleType:
        """The module ``name`` in the file ``full``, run if it was not yet; enter first."""
        package = name.rpartition(".")[0]
        if package:
            importlib.import_module(package)
        known = sys.modules.get(name)
        if known is not None and known.__dict__.get("__file__") == full:
            return known
        if known is not None or name in sys.stdlib_module_names:
            name = f"_{name}"  # such as test.py: the other one stays what it is
        loader = importlib.machinery.SourceFileLoader(name, full)
        spec = importlib.util.spec_from_file_location(name, full, loader=loader)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        # While it is run, as for a script, its neighbours come before all else.
        sys.path.insert(0, self.root)
        try:
            loader.exec_module(module)
        except BaseException:
            sys.modules.pop(name, None)
            raise
        finally:
            sys.path.remove(self.root)
        return module


def home_of(full: str, source: bytes) -> tuple[Home, str]:
    """The home of the file ``full``, and the name of its module there, ``package.module``.

    It is a part of a package where its folder is one, or where its ``source`` says ``from .``.
    """
    folder, base = os.path.split(full)
    name = os.path.splitext(base)[0].replace(".", "_")  # a dot would make a package of it
    relative = re.search(rb"^\s*from\s+\.", source, re.M)
    while os.path.isfile(os.path.join(folder, "__init__.py")) or (relative and "." not in name):
        above, package = os.path.split(folder)
        if not package.isidentifier():
            break
        folder, name = above, f"{package}.{name}"
    return _homes.setdefault(folder, Home(folder)), name
