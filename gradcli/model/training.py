"""A model in training: its steps on batches, and how it does on rows that it is judged by."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from gradcli.engine import Array
from gradcli.errors import SpecError
from gradcli.gradient import quiet
from gradcli.inputs.streams import Stream
from gradcli.inputs.values import Given, resolve
from gradcli.model.build import assemble, gather
from gradcli.model.data import Dataset, dataset
from gradcli.model.document import document
from gradcli.model.metrics import right, scores_of
from gradcli.model.model import Model
from gradcli.model.phases import (
    drawn_masks,
    masked,
    moving_start,
    run_trained,
    run_training,
)
from gradcli.problem import Arrays, Note, same
from gradcli.spec_keys import BATCH
from gradcli.stepping import Course

ROWS = 32
"""Rows a step where nothing else is asked for, as Keras has them."""
SCORED = " scored"
"""What the loss takes of the network is noted so, as no array is called."""
AT_ONCE = 1024
"""Rows that are judged together."""


class Totals(NamedTuple):
    """What has been seen of rows: sums, from which means come."""

    loss: float = 0.0
    """Of the losses, each times its rows."""
    rows: int = 0
    right: int = 0
    judged: int = 0
    """The rows of outputs that name a class, and those of them that are right."""

    def __add__(self, other: tuple[Any, ...]) -> Totals:
        return Totals(*[a + b for a, b in zip(self, other)])

    @property
    def mean(self) -> float:
        return self.loss / self.rows

    @property
    def accuracy(self) -> float | None:
        return self.right / self.judged if self.judged else None


class Step(NamedTuple):
    """What a step on one batch gives."""

    loss: Any
    gradients: Arrays
    seen: Totals
    moments: Arrays
    """Of the batch, by the names of what is gathered."""


class Training:
    """A model with the rows that it is trained on, and perhaps others that it is judged by."""

    def __init__(self, model: Model, data: Dataset, test: Dataset | None = None) -> None:
        """``model`` is that of a step: its batch is so many rows of ``data``."""
        self.model = model
        self.data = data
        self.test = test
        self.moving = moving_start(model.spec.layers, model.spec.dtype)
        """Moving means of moments before the first step."""
        learned = set(model.built.parameters)
        if not learned:
            raise SpecError(None, "a model without parameters cannot be trained")
        if not set(model.primals) <= learned:
            names = ", ".join(model.built.parameters)
            raise SpecError("wrt", f"training moves parameters: {names}")
        self._masked = masked(model.spec.layers)
        self._fixed = {n: a for n, a in model.arrays.items() if n not in ("x", "y", "mask")}
        self._course: Course | None = None

    @classmethod
    def from_spec(
        cls, mapping: Mapping[str, Any], folder: str | None, test: Mapping[str, Any]
    ) -> Self:
        """The model that ``mapping`` specifies, whose ``batch`` is the rows of a step.

        ``test`` has other x, and y or labels, or is empty. Raises SpecError naming the key.
        """
        given, asked = {**mapping, "batch": None}, mapping.get("batch")
        data = dataset(gather(given, folder, training=True))
        batch = min(len(data), ROWS if asked is None else BATCH.read(asked))
        model = Model(assemble(data.first(batch)))
        return cls(model, data, _others(given, folder, test, data) if test else None)

    @property
    def batch(self) -> int:
        """Rows of a step."""
        return len(self.model.x)

    @property
    def document(self) -> dict[str, Any]:
        """The specification of the model with all its rows."""
        built, data = self.model.built, self.data
        whole = built._replace(
            arrays={**built.arrays, **data.shown()},
            labels=data.labels,
            origins=data.gathered.origins,
        )
        spec = document(whole)
        test = {} if self.test is None else self.test.written("scale" not in spec)
        return {**spec, **{f"test_{name}": value for name, value in test.items()}}

    def masks(self, rows: int, stream: Callable[[], Stream]) -> Arrays:
        """What is drawn anew, from ``stream()``, for each step on so many ``rows``, by name."""
        if not self._masked:
            return {}
        return drawn_masks(self._masked, rows, stream(), self.model.spec.dtype)

    def step(self, params: Arrays, batch: Arrays) -> Step:
        """The loss at ``params`` of a ``batch``, its masks among it, and the gradients.

        The course of operations is traced once for each shape of a batch.
        """
        at = {**batch, **params}
        if self._course is None:
            self._course = Course(self._noting, at, params, {SCORED, *self.moving})
        loss, gradients, noted = self._course(at)
        output = noted.pop(SCORED)
        return Step(loss, gradients, self._seen(loss, output, batch), noted)

    def judge(
        self, params: Arrays, moving: Arrays, data: Dataset, rows: npt.NDArray[Any]
    ) -> Totals:
        """How the trained network does on some ``rows`` of ``data``: without masks, and with the
        ``moving`` means in place of a batch's own moments."""
        total = Totals()
        size = self.batch if self.model.spec.reduction == "sum" else max(AT_ONCE, self.batch)
        with quiet():
            for batch, arrays, through in self._trained({**params, **moving}, data, rows, size):
                loss = self.model.loss_from(*through, arrays)
                seen = self._seen(loss, self.model.scored(*through), batch)
                counted = self.model.counted(batch)
                total += seen._replace(loss=float(loss) * counted, rows=counted)
        return total

    def measured(
        self, params: Arrays, moving: Arrays, data: Dataset, rows: npt.NDArray[Any]
    ) -> dict[str, Any]:
        """What the model is asked for besides its loss, of the trained network on some ``rows``."""
        if not self.model.spec.asks:
            return {}
        found: dict[str, list[Any]] = {"scored": [], "y": [], "mask": []}
        with quiet():
            for batch, _, through in self._trained({**params, **moving}, data, rows, AT_ONCE):
                found["scored"].append(self.model.scored(*through))
                for name in batch.keys() & found.keys():
                    found[name].append(batch[name])
            whole = {name: np.concatenate(parts) for name, parts in found.items() if parts}
            return self.model.measured_of(whole.pop("scored"), whole, whole["y"])

    def _trained(
        self, learned: Arrays, data: Dataset, rows: npt.NDArray[Any], size: int
    ) -> Iterator[tuple[Arrays, Arrays, tuple[Array, Array]]]:
        """Some ``rows``, so many at once, all arrays with them, and what comes of them."""
        for start in range(0, len(rows), size):
            batch = data.batch(rows[start : start + size])
            arrays = {**self._fixed, **learned, **batch}
            yield batch, arrays, self.model.through(arrays, same, run_trained)

    def _noting(self, arrays: Mapping[str, Array], note: Note) -> Array:
        """The loss in training; what it takes is noted, and the moments of the batch."""
        every = {**self._fixed, **arrays}
        through = self.model.through(every, note, run_training)
        note(SCORED, self.model.scored(*through))
        return self.model.loss_from(*through, every)

    def _seen(self, loss: Any, output: Any, batch: Arrays) -> Totals:
        count = len(batch["x"])
        scores = scores_of(self.model.spec, output, batch["y"], batch.get("mask"))
        if scores is None:
            return Totals(float(loss) * count, count)
        hits = right(scores)
        return Totals(float(loss) * count, count, int(np.count_nonzero(hits)), len(hits))


def _others(
    mapping: Mapping[str, Any], folder: str | None, test: Mapping[str, Any], data: Dataset
) -> Dataset:
    """The rows that ``test`` has in place of those of ``mapping``; flat ones are of its x_shape."""
    nothing: dict[str, Any] = dict.fromkeys(("y", "labels", "mask", "x_shape"))
    try:
        x = resolve("x", test["x"], folder, mapped=True)
        shape = data.gathered.spec.x_shape
        if shape and isinstance(x, Given) and x.array.ndim == 1:
            nothing["x_shape"] = [max(x.array.size // math.prod(shape[1:]), 1), *shape[1:]]
        found = dataset(gather({**mapping, **nothing, **test, "x": x}, folder, training=True))
    except SpecError as error:
        key = f"test_{error.key}" if error.key in ("x", "y", "labels") else error.key
        raise SpecError(key, error.problem) from None
    row, wanted = found.gathered.sizes.row, data.gathered.sizes.row
    if row != wanted:
        raise SpecError("test_x", f"has rows of {row}, but those of x are {wanted}")
    return found
