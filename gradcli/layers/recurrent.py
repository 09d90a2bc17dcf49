"""Recurrent layers: a state that is renewed step by step along a sequence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from gradcli.engine import Array
from gradcli.engine.ops.comparison import stop_gradient
from gradcli.engine.ops.joining import concatenate
from gradcli.engine.ops.linear import dense
from gradcli.engine.ops.recurrent import recurrence
from gradcli.engine.ops.shape import moveaxis
from gradcli.inputs.initialisers import Fans
from gradcli.layers.layer import Forward, Layer, Params, Shape, with_slope_of
from gradcli.layers.weights import Parameter, Weight
from gradcli.problem import Arrays, Note


class Rnn(Layer, kind="rnn"):
    """h = act(x @ w + h @ u + b) at each step; h0, or zeros, before the first."""

    units: int
    sequences: bool
    act: str
    state: bool
    weights: ClassVar[tuple[Weight, ...]] = (
        Weight("w", decays=True),
        Weight("u", decays=True),
        Weight("b", "zeros"),
        Weight("h0", "zeros", optional=True),
    )
    inferred = ("units",)
    axes = ("time", "features")
    keeps_features = False
    spatial = False
    stacks = True
    cell: str = "rnn"
    gates: ClassVar[str] = "h"
    """The order of the columns of w, u and b, the units of a gate side by side."""
    orders: ClassVar[Mapping[str, str]] = {}
    """Other orders, each with the name of who has it."""
    carries: ClassVar[tuple[str, ...]] = ("h",)

    @property
    def activation(self) -> str:
        return "linear"

    @property
    def states(self) -> tuple[str, ...]:
        return self.carries if self.state else ()

    def told(self, given: Arrays) -> dict[str, Any]:
        shapes = [given[n].shape for n in "uw" if n in given and given[n].ndim == 2]
        return {"units": shapes[0][1] // len(self.gates)} if shapes else {}

    def parameters(self, shape: Shape, batch: int) -> dict[str, Parameter]:
        features, units, wide = shape[-1], self.units, len(self.gates) * self.units
        axes = "gates * units" if len(self.gates) > 1 else "units"
        found = {
            "w": Parameter((features, wide), f"(in, {axes})", Fans(features, wide), features=0),
            "u": Parameter((units, wide), f"(units, {axes})", Fans(units, wide)),
            "b": Parameter((wide,), f"({axes},)", Fans(wide, wide)),
        }
        first = Parameter((batch, units), "(batch, units)", Fans(batch, units))
        return {**found, **{f"{letter}0": first for letter in self.carries}}

    def output_shape(self, shape: Shape) -> Shape:
        return (shape[0], self.units) if self.sequences else (self.units,)

    def state_shapes(self, shape: Shape) -> dict[str, Shape]:
        return dict.fromkeys(self.states, (self.units,))

    def entries(self, shape: Shape) -> int:
        return 4 * shape[0] * (len(self.gates) + len(self.carries)) * self.units

    def forward(self, params: Params, x: Array, note: Note) -> Any:
        w, u, b = self.widened(params)
        first = self.first(params, x)
        x = moveaxis(x, -2, 0)
        if b.ndim > 1:  # a stack of it; or of another
            b = b[..., None, :]
        if x.ndim == 3 and any(p.ndim > 2 for p in (w, u, b, *first)):
            x = x[:, None]
        return self.outputs(self.run(dense(x, w, b), u, first))

    def run(self, z: Array, u: Array, first: Sequence[Array]) -> Array:
        """All states, (states, t, ..., batch, units)."""
        act = "identity" if self.act == "linear" else self.act
        return recurrence([z, u, *first], cell=self.cell, act=act)

    def stacked(self, letter: str, stack: npt.NDArray[Any], ndim: int) -> npt.NDArray[Any]:
        return stack

    def widened(self, params: Params) -> tuple[Array, Array, Array]:
        """w, u and b with a column for each of the gates of ``recurrence``."""
        return params["w"], params["u"], params["b"]

    def first(self, params: Params, x: Array) -> list[Array]:
        """The states before the first step."""
        zeros = np.zeros((x.shape[-3], self.units), x.dtype)
        return [params.get(f"{letter}0", zeros) for letter in self.carries]

    def outputs(self, run: Array) -> Any:
        """What the layer gives of all states."""
        y = moveaxis(run[0], 0, -2) if self.sequences else run[0, -1]
        return (y, *[run[k, -1] for k in range(len(self.states))]) if self.state else y

    def mistakes(self, batch: int) -> Iterator[tuple[str, Forward]]:
        for order, whose in self.orders.items():
            told = f"gates in the order {{gates:{order} {whose}}}, not {{gates:{self.gates}}}"
            for whole in (True, False):
                yield told, partial(self._reordered, order, whole)
        for carried in self._losses():
            told = f"the gradient by {' and '.join(carried)} is not carried from step to step"
            yield told, partial(self._stepwise, carried, None)
        for step in (0, -1):
            told = "the gradients by {w}, {u} and {b} are not summed over the steps"
            yield told, partial(self._stepwise, (), step)

    def _losses(self) -> Iterator[Sequence[str]]:
        yield self.carries
        if len(self.carries) > 1:
            yield from self.carries

    def _reordered(self, order: str, whole: bool, params: Params, x: Array, note: Note) -> Any:
        """Gates in another order, in value and gradient, or written so in the gradients alone."""
        n = self.units
        columns = [order.index(gate) * n + i for gate in self.gates for i in range(n)]
        changed = dict(params)
        for letter in "wub":
            moved = params[letter][..., columns]
            changed[letter] = moved if whole else with_slope_of(moved, params[letter])
        return self.forward(changed, x, note)

    def _stepwise(
        self, constant: Sequence[str], only: int | None, params: Params, x: Array, note: Note
    ) -> Any:
        """Step by step, some states constants to the step after; parameters in one step alone."""
        learned = self.widened(params)
        still = tuple([stop_gradient(p) for p in learned])
        steps, first = range(x.shape[1]), self.first(params, x)
        seen = []
        for t in steps:
            w, u, b = learned if only is None or steps[only] == t else still
            seen.append(self.run(dense(x[:, t][None], w, b), u, first))
            states = zip(self.carries, seen[-1][:, 0])
            first = [stop_gradient(s) if letter in constant else s for letter, s in states]
        return self.outputs(concatenate(seen, axis=1))


class Lstm(Rnn, kind="lstm"):
    """Gates i f c o: c = sigmoid(f) c + sigmoid(i) act(c'), h = sigmoid(o) act(c)."""

    weights = (*Rnn.weights, Weight("c0", "zeros", optional=True))
    cell = "lstm"
    gates = "ifco"
    orders: ClassVar = {"ifoc": "CS231n", "icfo": "TensorFlow 1", "iofc": "ONNX"}
    carries = ("h", "c")


class Gru(Rnn, kind="gru"):
    """Gates z r h: h = sigmoid(z) h + (1 - sigmoid(z)) act(h'), h' of h times sigmoid(r).

    The reset gate r acts after the product with u, which then has a bias of its own, or before.
    """

    reset_after: bool
    gates = "zrh"
    orders: ClassVar = {"rzh": "PyTorch"}

    @property
    def cell(self) -> str:  # type: ignore[override]
        return "gru" if self.reset_after else "gru_before"

    def parameters(self, shape: Shape, batch: int) -> dict[str, Parameter]:
        found = super().parameters(shape, batch)
        if self.reset_after:
            b, axes = found["b"], "(input and recurrent, gates * units)"
            found["b"] = Parameter((2, *b.shape), axes, b.fans)
        return found

    def widened(self, params: Params) -> tuple[Array, Array, Array]:
        """With reset after, x's and h's parts of h' stand apart: as two gates, one 0 in each."""
        if not self.reset_after:
            return super().widened(params)
        w, u, b, n = params["w"], params["u"], params["b"], self.units
        both, one = slice(0, 2 * n), slice(2 * n, None)
        w = concatenate([w, np.zeros((*w.shape[:-1], n), w.dtype)], axis=-1)
        apart = np.zeros((*u.shape[:-1], n), u.dtype)
        u = concatenate([u[..., both], apart, u[..., one]], axis=-1)
        x, h = b[..., 0, :], b[..., 1, :]
        return w, u, concatenate([x[..., both] + h[..., both], x[..., one], h[..., one]], axis=-1)
