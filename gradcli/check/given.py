"""Gradients that were given, and in how many digits."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class FloatFormat(NamedTuple):
    """A format of floating-point numbers."""

    name: str
    eps: float
    """From 1 to the next number; half of it is the unit roundoff."""
    smallest: float
    """Above 0."""


FLOAT16 = FloatFormat("float16", 2.0**-10, 2.0**-24)
BFLOAT16 = FloatFormat("bfloat16", 2.0**-7, 2.0**-133)


def format_of(dtype: np.dtype[Any]) -> FloatFormat:
    """That of a ``dtype`` of NumPy's; of whole numbers float64's."""
    found = np.finfo(dtype if dtype.kind == "f" else np.float64)
    return FloatFormat(dtype.name, float(found.eps), float(found.smallest_subnormal))


class Gradients(Mapping[str, npt.NDArray[Any]]):
    """Gradients by the names of parameters, and others that were given by their own."""

    def __init__(
        self,
        arrays: Mapping[str, npt.NDArray[Any]],
        matched: Mapping[str, str],
        coarse: Collection[str] = (),
    ) -> None:
        self._arrays = arrays
        self.matched = matched
        """By what each is called where it was given, the parameter, where these names differ."""
        self.coarse = coarse
        """The names of those that were given as bfloat16, which NumPy has as float32."""

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


def few_digits(given: Mapping[str, npt.NDArray[Any]], name: str) -> FloatFormat | None:
    """The format of one of those ``given``, if it has few digits."""
    if isinstance(given, Gradients) and name in given.coarse:
        return BFLOAT16
    return FLOAT16 if given[name].dtype == np.float16 else None
