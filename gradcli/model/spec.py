"""The specification of a model, checked key by key; shapes are the model's business."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from gradcli.catalogue import ACTIVATIONS, LAYER_KEYS, LOGITS_OF, LOSSES, MODEL_KEYS
from gradcli.errors import SpecError
from gradcli.suggest import suggestion


class LayerSpec(NamedTuple):
    """One dense layer. ``units`` is None where it is still to be inferred."""

    units: int | None
    act: str
    w: Any
    b: Any
    bias: bool


class Spec(NamedTuple):
    """A checked specification. None where the model infers or the default is random."""

    loss: str
    inputs: int | None
    layers: tuple[LayerSpec, ...]
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

    def suffix(self, layer: int) -> str:
        """What the names of a layer's arrays end in: nothing where there is one layer."""
        return str(layer + 1) if len(self.layers) > 1 else ""

    @property
    def skips_activation(self) -> bool:
        """Whether the loss takes the last layer's logits, past its activation."""
        usual = LOGITS_OF.get(self.loss)
        return not (self.from_logits or self.from_probs) and self.layers[-1].act == usual


def parse_spec(mapping: Mapping[str, Any]) -> Spec:
    """Check ``mapping``, whose keys are the catalogue's, ``loss`` and ``layers``.

    Raises SpecError naming the key, what is wrong and what would be right.
    """
    given = {key: value for key, value in mapping.items() if value is not None}
    if "loss" not in given:
        raise SpecError("loss", f"needed: one of {', '.join(LOSSES)}")
    loss = _word(given, "loss", tuple(LOSSES))
    layers = _long_layers(given) if "layers" in given else _short_layers(given)
    _refuse_unknown(given, layers)
    if "y" in given and "labels" in given:
        raise SpecError("labels", "give either labels or y, not both")
    rng = _word(given, "rng", ("numpy", "tensorflow"), "numpy")
    op_seed = _integer(given, "op_seed", least=0)
    if op_seed is not None and rng == "numpy":
        raise SpecError("op_seed", "goes with rng tensorflow only")
    return Spec(
        loss=loss,
        inputs=_integer(given, "in"),
        layers=layers,
        batch=_integer(given, "batch"),
        x=given.get("x", "normal"),
        y=given.get("y"),
        labels=given.get("labels"),
        from_logits=_from_logits(given, loss, layers[-1].act),
        from_probs=bool(given.get("from_probs")),
        reduction=_word(given, "reduction", ("mean", "sum"), "mean"),
        dtype=_word(given, "dtype", ("float32", "float64"), "float32"),
        seed=_integer(given, "seed", least=0),
        rng=rng,
        op_seed=op_seed,
    )


def _short_layers(given: Mapping[str, Any]) -> tuple[LayerSpec, ...]:
    hidden = _widths(given)
    acts = [_word(given, "hidden_act", ACTIVATIONS, "relu")] * len(hidden)
    acts.append(_word(given, "act", ACTIVATIONS, "linear"))
    units = [*hidden, _integer(given, "out")]
    return tuple(
        [
            LayerSpec(n, act, given.get(f"w{s}", "normal"), given.get(f"b{s}", "zeros"), True)
            for n, act, s in zip(units, acts, _suffixes(len(units)))
        ]
    )


def _long_layers(given: Mapping[str, Any]) -> tuple[LayerSpec, ...]:
    for key in ("out", "hidden", "act", "hidden_act"):
        if key in given:
            raise SpecError(key, "does not go with layers: give it in the layer")
    tables = given["layers"]
    if not isinstance(tables, list) or not tables:
        raise SpecError("layers", "must be one table or more, each with units")
    layers = []
    for i, table in enumerate(tables):
        where = f"layers[{i + 1}]"
        if not isinstance(table, Mapping):
            raise SpecError(where, "must be a table with units, act, w, b, bias")
        table = {key: value for key, value in table.items() if value is not None}
        for key in table:
            if key not in LAYER_KEYS:
                raise SpecError(where, f"unknown key {key!r}{suggestion(str(key), LAYER_KEYS)}")
        bias = table.get("bias", True)
        if not isinstance(bias, bool):
            raise SpecError(where, f"bias must be true or false, not {bias!r}")
        if not bias and "b" in table:
            raise SpecError(where, "has b, but bias is false")
        try:
            units = _integer(table, "units")
            act = _word(table, "act", ACTIVATIONS, "linear")
        except SpecError as error:
            raise SpecError(where, str(error)) from None
        layers.append(
            LayerSpec(units, act, table.get("w", "normal"), table.get("b", "zeros"), bias)
        )
    return tuple(layers)


