"""When an op meets a Tensor: it runs on plain arrays, and every recorder hears of it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from numbers import Rational
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradcli.engine.lists import replaced
from gradcli.engine.tensor import Recorder, Tensor, active
from gradcli.engine.variable import Variable
from gradcli.errors import DtypeError, GradientError, OpError

if TYPE_CHECKING:
    from gradcli.engine.operation import Op


FAULTS = (
    TypeError,
    ValueError,
    IndexError,
    AttributeError,
    OverflowError,
    ZeroDivisionError,
)
"""What an op can raise of arguments that do not suit it."""


class Record(NamedTuple):
    """One operation: ``out = op(*args, **params)``, and the same as plain arrays."""

    op: Op
    vjps: tuple[Callable[..., Any] | None, ...]
    args: tuple[Any, ...]
    values: list[Any]
    params: dict[str, Any]
    settings: dict[str, Any]
    """The params without Tensors in them."""
    out: Tensor


def apply(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
    """Run ``op`` on arguments of which at least one is a Tensor, and record it."""
    values = [a.value if isinstance(a, Tensor) else _ordinary(op, a) for a in args]
    settings = params
    for name, value in params.items():
        if isinstance(value, (Tensor, list, tuple, slice)):
            found = replaced(value, functools.partial(_setting, op, name))
            if found is not value:
                settings = {**settings, name: found}
    value = op.forward(*values, **settings)
    if value.dtype.kind not in "fiub":
        kind = "complex numbers" if value.dtype.kind == "c" else value.dtype
        raise DtypeError(f"{op.name} gives {kind} here; a gradient needs real numbers")
    out = Tensor(value)
    recorders = active.recorders
    if not recorders and recording:
        _require_own_thread(args)
    if recorders:
        record = Record(op, op.vjps_for(len(args)), args, values, params, settings, out)
        for recorder in recorders:
            recorder.record(record)
    return out


recording: set[Recorder] = set()
"""The tapes that record now, in whichever thread."""


def _require_own_thread(args: tuple[Any, ...]) -> None:
    """Raise GradientError where a tape of another thread follows an argument."""
    for arg in args:
        if isinstance(arg, Tensor) and not isinstance(arg, Variable):
            for tape in list(recording):
                if tape.follows(arg):
                    raise GradientError(
                        "a tape of another thread follows this Tensor, and does not record here: "
                        "compute with it in its own thread, or stop_gradient(it)"
                    )


def _ordinary(op: Op, array: Any) -> Any:
    """``array``, unless its operators mean something else than an array's."""
    if isinstance(array, (np.ndarray, np.generic, int, float)):
        if type(array) is not np.ndarray:
            for kind in type(array).__mro__:  # by name: to import numpy.ma takes longer than a step
                if kind.__name__ in _OTHER_ARRAYS:
                    raise OpError(
                        f"{op.name}: a {kind.__name__} is no plain array: np.asarray() it"
                    )
        return array
    return float(array) if isinstance(array, Rational) else array


_OTHER_ARRAYS = ("matrix", "MaskedArray")


def _setting(op: Op, name: str, tensor: Tensor) -> Any:
    """The value of a Tensor in a parameter: a position, a mask or a count."""
    if tensor.dtype.kind == "f":
        raise OpError(f"{op.name}: {name} takes no Tensor of floats; give a plain value")
    return tensor.value
