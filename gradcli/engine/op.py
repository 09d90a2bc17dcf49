"""How an op is declared: once, and everything else follows.

From one declaration come the function, the Tensor method and operator, the NumPy protocol
entry, the op's name in the registry, its rule for people, and the cases on which it is
tested. A vjp (vector-Jacobian product) takes the cotangent ``g`` of the output, the output
``y`` and the inputs, and gives the cotangent of one input. It is written with operators,
methods and ops, never with NumPy's functions: on plain arrays these are NumPy's own, at
NumPy's speed; on Tensors they are recorded, which makes every op differentiable to any order.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from gradcli.engine.domain import BINARY, UNARY, Case, Domain, real
from gradcli.engine.tape import apply
from gradcli.engine.tensor import Tensor

Vjp = Callable[..., Any]

REGISTRY: dict[str, Op] = {}
"""Every declared op by name."""

_NO_PARAMS: dict[str, Any] = {}


class Op:
    """A differentiable (or, without vjps, constant) function of arrays.

    Called on plain arrays it is its NumPy forward and nothing more; with a Tensor among its
    arguments it answers with a Tensor, and tapes record it.
    """

    __slots__ = ("cases", "domains", "forward", "name", "rules", "signature", "vjps")

    def __init__(
        self,
        signature: str,
        forward: Callable[..., Any],
        vjps: tuple[Vjp | None, ...],
        rules: tuple[str, ...],
        domains: tuple[Domain, ...],
        cases: tuple[Case, ...],
    ) -> None:
        self.signature = signature
        self.name = signature.partition("(")[0]
        self.forward = forward
        self.vjps = vjps
        self.rules = rules
        self.domains = domains
        self.cases = cases

    def __call__(self, *args: Any, **params: Any) -> Any:
        for arg in args:
            if isinstance(arg, Tensor):
                return apply(self, args, params)
        return self.forward(*args, **params)

    @property
    def differentiable(self) -> bool:
        return bool(self.vjps)

    def vjps_for(self, count: int) -> tuple[Vjp | None, ...]:
        """The vjps of a call with ``count`` arguments."""
        return self.vjps

    def __repr__(self) -> str:
        return f"<op {self.signature}>"


class Variadic(Op):
    """An op of one list of arrays; its one vjp is told first which of them it serves."""

    __slots__ = ()

    def __call__(self, *args: Any, **params: Any) -> Any:
        if len(args) != 1:
            raise TypeError(f"{self.name}() takes one list of arrays, then keywords")
        return super().__call__(*args[0], **params)

    def vjps_for(self, count: int) -> tuple[Vjp | None, ...]:
        (rule,) = self.vjps
        assert rule is not None
        return tuple(partial(rule, i) for i in range(count))


class Composite(Op):
    """A function written with other ops: they are what a tape records."""

    __slots__ = ()

    def __call__(self, *args: Any, **params: Any) -> Any:
        return self.forward(*args, **params)

    @property
    def differentiable(self) -> bool:
        return True


def op(
    signature: str,
    forward: Callable[..., Any],
    *vjps: Vjp | None,
    rule: str | tuple[str, ...] = (),
    domain: Domain | tuple[Domain, ...] = real,
    cases: tuple[Case, ...] | None = None,
    numpy: Callable[..., Any] | None = None,
    operator: str | None = None,
    kind: type[Op] = Op,
) -> Op:
    """Declare an op.

    signature: the name and arguments, ``"multiply(a, b)"``.
    forward: NumPy arrays in, NumPy array out.
    vjps: one per leading argument, ``(g, y, *args, **params) -> cotangent``; None where an
        argument has no gradient. A Variadic op has one, called with the index first.
    rule: the same as formulas for people, one per vjp.
    domain: where to sample each array argument (the last one serves the rest too).
    cases: shapes and parameters to sample with; by default those of an elementwise op.
    numpy: the NumPy function that this op stands for; a ufunc forward stands for itself.
    operator: ``"add"`` attaches ``__add__`` and ``__radd__`` to Tensor.
    kind: Op, Variadic, or Composite (``forward`` is then written with ops and needs no vjps).
    """
    rules = (rule,) if isinstance(rule, str) else rule
    domains = (domain,) if isinstance(domain, Domain) else domain
    if cases is None:
        cases = BINARY if len([vjp for vjp in vjps if vjp]) > 1 else UNARY
    declared = kind(signature, forward, vjps, rules, domains, cases)
    if declared.name in REGISTRY:
        raise AssertionError(f"op {declared.name} is declared twice")
    REGISTRY[declared.name] = declared

    stands_for = numpy or (forward if isinstance(forward, np.ufunc) else None)
    if stands_for is not None:
        Tensor.numpy_ops[stands_for] = declared
    if kind is not Variadic and declared.name not in vars(Tensor):
        setattr(Tensor, declared.name, _method(declared))
    if operator is not None:
        _attach_operator(declared, operator)
    return declared


def _method(declared: Op) -> Callable[..., Any]:
    def method(self: Tensor, *args: Any, **params: Any) -> Any:
        return declared(self, *args, **params)

    method.__name__ = declared.name
    return method


_REFLECTED = {"add", "sub", "mul", "truediv", "pow", "matmul"}


def _attach_operator(declared: Op, operator: str) -> None:
    def unary(self: Tensor) -> Tensor:
        return apply(declared, (self,), _NO_PARAMS)

    def binary(self: Tensor, other: Any) -> Tensor:
        return apply(declared, (self, other), _NO_PARAMS)

    def reflected(self: Tensor, other: Any) -> Tensor:
        return apply(declared, (other, self), _NO_PARAMS)

    setattr(Tensor, f"__{operator}__", unary if operator in ("neg", "abs") else binary)
    if operator in _REFLECTED:
        setattr(Tensor, f"__r{operator}__", reflected)
