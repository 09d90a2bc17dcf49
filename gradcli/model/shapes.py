"""Sizes and shapes, and inferring those that a spec leaves out."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.conventions.convention import convention_of
from gradcli.errors import SpecError
from gradcli.layers.layer import Layer, Shape
from gradcli.model.network import leaves
from gradcli.model.placed import Placed, back, front
from gradcli.model.rows import Values, columns_of, first_of, row_of_x, rows_in, told_by
from gradcli.model.spec import Spec


class Sizes(NamedTuple):
    """Rows, and the shape of one as it comes in and as it goes out, as the convention has them."""

    batch: int
    row: Shape
    output: Shape

    @property
    def out(self) -> int:
        """Units out."""
        return self.output[-1]


def infer(spec: Spec, given: Values, from_files: Collection[str] = ()) -> tuple[Spec, Sizes]:
    """``spec`` with what arrays tell of its layers, and the sizes.

    Sizes are those that the spec states, or else those of the arrays that are ``given`` by name,
    some of them ``from_files``.
    """
    for name, value in given.items():
        if isinstance(value, np.ndarray) and not value.size:
            raise SpecError(name, f"is empty: its shape is {value.shape}")
    x, y, labels = given["x"], given.get("y"), given.get("labels")
    row = row_of_x(spec, given, from_files)
    if row is None:
        raise SpecError("in", "needed: the shape of a row, such as 3 (or an x or w of numbers)")
    channels_first = convention_of(spec.convention).channels_first
    begins = channels_first and _has_channels(spec.layers, len(row))
    chain = _Chain(spec, given, channels_first)
    layers, end = chain.through(
        spec.layers, _End(back(row, begins), begins), "" if spec.loss else None
    )
    output = front(end.shape, end.first)
    count = None
    if isinstance(labels, np.ndarray):
        count = max(labels.size // math.prod(end.shape[:-1]), 1)
    batch = first_of(spec.batch, rows_in(x, row), rows_in(y, output), count) or 1
    return spec._replace(layers=layers), Sizes(batch, row, output)


def _has_channels(layers: Iterable[Placed], axes: int) -> bool:
    """Whether a row of so many ``axes`` is an image, or channels along one axis of positions."""
    kinds = [placed.layer.spatial for placed in leaves(layers)]
    return axes > 2 or (axes == 2 and next((k for k in kinds if k is not None), False))


class _End(NamedTuple):
    """What a layer hands on."""

    shape: Shape
    """Of a row, channels last."""
    first: bool
    """Whether the convention has the channels first there."""
    order: npt.NDArray[np.int64] | None = None
    """The order of its features against Keras's, where that is another."""


class _Row(tuple[int, ...]):
    """The shape of a row, channels last, that is shown with them first."""

    def __repr__(self) -> str:
        return repr(front(tuple(self), first=True))


class _Chain(NamedTuple):
    """What shapes are inferred from."""

    spec: Spec
    given: Values
    channels_first: bool

    def through(
        self, layers: Sequence[Placed], end: _End, within: str | None
    ) -> tuple[tuple[Placed, ...], _End]:
        """``layers`` with the shapes of their inputs, and what the last one hands on.

        What those of a residual hand on has the order of what they get.
        """
        found, wanted = [], end.order if within else None
        mixing = [i for i, placed in enumerate(layers) if not placed.layer.keeps_features]
        for i, placed in enumerate(layers):
            where = None if within is None else f"{within}layers[{i + 1}]"
            last = not within and i == len(layers) - 1
            layer = placed.layer
            if any(getattr(layer, key) is None for key in layer.inferred):
                placed = placed._replace(layer=self.completed(placed, where, last))
            inner = placed.inner
            try:
                if inner:
                    inner, after = self.through(inner, end, f"{where}." if where else "")
                    if after.shape != end.shape:
                        raise ValueError(
                            f"gets {front(end.shape, end.first)} and makes "
                            f"{front(after.shape, after.first)} of it, but adds the two: "
                            "they must be equal"
                        )
                else:
                    after = self.after(placed.layer, end, layers[i + 1 :])
                if mixing[-1:] == [i] and wanted is not None and not layer.lays:
                    after, placed = after._replace(order=wanted), placed._replace(made=wanted)
            except ValueError as error:
                raise SpecError(where, f"{layer.kind} {error}") from None
            placed = placed._replace(
                inner=inner, shape=end.shape, first=(end.first, after.first), order=end.order
            )
            found.append(placed)
            end = after
        return tuple(found), end

    def after(self, layer: Layer, end: _End, following: Sequence[Placed]) -> _End:
        """What ``layer`` hands on. Raises ValueError where it takes no such input."""
        if layer.axes and len(layer.axes) != len(end.shape):
            what = "images" if len(layer.axes) > 2 else "sequences"
            axes = front(layer.axes, self.channels_first and layer.axes[-1] == "channels")
            told = front(end.shape, end.first)
            raise ValueError(f"takes {what} ({', '.join(axes)}), not {told}")
        if layer.lays:
            shape = layer.output_shape(front(end.shape, end.first))
            first = end.first or _has_channels(following, len(shape))
        else:
            shape = tuple(layer.output_shape(_Row(end.shape) if end.first else end.shape))
            first = end.first if layer.spatial is None else layer.spatial
        first = self.channels_first and (len(shape) > 2 or (len(shape) == 2 and first))
        flat = len(end.shape) == len(shape) == 1
        order = end.order if flat and (layer.keeps_features or layer.lays) else None
        if layer.lays:
            if end.first and len(shape) == 1:
                entries = np.arange(math.prod(end.shape)).reshape(end.shape)
                order = np.moveaxis(entries, -1, 0).reshape(-1)
            shape = back(shape, first)
        return _End(shape, first, order)

    def completed(self, placed: Placed, where: str | None, last: bool) -> Layer:
        """The layer with what arrays tell of the keys that it leaves open."""
        layer, told = placed.layer, told_by(placed, self.given)
        if last and (columns := columns_of(self.given.get("y"))):
            told["units"] = columns
        missing = [key for key in layer.inferred if getattr(layer, key) is None]
        if any(key not in told for key in missing):
            raise _needed(self.spec, placed, where, last, missing)
        return layer.completed({key: told[key] for key in missing})


def _needed(
    spec: Spec, placed: Placed, where: str | None, last: bool, missing: list[str]
) -> SpecError:
    """What to give where nothing tells the ``missing`` keys of a layer."""
    arrays, keys = " or ".join(placed.names), " and ".join(missing)
    if where is None:
        return SpecError(missing[0], f"needed (or a {arrays} of numbers)")
    if last and "units" in missing:
        arrays = f"y, {arrays}"
    if spec.long:
        return SpecError(where, f"needs {keys} (or a {arrays} of numbers)")
    return SpecError("out", f"needed: the number of units out (or a {arrays} of numbers)")
