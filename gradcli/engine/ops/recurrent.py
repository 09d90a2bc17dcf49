"""Recurrence: cells that are run over the steps of a sequence, and the way back through time.

A cell is one function. It makes its states after a step from those before it, from ``z``, what
the input brings, and ``u``, the recurrent weights; and it tells its way back: from the
cotangents of the states after to those of ``z`` and of the states before. It takes one step, or
all steps at once with an axis more in front. The way back does so: the states are known by then,
what depends on them is made for all steps at once, and only the running cotangents are left to a
loop (Werbos, "Backpropagation through time", 1990).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcli.engine.domain import case, unit
from gradcli.engine.op import op
from gradcli.engine.operation import Op
from gradcli.engine.ops.activation import sigmoid
from gradcli.engine.registry import REGISTRY
from gradcli.engine.tensor import Array, Outcome, Tensor

_Back = Callable[..., tuple[Any, ...]]
"""(step, cotangents of the states after) -> those of z, and of each state before."""
_Way = Callable[[], tuple[tuple[Any, ...], _Back]]
"""What u is multiplied with, for each of as many equal parts of its columns; a step's way."""


def _rnn(act: Op, z: Any, u: Any, h: Any) -> tuple[tuple[Any, ...], _Way]:
    """Elman 1990."""
    a = z + _product(h, u)
    after = act(a)

    def way() -> Any:
        def back(t: int, dh: Any) -> Any:
            dz = _slope(act, dh, after[t], a[t])
            return dz, dz @ u.mT

        return (h,), back

    return (after,), way


def _lstm(act: Op, z: Any, u: Any, h: Any, c: Any) -> tuple[tuple[Any, ...], _Way]:
    """Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000; gates i f c o."""
    gates = z + _product(h, u)
    i, f, _, o = _parts(_gate(gates), 4)
    a = _parts(gates, 4)[2]
    k = act(a)
    cell = f * c + i * k
    shown = act(cell)

    def way() -> Any:
        no_i, no_f, _, no_o = _parts(_gate(-gates), 4)
        to_i, to_f, to_o = k * i * no_i, c * f * no_f, shown * o * no_o

        def back(t: int, dh: Any, dc: Any) -> Any:
            dc = dc + _slope(act, dh * o[t], shown[t], cell[t])
            da = _slope(act, dc * i[t], k[t], a[t])
            dz = np.concatenate([dc * to_i[t], dc * to_f[t], da, dh * to_o[t]], -1)
            return dz, dz @ u.mT, dc * f[t]

        return (h,), back

    return (o * shown, cell), way


