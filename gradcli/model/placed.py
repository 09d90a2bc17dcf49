"""Layers in their places: what their arrays and outcomes are called, and how they are seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from gradcli.conventions.convention import Convention
from gradcli.engine import REGISTRY, Array
from gradcli.engine.ops.shape import moveaxis
from gradcli.errors import SpecError
from gradcli.layers.layer import Forward, Layer, Shape
from gradcli.layers.weights import Parameter, Weight

if TYPE_CHECKING:
    from gradcli.conventions.layout import Layout

T = TypeVar("T")


class Table(NamedTuple):
    """A layer as it was written."""

    layer: Layer
    values: Mapping[str, Any] = {}
    """A VALUE for some of its arrays, as the convention calls them."""
    name: str | None = None
    inner: tuple[Table, ...] = ()


class Placed(NamedTuple):
    """A layer in its place: what its arrays are called there, and what is given for them."""

    layer: Layer
    names: dict[str, str]
    """Its arrays: their names in the model, by what the convention calls them."""
    values: dict[str, Any]
    """A VALUE for each, or None where none is given and it comes as its kind has it."""
    called: Callable[[str], str]
    """Makes names in the model from those that the layer notes."""
    z: str
    """What the outcome of ``forward`` is called,"""
    a: str
    """and that of its activation."""
    activate: Callable[[Array], Array] | None
    """None where what ``forward`` gives is handed on."""
    name: str | None
    inner: tuple[Placed, ...]
    layout: Layout | None
    """How the convention has its arrays; None where as the layer has them."""
    mistaken: Forward | None = None
    """What is run in place of the layer's ``forward``."""
    shape: Shape = ()
    """Of a row of its input."""
    first: tuple[bool, bool] = (False, False)
    """Whether its input, and its outcome, are seen with the channels first."""
    order: npt.NDArray[np.int64] | None = None
    """The order in which its features stand against Keras's, where that is another,"""
    made: npt.NDArray[np.int64] | None = None
    """and that of the features that it makes."""

    def letters_of(self, local: str) -> tuple[str, ...]:
        """The layer's arrays that the one called ``local`` is made of."""
        return self.layout.names[local] if self.layout else (local,)

    def local_of(self, letter: str) -> str:
        """What the convention calls the layer's array ``letter``, if that is one of its own."""
        names = self.layout.names if self.layout else {}
        return next((n for n, letters in names.items() if letters == (letter,)), letter)

    def usual(self, local: str) -> str | None:
        """The initialiser of the array called ``local`` where none is given, if it is one's."""
        of = self.letters_of(local)
        own = {weight.letter: weight.initialiser for weight in self.layer.weights}
        return own[of[0]] or None if len(of) == 1 else None

    def varied(self, local: str) -> tuple[str, ...]:
        """The layer's arrays that vary with the one called ``local``."""
        return self.layout.varied[local] if self.layout else (local,)

    def axes_of(self, local: str, needed: Mapping[str, Parameter]) -> str:
        """What the axes of the array called ``local`` are; ``needed`` are the layer's own."""
        told = self.layout.axes.get(local) if self.layout else None
        return told or needed[self.letters_of(local)[0]].axes

    @property
    def turned(self) -> set[str]:
        """Its arrays that the convention lays out as it does the input, channels first."""
        if not self.first[0]:
            return set()
        return {weight.letter for weight in self.layer.weights if weight.as_input}

    def theirs(self, ours: Mapping[str, Array]) -> Mapping[str, Array]:
        """The convention's arrays from the layer's. Raises ValueError where it has none such."""
        if self.turned:
            ours = {n: outward(array, n in self.turned) for n, array in ours.items()}
        return self.layout.theirs(ours) if self.layout else ours

    def ours(self, theirs: Mapping[str, Array]) -> Mapping[str, Array]:
        """The layer's arrays from the convention's, by ops."""
        if self.layout:
            theirs = self.layout.ours(theirs, self.layer)
        if self.turned:
            return {n: inward(array, n in self.turned) for n, array in theirs.items()}
        return theirs

    @property
    def learned(self) -> list[str]:
        """The names of its parameters in the model; the others are constants."""
        return self._named(lambda weight: weight.learned)

    @property
    def kept(self) -> list[str]:
        """The names of the arrays that outlive a batch: parameters, and what is there if given."""
        return self._named(lambda weight: weight.learned or weight.optional)

    def _named(self, wanted: Callable[[Weight], bool]) -> list[str]:
        others = {w.letter for w in self.layer.weights if not wanted(w)}
        return [n for local, n in self.names.items() if not others & {*self.letters_of(local)}]

    @property
    def gathered(self) -> dict[str, str]:
        """The arrays that training gathers of it: their names in the model by letter."""
        found = {}
        for weight in self.layer.weights:
            local = self.local_of(weight.letter)
            if weight.gathered and local not in self.names:
                found[weight.letter] = self.called(local)
        return found

    def having(self, given: Collection[str]) -> Placed:
        """The layer with those of its optional arrays, too, whose names in the model are given."""
        letters = {letter for local in self.names for letter in self.letters_of(local)}
        every = _names_of(self.layer, self.layout, [w.letter for w in self.layer.weights])
        more = {letter for n, of in every.items() if self.called(n) in given for letter in of}
        alone = {w.letter for w in self.layer.weights if w.beside and w.beside not in more}
        own = _names_of(self.layer, self.layout, letters | (more - alone))
        if own.keys() == self.names.keys():
            return self
        names = {n: self.called(n) for n in own}
        return self._replace(names=names, values={n: self.values.get(n) for n in own})

    @property
    def decaying(self) -> list[str]:
        """The names of those that a penalty on the weights counts."""
        counted = {w.letter for w in self.layer.weights if w.decays}
        return [n for local, n in self.names.items() if counted & {*self.letters_of(local)}]

    @property
    def title(self) -> str:
        if not self.inner:
            return self.layer.title
        return f"{self.layer.kind}({' -> '.join([placed.title for placed in self.inner])})"


