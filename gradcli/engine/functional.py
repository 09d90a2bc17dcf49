"""Functional forms: a function in, its derivative as a function out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.engine.ops.arithmetic import identity
from gradcli.engine.ops.shape import stack
from gradcli.engine.tape import GradientTape
from gradcli.engine.tensor import Tensor, require_floating

Argnums = int | tuple[int, ...]


def value_and_grad(function: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """A function that gives ``(value, gradient)`` of ``function``, which must be scalar.

    Arguments are Tensors or arrays of floating point (numbers count as float64). The
    gradient is with respect to the argument ``argnums``, or a tuple of several; each has
    the argument's shape. Raises ValueError where the value is not a scalar, DtypeError
    for integers.
    """

    def evaluate(*args: Any) -> tuple[Tensor, Any]:
        tensors = _watched(args, argnums)
        with GradientTape() as tape:
            tape.watch(_chosen(tensors, argnums))
            value = _one_tensor(function(*tensors))
        if value.size != 1:
            raise ValueError(
                f"a gradient needs a scalar value, not one of shape {value.shape}: use jacobian()"
            )
        return value, tape.gradient(value, _chosen(tensors, argnums), unconnected_gradients="zero")

    return evaluate


def grad(function: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """A function that gives the gradient of the scalar ``function``; see value_and_grad."""
    evaluate = value_and_grad(function, argnums)

    def gradient(*args: Any) -> Any:
        return evaluate(*args)[1]

    return gradient


def jacobian(function: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """A function that gives the Jacobian: shape ``value.shape + argument.shape``.

    One backward sweep per entry of the value.
    """

    def evaluate(*args: Any) -> Tensor:
        tensors = _watched(args, argnum)
        source = tensors[argnum]
        with GradientTape(persistent=True) as tape:
            tape.watch(source)
            value = _one_tensor(function(*tensors))
        rows = []
        for i in range(value.size):
            seed = np.zeros(value.size, value.dtype)
            seed[i] = 1
            rows.append(
                tape.gradient(
                    value,
                    source,
                    output_gradients=seed.reshape(value.shape),
                    unconnected_gradients="zero",
                )
            )
        if not rows:
            return Tensor(np.zeros(value.shape + source.shape, value.dtype))
        stacked = stack(rows)
        return stacked.reshape(value.shape + source.shape)  # type: ignore[no-any-return]

    return evaluate


def hessian(function: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """A function that gives the Hessian of the scalar ``function``: ``x.shape + x.shape``."""
    return jacobian(grad(function, argnum), argnum)


def _watched(args: tuple[Any, ...], argnums: Argnums) -> list[Any]:
    """The arguments, with those to differentiate as Tensors."""
    tensors = list(args)
    for i in (argnums,) if isinstance(argnums, int) else argnums:
        given = tensors[i]
        # A Tensor of its own for each argument, even if the same one is given twice.
        tensors[i] = identity(given) if isinstance(given, Tensor) else Tensor(np.array(given))
        require_floating(tensors[i].value)
    return tensors


def _one_tensor(value: Any) -> Tensor:
    """The function's outcome as a Tensor; a list would lose its Tensors' gradients."""
    if isinstance(value, (list, tuple, dict)):
        raise TypeError(f"the function must give one Tensor, not a {type(value).__name__}: stack()")
    return value if isinstance(value, Tensor) else Tensor(np.asarray(value))


def _chosen(tensors: list[Any], argnums: Argnums) -> Any:
    if isinstance(argnums, int):
        return tensors[argnums]
    return tuple([tensors[i] for i in argnums])
