"""A formula at run time: closures over an environment of names.

They work on Tensors and on plain arrays alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from gradcli.formula.operands import Operation

Env = dict[str, Any]
Evaluate = Callable[[Env], Any]


class Statement(NamedTuple):
    """``name = expression``; the last one of a formula may have no name."""

    name: str | None
    evaluate: Evaluate


class Compiled(NamedTuple):
    """A formula, ready to run: its statements, and the names that it takes from outside.

    ``numbers`` are differentiable, ``indices`` whole numbers that say where.
    """

    statements: list[Statement]
    numbers: list[str]
    indices: list[str]

    @property
    def names(self) -> list[str]:
        """The names of the intermediates."""
        return [name for name, _ in self.statements if name is not None]

    def run(self, env: Mapping[str, Any], assign: Callable[[str, Any], Any]) -> Any:
        """The value of the last statement. ``assign`` sees, and may replace, each named value."""
        scope = dict(env)
        value: Any = None
        for name, evaluate in self.statements:
            value = evaluate(scope)
            if name is not None:
                value = scope[name] = assign(name, value)
        return value


def constant(value: Any) -> Evaluate:
    return lambda env: value


def choice(test: Evaluate, body: Evaluate, orelse: Evaluate, where: Operation) -> Evaluate:
    """One branch for a single truth; elementwise for an array of them."""

    def evaluate(env: Env) -> Any:
        truth = test(env)
        if np.ndim(truth) == 0:
            return body(env) if truth else orelse(env)
        return where([truth, body(env), orelse(env)], {})

    return evaluate
