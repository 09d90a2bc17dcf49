"""How an op is declared: once, and everything else follows.

An op is a function with a decorator. From that come the Tensor method and operator, the NumPy
protocol entry, the name in the registry, the rule for people, and the cases on which it is
tested. Its arrays are the leading parameters annotated ``Array`` (or one ``Sequence[Array]``);
the other parameters, with their defaults, are its signature's and no one else's::

    @op(lambda g, y, x, axis: flip(g, axis), rule="g, flipped back", numpy=np.flip)
    def flip(x: Array, axis: Axis = None) -> Array:
        '''The entries in reverse order along ``axis``, or along all.'''
        return np.flip(x, axis)

A vjp (vector-Jacobian product) takes the cotangent ``g`` of the output, the output ``y``, the
arrays and every other parameter, and gives the cotangent of one array. It is written with
operators, methods and ops, never with NumPy's functions: on plain arrays these are NumPy's own,
at NumPy's speed; on Tensors they are recorded, which makes every op differentiable to any order.
It selects by ``where``, and never multiplies by a mask: 0 * inf would be nan.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.engine.domain import BINARY, UNARY, Case, Domain, real
from gradcli.engine.lists import joined
from gradcli.engine.operation import (
    Composite,
    CompositeOfList,
    Op,
    Variadic,
    Vjp,
    takes_list,
)
from gradcli.engine.recording import apply
from gradcli.engine.registry import REGISTRY
from gradcli.engine.tensor import Tensor

_NO_PARAMS: dict[str, Any] = {}


def op(
    *vjps: Vjp | None,
    rule: str | tuple[str, ...] = (),
    domain: Domain | tuple[Domain, ...] = real,
    cases: tuple[Case, ...] | None = None,
    numpy: Callable[..., Any] | None = None,
    operator: str | None = None,
    aliases: dict[str, str] | None = None,
    analytic: bool = True,
    kind: type[Op] | None = None,
) -> Callable[[Callable[..., Any]], Op]:
    """Declare the op that the decorated function is the NumPy forward of.

    vjps: one per array, ``(g, y, *arrays, **params) -> cotangent``; None where an array has no
        gradient. An op of a list has one, called with the position in the list first.
    rule: the same as formulas for people, one per vjp.
    domain: where to sample each array (the last one serves the rest too).
    cases: shapes and parameters to sample with; by default those of an elementwise op.
    numpy: the NumPy function that this op stands for.
    operator: ``"add"`` attaches ``__add__`` and ``__radd__`` to Tensor.
    aliases: other names of its arguments, NumPy's or TensorFlow's, to their own.
    analytic: whether the forward also takes complex numbers and is analytic there.
    kind: Op or Variadic, as the arrays come, unless the op has a class of its own.
    """
    rules = (rule,) if isinstance(rule, str) else rule
    domains = (domain,) if isinstance(domain, Domain) else domain
    if cases is None:
        cases = BINARY if len([vjp for vjp in vjps if vjp]) > 1 else UNARY

    def declare(function: Callable[..., Any]) -> Op:
        chosen = kind or (Variadic if takes_list(function) else Op)
        declared = chosen(function, vjps, rules, domains, cases, analytic, aliases or {})
        REGISTRY[declared.name] = declared
        if numpy is not None:
            Tensor.numpy_ops[numpy] = declared
        if not declared.takes_list and declared.name not in vars(Tensor):
            setattr(Tensor, declared.name, declared)
        if operator is not None:
            _attach_operator(declared, operator)
        return declared

    return declare


def composite(
    rule: str | tuple[str, ...] = (), **declaration: Any
) -> Callable[[Callable[..., Any]], Op]:
    """Declare the decorated function, which is written with ops, and needs no vjps; see ``op``."""

    def declare(function: Callable[..., Any]) -> Op:
        kind = CompositeOfList if takes_list(function) else Composite
        return op(rule=rule, kind=kind, **declaration)(function)

    return declare


def elementwise(ufunc: np.ufunc, *vjps: Vjp | None, **declaration: Any) -> Op:
    """Declare NumPy's ``ufunc`` of one or two arrays, under its own name; see ``op``."""
    return op(*vjps, numpy=ufunc, **declaration)(ufunc)


_REFLECTED = {"add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or"}
_UNARY = {"neg", "abs", "invert"}


def _attach_operator(declared: Op, operator: str) -> None:
    def unary(self: Tensor) -> Tensor:
        return apply(declared, (self,), _NO_PARAMS)

    def binary(self: Tensor, other: Any) -> Tensor:
        if isinstance(other, (list, tuple)):
            other = joined(other)
        return apply(declared, (self, other), _NO_PARAMS)

    def reflected(self: Tensor, other: Any) -> Tensor:
        if isinstance(other, (list, tuple)):
            other = joined(other)
        return apply(declared, (other, self), _NO_PARAMS)

    def item(self: Tensor, index: Any) -> Tensor:
        return apply(declared, (self,), {"index": index})

    if operator == "getitem":
        Tensor.__getitem__ = item  # type: ignore[method-assign]
        return
    setattr(Tensor, f"__{operator}__", unary if operator in _UNARY else binary)
    if operator in _REFLECTED:
        setattr(Tensor, f"__r{operator}__", reflected)