def _gru(act: Op, z: Any, u: Any, h: Any) -> tuple[tuple[Any, ...], _Way]:
    """Cho et al. 2014, the reset gate after the product: gates z r, then x's and h's parts of h."""
    a = z + _product(h, u)
    gates = a[..., : a.shape[-1] // 2]
    keep, reset = _parts(_gate(gates), 2)
    from_h = _parts(a, 4)[3]
    a = _parts(a, 4)[2] + reset * from_h
    k = act(a)

    def way() -> Any:
        no_keep, no_reset = _parts(_gate(-gates), 2)
        to_keep, to_reset = (h - k) * keep * no_keep, from_h * reset * no_reset
        share = 1 - keep

        def back(t: int, dh: Any) -> Any:
            da = _slope(act, dh * share[t], k[t], a[t])
            dz = np.concatenate([dh * to_keep[t], da * to_reset[t], da, da * reset[t]], -1)
            return dz, dz @ u.mT + dh * keep[t]

        return (h,), back

    return (keep * h + (1 - keep) * k,), way


def _gru_before(act: Op, z: Any, u: Any, h: Any) -> tuple[tuple[Any, ...], _Way]:
    """The same, the reset gate before the product, as in the paper: gates z r h."""
    n = h.shape[-1]
    u, u_h = u[..., : 2 * n], u[..., 2 * n :]
    gates = z[..., : 2 * n] + _product(h, u)
    keep, reset = _parts(_gate(gates), 2)
    left = reset * h
    a = z[..., 2 * n :] + _product(left, u_h)
    k = act(a)

    def way() -> Any:
        no_keep, no_reset = _parts(_gate(-gates), 2)
        to_keep, to_reset = (h - k) * keep * no_keep, h * reset * no_reset
        share = 1 - keep

        def back(t: int, dh: Any) -> Any:
            da = _slope(act, dh * share[t], k[t], a[t])
            dleft = da @ u_h.mT
            dz = np.concatenate([dh * to_keep[t], dleft * to_reset[t]], -1)
            before = dz @ u.mT + dh * keep[t] + dleft * reset[t]
            return np.concatenate([dz, da], -1), before

        return (h, h, left), back

    return (keep * h + (1 - keep) * k,), way


class _Cell(NamedTuple):
    """What a recurrence runs."""

    step: Callable[..., tuple[tuple[Any, ...], _Way]]
    """(act, z, u, *states before) -> the states after, and the way back."""
    gates: int
    """How many times the units z and u are wide."""
    states: int = 1


_CELLS = {
    "rnn": _Cell(_rnn, 1),
    "lstm": _Cell(_lstm, 4, states=2),
    "gru": _Cell(_gru, 4),
    "gru_before": _Cell(_gru_before, 3),
}


def _product(h: Any, u: Any) -> Any:
    """h @ u, as one product where ``h`` has the states of all steps."""
    if h.ndim < 3 or u.ndim > 2:
        return h @ u
    return (h.reshape((-1, h.shape[-1])) @ u).reshape((*h.shape[:-1], u.shape[-1]))


def _rows(a: Any) -> Any:
    """(t, ..., batch, n) as (..., t * batch, n)."""
    last = np.moveaxis(a, 0, -3)
    return last.reshape((*last.shape[:-3], -1, last.shape[-1]))


def _parts(a: Any, count: int) -> list[Any]:
    """Equal parts of the last axis."""
    n = a.shape[-1] // count
    return [a[..., i * n : (i + 1) * n] for i in range(count)]


def _gate(a: Any) -> Any:
    """sigmoid(a); of -a it is 1 - sigmoid(a) to all digits.

    On plain arrays in half the op's time, and without its care for denormal numbers.
    """
    if isinstance(a, Tensor):
        return sigmoid(a)
    e = -a
    np.exp(e, e)  # may be inf, and its reciprocal 0
    e += 1
    return np.reciprocal(e, e)


def _slope(act: Op, g: Any, y: Any, x: Any) -> Any:
    (vjp,) = act.vjps
    assert vjp is not None
    return vjp(g, y, x, **act.defaults)


def _through_time(g: Any, y: Any, arrays: Sequence[Any], cell: str, act: str) -> Any:
    z, u, *first = arrays
    rows = [np.broadcast_to(h, y.shape[2:]) for h in first]
    before = [np.concatenate([h[None], y[k, :-1]]) for k, h in enumerate(rows)]
    with np.errstate(over="ignore"):
        _, way = _CELLS[cell].step(REGISTRY[act], z, u, *before)
        factors, back = way()
    carried: list[Any] = [0] * len(first)
    steps = []
    for t in reversed(range(len(z))):
        dz, *carried = back(t, *[d + g[k, t] for k, d in enumerate(carried)])
        steps.append(dz)
    dz = np.stack(steps[::-1])

    def at(i: int) -> Any:
        if i != 1:
            return carried[i - 2] if i else dz
        sides = zip(factors, _parts(dz, len(factors)))
        return np.concatenate([_rows(h).mT @ _rows(d) for h, d in sides], -1)

    return at


@op(
    _through_time,
    rule="g carried back through the steps",
    domain=unit,
    analytic=False,
    cases=(
        case((3, 2, 2), (2, 2), (2, 2), cell="rnn"),
        case((2, 1, 8), (2, 8), (1, 2), (1, 2), cell="lstm"),
        case((3, 2, 4), (1, 4), (2, 1), (2, 1), cell="lstm", act="softplus"),
        case((3, 2, 4), (1, 4), (2, 1), cell="gru"),
        case((2, 1, 8), (2, 8), (1, 2), cell="gru", act="softmax"),
        case((2, 2, 6), (2, 6), (2, 2), cell="gru_before"),
        case((2, 3, 2, 4), (1, 4), (2, 1), (2, 1), cell="lstm"),
        case((2, 1, 2, 3), (3, 1, 3), (2, 1), cell="gru_before"),
    ),
)
def recurrence(arrays: Sequence[Array], cell: str, act: str = "tanh") -> Outcome:
    """The states of a recurrent cell after each step of a sequence: (states, t, batch, units).

    ``arrays`` are z (t, batch, gates * units), what the input brings to the gates, u (units,
    gates * units) and each of the first states (batch, units): ``cell`` is rnn, gru or
    gru_before, which have the state h, or lstm, which has h and c. There may be stacks of
    each, with axes before those of a matrix, which are broadcast. ``act`` is the name of the op
    that makes the state. Raises ValueError where the shapes do not fit.
    """
    z, u, *first = arrays
    if cell not in _CELLS:
        raise ValueError(f"recurrence: cell is one of {', '.join(_CELLS)}, not {cell!r}")
    step, gates, count = _CELLS[cell]
    units, wide = u.shape[-2:] if u.ndim > 1 else (0, 0)
    fits = z.ndim > 2 and len(z) and z.shape[-1] == wide == gates * units and len(first) == count
    if not fits:
        raise ValueError(
            f"recurrence: {cell} has {gates} gates, {count} states and at least one step, which "
            f"z {z.shape}, u {u.shape} and {[h.shape for h in first]} do not fit"
        )
    states = tuple(first)
    stacks = [z.shape[1:-2], u.shape[:-2], *[h.shape[:-2] for h in first]]
    rows = (*np.broadcast_shapes(*stacks), z.shape[-2])
    y = np.empty((count, len(z), *rows, units), np.result_type(*arrays))
    function = REGISTRY.named(act)
    with np.errstate(over="ignore"):
        for t in range(len(z)):
            states, _ = step(function, z[t], u, *states)
            for k, state in enumerate(states):
                y[k, t] = state
    return y
