"""Variable: a Tensor whose value can be replaced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.engine.tensor import Tensor, numeric, require_floating


class Variable(Tensor):
    """A Tensor whose value can be replaced, and that every recording tape watches by itself.

    Unless ``trainable`` is false: then a tape watches it where it is told to.
    """

    __slots__ = ("name", "trainable")

    def __init__(self, value: Any, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(value if hasattr(value, "dtype") else numeric(value, None))
        self.trainable = trainable
        self.name = name

    def assign(self, value: Any) -> Variable:
        """Replace the value by ``value``, of the same shape; it is cast to the dtype.

        What tapes have recorded stays as it was. Raises ValueError for another shape, and
        GradientError for a Tensor that a tape follows: its gradient would end here.
        """
        return self._replace(value, lambda new: new)

    def assign_add(self, delta: Any) -> Variable:
        """Replace the value by ``value + delta``; see ``assign``."""
        return self._replace(delta, lambda new: self.value + new)

    def assign_sub(self, delta: Any) -> Variable:
        """Replace the value by ``value - delta``; see ``assign``."""
        return self._replace(delta, lambda new: self.value - new)

    def _replace(self, given: Any, combine: Callable[[Any], Any]) -> Variable:
        if isinstance(given, Tensor):
            given._leave("the value of a Variable")
        new = np.asarray(combine(numeric(given, None)), self.dtype)
        if new.shape != self.shape:
            raise ValueError(f"assign: the Variable has shape {self.shape}, the value {new.shape}")
        self.value = new.copy()[()] if new.ndim == 0 else new.copy()
        return self

    def __copy__(self) -> Variable:
        """A Variable of its own, where no tape follows this one."""
        self._leave("the value of another Variable")
        return Variable(self.value.copy(), self.trainable, self.name)

    def __reduce__(self) -> Any:
        self._leave("bytes")
        return Variable, (self.value, self.trainable, self.name)

    def __repr__(self) -> str:
        return f"Variable({self.value}, shape={self.shape}, dtype={self.dtype})"


def variable(
    data: Any,
    dtype: npt.DTypeLike | None = None,
    trainable: bool = True,
    name: str | None = None,
) -> Variable:
    """A Variable with a copy of ``data``, its dtype NumPy's unless ``dtype`` is given.

    Every recording tape watches it by itself if it is ``trainable``. Raises DtypeError unless
    the dtype is floating point, or if it is not trainable, numeric.
    """
    if isinstance(data, Tensor):
        data._leave("the value of a Variable")
    value = numeric(data, dtype)
    if trainable:
        require_floating(value)
    return Variable(value, trainable, name)
