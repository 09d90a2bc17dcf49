"""Building a model: a specification in, its arrays out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.catalogue import INITIALISERS, LOGITS_OF
from gradcli.engine.ops.comparison import one_hot
from gradcli.errors import SpecError
from gradcli.inputs.files import reads_stdin
from gradcli.inputs.initialisers import initialise
from gradcli.inputs.streams import NumpyStream, Stream, TensorflowStream
from gradcli.inputs.values import Given, require_array, resolve
from gradcli.model.lint import lint_spec
from gradcli.model.memory import require_memory
from gradcli.model.shapes import Sizes, fit_inputs, fit_parameter, fit_targets, infer, stand_columns
from gradcli.model.spec import Spec, parse_spec
from gradcli.problem import Arrays


class Built(NamedTuple):
    """What a model is made of. x is (batch, in), y is (batch, out), all in one dtype."""

    spec: Spec
    x: npt.NDArray[Any]
    y: npt.NDArray[Any]
    parameters: Arrays
    document: dict[str, Any]
    """The specification that gives this model again, its files read in."""
    warnings: list[str]
    exact: Arrays
    """What was given, before it was rounded to the dtype: float64, by name."""


def build(mapping: Mapping[str, Any], folder: str | None) -> Built:
    """The arrays that ``mapping`` specifies; relative files are taken from ``folder``.

    Raises SpecError naming the key at fault, TooLargeError where memory would not do.
    """
    return _Builder(parse_spec(mapping), mapping, folder).build()


class _Builder:
    """Turns a spec into arrays: reads what is given, infers sizes, draws the rest."""

    def __init__(self, spec: Spec, mapping: Mapping[str, Any], folder: str | None) -> None:
        self.spec = spec
        self.document = {key: value for key, value in mapping.items() if value is not None}
        self.folder = folder
        self.dtype = np.dtype(spec.dtype)
        self.warnings = lint_spec(spec)

    def build(self) -> Built:
        given = self._read()
        sizes = infer(self.spec, given)
        require_memory(sizes, self.dtype)
        layers = [layer._replace(units=n) for layer, n in zip(self.spec.layers, sizes.units)]
        self.spec = self.spec._replace(layers=tuple(layers))
        stream = self._stream()

        # The draw order is part of the contract: x, each layer's w and b, then labels.
        x = fit_inputs(self._array("x", given["x"], (sizes.batch, sizes.inputs), stream), sizes)
        exact: Arrays = {} if isinstance(given["x"], str) else {"x": x}
        parameters: Arrays = {}
        fan_in = sizes.inputs
        for i, (layer, units) in enumerate(zip(self.spec.layers, sizes.units)):
            n = self.spec.suffix(i)
            shapes = {f"w{n}": (fan_in, units)} | ({f"b{n}": (units,)} if layer.bias else {})
            for name, shape in shapes.items():
                array = fit_parameter(name, self._array(name, given[name], shape, stream), shape)
                parameters[name] = array.astype(self.dtype)
                if not isinstance(given[name], str):
                    exact[name] = array
            fan_in = units
        y = self._targets(given, sizes, stream)
        if given["y"] is not None:
            exact["y"] = y
        y = y.astype(self.dtype)
        x = x.astype(self.dtype)
        self._document(sizes, given, x, y, parameters)
        exact = {name: array.astype(np.float64) for name, array in exact.items()}
        return Built(self.spec, x, y, parameters, self.document, self.warnings, exact)

    def _read(self) -> dict[str, Any]:
        """Every VALUE: an initialiser's name or an array; None where y or labels is not given."""
        spec = self.spec
        values = {"x": spec.x}
        for i, layer in enumerate(spec.layers):
            values[f"w{spec.suffix(i)}"] = layer.w
            if layer.bias:
                values[f"b{spec.suffix(i)}"] = layer.b
        from_stdin = [
            k
            for k, v in (*values.items(), ("y", spec.y), ("labels", spec.labels))
            if isinstance(v, str) and reads_stdin(v)
        ]
        if len(from_stdin) > 1:
            raise SpecError(from_stdin[1], f"standard input (-) is read by {from_stdin[0]} already")
        found: dict[str, str | Given] = {
            k: resolve(k, v, self.folder, INITIALISERS) for k, v in values.items()
        }
        for key, value in (("y", spec.y), ("labels", spec.labels)):
            if value is not None:
                found[key] = require_array(key, value, self.folder, INITIALISERS)
        given = {k: v if isinstance(v, str) else v.array for k, v in found.items()}
        from_files = {k for k, v in found.items() if isinstance(v, Given) and v.origin}
        return stand_columns(spec, {"y": None, "labels": None, **given}, from_files)

    def _stream(self) -> Stream:
        spec = self.spec
        if spec.rng == "numpy":
            return NumpyStream(spec.seed or 0)
        if spec.seed is None and spec.op_seed is None:
            return TensorflowStream(0, None)
        return TensorflowStream(spec.seed, spec.op_seed)

    def _array(
        self, key: str, value: Any, shape: tuple[int, ...], stream: Stream
    ) -> npt.NDArray[Any]:
        if not isinstance(value, str):
            return np.asarray(value)
        if value == "eye" and len(shape) == 1:
            raise SpecError(key, "eye needs two axes; a bias has one")
        return initialise(value, shape, stream)

    def _targets(self, given: Mapping[str, Any], sizes: Sizes, stream: Stream) -> npt.NDArray[Any]:
        out = sizes.units[-1]
        if given["y"] is not None:
            y, warning = fit_targets(given["y"], sizes)
            self.warnings += [warning] if warning else []
            return y
        # One unit under bce tells two classes apart: its label is the target itself.
        binary = self.spec.loss == "bce" and out == 1
        classes = 2 if binary else out
        if given["labels"] is None:
            labels = stream.integers(sizes.batch, classes)
        else:
            labels = _checked_labels(given["labels"], sizes.batch, classes)
        return labels.reshape(-1, 1) if binary else one_hot(labels, out, self.dtype)

    def _document(
        self,
        sizes: Sizes,
        given: Mapping[str, Any],
        x: npt.NDArray[Any],
        y: npt.NDArray[Any],
        parameters: Arrays,
    ) -> None:
        """Make the specification say all that it left to defaults, and hold what it read."""
        spec, document = self.spec, self.document
        document.update(
            {"in": sizes.inputs, "batch": sizes.batch, "reduction": spec.reduction,
             "dtype": spec.dtype, "rng": spec.rng}
        )  # fmt: skip
        if spec.rng == "numpy" or spec.op_seed is None:
            document["seed"] = spec.seed or 0
        if "layers" not in document:
            document.update({"out": sizes.units[-1], "act": spec.layers[-1].act})
        if spec.loss in LOGITS_OF:
            document.pop("from_probs", None)
            document.pop("from_logits", None)
            key = "from_probs" if spec.from_probs else "from_logits"
            document[key] = spec.from_probs or spec.from_logits
        for name, array in (("x", x), *parameters.items()):
            if not isinstance(given[name], str):
                self._set(name, array)
        if given["y"] is not None:
            document["y"] = y
        if given["labels"] is not None:
            document["labels"] = np.asarray(given["labels"]).reshape(-1).astype(np.int64)

    def _set(self, name: str, array: npt.NDArray[Any]) -> None:
        if name == "x" or "layers" not in self.document:
            self.document[name] = array
            return
        tables = [dict(table) for table in self.document["layers"]]
        tables[int(name[1:] or 1) - 1][name[0]] = array
        self.document["layers"] = tables


def _checked_labels(labels: Any, batch: int, classes: int) -> npt.NDArray[Any]:
    ids = np.asarray(labels).reshape(-1)
    if ids.size != batch:
        raise SpecError("labels", f"{ids.size} given for a batch of {batch}: one a row")
    whole = np.isfinite(ids) & (ids == np.floor(ids)) & (ids >= 0) & (ids < classes)
    if not np.all(whole):
        at = int(np.argmin(whole))
        raise SpecError(
            "labels", f"{ids[at]:g} at position {at + 1} is not a class from 0 to {classes - 1}"
        )
    return ids.astype(np.int64)
