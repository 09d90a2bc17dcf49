"""The specification of a model, checked key by key; shapes are the model's business."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from gradcli.catalogue import CROSS_ENTROPIES, INITIALISERS, LAYERS, LOSSES, MODEL_KEYS
from gradcli.errors import SpecError
from gradcli.keys import Key
from gradcli.layers.dense import Dense
from gradcli.layers.layer import Layer, layer_kind
from gradcli.model.network import Placed, place
from gradcli.suggest import counted, suggestion

LOSS = Key("loss", "word", "What is made small.", words=LOSSES)
KIND = Key("kind", "word", "The kind of layer.", "dense", LAYERS)
SHORT = [weight.letter for weight in Dense.weights]
"""What the short form, of dense layers only, calls the parameters of one layer."""
KEYS = {key.name: key for key in (LOSS, KIND, *MODEL_KEYS)}


class Spec(NamedTuple):
    """A checked specification. None where the model infers or the default is random."""

    loss: str
    inputs: int | None
    layers: tuple[Placed, ...]
    long: bool
    """Whether it lists its layers, in tables."""
    batch: int | None
    x: Any
    y: Any
    labels: Any
    from_logits: bool
    from_probs: bool
    """Whether a cross entropy takes the probabilities, clipped, and not their logits."""
    reduction: str
    dtype: str
    seed: int | None
    rng: str
    op_seed: int | None

    @property
    def skips_activation(self) -> bool:
        """Whether the loss takes the last layer's logits, past its activation."""
        if self.from_logits or self.from_probs or self.loss not in CROSS_ENTROPIES:
            return False
        return self.layers[-1].layer.activation == CROSS_ENTROPIES[self.loss].probabilities[0]


def parse_spec(mapping: Mapping[str, Any]) -> Spec:
    """Check ``mapping``, whose keys are the catalogue's, ``loss`` and ``layers``.

    Raises SpecError naming the key, what is wrong and what would be right.
    """
    given = {key: value for key, value in mapping.items() if value is not None}
    if "loss" not in given:
        raise SpecError("loss", f"needed: one of {', '.join(LOSSES)}")
    loss = _read(given, "loss")
    layers = _long_layers(given) if "layers" in given else _short_layers(given)
    _refuse_unknown(given, layers)
    if "y" in given and "labels" in given:
        raise SpecError("labels", "give either labels or y, not both")
    rng = _read(given, "rng")
    op_seed = _read(given, "op_seed")
    if op_seed is not None and rng == "numpy":
        raise SpecError("op_seed", "goes with rng tensorflow only")
    return Spec(
        loss=loss,
        inputs=_read(given, "in"),
        layers=layers,
        long="layers" in given,
        batch=_read(given, "batch"),
        x=given.get("x", KEYS["x"].default),
        y=given.get("y"),
        labels=given.get("labels"),
        from_logits=_from_logits(given, loss, layers[-1].layer.activation),
        from_probs=bool(given.get("from_probs")),
        reduction=_read(given, "reduction"),
        dtype=_read(given, "dtype"),
        seed=_read(given, "seed"),
        rng=rng,
        op_seed=op_seed,
    )


def _read(given: Mapping[str, Any], name: str) -> Any:
    """What is given for a key, checked; else a word's default, or None."""
    key = KEYS[name]
    if name in given:
        return key.read(given[name])
    return key.default if key.kind == "word" and key.default else None


def _short_layers(given: Mapping[str, Any]) -> tuple[Placed, ...]:
    """Dense layers, named w and b, or w1, b1, ...; a word for w or b is one for every layer."""
    tables = [
        {"units": width, "act": _read(given, "hidden_act")}
        for width in _read(given, "hidden") or []
    ]
    tables.append({"units": _read(given, "out"), "act": _read(given, "act")})
    layers = [Dense(**table) for table in tables]
    words = {n: given[n] for n in SHORT if _is_initialiser(given.get(n))}
    placed = []
    for one in place([(layer, words) for layer in layers]):
        own = {letter: given[name] for letter, name in one.names.items() if name in given}
        placed.append(one._replace(values=one.values | own))
    return tuple(placed)


def _is_initialiser(value: Any) -> bool:
    return isinstance(value, str) and value in INITIALISERS


def _long_layers(given: Mapping[str, Any]) -> tuple[Placed, ...]:
    for key in ("out", "hidden", "act", "hidden_act"):
        if key in given:
            raise SpecError(key, "does not go with layers: give it in the layer")
    tables = given["layers"]
    if not isinstance(tables, list) or not tables:
        raise SpecError("layers", "must be one table or more, such as {units = 3}")
    layers = []
    for i, table in enumerate(tables):
        try:
            layers.append(_layer(table))
        except SpecError as error:
            raise SpecError(f"layers[{i + 1}]", str(error)) from None
    return place(layers)


def _layer(table: Any) -> tuple[Layer, dict[str, Any]]:
    """A layer, and the VALUEs of its parameters by letter."""
    if not isinstance(table, Mapping):
        raise SpecError(None, "must be a table, such as {units = 3}")
    table = {str(key): value for key, value in table.items() if value is not None}
    kind = layer_kind(_read(table, "kind"))
    flags = {weight.letter: weight.flag for weight in kind.weights}
    known = ["kind", *[key.name for key in kind.keys], *flags]
    for key in table:
        if key not in known:
            raise SpecError(None, f"unknown key {key!r}{suggestion(key, known)}")
    values = {letter: table.pop(letter) for letter in flags if letter in table}
    layer = kind(**table)
    for letter in values:
        if letter not in layer.letters:
            raise SpecError(None, f"has {letter}, but {flags[letter]} is false")
    return layer, values


def _from_logits(given: Mapping[str, Any], loss: str, act: str) -> bool:
    logits, probs = _read(given, "from_logits"), _read(given, "from_probs")
    for key, value in (("from_logits", logits), ("from_probs", probs)):
        if value is not None and loss not in CROSS_ENTROPIES:
            raise SpecError(key, f"goes with {' and '.join(CROSS_ENTROPIES)} only, not {loss}")
    if logits is not None and probs is not None and logits == probs:
        raise SpecError("from_probs", "give either from_logits or from_probs, not both")
    if logits is not None:
        return bool(logits)
    if probs is not None:
        return not probs
    return loss in CROSS_ENTROPIES and act == "linear"


def _refuse_unknown(given: Mapping[str, Any], layers: tuple[Placed, ...]) -> None:
    short = [] if "layers" in given else [list(placed.names.values()) for placed in layers]
    known = [key.name for key in MODEL_KEYS if key.name not in SHORT]
    known += ["loss", "layers", *[name for names in short for name in names]]
    for key, value in given.items():
        letter, number = str(key)[:1], str(key)[1:]
        if key in known or (short and key in SHORT and _is_initialiser(value)):
            continue
        if letter not in SHORT or (number and not number.isdecimal()):
            raise SpecError(None, f"unknown key {key!r}{suggestion(str(key), known)}")
        if not short:
            raise SpecError(key, "does not go with layers: give it in the layer")
        names = ", ".join(short[0])
        if len(short) > 1:
            names += f" ... {', '.join(short[-1])}"
        near = suggestion(value, INITIALISERS) if isinstance(value, str) and not number else ""
        more = "; more go with hidden" if len(short) == 1 else ""
        raise SpecError(key, f"a model of {counted(len(short), 'layer')} has {names}{near or more}")
