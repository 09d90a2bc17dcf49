"""The call of an op as a formula, the other way round: for proofs that go through the language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcli.engine import Op
from gradcli.formula.calls import DTYPES


class Written(NamedTuple):
    """A formula, and the values of the names in it."""

    text: str
    values: dict[str, Any]


def as_formula(op: Op, arrays: Sequence[Any], params: dict[str, Any]) -> Written:
    """The call of ``op`` of ``arrays`` and ``params``.

    Arrays of real numbers become the names ``a0 a1 ...`` with those values, all others are
    written out. Raises ValueError for a parameter that the language cannot write.
    """
    names = [f"a{i}" for i in range(len(arrays))]
    real = [getattr(array, "dtype", np.dtype(int)).kind == "f" for array in arrays]
    parts = [name if r else _constant(a) for name, r, a in zip(names, real, arrays)]
    values = {name: array for name, r, array in zip(names, real, arrays) if r}
    if op.name == "getitem":
        return Written(f"{parts[0]}[{index(params['index'])}]", values)
    given = {name: literal(value) for name, value in params.items()}
    order = [name for name in op.order if name in given]
    if op.takes_list:
        parts = parts if order else [f"[{', '.join(parts)}]"]
    arguments = [given.pop(name) for name in order] + parts
    arguments += [f"{name}={value}" for name, value in given.items()]
    return Written(f"{op.name}({', '.join(arguments)})", values)


def outcomes(text: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Each real array in ``value``, the outcome of the formula ``text``, with its own formula."""
    if isinstance(value, (tuple, list)):
        for i, part in enumerate(value):
            yield from outcomes(f"{text}[{i}]", part)
    elif value.dtype.kind == "f":
        yield text, value


def _constant(array: Any) -> str:
    """An array that carries no gradient; truths are 1 and 0, which count as them."""
    truths = getattr(array, "dtype", None) == np.bool_
    return literal(array.astype(int) if truths else array)


def literal(value: Any) -> str:
    """A parameter as it is written in a formula."""
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    if isinstance(value, str) and '"' not in value:
        return f'"{value}"'
    if isinstance(value, (type, np.dtype)):
        for name, dtype in DTYPES.items():
            if np.dtype(dtype) == np.dtype(value):
                return name
    if isinstance(value, (np.ndarray, np.generic)):
        return repr(value.tolist())
    if isinstance(value, tuple):
        return f"({''.join([literal(part) + ', ' for part in value])})"
    if isinstance(value, list):
        return f"[{', '.join([literal(part) for part in value])}]"
    raise ValueError(f"a formula cannot write {value!r}")


def index(value: Any) -> str:
    """An index as it stands in brackets."""
    if isinstance(value, tuple):
        return "".join([index(part) + ", " for part in value]) or "()"
    if isinstance(value, slice):
        bounds = [value.start, value.stop, value.step]
        return ":".join(["" if bound is None else literal(bound) for bound in bounds])
    return "..." if value is Ellipsis else literal(value)
