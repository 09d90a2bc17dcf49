"""How an op is declared: once, and everything else follows.

From one declaration come the function, the Tensor method and operator, the NumPy protocol
entry, the op's name in the registry, its rule for people, and the cases on which it is
tested. A vjp (vector-Jacobian product) takes the cotangent ``g`` of the output, the output
``y`` and the inputs, and gives the cotangent of one input. It is written with operators,
methods and ops, never with NumPy's functions: on plain arrays these are NumPy's own, at
NumPy's speed; on Tensors they are recorded, which makes every op differentiable to any order.
"""

from __future__ import annotations

import sys
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

    __slots__ = (
        "analytic", "arity", "cases", "domains", "forward", "inputs", "name", "rules",
        "signature", "vjps",
    )  # fmt: skip
    takes_list = False
    """Whether the arrays come as one list."""

    def __init__(
        self,
        signature: str,
        forward: Callable[..., Any],
        vjps: tuple[Vjp | None, ...],
        rules: tuple[str, ...],
        domains: tuple[Domain, ...],
        cases: tuple[Case, ...],
        analytic: bool,
    ) -> None:
        self.signature = signature
        self.name = signature.partition("(")[0]
        self.arity = sys.maxsize if self.takes_list else signature.count(",") + 1
        self.forward = forward
        self.vjps = vjps
        self.inputs = len(vjps) if vjps and not self.takes_list else sys.maxsize
        """How many of the arguments may be Tensors."""
        self.rules = rules
        self.domains = domains
        self.cases = cases
        self.analytic = analytic

    def __call__(self, *args: Any, **params: Any) -> Any:
        if len(args) > self.arity:  # a ufunc would write into one more
            raise TypeError(f"{self.signature} takes no more than {self.arity} arguments")
        for arg in args:
            if isinstance(arg, Tensor):
                return apply(self, args, params)
        return self.forward(*args, **params)

    @property
    def differentiable(self) -> bool:
        return bool(self.vjps)

    def call(self, arrays: list[Any], params: dict[str, Any]) -> Any:
        """The op of ``arrays``, handed over as it takes them."""
        return self(arrays, **params) if self.takes_list else self(*arrays, **params)

    def sample(self, case: Case, rng: np.random.Generator) -> list[Any]:
        """Arrays for ``case``, float64 and from the op's domains; arrays in it as they are."""
        arrays = []
        for i, shape in enumerate(case.shapes):
            domain = self.domains[min(i, len(self.domains) - 1)]
            arrays.append(domain.sample(rng, shape) if isinstance(shape, tuple) else shape)
        return arrays

    def smooth_inputs(self, arrays: list[Any]) -> list[int]:
        """The positions of those of ``arrays`` that carry a gradient."""
        count = len(arrays)
        vjps = self.vjps_for(count) or (True,) * count
        return [i for i, vjp in enumerate(vjps[:count]) if vjp is not None]

    def vjps_for(self, count: int) -> tuple[Vjp | None, ...]:
        """The vjps of a call with ``count`` arguments."""
        return self.vjps

    def __repr__(self) -> str:
        return f"<op {self.signature}>"


class Variadic(Op):
    """An op of one list of arrays; its one vjp is told first which of them it serves."""

    __slots__ = ()
    takes_list = True

    def __call__(self, *args: Any, **params: Any) -> Any:
        if not 1 <= len(args) <= 2 or isinstance(args[0], (Tensor, np.ndarray)):
            raise TypeError(f"{self.signature} takes one list of arrays, and an axis")
        if len(args) == 2:
            params["axis"] = args[1]
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


class CompositeOfList(Composite):
    """A composite whose arrays come as one list."""

    __slots__ = ()
    takes_list = True


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
    analytic: bool = True,
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
    analytic: whether the forward also takes complex numbers and is analytic there.
    """
    rules = (rule,) if isinstance(rule, str) else rule
    domains = (domain,) if isinstance(domain, Domain) else domain
    if cases is None:
        cases = BINARY if len([vjp for vjp in vjps if vjp]) > 1 else UNARY
    declared = kind(signature, forward, vjps, rules, domains, cases, analytic)
    if declared.name in REGISTRY:
        raise AssertionError(f"op {declared.name} is declared twice")
    REGISTRY[declared.name] = declared

    stands_for = numpy or (forward if isinstance(forward, np.ufunc) else None)
    if stands_for is not None:
        Tensor.numpy_ops[stands_for] = declared
    if not kind.takes_list and declared.name not in vars(Tensor):
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
        if isinstance(other, list):
            other = np.asarray(other)
        return apply(declared, (self, other), _NO_PARAMS)

    def reflected(self: Tensor, other: Any) -> Tensor:
        if isinstance(other, list):
            other = np.asarray(other)
        return apply(declared, (other, self), _NO_PARAMS)

    setattr(Tensor, f"__{operator}__", unary if operator in ("neg", "abs") else binary)
    if operator in _REFLECTED:
        setattr(Tensor, f"__r{operator}__", reflected)
