"""Functional forms: a function in, its derivative as a function out.

Arguments are arrays or Tensors of floating point (numbers count as float64), or lists, tuples
and dicts of them; a list of plain numbers is an array. Keyword arguments are passed on.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.engine.nest import leaves, rebuild
from gradcli.engine.ops.shape import identity
from gradcli.engine.tape import GradientTape
from gradcli.engine.tensor import Tensor, require_floating
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
