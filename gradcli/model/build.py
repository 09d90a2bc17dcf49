"""Building a model: a specification in, its arrays out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.errors import SpecError
from gradcli.inputs.initialisers import Fans, initialise
from gradcli.inputs.streams import NumpyStream, Stream, TensorflowStream
from gradcli.inputs.values import Given
from gradcli.layers.weights import Parameter
from gradcli.model.fit import fit_inputs, fit_parameter, fit_targets, model_inputs
from gradcli.model.given import read_given, require_finite
from gradcli.model.network import leaves
from gradcli.model.placed import Placed, back, front, outward
from gradcli.model.rows import Values
from gradcli.model.shapes import Sizes, infer
from gradcli.model.spec import Spec
from gradcli.model.structure import Outline, parsed
from gradcli.model.targets import Rows, whole_numbers
from gradcli.model.wells import Well, well
from gradcli.problem import Arrays


class Built(NamedTuple):
    """What a network is made of, laid out as its convention has it."""

    spec: Spec
    sizes: Sizes
    arrays: Arrays
    """All by name, of one dtype: x (batch, *row); the parameters and the constants of its layers; y
    (batch, *output), or the upstream gradients."""
    parameters: tuple[str, ...]
    """The names of those that are learned."""
    labels: npt.NDArray[np.int64] | None
    """The class of each row, drawn or given; None where y was given."""
    exact: Arrays
    """What was given, before it was rounded to the dtype: float64, by name."""
    origins: dict[str, str]
    """The files that values came from, by key."""
    warnings: list[str]
    forms: Mapping[str, tuple[int, ...]] = {}
    """The shapes in which arrays were given: axes of length 1 may have been left out."""
    outline: Outline | None = None
    """What is known of all networks that differ from this one in numbers only."""


class Gathered(NamedTuple):
    """A checked specification with what is given for its arrays, and the sizes that follow."""

    spec: Spec
    sizes: Sizes
    given: Values
    origins: dict[str, str]
    """The files that arrays came from, by key."""
    warnings: Sequence[str] = ()
    outline: Outline | None = None
    mapped: Sequence[Given] = ()
    """The data of a training that are views of files."""


def build(mapping: Mapping[str, Any], folder: str | None) -> Built:
    """The arrays that ``mapping`` specifies; relative files are taken from ``folder``.

    Raises SpecError naming the key at fault, TooLargeError where memory would not do.
    """
    return assemble(gather(mapping, folder))


def gather(mapping: Mapping[str, Any], folder: str | None, training: bool = False) -> Gathered:
    """What ``mapping`` specifies, read and checked, before any array is made.

    See ``read_given`` for what is other in ``training``.
    """
    spec, given, origins, warnings, mapped = read_given(parsed(mapping), folder, training)
    outline = spec.structure and spec.structure.outline(spec, given, origins)
    if outline is None:
        return Gathered(*infer(spec, given, origins), given, origins, warnings, None, mapped)
    spec = spec._replace(layers=outline.layers)
    return Gathered(spec, outline.sizes, given, origins, warnings, outline, mapped)


def assemble(gathered: Gathered) -> Built:
    """The arrays, as given or drawn. Raises as ``build`` does."""
    spec, sizes, given, origins, told, outline, _ = gathered
    if outline is None or outline.sizes != sizes:
        outline = Outline(spec, sizes)
    dtype = np.dtype(spec.dtype)
    stream = stream_of(spec)

    # The draw order is part of the contract: x, each layer's arrays, then labels or upstreams.
    x, seen = _inputs(gathered, stream)
    arrays = {"x": x}
    warnings = [*told, *seen, *outline.warnings]
    for placed, source in zip(leaves(spec.layers), outline.wells):
        arrays |= drawn_from(source, placed, given, stream)
    labels = None
    if spec.loss is None:
        arrays |= _upstreams(spec, given, sizes, stream)
    else:
        rows = Rows(spec, sizes)
        if isinstance(given["mask"], np.ndarray):
            arrays["mask"] = rows.mask(given["mask"])
        if isinstance(given["y"], np.ndarray):
            arrays["y"], warning = fit_targets(given["y"], sizes)
            if "mask" in arrays:
                counting = rows.counting(arrays["y"], arrays["mask"])
                require_finite(spec, "y", counting, origins.get("y"))
            rows.require_classes(arrays["y"])
            warnings += [warning] if warning else []
        else:
            labels = rows.labels(given["labels"], arrays.get("mask"), stream)
            if given["labels"] is None and spec.asks and isinstance(given["x"], np.ndarray):
                warnings.append("labels are drawn: what is measured is of random classes")
            arrays["y"] = rows.targets(labels, dtype)
    whole = ["mask"] * (spec.loss is not None) + ["x"] * (spec.vocabulary is not None)
    known = [n for n in arrays if isinstance(given[n], np.ndarray) and n not in whole]
    exact = {n: arrays[n].astype(np.float64) for n in known}
    cast = {n: a if n in whole else a.astype(dtype) for n, a in arrays.items()}
    forms = {
        name: value.shape
        for name, value in given.items()
        if isinstance(value, np.ndarray) and name in exact and value.size == exact[name].size
    }
    return Built(
        spec, sizes, cast, outline.parameters, labels, exact, origins, warnings, forms, outline
    )


def _inputs(gathered: Gathered, stream: Stream) -> tuple[npt.NDArray[Any], list[str]]:
    """x (batch, *row), and how its shape was seen where that is to be told."""
    spec, sizes, given = gathered.spec, gathered.sizes, gathered.given["x"]
    first, vocabulary = spec.layers[0], spec.vocabulary
    if isinstance(given, np.ndarray):
        x, seen = fit_inputs(given, sizes)
        warnings = [seen] if seen else []
        if vocabulary is None:
            scaled = spec.scale != 1
            return model_inputs(x, sizes.row, spec.scale, np.float64) if scaled else x, warnings
        if spec.scale != 1:
            raise SpecError("scale", "does not go with an x of whole numbers")
        return whole_numbers("x", x, vocabulary), warnings
    if vocabulary is not None:
        count = sizes.batch * math.prod(sizes.row)
        return stream.integers(count, vocabulary).reshape(sizes.batch, *sizes.row), []
    shape = (sizes.batch, *first.shape)
    x = _array("x", given, Parameter(shape, "(batch, in)", Fans(shape[0], shape[-1])), stream)
    return np.asarray(outward(x, first.first[0])), []


def arrays_of(placed: Placed, given: Values, batch: int, stream: Stream) -> Arrays:
    """The arrays of one layer by their names in the model."""
    return drawn_from(well(placed, batch), placed, given, stream)


def drawn_from(source: Well, placed: Placed, given: Values, stream: Stream) -> Arrays:
    """The arrays of the layer that ``source`` is that of."""
    needed, of, weights, blank, fitting = source
    drawn: dict[str | None, Arrays] = {}
    """By the initialiser that is given: two arrays may be made of one letter."""
    for letter, weight in weights.items():
        for name in [name for name, letters in of.items() if letter in letters]:
            word = given[name]
            if not isinstance(word, np.ndarray) and letter not in drawn.setdefault(word, {}):
                start = word or weight.initialiser
                array = _drawn(name, start, letter, needed[letter], placed, stream)
                drawn[word] = {**drawn[word], letter: array}
    theirs = {word: placed.theirs({**blank, **arrays}) for word, arrays in drawn.items()}
    found = {}
    for local, name in placed.names.items():
        value = given[name]
        if isinstance(value, np.ndarray):
            found[name] = placed.layer.fitted(local, fit_parameter(name, value, fitting[local]))
        elif of[name]:
            found[name] = theirs[value][local]
        else:
            found[name] = _array(name, value or "zeros", fitting[local], stream)
    return found


def _drawn(
    name: str, word: str, letter: str, needed: Parameter, placed: Placed, stream: Stream
) -> npt.NDArray[Any]:
    """An array, its features in the order in which its layer gets and makes them."""
    array = needed.fill(stream) if needed.fill and not word else _array(name, word, needed, stream)
    if placed.order is None and placed.made is None:
        return array
    as_input = any(w.letter == letter and w.as_input for w in placed.layer.weights)
    features = -1 if as_input else needed.features
    for axis, order in ((features, placed.order), (needed.outputs, placed.made)):
        if axis is not None and order is not None:
            array = np.take(array, order, axis=axis)
    return array


def _upstreams(spec: Spec, given: Values, sizes: Sizes, stream: Stream) -> Arrays:
    """The gradients by each output of a layer, in the shapes of these."""
    placed, batch = spec.layers[0], sizes.batch
    rows = {"upstream": (back(sizes.output, placed.first[1]), placed.first[1])}
    for name, row in placed.layer.state_shapes(placed.shape).items():
        rows[f"upstream_{name}"] = row, False
    found = {}
    for name, (row, first) in rows.items():
        array = _array(name, given[name], Parameter((batch, *row), "(batch, ...)"), stream)
        if isinstance(given[name], np.ndarray):
            seen = Parameter((batch, *front(row, first)), "as the output has")
            found[name] = fit_parameter(name, array, seen)
        else:
            found[name] = np.asarray(outward(array, first))
    return found


def stream_of(spec: Spec) -> Stream:
    """Where random numbers of a specification come from."""
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
