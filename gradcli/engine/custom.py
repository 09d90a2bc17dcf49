"""Functions that have a gradient of their own."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcli.engine.lists import as_array
from gradcli.engine.operation import Op
from gradcli.engine.recording import Record, apply
from gradcli.engine.tensor import Recorder, Tensor, active, plain
from gradcli.errors import GradientError


def custom_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``function`` a gradient of your own, as TensorFlow's decorator of this name does.

    ``function`` takes arrays and returns ``(value, backward)``; ``backward(g)`` takes the
    cotangent of the value (of each, if it is a tuple) and returns those of the arrays, one or
    a tuple, in their shapes. A second derivative, and each replay of a Program, calls
    ``function`` again; written with ops, it can be differentiated any number of times.
    Raises GradientError where it uses a Tensor that a tape follows and that is no argument.
    """

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        arrays = tuple([as_array(arg) for arg in args])
        course = _Course(functools.partial(function, **kwargs), name)
        values = [array.value if isinstance(array, Tensor) else array for array in arrays]
        found: list[Any] = course.outcomes(values)
        if any(isinstance(array, Tensor) for array in arrays):
            count = range(len(found))
            found = [apply(course.op(k, len(arrays)), arrays, {}) for k in count]
        return found[0] if len(found) == 1 else tuple(found)

    name = getattr(function, "__name__", "custom_gradient")
    name = name if name.isidentifier() else "the function"
    return wrapped


class _Course:
    """One call of a function with a gradient of its own: its outcomes and their backward."""

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self.function = function
        self.name = name
        self.operands: list[Any] = []
        self.found: tuple[list[Any], Callable[..., Any]] | None = None

    def run(self, operands: Sequence[Any]) -> tuple[list[Any], Callable[..., Any]]:
        """The outcomes and the backward of ``operands``: of the last call, if it was of them."""
        same = len(operands) == len(self.operands) and all(
            map(operator.is_, operands, self.operands)
        )
        if self.found is None or not same:
            found = self.function(*map(_lifted, operands))
            if not isinstance(found, tuple) or len(found) != 2 or not callable(found[1]):
                raise GradientError(f"custom_gradient: {self.name} must return (value, backward)")
            outcomes, backward = found
            listed = list(outcomes) if isinstance(outcomes, (list, tuple)) else [outcomes]
            self.operands, self.found = list(operands), (listed, backward)
        return self.found

    def outcomes(self, operands: Sequence[Any]) -> list[Any]:
        """The outcomes as plain arrays, not recorded: they are this function's to differentiate."""
        outer = active.recorders
        active.recorders = (_Outsiders(outer, self.name),) if outer else ()
        try:
            return [np.asarray(plain(part))[()] for part in self.run(operands)[0]]
        finally:
            active.recorders = outer

    def op(self, k: int, count: int) -> Op:
        """The op of outcome ``k``."""

        def forward(*operands: Any) -> Any:
            return self.outcomes(operands)[k]

        forward.__name__ = self.name
        rules = tuple([self.rule(k, i) for i in range(count)])
        return Op(forward, rules, analytic=False)

    def rule(self, k: int, i: int) -> Callable[..., Any]:
        """The cotangent of array ``i`` from that of outcome ``k``."""

        def cotangent(g: Any, y: Any, *operands: Any) -> Any:
            outcomes, backward = self.run(operands)
            others = [_lifted(np.zeros_like(plain(outcome))) for outcome in outcomes]
            found = backward(*[*others[:k], _lifted(g), *others[k + 1 :]])
            parts = found if isinstance(found, (list, tuple)) else (found,)
            if len(parts) != len(operands):
                raise self.error(f"gives {len(parts)} gradients for {len(operands)} arrays")
            part = as_array(parts[i])
            if part is None or part.shape != np.shape(operands[i]):
                shape = None if part is None else part.shape
                raise self.error(f"gives {shape} for an array of shape {np.shape(operands[i])}")
            return part if isinstance(y, Tensor) else plain(part)

        return cotangent

    def error(self, what: str) -> GradientError:
        return GradientError(f"custom_gradient: backward of {self.name} {what}")


class _Outsiders(Recorder):
    """Refuses what a tape follows in a function that has a gradient of its own."""

    frozen = None

    def __init__(self, outer: tuple[Recorder, ...], name: str) -> None:
        self.outer = outer
        self.name = name

    def record(self, record: Record) -> None:
        for arg in record.args:
            if isinstance(arg, Tensor) and self.follows(arg):
                raise GradientError(
                    f"custom_gradient: {self.name} uses a Tensor from outside that a tape "
                    "follows: make it an argument, or stop_gradient(it)"
                )

    def follows(self, tensor: Tensor) -> bool:
        return any(recorder.follows(tensor) for recorder in self.outer)


def _lifted(value: Any) -> Any:
    return value if isinstance(value, Tensor) else Tensor(np.asarray(value))
