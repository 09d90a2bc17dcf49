"""Tensor: an array that a tape can follow.

A Tensor holds a NumPy array (or NumPy scalar) that nobody writes to. Operators and methods
are not written here: each op attaches its own when it is declared (see ``op.py``), and
registers the NumPy functions that it stands for (see ``protocol.py``), so ``np.tanh(t)`` is
``tanh(t)``.

While something records, a Tensor that it follows does not become a plain number or array
unseen: the connection would be lost, and with it the gradient.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from gradcli.errors import DtypeError, GradientError

if TYPE_CHECKING:
    from gradcli.engine.recording import Record

Array: TypeAlias = Any
"""A Tensor, or anything that NumPy takes for an array: what ops accept."""
Outcome: TypeAlias = "Tensor | Any"
"""What ops give: a Tensor of Tensors, else a plain array."""


class Recorder(Protocol):
    """What hears of every operation on Tensors, and of every Tensor that leaves them."""

    def record(self, record: Record) -> None:
        """An operation has been done."""

    def follows(self, tensor: Tensor) -> bool:
        """Whether a gradient, or a replay, depends on ``tensor``."""

    frozen: str | None
    """Why a value must not be read even in passing, such as for a branch; None where it may."""


class _Active(threading.local):
    """The recorders that are recording in this thread, outermost first."""

    def __init__(self) -> None:
        self.recorders: tuple[Recorder, ...] = ()


active = _Active()


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

    def reshape(self, *shape: Any, **named: Any) -> Tensor:
        """As ``ndarray.reshape``: the shape as one tuple, or number by number."""
        return self.numpy_ops[np.reshape](self, *_one(shape), **named)  # type: ignore[no-any-return]

    def transpose(self, *axes: Any, **named: Any) -> Tensor:
        """As ``ndarray.transpose``: the axes as one tuple, or number by number; or reversed."""
        return self.numpy_ops[np.transpose](self, *_one(axes), **named)  # type: ignore[no-any-return]

    def numpy(self) -> npt.NDArray[Any]:
        """A copy of the value as a NumPy array (a NumPy scalar for shape ``()``)."""
        self.observed("numpy()")
        return np.array(self.value)[()]

    def item(self) -> Any:
        """The value of a Tensor of one entry as a Python number."""
        self.observed("item()")
        return self.value.item()

    def tolist(self) -> Any:
        """The value as nested lists of Python numbers."""
        self.observed("tolist()")
        return self.value.tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        self._leave("a plain array")
        return np.array(self.value, dtype=dtype)

    def __float__(self) -> float:
        self._leave("a plain number")
        return float(self.value)

    def __int__(self) -> int:
        self._leave("a plain number")
        return int(self.value)

    def __complex__(self) -> complex:
        self._leave("a plain number")
        return complex(self.value)

    def __index__(self) -> int:
        if self.dtype.kind not in "iu":
            raise TypeError(f"an index is a whole number, not {self.dtype}")
        self.observed("an index")
        return int(self.value)

    def __bool__(self) -> bool:
        self.observed("a branch")
        return bool(self.value)

    def __copy__(self) -> Tensor:
        """The same value, still connected."""
        return self.numpy_ops[np.positive](self)  # type: ignore[no-any-return]

    def __deepcopy__(self, memo: Any) -> Tensor:
        return self.__copy__()

    def __reduce__(self) -> Any:
        self._leave("bytes")
        return type(self), (self.value,)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise GradientError("a Tensor is not written into: use where() or concatenate()")

    def __pos__(self) -> Tensor:
        return self

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"Tensor({self.value}, shape={self.shape}, dtype={self.dtype})"

    def __format__(self, spec: str) -> str:
        return format(self.value.item(), spec) if spec else str(self)

    def observed(self, what: str) -> None:
        """Raise GradientError where ``what`` would freeze the value into a replay."""
        for recorder in active.recorders:
            if recorder.frozen and recorder.follows(self):
                raise GradientError(f"{what} depends on a Tensor's value: {recorder.frozen}")

    def _leave(self, what: str) -> None:
        """Raise GradientError where the Tensor, as ``what``, would lose its connection."""
        self.observed(what)
        for recorder in active.recorders:
            if recorder.follows(self):
                raise GradientError(
                    f"a Tensor that a tape follows would become {what} here, and its gradient "
                    "would be lost: use an op of gradcli.engine (stack for a list of Tensors, "
                    "where in place of writing into an array), or say that no gradient is "
                    "wanted: t.item(), t.numpy() or stop_gradient(t)"
                )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        from gradcli.engine.protocol import call_ufunc

        return call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        from gradcli.engine.protocol import call_function

        return call_function(function, args, kwargs)

    def __getattr__(self, method: str) -> Any:
        """An op as a method, though its family has not been loaded yet."""
        from gradcli.engine.registry import REGISTRY

        if not method.startswith("_") and method in REGISTRY and hasattr(type(self), method):
            return getattr(self, method)
        raise AttributeError(f"a Tensor has no {method!r}")

    if TYPE_CHECKING:  # what the op declarations attach

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
        def __floordiv__(self, other: Array) -> Tensor: ...
        def __rfloordiv__(self, other: Array) -> Tensor: ...
        def __mod__(self, other: Array) -> Tensor: ...
        def __rmod__(self, other: Array) -> Tensor: ...
        def __pow__(self, other: Array) -> Tensor: ...
        def __rpow__(self, other: Array) -> Tensor: ...
        def __matmul__(self, other: Array) -> Tensor: ...
        def __rmatmul__(self, other: Array) -> Tensor: ...
        def __lt__(self, other: Array) -> Tensor: ...
        def __le__(self, other: Array) -> Tensor: ...
        def __gt__(self, other: Array) -> Tensor: ...
        def __ge__(self, other: Array) -> Tensor: ...
        def __and__(self, other: Array) -> Tensor: ...
        def __or__(self, other: Array) -> Tensor: ...
        def __invert__(self) -> Tensor: ...


def _one(numbers: tuple[Any, ...]) -> tuple[Any, ...]:
    """Numbers that came one by one as one tuple; a tuple that came as one stays."""
    return (numbers,) if len(numbers) > 1 else numbers


def plain(array: Array) -> Any:
    """The NumPy value of a Tensor; anything else unchanged."""
    return array.value if isinstance(array, Tensor) else array


def known(value: Any, what: str) -> Any:
    """The plain value of a count, a shape or a position, given as a Tensor or not.

    Raises GradientError where a Program is traced, which would freeze it, and ``what`` with it.
    """
    if isinstance(value, Tensor):
        value.observed(what)
    return plain(value)


def real(x: Any) -> Any:
    """``x`` as an array of floating point (or complex) numbers: whole ones would wrap around."""
    x = np.asarray(x)
    return x if x.dtype.kind in "fc" else x.astype(np.float64)


def require_floating(value: Any) -> None:
    """Raise DtypeError unless ``value`` can carry a gradient."""
    dtype = value.dtype
    if dtype.kind != "f":
        raise DtypeError(
            f"a gradient needs floating-point numbers, not {dtype}: "
            "write 3.0 for 3, or give dtype=np.float32"
        )


def numeric(data: Any, dtype: npt.DTypeLike | None) -> npt.NDArray[Any]:
    value = np.array(plain(data), dtype=dtype)
    if value.dtype.kind not in "fiub":
        raise DtypeError(f"a Tensor holds real numbers, not {value.dtype}")
    return value


def tensor(data: Any, dtype: npt.DTypeLike | None = None) -> Tensor:
    """A Tensor with a copy of ``data``: any shape, NumPy's dtype unless ``dtype`` is given.

    A Tensor, or a list of Tensors, keeps its connection. Raises DtypeError for complex numbers
    and for anything that is not numeric.
    """
    from gradcli.engine.lists import connected

    joined = connected(data)
    if joined is None:
        return Tensor(numeric(data, dtype))
    return joined if dtype is None else joined.astype(dtype)
