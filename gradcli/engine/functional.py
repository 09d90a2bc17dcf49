"""Functional forms: a function in, its derivative as a function out.

Arguments are arrays or Tensors of floating point (numbers count as float64), or lists, tuples
and dicts of them; a list of plain numbers is an array. Keyword arguments are passed on.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcli.engine.lists import as_array
from gradcli.engine.nest import leaves, rebuild
from gradcli.engine.operation import Op
from gradcli.engine.ops.shape import identity
from gradcli.engine.recording import Record, apply
from gradcli.engine.tape import GradientTape
from gradcli.engine.tensor import Recorder, Tensor, active, plain, require_floating
from gradcli.errors import GradientError

Argnums = int | tuple[int, ...]


def value_and_grad(function: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """A function that gives ``(value, gradient)`` of ``function``, which must be scalar.

    The gradient is with respect to the argument ``argnums``, or a tuple of several; each has
    the structure and shapes of its argument. Raises GradientError where the value is not one
    number, DtypeError for integers.
    """

    @functools.wraps(function)
    def evaluate(*args: Any, **kwargs: Any) -> tuple[Tensor, Any]:
        tensors = _watched(args, argnums)
        chosen = _chosen(tensors, argnums)
        with GradientTape() as tape:
            tape.watch(chosen)
            value = _one_tensor(function(*tensors, **kwargs))
        if value.size != 1:
            raise GradientError(
                f"a gradient needs a scalar value, not one of shape {value.shape}: use jacobian()"
            )
        return value, tape.gradient(value, chosen, unconnected_gradients="zero")

    return evaluate


def grad(function: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """A function that gives the gradient of the scalar ``function``; see value_and_grad."""
    evaluate = value_and_grad(function, argnums)

    @functools.wraps(function)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return evaluate(*args, **kwargs)[1]

    return gradient


def jacobian(function: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """A function that gives the Jacobian: shape ``value.shape + argument.shape``.

    One backward sweep per entry of the value.
    """

    @functools.wraps(function)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        tensors = _watched(args, argnums)
        chosen = _chosen(tensors, argnums)
        with GradientTape() as tape:
            tape.watch(chosen)
            value = _one_tensor(function(*tensors, **kwargs))
        return tape.jacobian(value, chosen, unconnected_gradients="zero")

    return evaluate


def hessian(function: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """A function that gives the Hessian of the scalar ``function``: ``x.shape + x.shape``."""
    return jacobian(grad(function, argnum), argnum)


def vjp(function: Callable[..., Any], *args: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """``function(*args)``, and a function of its cotangent that gives those of ``args``.

    The value is a Tensor, or a list, tuple or dict of them; the cotangent has its structure.
    """
    everything = tuple(range(len(args)))
    tensors = _watched(args, everything)
    with GradientTape(persistent=True) as tape:
        tape.watch(tensors)
        value = function(*tensors)

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        return tape.gradient(  # type: ignore[no-any-return]
            value, tuple(tensors), output_gradients=cotangent, unconnected_gradients="zero"
        )

    return value, pullback


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


def _watched(args: tuple[Any, ...], argnums: Argnums) -> list[Any]:
    """The arguments, with those to differentiate as Tensors."""
    tensors = list(args)
    for i in (argnums,) if isinstance(argnums, int) else argnums:
        if not -len(args) <= i < len(args):
            raise GradientError(f"argnums {i}: there are {len(args)} positional arguments")
    for i in (argnums,) if isinstance(argnums, int) else argnums:
        nest = args[i]
        plain_list = isinstance(nest, (list, tuple))
        if plain_list and all(isinstance(leaf, (bool, int, float)) for leaf in leaves(nest)):
            nest = np.array(nest)
        # A Tensor of its own for each argument, even if the same one is given twice.
        tensors[i] = rebuild(nest, iter([_own(leaf) for leaf in leaves(nest)]))
    return tensors


def _own(given: Any) -> Tensor:
    own: Tensor = identity(given) if isinstance(given, Tensor) else Tensor(np.array(given))
    require_floating(own.value)
    return own


def _one_tensor(value: Any) -> Tensor:
    """The function's outcome as a Tensor; a list would lose its Tensors' gradients."""
    if isinstance(value, (list, tuple, dict)):
        raise GradientError(
            f"the function must give one Tensor, not a {type(value).__name__}: stack()"
        )
    found = value if isinstance(value, Tensor) else Tensor(np.asarray(value))
    number = found.dtype.kind == "f" or (found is not value and found.dtype.kind in "iu")
    if value is None or not number:
        kind = "None" if value is None else found.dtype
        raise GradientError(
            f"the function must give a floating-point number or array, not {kind}: "
            "does it return its value?"
        )
    return found


def _chosen(tensors: list[Any], argnums: Argnums) -> Any:
    if isinstance(argnums, int):
        return tensors[argnums]
    return tuple([tensors[i] for i in argnums])