def _suffixes(count: int) -> list[str]:
    return [str(i + 1) for i in range(count)] if count > 1 else [""]


def _widths(given: Mapping[str, Any]) -> list[int]:
    hidden = given.get("hidden", [])
    if isinstance(hidden, str):
        hidden = [_whole(part) for part in hidden.split(",")] if hidden.strip() else []
    if isinstance(hidden, int) and not isinstance(hidden, bool):
        hidden = [hidden]
    if not isinstance(hidden, list):
        raise SpecError("hidden", f"must be widths such as 32,32, not {_shown(hidden)}")
    for width in hidden:
        if not _is_whole(width, 1):
            raise SpecError("hidden", f"each width must be {_range(1)}, not {_shown(width)}")
    return hidden


def _from_logits(given: Mapping[str, Any], loss: str, act: str) -> bool:
    logits, probs = _flag(given, "from_logits"), _flag(given, "from_probs")
    for key, value in (("from_logits", logits), ("from_probs", probs)):
        if value is not None and loss not in LOGITS_OF:
            raise SpecError(key, f"goes with {' and '.join(LOGITS_OF)} only, not {loss}")
    if logits is not None and probs is not None and logits == probs:
        raise SpecError("from_probs", "give either from_logits or from_probs, not both")
    if logits is not None:
        return logits
    if probs is not None:
        return not probs
    return loss in LOGITS_OF and act == "linear"


def _refuse_unknown(given: Mapping[str, Any], layers: tuple[LayerSpec, ...]) -> None:
    known = ["loss", "layers", *(key.name for key in MODEL_KEYS if key.name not in ("w", "b"))]
    if "layers" not in given:
        known += [f"{letter}{s}" for s in _suffixes(len(layers)) for letter in "wb"]
    for key in given:
        if key in known:
            continue
        letter, number = str(key)[:1], str(key)[1:]
        if letter in ("w", "b") and (not number or number.isdecimal()):
            if "layers" in given:
                raise SpecError(key, "does not go with layers: give it in the layer")
            names = "w, b" if len(layers) == 1 else f"w1, b1 ... w{len(layers)}, b{len(layers)}"
            raise SpecError(
                key, f"a model of {len(layers)} layer{'s' * (len(layers) > 1)} has {names}"
            )
        raise SpecError(None, f"unknown key {key!r}{suggestion(str(key), known)}")


def _word(
    given: Mapping[str, Any], key: str, allowed: Collection[str], default: str | None = None
) -> str:
    value = given.get(key, default)
    if value not in allowed:
        near = suggestion(value, allowed) if isinstance(value, str) else ""
        raise SpecError(
            key, f"unknown value {_shown(value)}{near or ': one of ' + ', '.join(allowed)}"
        )
    return str(value)


def _integer(given: Mapping[str, Any], key: str, least: int = 1) -> int | None:
    value = given.get(key)
    if value is None:
        return None
    if not _is_whole(value, least):
        raise SpecError(key, f"must be {_range(least)}, not {_shown(value)}")
    return int(value)


_MOST = 2**63 - 1


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= _MOST


def _range(least: int) -> str:
    return f"a whole number from {least}"


def _shown(value: Any) -> str:
    if isinstance(value, int) and abs(value) > _MOST:
        return "one beyond 2^63"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _whole(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        return text.strip()


def _flag(given: Mapping[str, Any], key: str) -> bool | None:
    value = given.get(key)
    if value is not None and not isinstance(value, bool):
        raise SpecError(key, f"must be true or false, not {value!r}")
    return value
