"""NumPy's own functions on Tensors: each stands for an op, in NumPy's spelling.

NumPy hands a call over as it was written. The arguments are bound by NumPy's signature; what
equals its default says nothing; arrays go by position, the rest by name. An argument that the
op does not have is refused by name: no gradient is lost for want of a rule.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcli.engine.operation import Op
from gradcli.engine.registry import REGISTRY
from gradcli.engine.tensor import Tensor
from gradcli.errors import OpError


def call_ufunc(ufunc: np.ufunc, method: str, inputs: Any, kwargs: Mapping[str, Any]) -> Any:
    """What NumPy's ``ufunc`` (or a method of it) is asked to do with a Tensor."""
    if ufunc not in Tensor.numpy_ops:
        REGISTRY.complete()
    if "out" in kwargs:
        raise OpError("a Tensor cannot be written into an array: write a = a + t for a += t")
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    if method != "__call__" or ufunc not in Tensor.numpy_ops:
        raise _no_rule(name)
    for key in kwargs:
        raise OpError(f"np.{name} on a Tensor takes no {key}=: use where, astype or out-of-place")
    return Tensor.numpy_ops[ufunc](*inputs)


def call_function(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Any:
    """What NumPy's ``function`` is asked to do with a Tensor among its arguments."""
    if function not in Tensor.numpy_ops:
        REGISTRY.complete()
    declared = Tensor.numpy_ops.get(function)
    if declared is None:
        raise _no_rule(_name(function))
    if not isinstance(declared, Op):  # an adaptor with NumPy's own signature
        return declared(*args, **kwargs)
    if not kwargs and len(args) <= declared.arrays:
        return declared(*args)
    found = _translated(function, declared, args, kwargs)
    return declared(**found)


Tensor.numpy_ops.update(
    {
        np.shape: lambda a: a.shape,
        np.ndim: lambda a: a.ndim,
        np.size: lambda a: a.size,
    }
)


def _translated(
    function: Callable[..., Any], op: Op, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """The arguments of NumPy's ``function`` as those of ``op``."""
    signature = _signature(function)
    try:
        bound = signature.bind(*args, **kwargs).arguments
    except TypeError as error:
        raise OpError(f"np.{_name(function)}: {error}") from None
    found = op.optional | op.defaults
    for i, (name, parameter) in enumerate(signature.parameters.items()):
        if name not in bound:
            continue
        value = bound[name]
        own = op.aliases.get(name, name)
        if own not in op.names and i < op.arrays:
            own = op.names[i]
        if own in op.names and value is not np._NoValue:
            found[own] = value
        elif name not in _HARMLESS and not _says_nothing(value, parameter.default):
            raise OpError(
                f"np.{_name(function)}: {name}= has no rule on Tensors; gradcli has {op.signature}"
            )
    return found


_HARMLESS = ("kind", "stable", "copy")
"""How, not what: a Tensor is never copied in place, and its sorts are stable."""


def _says_nothing(value: Any, default: Any) -> bool:
    if value is default or value is None:
        return True
    plain = (bool, int, float, str)
    return isinstance(value, plain) and isinstance(default, plain) and value == default


@functools.cache
def _signature(function: Callable[..., Any]) -> Any:
    import inspect

    return inspect.signature(function)


def _name(function: Callable[..., Any]) -> str:
    module = getattr(function, "__module__", "") or ""
    inner = module.removeprefix("numpy").removeprefix(".")
    return f"{inner}.{function.__name__}" if inner in ("linalg", "fft") else function.__name__


def _no_rule(name: str) -> OpError:
    how = {
        "copyto": "np.full, np.copyto and the like write into an array; use where or multiply",
        "array2string": "print t.numpy()",
    }.get(name, "use an op of gradcli.engine, or .numpy() where no gradient is needed")
    return OpError(f"gradcli has no gradient rule for np.{name}: {how}")
