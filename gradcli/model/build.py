"""Building a model: a specification in, its arrays out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.catalogue import CROSS_ENTROPIES
from gradcli.engine.ops.comparison import one_hot
from gradcli.errors import SpecError
from gradcli.inputs.initialisers import Fans, initialise
from gradcli.inputs.literals import reads_stdin
from gradcli.inputs.streams import NumpyStream, Stream, TensorflowStream
from gradcli.inputs.values import Given, resolve
from gradcli.layers.layer import Parameter
from gradcli.model.lint import lint_spec
from gradcli.model.memory import require_memory
from gradcli.model.shapes import (
    Sizes,
    Values,
    fit_inputs,
    fit_parameter,
    fit_targets,
    infer,
    stand_columns,
)
from gradcli.model.spec import Spec, parse_spec
from gradcli.problem import Arrays


class Built(NamedTuple):
    """What a model is made of. x is (batch, in), y is (batch, out), all in one dtype."""

    spec: Spec
    sizes: Sizes
    x: npt.NDArray[Any]
    y: npt.NDArray[Any]
    labels: npt.NDArray[np.int64] | None
    """The class of each row, drawn or given; None where y was given."""
    parameters: Arrays
    exact: Arrays
    """What was given, before it was rounded to the dtype: float64, by name."""
    origins: dict[str, str]
    """The files that values came from, by key."""
    warnings: list[str]


def build(mapping: Mapping[str, Any], folder: str | None) -> Built:
    """The arrays that ``mapping`` specifies; relative files are taken from ``folder``.

    Raises SpecError naming the key at fault, TooLargeError where memory would not do.
    """
    spec = parse_spec(mapping)
    warnings = lint_spec(spec)
    given, origins = _read(spec, folder)
    spec, sizes = infer(spec, given)
    dtype = np.dtype(spec.dtype)
    require_memory(spec.layers, sizes, dtype)
    stream = _stream(spec)

    # The draw order is part of the contract: x, each layer's parameters, then labels.
    whole = Parameter((sizes.batch, sizes.inputs), "(batch, in)", Fans(sizes.batch, sizes.inputs))
    arrays = {"x": fit_inputs(_array("x", given["x"], whole, stream), sizes)}
    for placed, shape in zip(spec.layers, sizes.shapes):
        needed = placed.layer.parameters(shape)
        for letter, name in placed.names.items():
            array = _array(name, given[name], needed[letter], stream)
            arrays[name] = fit_parameter(name, array, needed[letter])
    labels, targets = None, given["y"]
    if not isinstance(targets, np.ndarray):
        labels = _labels(spec, given["labels"], sizes, stream)
        y = _targets_of(labels, spec, sizes, dtype)
    else:
        y, warning = fit_targets(targets, sizes)
        warnings += [warning] if warning else []
        arrays["y"] = y
    exact = {n: a.astype(np.float64) for n, a in arrays.items() if not isinstance(given[n], str)}
    parameters = {n: a.astype(dtype) for n, a in arrays.items() if n not in ("x", "y")}
    x = arrays["x"].astype(dtype)
    return Built(spec, sizes, x, y.astype(dtype), labels, parameters, exact, origins, warnings)


def _read(spec: Spec, folder: str | None) -> tuple[Values, dict[str, str]]:
    """Every VALUE, an initialiser's name or an array, and the files that arrays came from.

    None where y or labels is not given.
    """
    values = {"x": spec.x}
    for placed in spec.layers:
        values |= {name: placed.values[letter] for letter, name in placed.names.items()}
    targets = {"y": spec.y, "labels": spec.labels}
    named = {k: v for k, v in (values | targets).items() if v is not None}
    from_stdin = [k for k, v in named.items() if isinstance(v, str) and reads_stdin(v)]
    if len(from_stdin) > 1:
        raise SpecError(from_stdin[1], f"standard input (-) is read by {from_stdin[0]} already")
    given: dict[str, str | npt.NDArray[Any] | None] = dict.fromkeys(targets)
    origins = {}
    for key, value in named.items():
        found = resolve(key, value, folder)
        if isinstance(found, str) and key in targets:
            raise SpecError(key, f"takes numbers or a file, not the initialiser {found!r}")
        given[key] = found if isinstance(found, str) else found.array
        if isinstance(found, Given) and found.origin:
            origins[key] = found.origin
    return stand_columns(spec, given, set(origins)), origins


def _stream(spec: Spec) -> Stream:
    if spec.rng == "numpy":
        return NumpyStream(spec.seed or 0)
    if spec.seed is None and spec.op_seed is None:
        return TensorflowStream(0, None)
    return TensorflowStream(spec.seed, spec.op_seed)


def _array(key: str, value: Any, needed: Parameter, stream: Stream) -> npt.NDArray[Any]:
    if isinstance(value, np.ndarray):
        return value
    if value == "eye" and len(needed.shape) != 2:
        raise SpecError(key, f"eye needs two axes, and {key} has the shape {needed.shape}")
    return initialise(value, needed.shape, stream, needed.fans)


def _labels(spec: Spec, given: object, sizes: Sizes, stream: Stream) -> npt.NDArray[np.int64]:
    """The class of each row: (batch,)."""
    classes = 2 if _is_binary(spec, sizes) else sizes.out
    if not isinstance(given, np.ndarray):
        return stream.integers(sizes.batch, classes)
    ids = given.reshape(-1)
    if ids.size != sizes.batch:
        raise SpecError("labels", f"{ids.size} given for a batch of {sizes.batch}: one a row")
    whole = np.isfinite(ids) & (ids == np.floor(ids)) & (ids >= 0) & (ids < classes)
    if not np.all(whole):
        at = int(np.argmin(whole))
        raise SpecError(
            "labels", f"{ids[at]:g} at position {at + 1} is not a class from 0 to {classes - 1}"
        )
    return ids.astype(np.int64)


def _targets_of(
    labels: npt.NDArray[np.int64], spec: Spec, sizes: Sizes, dtype: np.dtype[Any]
) -> npt.NDArray[Any]:
    if _is_binary(spec, sizes):
        return labels.reshape(-1, 1)
    return np.asarray(one_hot(labels, sizes.out, dtype))


def _is_binary(spec: Spec, sizes: Sizes) -> bool:
    """Whether one unit tells two classes apart."""
    return sizes.out == 1 and spec.loss in CROSS_ENTROPIES and CROSS_ENTROPIES[spec.loss].binary