def place(
    tables: Iterable[Table], convention: Convention, alone: bool = False
) -> tuple[Placed, ...]:
    """Layers in their places.

    Names have a letter and, where more than one layer has parameters, its number among those;
    the outcome of a layer without parameters is called after its kind. A layer that has a name
    uses it instead, and a convention by position the place among its modules. The arrays of one
    layer ``alone`` go by their letters. Raises SpecError where two layers have one name.
    """
    tables = tuple(tables)
    names = _Names(tables, convention, alone)

    def one(table: Table, module: str) -> Placed:
        layer, layout = table.layer, convention.layouts.get(table.layer.kind)
        called, z, a = names.of(table, module)
        given = {letter for n in table.values for letter in _letters(layout, n)}
        own = {n: called(n) for n in _names_of(layer, layout, given)}
        values = {n: table.values.get(n) for n in own}
        act = layer.activation
        activate: Callable[..., Any] | None = None if act == "linear" else REGISTRY[act]
        if activate and act in convention.slopes:
            activate = partial(activate, **convention.slopes[act])
        inner = all_of(table.inner, f"{module}.")
        return Placed(layer, own, values, called, z, a, activate, table.name, inner, layout)

    def all_of(tables: Sequence[Table], within: str) -> tuple[Placed, ...]:
        found, position = [], 0
        for table in tables:
            found.append(one(table, f"{within}{table.name or position}"))
            modules = table.layer.activation != "linear" and table.layer.kind != "activation"
            position += 1 + modules
        return tuple(found)

    return all_of(tables, "")


class _Names:
    """Gives the layers of a network their names, one after the other."""

    def __init__(self, tables: Iterable[Table], convention: Convention, alone: bool) -> None:
        flat = list(_flat(tables))
        learning = [table for table in flat if _learns(table.layer)]
        self._bare = alone and len(flat) == 1
        self._positional = convention.positional
        self._numbers = {id(table): n for n, table in enumerate(learning, 1)}
        self._kinds = Counter(t.layer.kind for t in flat if not _learns(t.layer))
        self._seen = Counter[str]()
        self._taken: set[str] = set()

    def of(self, table: Table, module: str) -> tuple[Callable[[str], str], str, str]:
        """What makes a name of the layer's own one, and the names of its z and a."""
        kind, number = table.layer.kind, self._numbers.get(id(table))
        self._seen[kind] += number is None
        called: Callable[[str], str]
        if self._bare:
            called = str
        elif self._positional or table.name:
            called = partial(_dotted, module if self._positional else str(table.name))
        elif number is not None:
            called = partial(_numbered, number if len(self._numbers) > 1 else None)
        else:
            a = f"{kind}{self._seen[kind] if self._kinds[kind] > 1 else ''}"
            called = partial(_dotted, a)
            z = a if table.layer.activation == "linear" else called("z")
            return called, self._free(z), a
        return called, self._free(called("z")), called("a")

    def _free(self, z: str) -> str:
        """``z``, by which a layer is known. Raises SpecError where another has it."""
        if z in self._taken:
            name = z.rpartition(".")[0]
            raise SpecError("layers", f"two have the name {name}: each needs its own")
        self._taken.add(z)
        return z


def _flat(tables: Iterable[Table]) -> Iterator[Table]:
    for table in tables:
        yield table
        yield from _flat(table.inner)


def _learns(layer: Layer) -> bool:
    return any(weight.learned for weight in layer.letters().values())


def _names_of(
    layer: Layer, layout: Layout | None, given: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """The arrays of ``layer`` where those letters are ``given``: what each is made of, by name."""
    letters = layer.letters(given)
    local = layout.names if layout else {letter: (letter,) for letter in letters}
    return {name: of for name, of in local.items() if {*of} <= letters.keys()}


def _letters(layout: Layout | None, local: str) -> tuple[str, ...]:
    return layout.names.get(local, ()) if layout else (local,)


def _dotted(prefix: str, name: str) -> str:
    return f"{prefix}.{name}"


def _numbered(number: int | None, name: str) -> str:
    if number is None:
        return name
    return f"{name}_{number}" if name[-1].isdigit() else f"{name}{number}"


def inward(x: Array, first: bool) -> Array:
    """``x`` (batch, channels, ...) with its channels last, where they come ``first``."""
    return moveaxis(x, 1, -1) if first and x.ndim > 2 else x


def front(row: tuple[T, ...], first: bool) -> tuple[T, ...]:
    """The shape of a row, or its axes, with the channels first, where they come ``first``."""
    return (row[-1], *row[:-1]) if first else row


def back(row: tuple[T, ...], first: bool) -> tuple[T, ...]:
    """The shape of a row with the channels last, where they come ``first``."""
    return (*row[1:], row[0]) if first and len(row) > 1 else row


def outward(x: Array, first: bool) -> Array:
    """``x`` (batch, ..., channels) with its channels first, where they come ``first``."""
    return moveaxis(x, -1, 1) if first and x.ndim > 2 else x
