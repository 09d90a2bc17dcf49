"""The kinds of ops whose call is not that of a few arrays: of lists, and written with others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.engine.lists import as_array, joined
from gradcli.engine.operation import Op, Vjp
from gradcli.engine.recording import apply
from gradcli.engine.tensor import Tensor
from gradcli.errors import OpError


class Variadic(Op):
    """An op of one list of arrays.

    Its one vjp ``(g, y, arrays, **params)`` gives a function of a position in the list: what
    all positions have in common is computed once.
    """

    takes_list = True

    def __init__(self, function: Callable[..., Any], *args: Any, **facts: Any) -> None:
        super().__init__(function, *args, **facts)
        self.forward = lambda *parts, **params: function(parts, **params)

    def __call__(self, *args: Any, **given: Any) -> Any:
        (arrays,), params = self.bind(args, given)
        parts = [joined(a) if isinstance(a, (list, tuple)) else a for a in self.listed(arrays)]
        if any(isinstance(part, Tensor) for part in parts):
            return apply(self, tuple(parts), params)
        return self.forward(*parts, **params)

    def listed(self, arrays: Any) -> list[Any]:
        """What came as the list; an array stands for the list of its slices."""
        if isinstance(arrays, (Tensor, np.ndarray)) and arrays.ndim:
            return [arrays[i] for i in range(len(arrays))]
        if not isinstance(arrays, (list, tuple)):
            raise OpError(f"{self.signature} takes one list of arrays")
        return list(arrays)

    def vjps_for(self, count: int) -> tuple[Vjp | None, ...]:
        (rule,) = self.vjps
        assert rule is not None
        return tuple([_At(rule, i) for i in range(count)])


class _At:
    """The vjp of one array of a list, called as that of any other op."""

    def __init__(self, rule: Vjp, position: int) -> None:
        self.rule = rule
        self.position = position

    def __call__(self, g: Any, y: Any, *arrays: Any, **params: Any) -> Any:
        return self.rule(g, y, arrays, **params)(self.position)


class Composite(Op):
    """A function written with other ops: they are what a tape records."""

    def __call__(self, *args: Any, **given: Any) -> Any:
        arrays, params = self.bind(args, given)
        if self.takes_list:
            arrays = ([as_array(a) for a in arrays[0]],)
        else:
            arrays = tuple([as_array(a) for a in arrays])
        return self.forward(*arrays, **params)

    @property
    def differentiable(self) -> bool:
        return bool(self.rules)


class CompositeOfList(Composite):
    """A composite whose arrays come as one list."""

    takes_list = True
