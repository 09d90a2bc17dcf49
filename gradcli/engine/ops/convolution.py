"""Convolution, as networks have it: the kernel is not flipped.

One form of three arrays, linear in each, is the sum of upstream * conv(x, w); its derivatives
by the upstream, by x and by w are the three ops here, so that each is a vjp of the others.

An outcome keeps the axes of its memory as (groups, h, channels, w, batch), and so does what
elementwise ops make of it: the next convolution copies nothing but its windows. These are
copied along w alone; along h they overlap in memory (Cho & Brand, "MEC: memory-efficient
convolution for deep neural network", 2017), and a row of windows is one matrix.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradcli.engine.domain import case
from gradcli.engine.op import op
from gradcli.engine.ops.sliding import Sliding, sliding
from gradcli.engine.ops.windows import windows
from gradcli.engine.tensor import Array, Outcome


class Plan(NamedTuple):
    """A convolution of x (batch, h, w, channels) by numbers; one axis to slide along has h = 1."""

    batch: int
    channels: int
    """Of one group, as the filters."""
    filters: int
    groups: int
    h: Sliding
    w: Sliding
    line: bool
    """Whether there is but one axis to slide along."""

    @property
    def outcome(self) -> tuple[int, ...]:
        """The shape of the outcome."""
        rows = () if self.line else (self.h.windows,)
        return (self.batch, *rows, self.w.windows, self.groups * self.filters)

    @property
    def copied(self) -> int:
        """How many numbers of the windows are copied."""
        rows = self.h.before + self.h.length + self.h.after
        return self.batch * self.groups * rows * self.channels * self.w.size * self.w.windows

    @property
    def entries(self) -> int:
        """How many numbers the outcome, or all that the windows see, has at most."""
        seen = self.h.size * self.w.size * self.channels
        windows = self.batch * self.groups * self.h.windows * self.w.windows
        return max(windows * max(seen, self.filters), self.copied)

    def grouped(self, y: Any) -> Any:
        """An array in the shape of the outcome as (groups, oh, filters, ow * batch)."""
        split = (self.batch, self.h.windows, self.w.windows, self.groups, self.filters)
        moved = y.reshape(split).transpose(3, 1, 4, 2, 0)
        return moved.reshape(self.groups, self.h.windows, self.filters, -1)

    def seen(self, x: Any) -> Any:
        """What the windows of each row see: (groups, oh, kh * kw * channels, ow * batch)."""
        h, w = self.h, self.w
        x = x.reshape(self.batch, h.length, w.length, self.groups, self.channels)
        x = x.transpose(3, 1, 4, 2, 0)
        if h.before or h.after or w.before or w.after:
            rows, columns = h.before + h.length + h.after, w.before + w.length + w.after
            wide = np.zeros((self.groups, rows, self.channels, columns, self.batch), x.dtype)
            inside = slice(h.before, h.before + h.length), slice(w.before, w.before + w.length)
            wide[:, inside[0], :, inside[1]] = x
            x = wide
        x = windows.forward(x, w.size, w.stride, w.dilation, 3).transpose(0, 1, 4, 2, 3, 5)
        x = windows.forward(np.ascontiguousarray(x), h.size, h.stride, h.dilation, 1)
        return x.reshape(self.groups, h.windows, h.size * w.size * self.channels, -1)

    def laid(self, weights: Any, g: Any) -> Any:
        """The transpose of ``weights @ seen``, of g (groups, oh, filters, ow * batch)."""
        h, w = self.h, self.w
        parts = weights.reshape(self.groups, 1, self.filters, h.size, -1)
        shape = (self.groups, h.length, w.size, self.channels, w.windows, self.batch)
        rows = np.zeros((*shape[:2], w.size * self.channels, g.shape[-1]), np.result_type(parts, g))
        for i, at, to in h.spans():
            rows[:, to] += parts[:, :, :, i].mT @ g[:, at]
        rows = rows.reshape(shape)
        x = np.zeros((*shape[:2], self.channels, w.length, self.batch), rows.dtype)
        for j, at, to in w.spans():
            x[:, :, :, to] += rows[:, :, j, :, at]
        x = x.transpose(4, 1, 3, 0, 2)
        return x.reshape(self.batch, *(() if self.line else (h.length,)), w.length, -1)

    def matrices(self, w: Any) -> Any:
        """Weights as (groups, 1, filters, kh * kw * channels)."""
        split = (-1, self.groups, self.filters)
        return w.reshape(split).transpose(1, 2, 0)[:, None]


def planned(
    x: tuple[int, ...], w: tuple[int, ...], stride: Any, padding: Any, dilation: Any, groups: int
) -> Plan:
    """That of x (batch, [h,] w, channels) by weights ([kh,] kw, channels / groups, filters).

    Raises ValueError in words where they do not fit.
    """
    if len(x) not in (3, 4) or len(w) != len(x):
        raise ValueError(
            "conv takes x (batch, h, w, channels) and weights (kh, kw, channels, filters), or "
            f"both without h, not {x} and {w}"
        )
    if type(groups) is not int or groups < 1 or x[-1] % groups or w[-1] % groups:
        raise ValueError(
            f"groups divide the channels and the filters: not {groups} of {x[-1]} and {w[-1]}"
        )
    if w[-2] * groups != x[-1]:
        raise ValueError(
            f"weights {w} take {w[-2] * groups} channels in {groups} groups, x {x} has {x[-1]}"
        )
    axes = sliding(x[1:-1], w[:-2], stride, padding, dilation)
    line = len(axes) == 1
    h = Sliding(1, 1, 1, 1, 0, 0) if line else axes[0]
    return Plan(x[0], w[-2], w[-1] // groups, groups, h, axes[-1], line)


def _conv_x(g: Any, y: Any, x: Any, w: Any, *given: Any, **named: Any) -> Any:
    return conv_transpose(g, w, x.shape, *given, **named)


def _conv_w(g: Any, y: Any, x: Any, w: Any, *given: Any, **named: Any) -> Any:
    return conv_weights(g, x, w.shape, *given, **named)


@op(
    _conv_x,
    _conv_w,
    rule=("conv_transpose of g and w", "conv_weights of g and x"),
    cases=(
        case((2, 5, 4, 2), (3, 2, 2, 3)),
        case((1, 5, 6, 2), (2, 3, 1, 4), stride=(2, 1), padding="same", groups=2),
        case((2, 7, 2), (2, 2, 3), stride=2, padding=2, dilation=3),
        case((1, 5, 5, 1), (2, 2, 1, 1), padding=(0, 1), dilation=(2, 1)),
    ),
)
def conv(
    x: Array,
    w: Array,
    stride: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
    groups: int = 1,
) -> Outcome:
    """The sums of products of ``w`` with each window of ``x``: (batch, oh, ow, filters).

    x is (batch, h, w, channels) and w (kh, kw, channels / groups, filters), or both without h
    and kh; with groups, each part of the channels meets its part of the filters. Windows lie
    ``stride`` apart and hold every ``dilation``-th entry; ``padding``, of zeros, is valid, same
    or how many on both sides: one number, or one for each axis. Raises ValueError where that
    does not fit.
    """
    x, w = np.asarray(x), np.asarray(w)
    plan = planned(x.shape, w.shape, stride, padding, dilation, groups)
    y = plan.matrices(w) @ plan.seen(x)
    y = y.reshape(plan.groups, plan.h.windows, plan.filters, plan.w.windows, plan.batch)
    return y.transpose(4, 1, 3, 0, 2).reshape(plan.outcome)


def _require(name: str, shape: tuple[int, ...], plan: Plan) -> None:
    if shape != plan.outcome:
        raise ValueError(f"{name}: conv gives {plan.outcome} of these shapes, not {shape}")


def _transpose_w(g: Any, y: Any, x: Any, w: Any, shape: Any, *given: Any, **named: Any) -> Any:
    return conv_weights(x, g, w.shape, *given, **named)


@op(
    lambda g, y, x, w, shape, *given, **named: conv(g, w, *given, **named),
    _transpose_w,
    rule=("conv of g and w", "conv_weights of x and g"),
    cases=(
        case((2, 3, 3, 3), (3, 2, 2, 3), shape=(2, 5, 4, 2)),
        case((1, 3, 6, 4), (2, 3, 1, 4), shape=(1, 5, 6, 2), stride=(2, 1), padding="same",
             groups=2),
        case((2, 4, 3), (2, 2, 3), shape=(2, 7, 2), stride=2, padding=2, dilation=3),
    ),
)  # fmt: skip
def conv_transpose(
    x: Array,
    w: Array,
    shape: Any,
    stride: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
    groups: int = 1,
) -> Outcome:
    """The transpose of ``conv`` with ``w``: of what that gives, x, back to an array of ``shape``.

    It is the gradient of ``conv`` by its x. Raises ValueError where the shapes do not fit.
    """
    x, w = np.asarray(x), np.asarray(w)
    plan = planned(tuple(shape), w.shape, stride, padding, dilation, groups)
    _require("conv_transpose", x.shape, plan)
    return plan.laid(plan.matrices(w), plan.grouped(x))


@op(
    lambda g, y, x, seen, shape, *given, **named: conv(seen, g, *given, **named),
    lambda g, y, x, seen, shape, *given, **named: conv_transpose(
        x, g, seen.shape, *given, **named
    ),
    rule=("conv of seen and g", "conv_transpose of x and g"),
    cases=(
        case((2, 3, 3, 3), (2, 5, 4, 2), shape=(3, 2, 2, 3)),
        case((1, 3, 6, 4), (1, 5, 6, 2), shape=(2, 3, 1, 4), stride=(2, 1), padding="same",
             groups=2),
        case((2, 4, 3), (2, 7, 2), shape=(2, 2, 3), stride=2, padding=2, dilation=3),
    ),
)  # fmt: skip
def conv_weights(
    x: Array,
    seen: Array,
    shape: Any,
    stride: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
    groups: int = 1,
) -> Outcome:
    """The gradient of ``conv`` by weights of ``shape``: x is that of its outcome.

    ``seen`` is what was convolved. Raises ValueError where the shapes do not fit.
    """
    x, seen = np.asarray(x), np.asarray(seen)
    plan = planned(seen.shape, tuple(shape), stride, padding, dilation, groups)
    _require("conv_weights", x.shape, plan)
    # The other way round, the transpose of this product, takes half as long again.
    found = np.add.reduce(plan.seen(seen) @ plan.grouped(x).mT, 1)
    return found.transpose(1, 0, 2).reshape(shape)
