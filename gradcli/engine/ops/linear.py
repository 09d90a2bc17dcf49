"""Products of arrays, and the dense layer."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from gradcli.engine.cotangents import unbroadcast
from gradcli.engine.domain import case
from gradcli.engine.op import composite, op
from gradcli.engine.ops.shape import reshape, transpose
from gradcli.engine.tensor import Array, Outcome


def _misfit(name: str, a: tuple[int, ...], b: tuple[int, ...]) -> ValueError:
    """Why there is no product of arrays of these shapes."""
    told = f"{name}: {a} @ {b}"
    if not a or not b:
        return ValueError(f"{told} has a number in it: multiply by * instead")
    rows = b[-2:][0]
    if a[-1] != rows:
        return ValueError(f"{told} does not fit: rows of {a[-1]} entries, columns of {rows}")
    return ValueError(f"{told} does not fit: stacks of {a[:-2]} and {b[:-2]} matrices")


def _matmul_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    if a.ndim > 1 and b.ndim > 1:
        return g @ b.mT
    if b.ndim == 1:
        return g[..., None] * b
    return (b @ g[..., None])[..., 0]


def _matmul_right(g: Any, y: Any, a: Any, b: Any) -> Any:
    if a.ndim > 1 and b.ndim > 1:
        return a.mT @ g
    if a.ndim == 1:
        return a * g[..., None] if b.ndim == 1 else a[:, None] * g[..., None, :]
    return (a.mT @ g[..., None])[..., 0]


@op(
    _matmul_left,
    _matmul_right,
    rule=("g @ b.T", "a.T @ g"),
    operator="matmul",
    numpy=np.matmul,
    cases=(
        case((2, 3), (3, 4)),
        case((3,), (3,)),
        case((2, 3), (3,)),
        case((3,), (3, 4)),
        case((2, 2, 3), (3, 4)),
        case((2, 1, 2, 3), (4, 3, 2)),
        case((3,), (2, 3, 4)),
    ),
)
def matmul(a: Array, b: Array) -> Outcome:
    """The matrix product, of stacks of matrices over all axes but the last two.

    Raises ValueError where the shapes do not fit.
    """
    try:
        return np.matmul(a, b)
    except ValueError:
        raise _misfit("matmul", np.shape(a), np.shape(b)) from None


@composite(
    ("g summed with b", "g summed with a"),
    numpy=np.tensordot,
    cases=(
        case((2, 3, 4), (3, 4, 2)),
        case((2, 3), (3, 4), axes=1),
        case((2,), (3,), axes=0),
        case((2, 3), (3, 2), axes=((0, 1), (1, 0))),
    ),
)
def tensordot(a: Array, b: Array, axes: Any = 2) -> Outcome:
    """The sum of products over the last axes of ``a`` and first of ``b``, or two lists of axes."""
    if np.ndim(axes) == 0:
        count = operator.index(axes)
        left, right = list(range(a.ndim - count, a.ndim)), list(range(count))
    else:
        left, right = ([int(i) for i in np.atleast_1d(part)] for part in axes)
    left = list(normalize_axis_tuple(left, a.ndim, "axes"))
    right = list(normalize_axis_tuple(right, b.ndim, "axes"))
    if [a.shape[i] for i in left] != [b.shape[i] for i in right]:
        raise ValueError(f"tensordot: axes {left} of {a.shape} do not fit {right} of {b.shape}")
    outer_a = [i for i in range(a.ndim) if i not in left]
    outer_b = [i for i in range(b.ndim) if i not in right]
    n = int(np.prod([a.shape[i] for i in left], dtype=int))
    rows = reshape(transpose(a, (*outer_a, *left)), (a.size // (n or 1), n))
    columns = reshape(transpose(b, (*right, *outer_b)), (n, b.size // (n or 1)))
    shape = (*[a.shape[i] for i in outer_a], *[b.shape[i] for i in outer_b])
    return reshape(rows @ columns, shape)


@composite(
    ("g @ b.T", "a.T @ g"),
    numpy=np.dot,
    cases=(case((2, 3), (3, 4)), case((3,), (3,)), case((), (2,)), case((2, 3), (2, 3, 4))),
)
def dot(a: Array, b: Array) -> Outcome:
    """As np.dot: a product of numbers, vectors and matrices; summed over the last axis of ``a``."""
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if a.ndim <= 2 and b.ndim <= 2:
        return a @ b
    return tensordot(a, b, axes=((a.ndim - 1,), (max(b.ndim - 2, 0),)))


@composite(
    ("g * b", "g * a"),
    numpy=np.inner,
    cases=(case((3,), (3,)), case((2, 3), (4, 3)), case((), (3,))),
)
def inner(a: Array, b: Array) -> Outcome:
    """The sum of products over the last axis of both."""
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return tensordot(a, b, axes=((a.ndim - 1,), (b.ndim - 1,)))


@composite(("g * b", "g * a"), numpy=np.vdot, cases=(case((2, 3), (2, 3)),))
def vdot(a: Array, b: Array) -> Outcome:
    """The sum of the products of all entries, in order."""
    return reshape(a, (-1,)) @ reshape(b, (-1,))


@op(
    lambda g, y, a, b: (g @ b.reshape(-1)).reshape(a.shape),
    lambda g, y, a, b: (a.reshape(-1) @ g).reshape(b.shape),
    rule=("g @ b", "a @ g"),
    numpy=np.outer,
    cases=(case((2,), (3,)), case((2, 2), (3,)), case((3,), ())),
)
def outer(a: Array, b: Array) -> Outcome:
    """Every entry of ``a`` times every entry of ``b``: (a.size, b.size)."""
    return np.outer(a, b)


@composite(
    ("g summed with b", "g summed with a"),
    numpy=np.kron,
    cases=(case((2,), (3,)), case((2, 2), (2, 3))),
)
def kron(a: Array, b: Array) -> Outcome:
    """The Kronecker product: each entry of ``a`` as a block, that many times ``b``."""
    ndim = max(a.ndim, b.ndim)
    sa, sb = ((1,) * (ndim - v.ndim) + v.shape for v in (a, b))
    wide = reshape(a, [n for size in sa for n in (size, 1)])
    deep = reshape(b, [n for size in sb for n in (1, size)])
    return reshape(wide * deep, [m * n for m, n in zip(sa, sb)])


@composite(("b x g", "g x a"), numpy=np.cross, cases=(case((3,), (3,)), case((2, 3), (2, 3))))
def cross(a: Array, b: Array) -> Outcome:
    """The cross product of vectors of three entries, along the last axis."""
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ValueError(f"cross takes vectors of 3 entries, not {a.shape} and {b.shape}")
    next_one, before = [1, 2, 0], [2, 0, 1]
    return a[..., next_one] * b[..., before] - a[..., before] * b[..., next_one]


@op(
    lambda g, y, a, b: g[..., None] * b,
    lambda g, y, a, b: g[..., None] * a,
    rule=("g * b", "g * a"),
    numpy=np.vecdot,
    cases=(case((3,), (3,)), case((2, 3), (2, 3)), case((3,), (2, 3))),
)
def vecdot(a: Array, b: Array) -> Outcome:
    """The sum of products along the last axis."""
    return np.vecdot(np.conj(a) if np.iscomplexobj(a) else a, b)  # NumPy's conjugates a


_SMALL = 4096
"""Entries up to which ndarray.dot, with less to decide than matmul, is the faster one."""


def _of_product(g: Any, x: Any, w: Any) -> Any:
    """``g`` in the shape of x @ w: a wider b has repeated it."""
    rows = x.shape[-2:-1]
    stacks = np.broadcast_shapes(x.shape[:-2], w.shape[:-2])
    return unbroadcast(g, (*stacks, *rows, w.shape[-1]))


def _dense_x(g: Any, y: Any, x: Any, w: Any, b: Any) -> Any:
    if g.shape[-1] != w.shape[-1]:
        g = _of_product(g, x, w)
    if w.ndim == 2 and g.ndim > 2:  # one product over all rows, not one each
        return (g.reshape((-1, g.shape[-1])) @ w.mT).reshape((*g.shape[:-1], len(w)))
    return g @ w.mT


def _dense_w(g: Any, y: Any, x: Any, w: Any, b: Any) -> Any:
    if x.ndim == 2 == g.ndim and len(x) == len(g):
        return x.mT @ g
    g = _of_product(g, x, w)
    if w.ndim == 2 and x.ndim > 2:
        return x.reshape((-1, x.shape[-1])).mT @ g.reshape((-1, g.shape[-1]))
    return _matmul_right(g, y, x, w)


@op(
    _dense_x,
    _dense_w,
    lambda g, y, x, w, b: g,
    rule=("g @ w.T", "x.T @ g", "sum of g over the batch"),
    cases=(
        case((2, 3), (3, 4), (4,)),
        case((1, 2), (2, 1), (1,)),
        case((3,), (3, 2), (2,)),
        case((2, 2, 3), (3, 4), (4,)),
        case((2, 3), (3, 4), (2, 4)),
        case((1, 3), (3, 2), (4, 2)),
        case((2, 3), (3, 2), (2, 1, 2)),
        case((2, 3), (3, 1), (4,)),
        case((3,), (3, 1), (4,)),
        case((2, 2, 3), (3, 1), (4,)),
    ),
)
def dense(x: Array, w: Array, b: Array) -> Outcome:
    """x @ w + b: x is (..., in), w (in, out) and b (out,) or what fits the outcome.

    Raises ValueError where the shapes do not fit.
    """
    try:
        if x.ndim == w.ndim == 2 and x.size <= _SMALL:
            return x.dot(w) + b
        if w.ndim == 2 and x.ndim > 2:  # a stack of inputs is one product, not one each
            z = (x.reshape(-1, x.shape[-1]) @ w).reshape((*x.shape[:-1], w.shape[-1]))
        else:
            z = x @ w
        if b.shape == z.shape[-1:] and b.dtype == z.dtype:  # in place: z is ours alone
            z += b
            return z
        return z + b
    except ValueError:
        if not x.ndim or not w.ndim or x.shape[-1] != w.shape[-2:][0]:
            raise _misfit("dense", x.shape, w.shape) from None
        raise
