"""The engine: reverse-mode differentiation of NumPy arrays.

``Tensor``, ``GradientTape``, the functional forms, and every declared op by its name
(``from gradcli.engine import tanh``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradcli.engine.ops  # noqa: F401  (declares them)
from gradcli.engine.op import REGISTRY, Op
from gradcli.engine.tape import GradientTape
from gradcli.engine.tensor import Array, Tensor, Variable, plain, tensor, variable

if TYPE_CHECKING:
    from gradcli.engine.functional import grad, hessian, jacobian, value_and_grad
    from gradcli.engine.program import Program

__all__ = [
    "REGISTRY",
    "Array",
    "GradientTape",
    "Op",
    "Program",
    "Tensor",
    "Variable",
    "grad",
    "hessian",
    "jacobian",
    "plain",
    "tensor",
    "value_and_grad",
    "variable",
]


def __getattr__(name: str) -> Any:
    # Not every command needs these two: they load on first use.
    if name in ("grad", "hessian", "jacobian", "value_and_grad"):
        from gradcli.engine import functional

        return getattr(functional, name)
    if name == "Program":
        from gradcli.engine.program import Program

        return Program
    if name in REGISTRY:
        return REGISTRY[name]
    raise AttributeError(f"module {__name__!r} has no op or name {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *REGISTRY})
