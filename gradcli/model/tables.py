"""The layers of a specification, as tables of keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from gradcli.conventions.convention import Convention
from gradcli.errors import SpecError
from gradcli.keys import Key, canonical
from gradcli.layer_kinds import LAYERS
from gradcli.layers.layer import Layer, layer_kind
from gradcli.model.placed import Table
from gradcli.suggest import listed, suggestion

if TYPE_CHECKING:
    from gradcli.conventions.layout import Layout


def read_tables(given: Any, convention: Convention, dtype: str) -> tuple[Table, ...]:
    """The layers that ``given`` lists, a table each, or in one text.

    Raises SpecError naming the place, LayersError where the text cannot be read.
    """
    if isinstance(given, str):
        from gradcli.inputs.layer_text import read_layers  # only who writes so needs it

        def others(kind: str) -> Iterable[str]:
            if kind in convention.layouts:
                return convention.layouts[kind].names
            return [weight.letter for weight in layer_kind(kind).weights]

        given = read_layers(given, LAYERS, others)
    if not isinstance(given, list) or not given:
        raise SpecError("layers", "must be one table or more, such as {units = 3}")
    tables = []
    for i, table in enumerate(given):
        try:
            tables.append(read_table(table, convention, dtype))
        except SpecError as error:
            where, told = f"layers[{i + 1}]", str(error)
            if error.key and error.key.startswith("layers["):
                where, told = f"{where}.{error.key}", error.problem
            raise SpecError(where, told) from None
    return tuple(tables)


def read_table(table: Any, convention: Convention, dtype: str) -> Table:
    """A layer, and the VALUEs of its arrays by what ``convention`` calls them."""
    if not isinstance(table, Mapping):
        raise SpecError(None, "must be a table, such as {units = 3}")
    table = {str(key): value for key, value in table.items() if value is not None}
    key = Key("kind", "word", "The kind of layer.", words={n: k.meaning for n, k in LAYERS.items()})
    kind = layer_kind(key.read(table.pop("kind", "dense")))
    name = table.pop("name", None)
    if name is not None and (not isinstance(name, str) or not name.replace("_", "a").isalnum()):
        raise SpecError("name", f"must be a word of letters and digits, not {name!r}")
    for other, meant in convention.read.get(kind.kind, {}).items():
        if other in table:
            own, value = meant(table.pop(other))
            if own in table:
                raise SpecError(other, f"give either {other} or {own}, not both")
            table[own] = value
    keys = kind.keys()
    table = canonical(table, keys)
    layout = convention.layouts.get(kind.kind)
    # An array may be called as a flag is: torch's bias.
    arrays = {
        name for name in (layout.names if layout else ()) if not isinstance(table.get(name), bool)
    }
    names = [key.name for key in keys if key.name not in arrays]
    settings = {name: table.pop(name) for name in names if name in table}
    inner = read_tables(settings["layers"], convention, dtype) if "layers" in settings else ()
    layer = kind(**{**convention.default(kind.kind, dtype), **settings})
    layer.inner = tuple([table.layer for table in inner])
    act = getattr(layer, "act", layer.activation)
    if act != layer.activation and act in convention.slopes:
        raise SpecError(
            "act", f"{act} has a slope of its own in this convention: not in {layer.kind}"
        )
    _require_arrays(layer, table, layout)
    return Table(layer, table, name, inner)


def _require_arrays(layer: Layer, table: Mapping[str, Any], layout: Layout | None) -> None:
    """Raise SpecError unless ``table`` holds arrays that ``layer`` has with its settings."""
    weights = {weight.letter: weight for weight in layer.weights}
    made = layout.names if layout else {letter: (letter,) for letter in weights}
    has, called = layer.letters(weights), {of[0]: n for n, of in made.items() if of}
    for given in table:
        if given not in made:
            theirs = [theirs for theirs, letters in made.items() if given in letters]
            if theirs:
                told = f"this convention calls it {listed(theirs)}"
                raise SpecError(None, f"unknown key {given!r}: {told}")
            others = ["kind", "name", *[key.name for key in LAYERS[layer.kind].keys], *made]
            raise SpecError(None, f"unknown key {given!r}{suggestion(given, others)}")
        for weight in [weights[letter] for letter in made[given]]:
            if weight.letter not in has:
                raise SpecError(None, f"has {given}, but {weight.flag} is false")
            if weight.beside and called[weight.beside] not in table:
                raise SpecError(called[weight.beside], f"is needed where {given} is given")
