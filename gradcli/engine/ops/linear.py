"""Linear algebra, and the dense layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.engine.domain import case, nonzero
from gradcli.engine.op import Composite, CompositeOfList, op
from gradcli.engine.ops.arithmetic import maximum
from gradcli.engine.ops.reduction import norm, sum


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


matmul = op(
    "matmul(a, b)", np.matmul, _matmul_left, _matmul_right,
    rule=("g @ b.T", "a.T @ g"), operator="matmul",
    cases=(
        case((2, 3), (3, 4)), case((3,), (3,)), case((2, 3), (3,)), case((3,), (3, 4)),
        case((2, 2, 3), (3, 4)), case((2, 1, 2, 3), (4, 3, 2)), case((3,), (2, 3, 4)),
    ),
)  # fmt: skip


def _dot(a: Any, b: Any) -> Any:
    a, b = (np.asarray(v) if isinstance(v, list) else v for v in (a, b))
    if a.ndim > 2 or b.ndim > 2:
        raise ValueError(f"dot takes up to two axes, not {a.ndim} and {b.ndim}: use matmul")
    return a * b if a.ndim == 0 or b.ndim == 0 else matmul(a, b)


dot = op(
    "dot(a, b)", _dot,
    rule=("g @ b.T", "a.T @ g"), kind=Composite, numpy=np.dot,
    cases=(case((2, 3), (3, 4)), case((3,), (3,)), case((), (2,))),
)  # fmt: skip
outer = op(
    "outer(a, b)", np.outer,
    lambda g, y, a, b: (g @ b.reshape(-1)).reshape(a.shape),
    lambda g, y, a, b: (a.reshape(-1) @ g).reshape(b.shape),
    rule=("g @ b", "a @ g"), numpy=np.outer, cases=(case((2,), (3,)), case((2, 2), (3,))),
)  # fmt: skip


def _vecdot(a: Any, b: Any) -> Any:
    return np.vecdot(np.conj(a) if np.iscomplexobj(a) else a, b)  # NumPy's conjugates a


vecdot = op(
    "vecdot(a, b)", _vecdot,
    lambda g, y, a, b: g[..., None] * b, lambda g, y, a, b: g[..., None] * a,
    rule=("g * b", "g * a"), numpy=np.vecdot,
    cases=(case((3,), (3,)), case((2, 3), (2, 3)), case((3,), (2, 3))),
)  # fmt: skip
_SMALL = 4096
"""Entries up to which ndarray.dot, with less to decide than matmul, is the faster one."""


def _dense(x: Any, w: Any, b: Any) -> Any:
    if x.ndim == w.ndim == 2:
        return x.dot(w) + b if x.size <= _SMALL else x @ w + b
    if w.ndim == 2:  # a stack of inputs is one product, not one each
        z = (x.reshape(-1, x.shape[-1]) @ w).reshape((*x.shape[:-1], -1))
    else:
        z = x @ w
    if b.ndim == 1 and b.dtype == z.dtype:
        z += b
        return z
    return z + b


dense = op(
    "dense(x, w, b)", _dense,
    lambda g, y, x, w, b: g @ w.mT, lambda g, y, x, w, b: x.mT @ g, lambda g, y, x, w, b: g,
    rule=("g @ w.T", "x.T @ g", "sum of g over the batch"),
    cases=(case((2, 3), (3, 4), (4,)), case((1, 2), (2, 1), (1,))),
)  # fmt: skip


def _clip_by_norm(x: Any, clip_norm: float, axis: Any = None) -> Any:
    """``x`` scaled down to the norm ``clip_norm`` where its own is larger."""
    return x * (clip_norm / maximum(norm(x, axis=axis, keepdims=True), clip_norm))


def _clip_by_global_norm(arrays: Any, clip_norm: float) -> tuple[list[Any], Any]:
    """All ``arrays`` scaled by one factor, and the global norm that they had."""
    total = sum(arrays[0] * arrays[0])
    for array in arrays[1:]:
        total = total + sum(array * array)
    whole = total**0.5
    return [a * (clip_norm / maximum(whole, clip_norm)) for a in arrays], whole


clip_by_norm = op(
    "clip_by_norm(x, clip_norm)", _clip_by_norm,
    rule="g scaled, less its part along x", kind=Composite, domain=nonzero,
    cases=(case((3,), clip_norm=0.25), case((2, 3), clip_norm=100.0)),
    analytic=False,
)  # fmt: skip
clip_by_global_norm = op(
    "clip_by_global_norm(arrays, clip_norm)", _clip_by_global_norm,
    rule="g scaled, less its part along the arrays", kind=CompositeOfList,
    cases=(case((2,), (3,), clip_norm=0.5), case((2,), (2, 2), clip_norm=100.0)),
    analytic=False,
)  # fmt: skip
