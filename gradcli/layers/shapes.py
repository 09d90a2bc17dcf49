"""Layers without parameters that change no number, or each by itself."""

from __future__ import annotations

import math

from gradcli.engine import Array
from gradcli.engine.ops.shape import reshape
from gradcli.layers.layer import Layer, Params, Shape
from gradcli.problem import Note


class Activation(Layer, kind="activation"):
    """An activation by itself."""

    act: str
    stacks = True


class Flatten(Layer, kind="flatten"):
    """All entries of a row along one axis."""

    rowwise = True
    lays = True
    reshapes = True
    keeps_features = False

    def output_shape(self, shape: Shape) -> Shape:
        return (math.prod(shape),)

    def forward(self, params: Params, x: Array, note: Note) -> Array:
        return reshape(x, (x.shape[0], -1))


class Reshape(Flatten, kind="reshape"):
    """The entries of a row, in order, in another shape."""

    shape: list[int]

    def output_shape(self, shape: Shape) -> Shape:
        found, count = list(self.shape), math.prod(shape)
        if not found:
            raise ValueError("needs an axis or more in its shape")
        known = math.prod([n for n in found if n != -1])
        if found.count(-1) == 1 and known and count % known == 0:
            found[found.index(-1)] = count // known
        if -1 in found or math.prod(found) != count:
            raise ValueError(f"makes {tuple(self.shape)}, but gets {shape}, {count} entries")
        return tuple(found)

    def forward(self, params: Params, x: Array, note: Note) -> Array:
        return reshape(x, (x.shape[0], *self.shape))
