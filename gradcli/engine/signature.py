"""What a function's own signature says of it as an op: which arguments are its arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

_LIST = "Sequence[Array]"
_ARRAYS = ("Array", "Array | None")


def parameters(function: Callable[..., Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The names of the parameters, and the defaults of those that have one."""
    if isinstance(function, np.ufunc):
        return (("x",) if function.nin == 1 else ("a", "b")), {}
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    values = function.__defaults__ or ()
    first = code.co_argcount - len(values)
    defaults = dict(zip(names[first : code.co_argcount], values))
    return names, defaults | (function.__kwdefaults__ or {})


def takes_list(function: Callable[..., Any]) -> bool:
    """Whether the function's first parameter is a list of arrays."""
    return not isinstance(function, np.ufunc) and _LIST in function.__annotations__.values()


def count_arrays(function: Callable[..., Any], names: tuple[str, ...]) -> int:
    """How many of the parameters ``names`` are arrays; they come first."""
    if isinstance(function, np.ufunc):
        return len(names)
    annotated = [function.__annotations__.get(name) for name in names]
    if _LIST in annotated:
        return 1
    return next((i for i, a in enumerate(annotated) if a not in _ARRAYS), len(names))


def shown(name: str, names: tuple[str, ...], defaults: dict[str, Any]) -> str:
    """``name(parameter, parameter=default)``, for people."""
    parts = []
    for parameter in names:
        default = defaults.get(parameter, _NONE)
        text = getattr(default, "__name__", repr(default))
        parts.append(parameter if default is _NONE else f"{parameter}={text}")
    return f"{name}({', '.join(parts)})"


_NONE = object()
