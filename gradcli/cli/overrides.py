"""``--set KEY=VALUE``: what documents that are read say of a key, said anew."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from gradcli.catalogue import KINDS
from gradcli.cli.options import completions
from gradcli.errors import GradcliError, SpecError
from gradcli.keys import Key
from gradcli.layer_kinds import LAYERS
from gradcli.spec_keys import FORMULA_KEYS, LANDSCAPE_KEYS, LAYER_KEYS, MODEL_KEYS
from gradcli.suggest import suggestion
from gradcli.verb_keys import VERB, VERBS

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_VALUES = "values."
"""Before the name of one of a formula's values."""
_UPSTREAM = "upstream_"
"""Before the name of an output of a layer besides the first."""
_VERB_KEYS = (VERB, *[key for keys in VERBS.values() for key in keys])
_OWN = {"loss": MODEL_KEYS, "layer": LAYER_KEYS, "formula": FORMULA_KEYS}
_OWN["landscape"] = LANDSCAPE_KEYS
_PROBLEMS = {"loss": "a model"} | {kind: f"a {kind}" for kind in KINDS if kind != "loss"}


class Override(NamedTuple):
    """What is said of a key, as text."""

    name: str
    text: str


class SetOption(click.Option):
    """Any number of KEY=VALUE."""

    group = "Documents"

    def __init__(self) -> None:
        super().__init__(
            ["--set", "overrides"],
            multiple=True,
            metavar="KEY=VALUE",
            callback=_read,
            help="Say a key of every document anew, such as seed=5 or values.x=3.",
        )

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        name, equals, _ = incomplete.partition("=")
        if not equals:
            return completions([f"{key}=" for key in _known()], name, files=False)
        words = [word for key in _known().get(name, ()) for word in key.words]
        return completions([f"{name}={word}" for word in dict.fromkeys(words)], incomplete, False)


def _read(ctx: click.Context, param: click.Parameter, given: Sequence[str]) -> list[Override]:
    found: dict[str, Override] = {}
    for word in given:
        name, equals, text = word.partition("=")
        name = name.strip()
        if not equals or not name:
            raise GradcliError(f"--set: {word!r} is no KEY=VALUE, such as seed=5")
        if name in found:
            raise GradcliError(f"--set: {name} is given twice")
        if not name.startswith(_VALUES) and not _is_known(name):
            raise GradcliError(f"--set: unknown key {name!r}{suggestion(name, _known())}")
        found[name] = Override(name, text.strip())
    return list(found.values())


def _known() -> dict[str, list[Key]]:
    """Every key that some document may have, by its name."""
    found: dict[str, list[Key]] = {kind: [] for kind in KINDS}
    for keys in (*_OWN.values(), _VERB_KEYS, *[kind.keys for kind in LAYERS.values()]):
        for key in keys:
            for name in (key.name, *key.aliases):
                found.setdefault(name, []).append(key)
    return found


def _is_known(name: str) -> bool:
    simple = name in _known() or name.startswith(_UPSTREAM)
    return simple or bool(_numbered(name, MODEL_KEYS)) or name in _arrays_of_layers()


def _numbered(name: str, keys: Sequence[Key]) -> Key | None:
    """The key of which ``name`` is that of one layer: w for w1."""
    found = re.fullmatch(r"([a-z]+)[1-9][0-9]*", name)
    return next((key for key in keys if key.numbered and found and key.name == found[1]), None)


def _arrays_of_layers(kind: str | None = None) -> set[str]:
    """What the arrays of a ``kind`` of layer, or of any, are called, under any convention."""
    from gradcli.catalogue import CONVENTIONS
    from gradcli.conventions.convention import convention_of
    from gradcli.layers.layer import layer_kind

    kinds = LAYERS if kind is None else [kind]
    found = {w.letter for one in kinds for w in layer_kind(one).weights}
    for layouts in [convention_of(name).layouts for name in CONVENTIONS]:
        found |= {name for one in kinds if one in layouts for name in layouts[one].names}
    return found


def overridden(mapping: Mapping[str, Any], overrides: Sequence[Override]) -> dict[str, Any]:
    """``mapping`` as if ``overrides`` were written in it.

    Raises GradcliError for a key that such a problem has not, or that takes no such value.
    """
    found = dict(mapping)
    found |= {name: text for name, text in overrides if name in KINDS}
    kind = next((kind for kind in KINDS if found.get(kind) is not None), None)
    for name, text in overrides:
        if name in KINDS or kind is None:
            continue
        if kind == "formula" and name.startswith(_VALUES):
            values = found.get("values") or {}
            if isinstance(values, Mapping):  # the formula refuses all else
                found["values"] = {**values, name.removeprefix(_VALUES): text}
        else:
            found[name] = _value(found, kind, name, text)
    return found


def _value(mapping: Mapping[str, Any], kind: str, name: str, text: str) -> Any:
    """What ``text`` stands for as the key ``name`` of a problem of a ``kind``."""
    own = [*_VERB_KEYS, *_OWN[kind]]
    given = mapping["layer"] if kind == "layer" else None
    layer = given if isinstance(given, str) and given in LAYERS else None
    if layer is not None:
        own += LAYERS[layer].keys
    key = next((key for key in reversed(own) if name in (key.name, *key.aliases)), None)
    key = key or _numbered(name, own)
    if key is None:
        if layer and (name.startswith(_UPSTREAM) or name in _arrays_of_layers(layer)):
            return text
        values = mapping.get("values")
        names = values if isinstance(values, Mapping) else ()
        known = [key.name for key in own] + [f"{_VALUES}{n}" for n in names]
        inner = f"{_VALUES}{name}"
        near = f"; did you mean {inner!r}?" if inner in known else suggestion(name, known)
        raise GradcliError(f"--set: unknown key {name!r} of {_PROBLEMS[kind]}{near}")
    try:
        return key.parse(text)
    except SpecError as error:
        raise GradcliError(f"--set {name}: {error.problem}") from None
