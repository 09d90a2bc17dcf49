"""What specifications that differ in numbers only have in common, worked out once for all of them.

A structure is a specification without its seeds and without what is given for its arrays. All
else belongs to it, keys that nobody here has heard of among it: two that differ in such a key have
two structures. What follows from the shapes of what is given, too, is an Outline.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from gradcli.catalogue import INITIALISERS
from gradcli.conventions.convention import convention_of
from gradcli.layer_kinds import LAYERS
from gradcli.layers.dense import Dense
from gradcli.model.lint import lint_spec
from gradcli.model.memory import require_memory
from gradcli.model.network import leaves
from gradcli.model.placed import Placed
from gradcli.model.replay import Replay
from gradcli.model.rows import Values
from gradcli.model.shapes import Sizes, infer
from gradcli.model.spec import KEYS, Spec, parse_layer, parse_spec
from gradcli.model.wells import Well, well
from gradcli.spec_keys import CONVENTION, LAYER_KEYS

MOST = 64
"""Structures that are kept, and outlines of each; beyond, what was used or made first goes."""
LONGEST = 10_000
"""Characters of a structure that is kept."""
_SEEDS = ("seed", "op_seed")
_DATA = ("x", "y", "labels", "upstream")
_LETTERS = tuple([weight.letter for weight in Dense.weights])

Path = tuple[Any, ...]
"""The places of nested tables, and the name of a key there."""


class Outline:
    """A network as far as the numbers in it do not matter."""

    def __init__(self, spec: Spec, sizes: Sizes) -> None:
        """``spec`` is complete, but for what is given. Raises TooLargeError."""
        require_memory(spec.layers, sizes, np.dtype(spec.dtype))
        self.layers = spec.layers
        self.sizes = sizes
        self.warnings = lint_spec(spec, sizes.batch, sizes.out)
        self.wells: list[Well] = [well(placed, sizes.batch) for placed in leaves(spec.layers)]
        """For each layer, those within others first."""
        self.parameters = tuple([n for placed in leaves(spec.layers) for n in placed.learned])
        self.replay = Replay()
        self.kin: dict[Any, Any] = {}
        """What others keep of such networks."""


class Structure:
    """A checked specification, to be given other numbers."""

    def __init__(self, spec: Spec, names: Mapping[Path, str]) -> None:
        """``names`` are those of what may be another number, by its path."""
        self._names = names
        self._spec = _given(spec, dict.fromkeys(names.values()))
        self._within = any(name not in {*_SEEDS, *_DATA} for name in names.values())
        self._outlines: dict[Any, Outline] = {}

    def spec(self, numbers: Mapping[Path, Any]) -> Spec:
        """The specification with ``numbers`` by their paths. Raises SpecError for a bad seed."""
        values = {self._names[path]: value for path, value in numbers.items()}
        for name in _SEEDS:
            if name in values:
                KEYS[name].read(values[name])
        return _given(self._spec, values, self._within)._replace(structure=self)

    def outline(self, spec: Spec, given: Values, origins: Collection[str]) -> Outline:
        """What is known of ``spec`` with arrays ``given``, some of which come from files."""
        likeness = [v.shape if isinstance(v, np.ndarray) else v for v in given.values()]
        key = (*origins, *given, *likeness)
        found = self._outlines.get(key)
        if found is None:
            found = self._outlines[key] = Outline(*infer(spec, given, origins))
            found.layers = _valued(found.layers, dict.fromkeys(self._names.values()))
            _bound(self._outlines)
        return found


_structures: dict[str, Structure] = {}


def parsed(mapping: Mapping[str, Any]) -> Spec:
    """The checked specification in ``mapping``. Raises SpecError."""
    structure, numbers = _apart(mapping)
    key = repr(structure)
    found = _structures.pop(key, None)
    if found is not None:
        _structures[key] = found  # the last to be forgotten
        return found.spec(numbers)
    spec = parse_spec(mapping) if "loss" in mapping else parse_layer(mapping)
    if len(key) > LONGEST or not _is_plain(structure):
        return spec
    found = _structures[key] = Structure(spec, {path: _name(spec, path) for path in numbers})
    _bound(_structures)
    return found.spec(numbers)


def forget() -> None:
    """Forget all structures, as at the start."""
    _structures.clear()


def _bound(kept: dict[Any, Any]) -> None:
    while len(kept) > MOST:
        kept.pop(next(iter(kept)), None)


def _apart(mapping: Mapping[str, Any]) -> tuple[dict[str, Any], dict[Path, Any]]:
    """The structure of ``mapping``, and what may be another number in it, by its path."""
    numbers: dict[Path, Any] = {}
    convention = mapping.get("convention")
    settings = _settings(mapping["layer"], convention) if "layer" in mapping else None
    fixed = {}
    for name, value in mapping.items():
        if name in _SEEDS:
            loose = type(value) is int
        elif name == "layers" and type(value) is list:
            value = [_table(t, (i,), convention, numbers) for i, t in enumerate(value)]
            loose = False
        elif name in _DATA or (settings is None and _is_short(name)):
            loose = _is_given(value)
        else:
            loose = settings is not None and type(value) is list and name not in settings
        if loose:
            numbers[(name,)] = value
            value = ...
        fixed[name] = value
    return fixed, numbers


def _table(table: Any, path: Path, convention: Any, numbers: dict[Path, Any]) -> Any:
    """The structure of one table of layers; its numbers go into ``numbers``."""
    if not isinstance(table, dict):
        return table
    settings = _settings(table.get("kind", "dense"), convention)
    fixed = {}
    for name, value in table.items():
        if name == "layers" and type(value) is list:
            value = [_table(t, (*path, i), convention, numbers) for i, t in enumerate(value)]
        elif type(value) is list and settings is not None and name not in settings:
            numbers[(*path, name)] = value
            value = ...
        fixed[name] = value
    return fixed


def _is_short(name: str) -> bool:
    """Whether it is the name of an array in the short form: w, b1."""
    return name[:1] in _LETTERS and (len(name) == 1 or name[1:].isdecimal())


def _is_given(value: Any) -> bool:
    """Whether ``value`` is an array, written out or in a file, and not the word for one."""
    kind = type(value)
    return kind in (list, float, int, dict) or (kind is str and value not in INITIALISERS)


def _settings(kind: Any, convention: Any) -> frozenset[str] | None:
    """The keys of a ``kind`` of layer that are no arrays; None where nothing is known of it."""
    known = isinstance(kind, str) and kind in LAYERS
    name = CONVENTION.default if convention is None else convention
    if not known or not isinstance(name, str) or name not in CONVENTION.words:
        return None
    return _keys(kind, name)


@functools.cache
def _keys(kind: str, convention: str) -> frozenset[str]:
    known = convention_of(convention)
    keys = {name for key in LAYERS[kind].keys for name in (key.name, *key.aliases)}
    keys |= {"kind", "layer", "name", *known.read.get(kind, ()), *_SEEDS}
    keys |= {key.name for key in LAYER_KEYS if key.kind != "value"}
    layout = known.layouts.get(kind)
    return frozenset(keys - set(layout.names if layout else ()))


def _name(spec: Spec, path: Path) -> str:
    """What the number at ``path`` is called in the model."""
    *places, name = path
    layers, placed = spec.layers, spec.layers[0]
    for place in places:
        placed = layers[place]
        layers = placed.inner
    alone = spec.loss is None and name in placed.names
    return placed.names[name] if places or alone else str(name)


def _given(spec: Spec, values: Mapping[str, Any], within: bool = True) -> Spec:
    """``spec`` with other seeds, and other VALUEs, by the names of their arrays."""
    targets = {name: values.get(name, value) for name, value in spec.targets.items()}
    return spec._replace(
        x=values.get("x", spec.x),
        targets=targets,
        seed=values.get("seed", spec.seed),
        op_seed=values.get("op_seed", spec.op_seed),
        layers=_valued(spec.layers, values) if within else spec.layers,
    )


def _valued(layers: tuple[Placed, ...], values: Mapping[str, Any]) -> tuple[Placed, ...]:
    """``layers`` with other VALUEs for those of their arrays that are among ``values``."""
    found = []
    for placed in layers:
        own = {n: values.get(name, placed.values[n]) for n, name in placed.names.items()}
        found.append(placed._replace(values=own, inner=_valued(placed.inner, values)))
    return tuple(found)


def _is_plain(value: Any) -> bool:
    """Whether ``repr`` tells ``value`` from all others: it does of what JSON and TOML write."""
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return value is ... or value is None or type(value) in (str, int, float, bool)
