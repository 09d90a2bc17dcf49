"""A formula at run time: closures over an environment of names.

They work on Tensors and on plain arrays alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from gradcli.engine import REGISTRY, Tensor

Env = dict[str, Any]
Evaluate = Callable[[Env], Any]


class Statement(NamedTuple):
    """``name = expression``; the last one of a formula may have no name."""

    name: str | None
    evaluate: Evaluate


class Compiled(NamedTuple):
    """A formula, ready to run: the names that it takes from outside, and its statements."""

    statements: list[Statement]
    free: list[str]

    def run(self, env: Mapping[str, Any], assign: Callable[[str, Any], Any]) -> Any:
        """The value of the last statement. ``assign`` sees, and may replace, each named value."""
        scope = dict(env)
        value: Any = None
        for name, evaluate in self.statements:
            value = evaluate(scope)
            if name is not None:
                value = scope[name] = assign(name, value)
        return value


def constant(value: float) -> Evaluate:
    return lambda env: value


def choice(test: Evaluate, body: Evaluate, orelse: Evaluate) -> Evaluate:
    """One branch for a single truth; elementwise for an array of them."""

    def evaluate(env: Env) -> Any:
        truth = test(env)
        if np.ndim(truth) == 0:
            return body(env) if truth else orelse(env)
        return REGISTRY["where"](truth, body(env), orelse(env))

    return evaluate


def plain_array(value: Any) -> Any:
    return value if isinstance(value, (Tensor, np.ndarray)) else np.asarray(value)


def stacked(parts: list[Any]) -> Any:
    """Several values as one array along a new first axis."""
    if any(isinstance(part, Tensor) for part in parts):
        return REGISTRY["stack"]([plain_array(part) for part in parts])
    return np.stack([np.asarray(part) for part in parts])
