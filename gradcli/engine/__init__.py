"""The engine: reverse-mode differentiation of NumPy arrays.

``Tensor``, ``GradientTape``, the functional forms, and every declared op by its name
(``from gradcli.engine import tanh``, or ``*`` for all).
"""

# ruff: noqa: F403

import types
import typing

import gradcli.engine.ops  # noqa: F401  (declares them)
from gradcli.engine.operation import Op as Op
from gradcli.engine.registry import REGISTRY as REGISTRY
from gradcli.engine.tape import GradientTape as GradientTape
from gradcli.engine.tensor import Array as Array
from gradcli.engine.tensor import Outcome as Outcome
from gradcli.engine.tensor import Tensor as Tensor
from gradcli.engine.tensor import plain as plain
from gradcli.engine.tensor import tensor as tensor
from gradcli.engine.variable import Variable as Variable
from gradcli.engine.variable import variable as variable

constant = tensor

if typing.TYPE_CHECKING:  # at run time they load when they are asked for
    from gradcli.engine.custom import custom_gradient as custom_gradient
    from gradcli.engine.functional import grad as grad
    from gradcli.engine.functional import hessian as hessian
    from gradcli.engine.functional import jacobian as jacobian
    from gradcli.engine.functional import value_and_grad as value_and_grad
    from gradcli.engine.functional import vjp as vjp
    from gradcli.engine.ops.activation import *
    from gradcli.engine.ops.algebra import *
    from gradcli.engine.ops.arithmetic import *
    from gradcli.engine.ops.choice import where as where
    from gradcli.engine.ops.comparison import *
    from gradcli.engine.ops.constants import *
    from gradcli.engine.ops.convolution import *
    from gradcli.engine.ops.einsum import *
    from gradcli.engine.ops.exponential import *
    from gradcli.engine.ops.indexing import *
    from gradcli.engine.ops.joining import *
    from gradcli.engine.ops.likelihood import *
    from gradcli.engine.ops.linear import *
    from gradcli.engine.ops.loss import *
    from gradcli.engine.ops.normalisation import *
    from gradcli.engine.ops.places import *
    from gradcli.engine.ops.pooling import *
    from gradcli.engine.ops.recurrent import *
    from gradcli.engine.ops.reduction import *
    from gradcli.engine.ops.rounding import *
    from gradcli.engine.ops.running import *
    from gradcli.engine.ops.scores import *
    from gradcli.engine.ops.sequence import *
    from gradcli.engine.ops.shape import *
    from gradcli.engine.ops.softmax import *
    from gradcli.engine.ops.statistics import *
    from gradcli.engine.ops.trigonometric import *
    from gradcli.engine.ops.truths import *
    from gradcli.engine.ops.windows import *
    from gradcli.engine.program import Program as Program
else:
    _LATER = {
        **dict.fromkeys(("grad", "hessian", "jacobian", "value_and_grad", "vjp"), "functional"),
        "custom_gradient": "custom",
        "Program": "program",
    }
    """Names that not every command needs, and the module that each is loaded from."""
    _HERE = [
        name
        for name, found in globals().items()
        if name[0] != "_" and not isinstance(found, types.ModuleType)
    ]

    def __getattr__(name):
        if name == "__all__":
            return __dir__()
        if name in _LATER:
            import importlib

            return getattr(importlib.import_module(f"gradcli.engine.{_LATER[name]}"), name)
        found = None if name.startswith("_") else REGISTRY.find(name)
        if found is None:
            raise AttributeError(f"module {__name__!r} has no op or name {name!r}")
        return found

    def __dir__():
        return sorted({*_HERE, *_LATER, *REGISTRY, *REGISTRY.spellings})
