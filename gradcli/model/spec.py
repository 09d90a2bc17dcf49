"""The specification of a model, checked key by key; shapes are the model's business."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gradcli.catalogue import INITIALISERS, LOSSES
from gradcli.conventions.convention import Convention, convention_of
from gradcli.engine import REGISTRY
from gradcli.errors import SpecError
from gradcli.keys import BESIDE, Key
from gradcli.layers.dense import Dense
from gradcli.layers.layer import Shape
from gradcli.model.network import leaves
from gradcli.model.placed import Placed, Table, place
from gradcli.model.tables import read_table, read_tables
from gradcli.spec_keys import LAYER_KEYS, MODEL_KEYS
from gradcli.suggest import counted, listed, suggestion

SHORT = [weight.letter for weight in Dense.weights]
"""What the short form, of dense layers only, calls the parameters of one layer."""
KEYS = {key.name: key for key in (*MODEL_KEYS, *LAYER_KEYS)}


class Spec(NamedTuple):
    """A checked specification. None where the model infers or the default is random."""

    loss: str | None
    """None for one layer with an upstream gradient."""
    inputs: Shape | None
    """Of a row, as the convention has it."""
    layers: tuple[Placed, ...]
    long: bool
    """Whether it lists its layers, in tables."""
    convention: str
    wrt: list[str] | None
    batch: int | None
    x: Any
    targets: dict[str, Any]
    """VALUEs of y or labels, or of the upstream gradients."""
    from_logits: bool
    from_probs: bool
    """Whether a cross entropy takes the probabilities, clipped, and not their logits."""
    reduction: str
    dtype: str
    seed: int | None
    rng: str
    op_seed: int | None
    settings: Mapping[str, Any] = {}
    """The loss's own keys."""
    mask: Any = None
    """A VALUE that tells which rows count; None where all do."""
    l1: float = 0.0
    l2: float = 0.0
    metrics: Sequence[str] = ()
    topk: Sequence[int] = ()
    """For which numbers of classes it is told whether the right one is among them."""
    rows: bool = False
    """Whether the loss of each row is told, too."""
    scale: float = 1.0
    """By which x is divided."""
    x_shape: tuple[int, ...] | None = None
    """The shape that x is given first of all."""
    params: str | None = None
    """A file that has parameters by name, for those that have no VALUE."""
    allow_nan: bool = False
    structure: Any = None
    """What is known of all specifications that differ from this one in numbers only."""

    @property
    def vocabulary(self) -> int | None:
        """Where x is of whole numbers, how many different ones."""
        return next(leaves(self.layers)).layer.vocabulary

    @property
    def skips_activation(self) -> bool:
        """Whether the loss takes the last layer's logits, past its activation."""
        if self.from_logits or self.from_probs or self.loss is None:
            return False
        kind = LOSSES[self.loss]
        act = self.layers[-1].layer.activation
        return kind.logits and not kind.of_one and act == kind.probabilities[0]

    @property
    def asks(self) -> bool:
        """Whether more is told than the loss: metrics, or the loss of each row."""
        return bool(self.metrics or self.topk or self.rows)

    @property
    def takes_logits(self) -> bool:
        """Whether the loss takes logits, from before the activation or as the output."""
        return self.skips_activation or self.from_logits


def parse_spec(mapping: Mapping[str, Any]) -> Spec:
    """Check ``mapping``, whose keys are MODEL_KEYS and ``loss``.

    Raises SpecError naming the key, what is wrong and what would be right.
    """
    given = {key: value for key, value in mapping.items() if value is not None}
    if "loss" not in given:
        raise SpecError("loss", f"needed: one of {', '.join(LOSSES)}")
    loss = _loss(given["loss"])
    layers = _long_layers(given) if "layers" in given else _short_layers(given)
    for i, placed in enumerate(layers):
        if any(inner.layer.states for inner in leaves([placed])):
            raise SpecError(f"layers[{i + 1}]", "state: goes with one layer by itself")
    _refuse_unknown(given, layers)
    if "y" in given and "labels" in given:
        raise SpecError("labels", "give either labels or y, not both")
    return Spec(
        loss=loss,
        layers=layers,
        long="layers" in given or _convention(given).positional,
        targets={"y": given.get("y"), "labels": given.get("labels")},
        from_logits=_from_logits(given, loss, layers[-1].layer.activation),
        from_probs=bool(given.get("from_probs")),
        reduction=_read(given, "reduction"),
        settings=_settings(given, loss),
        mask=given.get("mask"),
        l1=_read(given, "l1") or 0.0,
        l2=_read(given, "l2") or 0.0,
        metrics=_read(given, "metrics") or (),
        topk=_read(given, "topk") or (),
        rows=bool(_read(given, "rows")),
        allow_nan=bool(_read(given, "allow_nan")),
        **_common(given),
    )


