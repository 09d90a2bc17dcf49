"""The rows that a loss takes: their targets, from class ids too, and which of them count."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.catalogue import LOSSES
from gradcli.engine.ops.comparison import one_hot
from gradcli.errors import SpecError
from gradcli.inputs.streams import Stream
from gradcli.model.fit import without_ones
from gradcli.model.placed import inward, outward
from gradcli.model.shapes import Sizes
from gradcli.model.spec import Spec


class Rows(NamedTuple):
    """The rows of a model's output: every index of its axes but that of the units."""

    spec: Spec
    sizes: Sizes

    @property
    def first(self) -> bool:
        """Whether the units are the first axis after the batch."""
        return self.spec.layers[-1].first[1]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the rows: (batch,), or (batch, time)."""
        output = self.sizes.output
        return (self.sizes.batch, *(output[1:] if self.first else output[:-1]))

    @property
    def units(self) -> int:
        return self.sizes.output[0 if self.first else -1]

    @property
    def binary(self) -> bool:
        """Whether one unit tells two classes apart."""
        assert self.spec.loss is not None
        return self.units == 1 and LOSSES[self.spec.loss].binary

    def mask(self, given: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """``given`` as 1 for each row that counts, else 0."""
        found = self._shaped("mask", given)
        odd = np.flatnonzero((found != 0) & (found != 1))
        if odd.size:
            value = found.flat[odd[0]]
            raise SpecError("mask", f"{value:g} at position {odd[0] + 1} is neither 1 nor 0")
        if not np.any(found):
            raise SpecError("mask", "leaves no row")
        return found.astype(np.int64)

    def labels(
        self, given: object, mask: npt.NDArray[np.int64] | None, stream: Stream
    ) -> npt.NDArray[np.int64]:
        """The class of each row, as given or drawn; 0 for one that is none and does not count."""
        classes = 2 if self.binary else self.units
        if not isinstance(given, np.ndarray):
            return stream.integers(math.prod(self.shape), classes).reshape(self.shape)
        ids = self._shaped("labels", given)
        if mask is not None:
            ids = np.where((mask == 0) & ~_are_whole(ids, classes), 0, ids)
        return whole_numbers("labels", ids, classes)

    def targets(self, labels: npt.NDArray[np.int64], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        """``labels`` as one-hot rows, or as they are for one unit that tells two classes."""
        inner = labels[..., None] if self.binary else one_hot(labels, self.units, dtype)
        return np.asarray(outward(inner, self.first))

    def counting(self, y: npt.NDArray[Any], mask: npt.NDArray[np.int64] | None) -> npt.NDArray[Any]:
        """``y`` with zeros in the rows that do not count."""
        if mask is None:
            return y
        rows = np.where(mask[..., None] != 0, inward(y, self.first), 0)
        return np.asarray(outward(rows, self.first))

    def require_classes(self, y: npt.NDArray[Any]) -> None:
        """Raise SpecError where the loss takes one class a row and ``y`` is of something else."""
        assert self.spec.loss is not None
        rows = np.asarray(inward(y, self.first)).reshape(-1, self.units)
        if LOSSES[self.spec.loss].one_class and not are_one_hot(rows):
            loss = self.spec.loss
            raise SpecError("y", f"{loss} takes one class a row, a 1 among zeros: give labels")

    def _shaped(self, key: str, given: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """``given``, one a row, in the shape of the rows; it may be flat."""
        batch, *lead = self.shape
        if given.size != math.prod(self.shape):
            needed = f"rows of the shape {self.shape}" if lead else f"a batch of {batch}: one a row"
            raise SpecError(key, f"{given.size} given for {needed}")
        if given.ndim > 1 and without_ones(given.shape) != without_ones(self.shape):
            raise SpecError(key, f"has shape {given.shape}, but rows are {self.shape}")
        return given.reshape(self.shape)


def are_one_hot(rows: npt.NDArray[Any]) -> bool:
    """Whether each of ``rows``, (rows, classes), is a 1 among zeros."""
    largest = rows[np.arange(len(rows)), rows.argmax(axis=1)]
    return bool(np.count_nonzero(rows) == np.count_nonzero(largest == 1) == len(rows))


def whole_numbers(key: str, ids: npt.NDArray[Any], count: int) -> npt.NDArray[np.int64]:
    """``ids`` as whole numbers below ``count``; refused where they are none."""
    flat = ids.reshape(-1)
    whole = _are_whole(flat, count)
    if not np.all(whole):
        at = int(np.argmin(whole))
        what = "a class" if key == "labels" else "a whole number"
        raise SpecError(
            key, f"{flat[at]:g} at position {at + 1} is not {what} from 0 to {count - 1}"
        )
    return ids.astype(np.int64)


def _are_whole(ids: npt.NDArray[Any], count: int) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = np.isfinite(ids) & (ids == np.floor(ids))
    return found & (ids >= 0) & (ids < count)
