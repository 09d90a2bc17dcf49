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
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast, overload

from gradcli.engine.kinds import Composite, CompositeOfList, Variadic
from gradcli.engine.lists import joined
from gradcli.engine.operation import Op, Vjp
from gradcli.engine.recording import apply
from gradcli.engine.registry import REGISTRY
from gradcli.engine.signature import takes_list
from gradcli.engine.tensor import Tensor

P = ParamSpec("P")
R = TypeVar("R")

if TYPE_CHECKING:
    from typing import Literal, Protocol

    from gradcli.engine.tensor import Array, Outcome

    class Declared(Op, Generic[P, R]):
        """An op, which is called as the function that it was declared by."""

        def __call__(self, *args: P.args, **given: P.kwargs) -> R: ...

    class Unary(Op):
        def __call__(self, x: Array) -> Outcome: ...

    class Binary(Op):
        def __call__(self, a: Array, b: Array) -> Outcome: ...

    class _OfOne(Protocol):
        @property
        def nin(self) -> Literal[1]: ...

    class _OfTwo(Protocol):
        @property
        def nin(self) -> Literal[2]: ...


def op(
    *vjps: Vjp | None,
    numpy: Callable[..., Any] | tuple[Callable[..., Any], ...] = (),
    operator: str | None = None,
    kind: type[Op] | None = None,
    **facts: Any,
) -> Callable[[Callable[P, R]], Declared[P, R]]:
    """Declare the op that the decorated function is the NumPy forward of.

    vjps: one per array, ``(g, y, *arrays, **params) -> cotangent``; None where an array has no
        gradient. An op of a list has one, ``(g, y, arrays, **params) -> (position -> cotangent)``.
    numpy: the NumPy function that this op stands for, or several.
    operator: ``"add"`` attaches ``__add__`` and ``__radd__`` to Tensor.
    kind: Op or Variadic, as the arrays come, unless the op has a class of its own.

    The other facts are Op's, which has their defaults:

    rule: the vjps as formulas for people, one per vjp.
    domain: where to sample each array (the last one serves the rest too).
    cases: shapes and parameters to sample with; by default those of an elementwise op.
    aliases: other names of its arguments, NumPy's or TensorFlow's, to their own.
    analytic: whether the forward also takes complex numbers and is analytic there.
    positions: the parameters without a gradient that say where: whole numbers, or a mask.
    sized_by_values: whether the outcome has as many entries as the input's values say.
    order: the parameters that a formula gives first, where they are not the arrays.
    of_one: the op that the name stands for where it is given one argument.
    of_several: the op that it stands for in a formula that gives several, which are then taken
        two at a time.
    """

    def declare(function: Callable[P, R]) -> Declared[P, R]:
        chosen = kind or (Variadic if takes_list(function) else Op)
        declared = chosen(function, vjps, **facts)
        REGISTRY[declared.name] = declared
        for replaced in numpy if isinstance(numpy, tuple) else (numpy,):
            Tensor.numpy_ops[replaced] = declared
        if not declared.takes_list and declared.name not in vars(Tensor):
            setattr(Tensor, declared.name, declared)
        if operator is not None:
            _attach_operator(declared, operator)
        return cast("Declared[P, R]", declared)

    return declare


def composite(
    rule: str | tuple[str, ...] = (), **facts: Any
) -> Callable[[Callable[P, R]], Declared[P, R]]:
    """Declare the decorated function, which is written with ops, and needs no vjps; see ``op``."""

    def declare(function: Callable[P, R]) -> Declared[P, R]:
        kind = CompositeOfList if takes_list(function) else Composite
        return op(rule=rule, kind=kind, **facts)(function)

    return declare


@overload
def elementwise(ufunc: _OfOne, *vjps: Vjp | None, **facts: Any) -> Unary: ...
@overload
def elementwise(ufunc: _OfTwo, *vjps: Vjp | None, **facts: Any) -> Binary: ...
def elementwise(ufunc: Any, *vjps: Vjp | None, numpy: Any = (), **facts: Any) -> Any:
    """Declare NumPy's ``ufunc`` of one or two arrays, under its own name; see ``op``."""
    return op(*vjps, numpy=(ufunc, *numpy), **facts)(ufunc)


_NO_PARAMS: dict[str, Any] = {}
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

    straight = unary if operator in _UNARY else item if operator == "getitem" else binary
    setattr(Tensor, f"__{operator}__", straight)
    if operator in _REFLECTED:
        setattr(Tensor, f"__r{operator}__", reflected)


def _late(method: str) -> Callable[..., Any]:
    """An operator of Tensor until its family is loaded."""

    def operate(self: Tensor, *others: Any) -> Any:
        REGISTRY.complete()
        return getattr(self, method)(*others)

    return operate


for _operator in (*_REFLECTED, *[f"r{name}" for name in _REFLECTED], *_UNARY, "getitem"):
    setattr(Tensor, f"__{_operator}__", _late(f"__{_operator}__"))
