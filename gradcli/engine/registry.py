"""Every op by name; the families that few commands need load when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradcli.engine.operation import Op


class Registry(MutableMapping[str, "Op"]):
    """Every declared op by name. The families that few commands need load when asked for."""

    def __init__(self) -> None:
        self._ops: dict[str, Op] = {}

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

    def complete(self) -> dict[str, Op]:
        """All of them, whatever had to be loaded."""
        import gradcli.engine.ops.others  # noqa: F401  (declares the rest)

        return self._ops


REGISTRY = Registry()
