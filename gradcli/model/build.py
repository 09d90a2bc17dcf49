"""Building a model: a specification in, its arrays out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.errors import SpecError
from gradcli.inputs.initialisers import Fans, initialise
from gradcli.inputs.literals import reads_stdin
from gradcli.inputs.streams import NumpyStream, Stream, TensorflowStream
from gradcli.inputs.values import Given, resolve
from gradcli.layers.weights import Parameter
from gradcli.model.fit import fit_inputs, fit_parameter, fit_targets
from gradcli.model.lint import lint_spec
from gradcli.model.memory import require_memory
from gradcli.model.network import leaves
from gradcli.model.placed import Placed, back, front, outward
from gradcli.model.shapes import Sizes, Values, infer, stand_columns
from gradcli.model.spec import Spec, parse_layer, parse_spec
from gradcli.model.targets import Rows, whole_numbers
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


class Gathered(NamedTuple):
    """A checked specification with what is given for its arrays, and the sizes that follow."""

    spec: Spec
    sizes: Sizes
    given: Values
    origins: dict[str, str]


def build(mapping: Mapping[str, Any], folder: str | None) -> Built:
    """The arrays that ``mapping`` specifies; relative files are taken from ``folder``.

    Raises SpecError naming the key at fault, TooLargeError where memory would not do.
    """
    return assemble(gather(mapping, folder))


def gather(mapping: Mapping[str, Any], folder: str | None) -> Gathered:
    """What ``mapping`` specifies, read and checked, before any array is made."""
    spec = parse_spec(mapping) if "loss" in mapping else parse_layer(mapping)
    given, origins = _read(spec, folder)
    spec, sizes = infer(spec, given)
    return Gathered(spec, sizes, given, origins)


def assemble(gathered: Gathered) -> Built:
    """The arrays, as given or drawn. Raises as ``build`` does."""
    spec, sizes, given, origins = gathered
    dtype = np.dtype(spec.dtype)
    require_memory(spec.layers, sizes, dtype)
    warnings = lint_spec(spec, sizes.batch, sizes.out)
    stream = _stream(spec)

    # The draw order is part of the contract: x, each layer's arrays, then labels or upstreams.
    arrays = {"x": _inputs(spec, given["x"], sizes, stream)}
    for placed in leaves(spec.layers):
        arrays |= arrays_of(placed, given, sizes.batch, stream)
    parameters = tuple([name for placed in leaves(spec.layers) for name in placed.learned])
    labels = None
    if spec.loss is None:
        arrays |= _upstreams(spec, given, sizes, stream)
    else:
        rows = Rows(spec, sizes)
        if isinstance(given["mask"], np.ndarray):
            arrays["mask"] = rows.mask(given["mask"])
        if isinstance(given["y"], np.ndarray):
            arrays["y"], warning = fit_targets(given["y"], sizes)
            rows.require_classes(arrays["y"])
            warnings += [warning] if warning else []
        else:
            labels = rows.labels(given["labels"], arrays.get("mask"), stream)
            arrays["y"] = rows.targets(labels, dtype)
    whole = ["mask"] * (spec.loss is not None) + ["x"] * (_vocabulary(spec) is not None)
    known = [n for n in arrays if isinstance(given[n], np.ndarray) and n not in whole]
    exact = {n: arrays[n].astype(np.float64) for n in known}
    cast = {n: a if n in whole else a.astype(dtype) for n, a in arrays.items()}
    forms = {
        name: value.shape
        for name, value in given.items()
        if isinstance(value, np.ndarray) and name in exact and value.size == exact[name].size
    }
    return Built(spec, sizes, cast, parameters, labels, exact, origins, warnings, forms)


def _inputs(spec: Spec, given: Any, sizes: Sizes, stream: Stream) -> npt.NDArray[Any]:
    """x (batch, *row)."""
    first, vocabulary = spec.layers[0], _vocabulary(spec)
    if vocabulary is not None:
        if not isinstance(given, np.ndarray):
            count = sizes.batch * math.prod(sizes.row)
            return stream.integers(count, vocabulary).reshape(sizes.batch, *sizes.row)
        return whole_numbers("x", fit_inputs(given, sizes), vocabulary)
    shape = (sizes.batch, *first.shape)
    needed = Parameter(shape, "(batch, in)", Fans(shape[0], shape[-1]))
    x = _array("x", given, needed, stream)
    if isinstance(given, np.ndarray):
        return fit_inputs(x, sizes)
    return np.asarray(outward(x, first.first[0]))


def _vocabulary(spec: Spec) -> int | None:
    """Where x is of whole numbers, how many different ones."""
    return next(leaves(spec.layers)).layer.vocabulary


def arrays_of(placed: Placed, given: Values, batch: int, stream: Stream) -> Arrays:
    """The arrays of one layer by their names in the model."""
    needed = placed.layer.parameters(placed.shape, batch)
    of = {name: placed.letters_of(local) for local, name in placed.names.items()}
    weights = placed.layer.letters({letter for letters in of.values() for letter in letters})
    blank = {n: np.broadcast_to(np.zeros(()), needed[n].shape) for n in weights}
    drawn: dict[str | None, Arrays] = {}
    """By the initialiser that is given: two arrays may be made of one letter."""
    for letter, weight in weights.items():
        for name in [name for name, letters in of.items() if letter in letters]:
            word = given[name]
            if not isinstance(word, np.ndarray) and letter not in drawn.setdefault(word, {}):
                start = word or weight.initialiser
                array = _drawn(name, start, letter, needed[letter], placed, stream)
                drawn[word] = {**drawn[word], letter: array}
    try:
        theirs = {word: placed.theirs({**blank, **arrays}) for word, arrays in drawn.items()}
        shapes = {n: array.shape for n, array in placed.theirs(blank).items()}
    except ValueError as error:
        raise SpecError(next(iter(of)), f"{placed.layer.kind} {error}") from None
    found = {}
    for local, name in placed.names.items():
        value = given[name]
        if isinstance(value, np.ndarray):
            axes = placed.axes_of(local, needed)
            value = fit_parameter(name, value, Parameter(shapes[local], axes))
            found[name] = placed.layer.fitted(local, value)
        elif of[name]:
            found[name] = theirs[value][local]
        else:
            found[name] = _array(name, value or "zeros", Parameter(shapes[local], ""), stream)
    return found


def _drawn(
    name: str, word: str, letter: str, needed: Parameter, placed: Placed, stream: Stream
) -> npt.NDArray[Any]:
    """An array, its features in the order in which its layer gets and makes them."""
    array = needed.fill(stream) if needed.fill and not word else _array(name, word, needed, stream)
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


def _read(spec: Spec, folder: str | None) -> tuple[Values, dict[str, str]]:
    """Every VALUE, an initialiser's name or an array, and the files that arrays came from.

    None where y or labels is not given.
    """
    values = {"x": spec.x}
    for placed in leaves(spec.layers):
        values |= {name: placed.values[local] for local, name in placed.names.items()}
    if spec.loss is not None:  # one layer may have a mask of its own
        values["mask"] = spec.mask
    named = {k: v for k, v in (values | spec.targets).items() if v is not None}
    from_stdin = [k for k, v in named.items() if isinstance(v, str) and reads_stdin(v)]
    if len(from_stdin) > 1:
        raise SpecError(from_stdin[1], f"standard input (-) is read by {from_stdin[0]} already")
    given: dict[str, str | npt.NDArray[Any] | None] = dict.fromkeys([*values, *spec.targets])
    origins = {}
    for key, value in named.items():
        found = resolve(key, value, folder)
        if isinstance(found, str) and key in ("y", "labels", "mask"):
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
