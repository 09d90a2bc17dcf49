"""Every op by name; the families that few commands need load when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING

from gradcli.errors import GradcliError
from gradcli.suggest import suggestion

if TYPE_CHECKING:
    from gradcli.engine.operation import Op


class Registry(MutableMapping[str, "Op"]):
    """Every declared op by its own name; ``find`` knows the other spellings, too."""

    def __init__(self) -> None:
        self._ops: dict[str, Op] = {}
        self._spellings: dict[str, str] = {}

    def __getitem__(self, name: str) -> Op:
        found = self._ops.get(name)
        return self.complete()[name] if found is None else found

    def __iter__(self) -> Iterator[str]:
        return iter(list(self.complete()))

    def __len__(self) -> int:
        return len(self.complete())

    def __setitem__(self, name: str, op: Op) -> None:
        if name in self._ops:
            raise AssertionError(f"op {name} is declared twice")
        self._ops[name] = op

    def __delitem__(self, name: str) -> None:
        del self._ops[name]

    def find(self, name: str) -> Op | None:
        """The op of this name or spelling, if there is one."""
        return self.get(name) or self._ops.get(self.spellings.get(name, ""))

    def named(self, name: str) -> Op:
        """The op of this name. Raises GradcliError, with the nearest name, where there is none."""
        op = self.get(name)
        if op is None:
            raise GradcliError(f"there is no op {name!r}{suggestion(name, self)}")
        return op

    @property
    def spellings(self) -> dict[str, str]:
        """Other names of ops (NumPy's, TensorFlow's, those of textbooks), and the ops' own."""
        self.complete()
        return self._spellings

    def complete(self) -> dict[str, Op]:
        """All of them, whatever had to be loaded."""
        if not self._spellings:
            from gradcli.engine.ops import others

            self._spellings = others.spellings()
        return self._ops


REGISTRY = Registry()