def parse_layer(mapping: Mapping[str, Any]) -> Spec:
    """Check ``mapping``, of one layer: ``layer`` is its kind.

    Its other keys are the kind's, its arrays and LAYER_KEYS. Raises SpecError.
    """
    given = {key: value for key, value in mapping.items() if value is not None}
    own = {key.name for key in LAYER_KEYS}
    table = {"kind": given.pop("layer"), **{k: v for k, v in given.items() if k not in own}}
    states = [k for k in table if k.startswith("upstream_")]
    upstreams = {k: table.pop(k) for k in states}
    kind = read_table(table, _convention(given), _read(given, "dtype"))
    layers = place([kind], _convention(given), alone=True)
    known = [f"upstream_{name}" for name in kind.layer.states]
    for name in upstreams.keys() - {*known}:
        if not known and "state" in kind.layer.settings:
            raise SpecError(name, "goes with state")
        raise SpecError(None, f"unknown key {name!r}{suggestion(name, known)}")
    usual = KEYS["upstream"].default
    return Spec(
        loss=None,
        layers=layers,
        long=True,
        targets={
            "upstream": given.get("upstream", usual),
            **{name: upstreams.get(name, usual) for name in known},
        },
        from_logits=False,
        from_probs=False,
        reduction="sum",
        **_common(given),
    )


def _common(given: Mapping[str, Any]) -> dict[str, Any]:
    """What every network has."""
    rng, op_seed, inputs = _read(given, "rng"), _read(given, "op_seed"), _read(given, "in")
    if op_seed is not None and rng == "numpy":
        raise SpecError("op_seed", "goes with rng tensorflow only")
    x_shape = _read(given, "x_shape")
    for name, lengths in (("in", inputs), ("x_shape", x_shape)):
        if lengths == []:
            raise SpecError(name, "must be one length or more, not []")
    return {
        "inputs": None if inputs is None else tuple(inputs),
        "convention": _read(given, "convention"),
        "wrt": _read(given, "wrt"),
        "batch": _read(given, "batch"),
        "x": given.get("x", KEYS["x"].default),
        "dtype": _read(given, "dtype"),
        "scale": _read(given, "scale") or 1.0,
        "x_shape": None if x_shape is None else tuple(x_shape),
        "params": _read(given, "params"),
        "seed": _read(given, "seed"),
        "rng": rng,
        "op_seed": op_seed,
    }


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
    words = {n: given[n] for n in SHORT if _is_initialiser(given.get(n))}
    convention = _convention(given)
    if words and convention.positional:
        raise SpecError(next(iter(words)), "goes with other conventions: give layers")
    placed = place([Table(Dense(**table), words) for table in tables], convention)
    return tuple([one._replace(values={**one.values, **_own(one, given)}) for one in placed])


def _own(placed: Placed, given: Mapping[str, Any]) -> dict[str, Any]:
    return {local: given[name] for local, name in placed.names.items() if name in given}


def _convention(given: Mapping[str, Any]) -> Convention:
    return convention_of(_read(given, "convention"))


def _is_initialiser(value: Any) -> bool:
    return isinstance(value, str) and value in INITIALISERS


def _long_layers(given: Mapping[str, Any]) -> tuple[Placed, ...]:
    for key in ("out", "hidden", "act", "hidden_act"):
        if key in given:
            raise SpecError(key, "does not go with layers: give it in the layer")
    convention = _convention(given)
    return place(read_tables(given["layers"], convention, _read(given, "dtype")), convention)


def _loss(given: Any) -> str:
    words = {name: loss.meaning for name, loss in LOSSES.items()}
    return str(Key("loss", "word", "What is made small.", words=words).read(given))


def _settings(given: Mapping[str, Any], loss: str) -> dict[str, Any]:
    """The keys of the loss's own, as its op takes them. Raises SpecError for another loss's."""
    op = REGISTRY[loss]
    found = {}
    for key in MODEL_KEYS:
        if key.only and key.name in given and loss not in key.only:
            raise SpecError(key.name, f"goes with {listed(key.only)} only, not {loss}")
        if key.only and loss in key.only and key.name in op.defaults:
            found[key.name] = given[key.name] if key.name in given else op.defaults[key.name]
    return {n: KEYS[n].read(v) for n, v in found.items() if v is not None and n != "from_logits"}


def _from_logits(given: Mapping[str, Any], loss: str, act: str) -> bool:
    logits, probs = _read(given, "from_logits"), _read(given, "from_probs")
    if logits is not None and probs is not None and logits == probs:
        raise SpecError("from_probs", "give either from_logits or from_probs, not both")
    if logits is not None:
        return bool(logits)
    if probs is not None:
        return not probs
    return LOSSES[loss].logits and act == "linear"


def _refuse_unknown(given: Mapping[str, Any], layers: tuple[Placed, ...]) -> None:
    short = [] if "layers" in given else [list(placed.names.values()) for placed in layers]
    known = [key.name for key in MODEL_KEYS if key.name not in SHORT]
    known += ["loss", *[name for names in short for name in names]]
    keys = [*known, *BESIDE]
    for key, value in given.items():
        letter, number = str(key)[:1], str(key)[1:]
        if key in known or (short and key in SHORT and _is_initialiser(value)):
            continue
        if letter not in SHORT or (number and not number.isdecimal()):
            raise SpecError(None, f"unknown key {key!r}{suggestion(str(key), keys)}")
        if not short:
            raise SpecError(key, "does not go with layers: give it in the layer")
        names = ", ".join(short[0])
        if len(short) > 1:
            names += f" ... {', '.join(short[-1])}"
        near = suggestion(value, INITIALISERS) if isinstance(value, str) and not number else ""
        more = "; more go with hidden" if len(short) == 1 else ""
        raise SpecError(key, f"a model of {counted(len(short), 'layer')} has {names}{near or more}")
