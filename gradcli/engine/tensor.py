"""Tensor: an array that a tape can follow.

A Tensor holds a NumPy array (or NumPy scalar) that nobody writes to. Operators and methods
are not written here: each op attaches its own when it is declared (see ``op.py``), and
registers the NumPy functions that it stands for, so ``np.tanh(t)`` is ``tanh(t)``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from gradcli.errors import DtypeError, GradientError

Array: TypeAlias = Any
"""A Tensor, or anything that NumPy takes for an array. Ops accept and return either."""


class _Tracing(threading.local):
    """Whether this thread is tracing a Program: a branch on a Tensor would be frozen in."""

    on = False


tracing = _Tracing()


class Tensor:
    """An array that a GradientTape can follow.

    ``value`` is the array itself, shared and not to be written to; ``numpy()`` gives a copy.
    """

    __slots__ = ("value",)
    __hash__ = None  # type: ignore[assignment]  # == compares elementwise

    numpy_ops: ClassVar[dict[Callable[..., Any], Callable[..., Any]]] = {}
    """NumPy function -> op, filled in by the op declarations."""

    def __init__(self, value: Any) -> None:
        self.value = value

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.value.dtype  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        return self.value.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        return self.value.size  # type: ignore[no-any-return]

    @property
    def T(self) -> Tensor:
        return self.transpose()

    @property
    def mT(self) -> Tensor:
        """The transpose of the last two axes."""
        axes = tuple(range(self.ndim))
        return self.transpose((*axes[:-2], axes[-1], axes[-2]))

    def reshape(self, *shape: Any) -> Tensor:
        """As ``ndarray.reshape``: the shape as one tuple, or number by number."""
        return self.numpy_ops[np.reshape](self, shape[0] if len(shape) == 1 else shape)  # type: ignore[no-any-return]

    def transpose(self, *axes: Any) -> Tensor:
        """As ``ndarray.transpose``: the axes as one tuple, or number by number; or reversed."""
        chosen = axes[0] if len(axes) == 1 else axes or None
        return self.numpy_ops[np.transpose](self, chosen)  # type: ignore[no-any-return]

    def numpy(self) -> npt.NDArray[Any]:
        """A copy of the value as a NumPy array (a NumPy scalar for shape ``()``)."""
        self._refuse_while_traced("numpy()")
        return np.array(self.value)[()]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        self._refuse_while_traced("a conversion to an array")
        return np.array(self.value, dtype=dtype)

    def __pos__(self) -> Tensor:
        return self

    def __bool__(self) -> bool:
        self._refuse_while_traced("a branch")
        return bool(self.value)

    def __float__(self) -> float:
        self._refuse_while_traced("float()")
        return float(self.value)

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"Tensor({self.value}, shape={self.shape}, dtype={self.dtype})"

    def _refuse_while_traced(self, what: str) -> None:
        if tracing.on:
            raise GradientError(
                f"{what} depends on a Tensor's value: a Program replays one course of "
                "operations; use where(), or a GradientTape for each call"
            )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if "out" in kwargs:
            raise TypeError("a Tensor cannot be written into an array: write a = a + t for a += t")
        if method == "__call__" and ufunc in self.numpy_ops:
            return self.numpy_ops[ufunc](*inputs, **kwargs)
        raise _no_rule(ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}")

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in self.numpy_ops:
            return self.numpy_ops[function](*args, **kwargs)
        raise _no_rule(function.__name__)

    if TYPE_CHECKING:  # what the op declarations attach

        def __getattr__(self, method: str) -> Any: ...
        def __getitem__(self, index: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __abs__(self) -> Tensor: ...
        def __add__(self, other: Array) -> Tensor: ...
        def __radd__(self, other: Array) -> Tensor: ...
        def __sub__(self, other: Array) -> Tensor: ...
        def __rsub__(self, other: Array) -> Tensor: ...
        def __mul__(self, other: Array) -> Tensor: ...
        def __rmul__(self, other: Array) -> Tensor: ...
        def __truediv__(self, other: Array) -> Tensor: ...
        def __rtruediv__(self, other: Array) -> Tensor: ...
        def __pow__(self, other: Array) -> Tensor: ...
        def __rpow__(self, other: Array) -> Tensor: ...
        def __matmul__(self, other: Array) -> Tensor: ...
        def __rmatmul__(self, other: Array) -> Tensor: ...
        def __lt__(self, other: Array) -> Tensor: ...
        def __le__(self, other: Array) -> Tensor: ...
        def __gt__(self, other: Array) -> Tensor: ...
        def __ge__(self, other: Array) -> Tensor: ...


Tensor.numpy_ops.update({np.shape: lambda t: t.shape, np.ndim: lambda t: t.ndim})
Tensor.numpy_ops[np.size] = lambda t: t.size


class Variable(Tensor):
    """A Tensor that every recording tape watches by itself."""

    __slots__ = ()


def plain(array: Array) -> Any:
    """The NumPy value of a Tensor; anything else unchanged."""
    return array.value if isinstance(array, Tensor) else array


def tensor(data: Any, dtype: npt.DTypeLike | None = None) -> Tensor:
    """A Tensor with a copy of ``data``: any shape, NumPy's dtype unless ``dtype`` is given.

    Raises DtypeError for complex numbers and for anything that is not numeric.
    """
    return Tensor(_numeric(data, dtype))


def variable(data: Any, dtype: npt.DTypeLike | None = None) -> Variable:
    """A Tensor with a copy of ``data`` that every recording tape watches by itself.

    Raises DtypeError unless the dtype is floating point.
    """
    value = _numeric(data, dtype)
    require_floating(value)
    return Variable(value)


def require_floating(value: Any) -> None:
    """Raise DtypeError unless ``value`` can carry a gradient."""
    dtype = value.dtype
    if dtype.kind != "f":
        raise DtypeError(
            f"a gradient needs floating-point numbers, not {dtype}: "
            "write 3.0 for 3, or give dtype=np.float32"
        )


def _numeric(data: Any, dtype: npt.DTypeLike | None) -> npt.NDArray[Any]:
    value = np.array(plain(data), dtype=dtype)
    if value.dtype.kind not in "fiub":
        raise DtypeError(f"a Tensor holds real numbers, not {value.dtype}")
    return value


def _no_rule(name: str) -> TypeError:
    return TypeError(
        f"gradcli has no gradient rule for np.{name}: use an op of gradcli.engine, "
        "or .numpy() where no gradient is needed"
    )
