"""Rows of data as they were given, and the batches that a model is trained on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.errors import SpecError
from gradcli.inputs.streams import NumpyStream
from gradcli.inputs.values import written, written_out
from gradcli.model.build import Gathered
from gradcli.model.fit import fit_inputs, fit_targets, model_inputs
from gradcli.model.given import require_finite
from gradcli.model.targets import Rows, whole_numbers
from gradcli.problem import Arrays

Indices = slice | npt.NDArray[np.int64]


class Dataset(NamedTuple):
    """Rows of inputs with their targets; nothing is cast or copied before a batch is taken."""

    gathered: Gathered
    """The specification of the model, and the sizes: its batch is the number of rows."""
    x: npt.NDArray[Any]
    """(rows, *row), of any dtype; it may be mapped."""
    y: npt.NDArray[Any] | None
    """(rows, *output); None where there are labels."""
    labels: npt.NDArray[np.int64] | None
    """(rows, *lead): the class of each row of the output."""
    mask: npt.NDArray[np.int64] | None
    """(rows, *lead): which of these count."""

    def __len__(self) -> int:
        return len(self.x)

    def batch(self, rows: Indices) -> Arrays:
        """x, y and mask of some ``rows``, as the model takes them.

        Raises FileError where a file that they are read from has changed.
        """
        for file in self.gathered.mapped:
            file.require_unchanged()
        spec, sizes, *_ = self.gathered
        dtype = np.dtype(spec.dtype)
        x = self.x[rows]
        ids = spec.vocabulary is not None
        found = {"x": x if ids else model_inputs(x, sizes.row, spec.scale, dtype)}
        if self.labels is None:
            assert self.y is not None
            found["y"] = self.y[rows].astype(dtype, copy=False)
        else:
            labels = self.labels[rows]
            found["y"] = Rows(spec, sizes._replace(batch=len(labels))).targets(labels, dtype)
        return found if self.mask is None else {**found, "mask": self.mask[rows]}

    def shown(self) -> Arrays:
        """x, y and mask for a specification: as a model has them, but for what it names by file."""
        whole = {"x": self.x, "y": self.y, "mask": self.mask}
        found = {name: array for name, array in whole.items() if array is not None}
        if any(written_out(a, self.gathered.origins.get(name)) for name, a in found.items()):
            found |= {n: a for n, a in self.batch(slice(None)).items() if n in found}
        return found

    def written(self, scaled: bool) -> dict[str, Any]:
        """The same, and labels, each as a specification has it.

        Where x is divided by a scale it is ``scaled``, or as it was given for one that tells it.
        """
        labels = {} if self.labels is None else {"labels": self.labels}
        origins = self.gathered.origins
        found = {n: written(a, origins.get(n)) for n, a in {**self.shown(), **labels}.items()}
        if self.gathered.spec.scale != 1:
            if scaled:
                found["x"] = self.batch(slice(None))["x"]
            else:  # what is written out loses nothing in float64
                exact = self.x.astype(np.float64) if self.x.dtype.kind == "f" else self.x
                found["x"] = written(exact, origins.get("x"))
        return found

    def first(self, count: int) -> Gathered:
        """The specification of the model on the first ``count`` rows.

        Where none of these counts all do: a model has one that does.
        """
        given = {**self.gathered.given, "x": self.x[:count]}
        for name, rows in (("y", self.y), ("labels", self.labels), ("mask", self.mask)):
            given[name] = None if rows is None else rows[:count]
        if self.mask is not None and not np.any(self.mask[:count]):
            given["mask"] = np.ones_like(self.mask[:count])
        sizes = self.gathered.sizes._replace(batch=count)
        return self.gathered._replace(sizes=sizes, given=given)


def dataset(gathered: Gathered) -> Dataset:
    """The rows that were given. Raises SpecError where x, or its targets, were not."""
    spec, sizes, given, origins, warnings, *_ = gathered
    x = given["x"]
    if not isinstance(x, np.ndarray) or x.ndim == 0:
        raise SpecError("x", "needed: training takes rows of data, such as those of d.npz:x")
    if given["y"] is None and given["labels"] is None:
        raise SpecError("labels", "needed, or y: training takes a target for each row")
    rows = Rows(spec, sizes)
    x, seen = fit_inputs(x, sizes)
    gathered = gathered._replace(warnings=[*warnings, *([seen] if seen else [])])
    if spec.vocabulary is not None:
        x = whole_numbers("x", x, spec.vocabulary)
    mask = rows.mask(given["mask"]) if isinstance(given["mask"], np.ndarray) else None
    y = labels = None
    if isinstance(given["y"], np.ndarray):
        y, seen = fit_targets(given["y"], sizes)
        gathered = gathered._replace(warnings=[*gathered.warnings, *([seen] if seen else [])])
        if mask is not None:
            require_finite(spec, "y", rows.counting(y, mask), origins.get("y"))
        rows.require_classes(y)
    else:
        labels = rows.labels(given["labels"], mask, NumpyStream(0))
    return Dataset(gathered, x, y, labels, mask)
