"""How a convolution is gone over, on plain arrays.

An outcome keeps the axes of its memory as (groups, h, channels, w, batch), and so does what
elementwise ops make of it: the next convolution copies nothing but its windows. These are
copied along w alone; along h they overlap in memory (Cho & Brand, "MEC: memory-efficient
convolution for deep neural network", 2017), and a row of windows is one matrix.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradcli.engine.ops.sliding import Sliding, sliding
from gradcli.engine.ops.windows import windows


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
        """How many numbers of the windows, and of the margin, are copied."""
        h, w = self.h, self.w
        columns = w.before + w.length + w.after + w.size * w.windows
        return self.batch * self.groups * (h.before + h.length + h.after) * self.channels * columns

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
