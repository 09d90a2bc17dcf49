"""The layers of a specification, as tables of keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gradcli.conventions.convention import Convention
from gradcli.errors import SpecError
from gradcli.keys import Key, canonical
from gradcli.layer_kinds import LAYERS
from gradcli.layers.layer import layer_kind
from gradcli.model.network import Table
from gradcli.suggest import suggestion


def read_tables(given: Any, convention: Convention) -> tuple[Table, ...]:
    """The layers that ``given`` lists, a table each, or in one text.

    Raises SpecError naming the place, LayersError where the text cannot be read.
    """
    if isinstance(given, str):
        from gradcli.inputs.layer_text import read_layers  # only who writes so needs it

        def others(kind: str) -> Iterable[str]:
            known = convention.called.get(kind)
            return known or [weight.letter for weight in layer_kind(kind).weights]

        given = read_layers(given, LAYERS, others)
    if not isinstance(given, list) or not given:
        raise SpecError("layers", "must be one table or more, such as {units = 3}")
    tables = []
    for i, table in enumerate(given):
        try:
            tables.append(read_table(table, convention))
        except SpecError as error:
            raise SpecError(f"layers[{i + 1}]", str(error)) from None
    return tuple(tables)


def read_table(table: Any, convention: Convention) -> Table:
    """A layer, and the VALUEs of its arrays by what ``convention`` calls them."""
    if not isinstance(table, Mapping):
        raise SpecError(None, "must be a table, such as {units = 3}")
    table = {str(key): value for key, value in table.items() if value is not None}
    key = Key("kind", "word", "The kind of layer.", words={n: k.meaning for n, k in LAYERS.items()})
    kind = layer_kind(key.read(table.pop("kind", "dense")))
    name = table.pop("name", None)
    if name is not None and (not isinstance(name, str) or not name.replace("_", "a").isalnum()):
        raise SpecError("name", f"must be a word of letters and digits, not {name!r}")
    for known, meant in convention.read.items():
        if known.startswith(f"{kind.kind}.") and known.partition(".")[2] in table:
            own, value = meant(table.pop(known.partition(".")[2]))
            table[own] = value
    keys = kind.keys()
    table = canonical(table, keys)
    # An array may be called as a flag is: torch's bias.
    arrays = {n for n in convention.called.get(kind.kind, ()) if not isinstance(table.get(n), bool)}
    names = [key.name for key in keys if key.name not in arrays]
    settings = {name: table.pop(name) for name in names if name in table}
    inner = read_tables(settings["layers"], convention) if "layers" in settings else ()
    layer = kind(**{**convention.defaults.get(kind.kind, {}), **settings})
    layer.inner = tuple([table.layer for table in inner])
    layout = convention.layouts[kind.kind](layer) if kind.kind in convention.layouts else None
    flags = {weight.letter: weight.flag for weight in layer.weights}
    has = layout.names if layout else layer.letters([w.letter for w in layer.weights])
    for name_of in table:
        if name_of in flags and name_of not in has and not layout:
            raise SpecError(None, f"has {name_of}, but {flags[name_of]} is false")
        if name_of not in has:
            others = ["kind", "name", *[key.name for key in keys], *has]
            raise SpecError(None, f"unknown key {name_of!r}{suggestion(name_of, others)}")
    return Table(layer, table, name, inner)
