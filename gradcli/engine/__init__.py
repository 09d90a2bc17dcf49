"""The engine: reverse-mode differentiation of NumPy arrays.

``Tensor``, ``GradientTape``, the functional forms, and every declared op by its name
(``from gradcli.engine import tanh``, or ``*`` for all).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradcli.engine.ops  # noqa: F401  (declares them)
from gradcli.engine.operation import Op as Op
from gradcli.engine.registry import REGISTRY as REGISTRY
from gradcli.engine.spellings import SPELLINGS as SPELLINGS
from gradcli.engine.tape import GradientTape as GradientTape
from gradcli.engine.tensor import Array as Array
from gradcli.engine.tensor import Tensor as Tensor
from gradcli.engine.tensor import plain as plain
from gradcli.engine.tensor import tensor as tensor
from gradcli.engine.variable import Variable as Variable
from gradcli.engine.variable import variable as variable

if TYPE_CHECKING:
    from gradcli.engine.functional import custom_gradient as custom_gradient
    from gradcli.engine.functional import grad as grad
    from gradcli.engine.functional import hessian as hessian
    from gradcli.engine.functional import jacobian as jacobian
    from gradcli.engine.functional import value_and_grad as value_and_grad
    from gradcli.engine.functional import vjp as vjp
    from gradcli.engine.program import Program as Program

_HERE = (
    "REGISTRY", "SPELLINGS", "Array", "GradientTape", "Op", "Tensor", "Variable", "plain",
    "tensor", "variable",
)  # fmt: skip
_LATER = {
    **dict.fromkeys(
        ("custom_gradient", "grad", "hessian", "jacobian", "value_and_grad", "vjp"), "functional"
    ),
    "Program": "program",
}
"""Names that not every command needs, and the module that each is loaded from on first use."""


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return __dir__()
    if name in _LATER:
        import importlib

        return getattr(importlib.import_module(f"gradcli.engine.{_LATER[name]}"), name)
    if name in SPELLINGS or (not name.startswith("_") and name in REGISTRY):
        return REGISTRY[SPELLINGS.get(name, name)]
    raise AttributeError(f"module {__name__!r} has no op or name {name!r}")


def __dir__() -> list[str]:
    return sorted((*_HERE, *_LATER, *REGISTRY, *SPELLINGS))
