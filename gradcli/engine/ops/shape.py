"""Shape: the same numbers, arranged otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcli.engine.axes import Axis
from gradcli.engine.domain import case
from gradcli.engine.op import composite, op
from gradcli.engine.ops.comparison import zeros_like
from gradcli.engine.tensor import Array, Outcome


@op(lambda g, y, x: g, rule="g", numpy=(np.conjugate, np.real))  # of real numbers
def identity(x: Array) -> Outcome:
    """``x`` itself."""
    return np.asarray(x)[()]


def _astype_vjp(g: Any, y: Any, x: Any, dtype: Any) -> Any:
    return g.astype(x.dtype) if np.dtype(dtype).kind == "f" else zeros_like(x)


@op(_astype_vjp, rule="g", cases=(case((3,), dtype=np.float64),), analytic=False, numpy=np.astype)
def astype(x: Array, dtype: Any) -> Outcome:
    """The same numbers in another dtype; in a whole number's the gradient ends."""
    return np.asarray(x).astype(dtype)


@op(
    lambda g, y, x, shape: g.reshape(x.shape),
    rule="g, reshaped back",
    numpy=np.reshape,
    aliases={"newshape": "shape"},
    cases=(case((2, 3), shape=(3, 2)), case((), shape=(1, 1)), case((4,), shape=(2, -1))),
)
def reshape(x: Array, shape: Any) -> Outcome:
    """The entries, in order, in another shape; one length may be -1."""
    return np.asarray(x).reshape(shape)


@composite("g, reshaped back", numpy=np.ravel, cases=(case((2, 3)), case(())))
def ravel(x: Array) -> Outcome:
    """The entries in order along one axis."""
    return reshape(x, (-1,))


@composite("g, reshaped back", cases=(case((2, 3)),))
def flatten(x: Array) -> Outcome:
    """The entries in order along one axis."""
    return reshape(x, (-1,))


# The sum that undoes a broadcast is the tape's own: see ``fit``.
@op(
    lambda g, y, x, shape: g,
    rule="g, summed over the repeated axes",
    numpy=np.broadcast_to,
    cases=(case((3,), shape=(2, 3)), case((2, 1), shape=(2, 3)), case((), shape=(2, 2))),
)
def broadcast_to(x: Array, shape: Any) -> Outcome:
    """``x`` repeated along new axes, and along axes of length 1."""
    # np.broadcast_to is slower than this copy for all but the largest arrays.
    x = np.asarray(x)
    y = np.empty(shape, x.dtype)
    y[...] = x
    return y


def _transpose_vjp(g: Any, y: Any, x: Any, axes: Any) -> Any:
    if axes is None:
        return g.transpose()
    order = [a % x.ndim for a in _listed(axes)]
    return g.transpose(tuple(sorted(range(x.ndim), key=order.__getitem__)))


@op(
    _transpose_vjp,
    rule="g, transposed back",
    numpy=np.transpose,
    aliases={"perm": "axes"},
    cases=(case((3,)), case((2, 3)), case((2, 3, 4), axes=(1, 2, 0))),
)
def transpose(x: Array, axes: Sequence[int] | None = None) -> Outcome:
    """The axes in another order, by default reversed."""
    return np.transpose(x, _listed(axes))


def _listed(numbers: Any) -> Any:
    if numbers is None or type(numbers) is tuple:
        return numbers
    return tuple(np.atleast_1d(numbers).tolist())


@composite("g, transposed back", numpy=np.swapaxes, cases=(case((2, 3, 4), axis1=0, axis2=2),))
def swapaxes(x: Array, axis1: int, axis2: int) -> Outcome:
    """Two axes exchanged."""
    return transpose(x, np.swapaxes(_axes_of(x), axis1, axis2).shape)


def _axes_of(x: Any) -> Any:
    """An array without entries whose shape numbers the axes: moved, it gives their order."""
    return np.empty(tuple(range(x.ndim)))


@composite(
    "g, transposed back",
    numpy=np.moveaxis,
    cases=(
        case((2, 3, 4), source=0, destination=-1),
        case((2, 3, 4), source=(0, 1), destination=(2, 0)),
    ),
)
def moveaxis(x: Array, source: Any, destination: Any) -> Outcome:
    """Axes moved to other places; the others keep their order."""
    return transpose(x, np.moveaxis(_axes_of(x), source, destination).shape)


@op(
    lambda g, y, x, axis: g.reshape(x.shape),
    rule="g, reshaped back",
    numpy=np.expand_dims,
    cases=(case((3,), axis=0), case((2, 3), axis=-1)),
)
def expand_dims(x: Array, axis: Any) -> Outcome:
    """A new axis of length 1."""
    return np.expand_dims(x, axis)


@op(
    lambda g, y, x, axis: g.reshape(x.shape),
    rule="g, reshaped back",
    numpy=np.squeeze,
    cases=(case((1, 3)), case((1, 3, 1), axis=0)),
)
def squeeze(x: Array, axis: Axis = None) -> Outcome:
    """Without axes of length 1."""
    return np.squeeze(x, axis)


@composite("g, reshaped back", numpy=np.atleast_1d, cases=(case(()),))
def atleast_1d(x: Array) -> Outcome:
    """A number as an array of one entry; arrays as they are."""
    return x if x.ndim else reshape(x, (1,))


@composite("g, reshaped back", numpy=np.atleast_2d, cases=(case((3,)),))
def atleast_2d(x: Array) -> Outcome:
    """A list of numbers as one row; tables as they are."""
    return x if x.ndim > 1 else reshape(x, (1, -1))


@composite("g, reshaped back", numpy=np.atleast_3d, cases=(case((3,)), case((2, 3))))
def atleast_3d(x: Array) -> Outcome:
    """As NumPy's: (n,) as (1, n, 1), (m, n) as (m, n, 1)."""
    if x.ndim > 2:
        return x
    return reshape(x, (1, -1, 1) if x.ndim < 2 else (*x.shape, 1))


# Other spellings.
cast = astype
