"""How large an array a formula may make out of nothing, or of little."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcli.engine import Op, plain
from gradcli.engine.domain import BINARY

LARGEST = 1_000_000
"""Entries that a function may make out of nothing, or of little."""


def _prod(sizes: Any) -> float:
    return float(np.prod(np.asarray(sizes, float)))


def _joint(*arrays: Any) -> float:
    """Entries of the arrays broadcast; none where they do not fit, which the op will say."""
    try:
        return _prod(np.broadcast_shapes(*[np.shape(plain(a)) for a in arrays]))
    except ValueError:
        return 0.0


def _matmul(a: Any, b: Any, **_: Any) -> float:
    if np.ndim(a) < 2 or np.ndim(b) < 2:
        return 0.0
    return _joint(plain(a)[..., :1], plain(b)[..., :1, :])


def _repeat(x: Any, repeats: Any, axis: Any = None) -> float:
    total = np.sum(repeats, dtype=float)
    if axis is None:
        return float(total if np.ndim(repeats) else total * np.size(x))
    length = np.shape(x)[axis]
    return float(np.size(x) / max(length, 1) * (total if np.ndim(repeats) else total * length))


def _tile(x: Any, reps: Any) -> float:
    return np.size(x) * _prod(reps)


def _pad(x: Any, paddings: Any) -> float:
    widths = np.broadcast_to(np.asarray(paddings, float), (np.ndim(x), 2)).sum(axis=1)
    return _prod(np.shape(x) + widths)


def _chosen(x: Any, indices: Any, axis: Any = None) -> float:
    length = np.size(x) if axis is None else np.shape(x)[axis]
    return np.size(indices) * np.size(x) / max(length, 1)


def _getitem(x: Any, index: Any) -> float:
    """At most: every array in the index may go along the shortest axis."""
    parts = index if isinstance(index, tuple) else (index,)
    arrays = [part for part in parts if np.ndim(part) and plain(part).dtype.kind != "b"]
    if not arrays or not np.size(x):
        return 0.0
    return float(np.size(x) / min(np.shape(x)) * max(_joint(*arrays), 1))


def _diag(x: Any, k: int = 0) -> float:
    return (np.size(x) + abs(k)) ** 2.0 if np.ndim(x) == 1 else 0.0


def _einsum(operands: Sequence[Any], subscripts: str) -> float:
    """Entries of the outcome by the letters that it keeps; an ellipsis makes it no larger."""
    inputs, _, kept = subscripts.replace(" ", "").replace("...", "").partition("->")
    sizes: dict[str, int] = {}
    for letters, array in zip(inputs.split(","), operands):
        shape = np.shape(array)
        sizes |= dict(zip(letters, shape[len(shape) - len(letters) :]))
    if "->" not in subscripts:
        kept = "".join([letter for letter in sizes if inputs.count(letter) == 1])
    return _prod([sizes.get(letter, 1) for letter in kept])


def _windows(x: Any, size: Any, axes: Any = None, **_: Any) -> float:
    along = np.ndim(x) if axes is None else np.size(axes)
    return np.size(x) * _prod(np.broadcast_to(size, along))


def _spaced(start: Any, stop: Any, step: Any) -> float:
    if stop is None:
        start, stop = 0, start
    return float((plain(stop) - plain(start)) / plain(step))


_MADE: dict[str, Callable[..., float]] = {
    "eye": lambda n: float(n) ** 2,
    "zeros": lambda shape: _prod(shape),
    "ones": lambda shape: _prod(shape),
    "fill": lambda value, shape: _prod(shape),
    "broadcast_to": lambda x, shape: _prod(shape),
    "scatter": lambda x, index, shape: _prod(shape),
    "scatter_nd": lambda indices, updates, shape: _prod(shape),
    "arange": _spaced,
    "linspace": lambda start, stop, num, endpoint: num * _joint(start, stop),
    "one_hot": lambda labels, depth, dtype: np.size(labels) * depth,
    "repeat": _repeat,
    "tile": _tile,
    "pad": _pad,
    "outer": lambda a, b: np.size(a) * np.size(b),
    "kron": lambda a, b: np.size(a) * np.size(b),
    "meshgrid": lambda x, y, indexing: 2 * np.size(x) * np.size(y),
    "matmul": _matmul,
    "dense": lambda x, w, b: max(_matmul(x, w), _joint(b)),
    "take": _chosen,
    "gather": _chosen,
    "getitem": _getitem,
    "diag": _diag,
    "einsum": _einsum,
    "windows": _windows,
    "fold": lambda x, shape, **_: _prod(shape),
}
"""For functions that make arrays larger than what they are given: how large, at most."""


def is_limited(op: Op) -> bool:
    """Whether it is known how large the outcome of ``op`` becomes."""
    return op.name in _MADE or op.cases is BINARY


def require_small(op: Op, arrays: Sequence[Any], params: dict[str, Any]) -> None:
    """Raise ValueError where ``op`` of the values would make too many numbers."""
    if op.name in _MADE:
        given = [arrays] if op.takes_list else arrays
        size = _MADE[op.name](**dict(zip(op.names, given)), **params)
    elif op.cases is BINARY:
        size = _joint(*arrays)
    else:
        return
    if not size <= max(LARGEST, 4 * sum([np.size(plain(a)) for a in arrays if a is not None])):
        raise ValueError(f"{op.name} would make {size:.3g} numbers; {LARGEST:,} are allowed")
