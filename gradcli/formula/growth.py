"""How much an op makes of what it is given, known before it is run.

An op of several arrays makes at most as many numbers as they have broadcast together, one of a
list as many as all of them; the ops that can make more have a row here, as have those that
make many parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcli.engine import Op, plain


def numbers(op: Op, arrays: Sequence[Any], params: dict[str, Any]) -> float:
    """The entries of the outcome of ``op``, and of any array on the way to it, at most."""
    shapes = [np.shape(plain(array)) for array in arrays if array is not None]
    sizes = [_prod(shape) for shape in shapes]
    least = sum(sizes) if op.takes_list else max(sizes, default=0.0)
    return max(least, _joint(*shapes), _told(NUMBERS, op, arrays, params))


def parts(op: Op, arrays: Sequence[Any], params: dict[str, Any]) -> float:
    """The outcomes of ``op``, or its passes over the data, where they can be many; else 0."""
    return _told(PARTS, op, arrays, params)


def _told(
    rows: dict[str, Callable[..., float]], op: Op, arrays: Sequence[Any], params: dict[str, Any]
) -> float:
    """What the row of ``op`` says; 0 without one, and of what the op will refuse in words."""
    if op.name not in rows:
        return 0.0
    given = [arrays] if op.takes_list else arrays
    try:
        return rows[op.name](**dict(zip(op.names, given)), **params)
    except (TypeError, ValueError, IndexError):
        return 0.0


def _prod(sizes: Any) -> float:
    return float(np.prod(np.asarray(sizes, float)))


def _joint(*shapes: tuple[int, ...]) -> float:
    """Entries of arrays of ``shapes`` broadcast; none where they do not fit."""
    try:
        return _prod(np.broadcast_shapes(*shapes))
    except ValueError:
        return 0.0


def _without(x: Any, axes: Sequence[int]) -> float:
    """Entries of ``x`` but for ``axes``."""
    shape = list(np.shape(x))
    for axis in axes:
        shape[axis] = 1
    return _prod(shape)


def _matmul(a: Any, b: Any) -> float:
    if np.ndim(a) < 2 or np.ndim(b) < 2:
        return 0.0
    rows, columns = np.shape(a)[:-1], np.shape(b)[-1]
    return _joint((*rows, 1), (*np.shape(b)[:-2], 1, columns))


def _solve(a: Any, b: Any) -> float:
    return _matmul(a, b) if np.ndim(b) > 1 else _joint(np.shape(a)[:-1], np.shape(b))


def _dense(x: Any, w: Any, b: Any) -> float:
    *stack, columns = np.shape(w)
    product = np.broadcast_shapes((*np.shape(x)[:-1], 1), (*stack[:-1], 1, columns))
    return max(_matmul(x, w), _joint(product, np.shape(b)))


def _dot(a: Any, b: Any) -> float:
    if not np.ndim(a) or not np.ndim(b):
        return 0.0
    return _without(a, [-1]) * _without(b, [max(np.ndim(b) - 2, 0)])


def _inner(a: Any, b: Any) -> float:
    return _without(a, [-1]) * _without(b, [-1]) if np.ndim(a) and np.ndim(b) else 0.0


def _tensordot(a: Any, b: Any, axes: Any) -> float:
    if np.ndim(axes) == 0:
        axes = range(np.ndim(a) - axes, np.ndim(a)), range(axes)
    left, right = (np.atleast_1d(part).tolist() for part in axes)
    return _without(a, left) * _without(b, right)


def _repeat(x: Any, repeats: Any, axis: Any) -> float:
    total = np.sum(repeats, dtype=float)
    if axis is None:
        return float(total if np.ndim(repeats) else total * np.size(x))
    length = np.shape(x)[axis]
    return float(np.size(x) / max(length, 1) * (total if np.ndim(repeats) else total * length))


def _pad(x: Any, paddings: Any) -> float:
    widths = np.broadcast_to(np.asarray(paddings, float), (np.ndim(x), 2)).sum(axis=1)
    return _prod(np.shape(x) + widths)


def _chosen(x: Any, indices: Any, axis: Any) -> float:
    length = np.size(x) if axis is None else np.shape(x)[axis]
    return float(np.size(indices) * np.size(x) / max(length, 1))


def _along(x: Any, indices: Any, axis: Any) -> float:
    return float(_without(x, [axis]) * np.shape(indices)[axis])


def _rows(x: Any, indices: Any) -> float:
    """Of positions given as rows, each of which may choose a slice."""
    count = np.shape(indices)[-1]
    return float(np.size(indices) / max(count, 1)) * _prod(np.shape(x)[count:])


def _getitem(x: Any, index: Any) -> float:
    """Entries of ``x[index]``: arrays are broadcast together, slices keep their axes."""
    parts = index if isinstance(index, tuple) else (index,)
    shape, kept, chosen = list(np.shape(x)), 1.0, []
    arrays = [np.asarray(plain(p)) for p in parts if not isinstance(p, _PLACES)]
    taken = sum([a.ndim if a.dtype == np.bool_ else 1 for a in arrays])
    taken += sum([isinstance(part, slice) for part in parts])
    for part in parts:
        if isinstance(part, slice):
            kept *= shape.pop(0)
        elif part is Ellipsis:
            while len(shape) > 0 and taken < np.ndim(x):
                kept, taken = kept * shape.pop(0), taken + 1
        elif part is not None:
            array = np.asarray(plain(part))
            truths = array.dtype == np.bool_
            chosen.append((np.count_nonzero(array),) if truths else array.shape)
            del shape[: array.ndim if truths else 1]
    return kept * _prod(shape) * _joint(*chosen)


_PLACES = (slice, type(Ellipsis), type(None))


def _diag(x: Any, k: int) -> float:
    return (np.size(x) + abs(k)) ** 2.0 if np.ndim(x) == 1 else 0.0


def _einsum(operands: Sequence[Any], subscripts: str) -> float:
    """Entries of the outcome by the letters that it keeps, and the ellipses broadcast."""
    inputs, arrow, kept = "".join(subscripts.split()).partition("->")
    sizes: dict[str, int] = {}
    dots = []
    for letters, array in zip(inputs.split(","), operands):
        head, _, tail = letters.partition("...")
        shape = np.shape(array)
        end = len(shape) - len(tail)
        dots.append(shape[len(head) : end])
        for letter, size in zip(head + tail, shape[: len(head)] + shape[end:]):
            sizes[letter] = max(size, sizes.get(letter, 1))
    if not arrow:
        kept = "..." + "".join([letter for letter in sizes if inputs.count(letter) == 1])
    named = _prod([sizes.get(letter, 1) for letter in kept])
    return named * _joint(*dots) if "..." in kept else named


def _windows(x: Any, size: Any, axes: Any, **_: Any) -> float:
    along = np.ndim(x) if axes is None else np.size(axes)
    return np.size(x) * _prod(np.broadcast_to(size, along))


def _conv(x: Any, w: Any, **given: Any) -> float:
    from gradcli.engine.ops.plan import planned  # only where it is asked for

    return max(planned(tuple(x), tuple(w), **given).entries, _prod(x), _prod(w))


def _pool(x: Any, **given: Any) -> float:
    from gradcli.engine.ops.sliding import pooled

    return _prod(pooled(np.shape(x), **given).outcome)


def _places(x: Any, size: Any, **_: Any) -> float:
    return _prod(np.broadcast_to(size, np.ndim(x) - 2))


def _spaced(start: Any, stop: Any, step: Any) -> float:
    if stop is None:
        start, stop = 0, start
    return float((plain(stop) - plain(start)) / plain(step))


def _sections(x: Any, sections: Any, axis: Any) -> float:
    return len(sections) + 1.0 if np.ndim(sections) else sections


NUMBERS: dict[str, Callable[..., float]] = {
    "eye": lambda n: float(n) ** 2,
    "zeros": lambda shape: _prod(shape),
    "ones": lambda shape: _prod(shape),
    "fill": lambda value, shape: _prod(shape),
    "broadcast_to": lambda x, shape: _prod(shape),
    "scatter": lambda x, index, shape: _prod(shape),
    "scatter_nd": lambda indices, updates, shape: _prod(shape),
    "fold": lambda x, shape, **_: _prod(shape),
    "arange": _spaced,
    "linspace": lambda start, stop, num, endpoint: num * _joint(np.shape(start), np.shape(stop)),
    "one_hot": lambda labels, depth, dtype: np.size(labels) * depth,
    "repeat": _repeat,
    "tile": lambda x, reps: np.size(x) * _prod(reps),
    "pad": _pad,
    "outer": lambda a, b: np.size(a) * np.size(b),
    "kron": lambda a, b: np.size(a) * np.size(b),
    "meshgrid": lambda x, y, indexing: 2 * np.size(x) * np.size(y),
    "matmul": _matmul,
    "dense": _dense,
    "dot": _dot,
    "inner": _inner,
    "tensordot": _tensordot,
    "solve": _solve,
    "take": _chosen,
    "gather": _chosen,
    "gather_nd": _rows,
    "take_along_axis": _along,
    "getitem": _getitem,
    "diag": _diag,
    "argwhere": lambda x: np.size(x) * np.ndim(x),
    "einsum": _einsum,
    "windows": _windows,
    "conv": lambda x, w, **given: _conv(np.shape(x), np.shape(w), **given),
    "conv_transpose": lambda x, w, shape, **given: _conv(shape, np.shape(w), **given),
    "conv_weights": lambda x, seen, shape, **given: _conv(np.shape(seen), shape, **given),
    "max_pool": _pool,
    "sum_pool": _pool,
    "sum_unpool": lambda x, shape, **_: _prod(shape),
}
"""Entries, at most, of ops that make more than their arrays broadcast together have."""
PARTS: dict[str, Callable[..., float]] = {
    "split": _sections,
    "array_split": _sections,
    "unstack": lambda x, axis: np.shape(x)[axis],
    "diff": lambda x, n, axis: n,
    "round": lambda x, decimals: abs(decimals),
    **dict.fromkeys(("max_pool", "max_unpool", "max_pick", "sum_pool", "sum_unpool"), _places),
}
"""Outcomes, or passes, of ops with many."""
