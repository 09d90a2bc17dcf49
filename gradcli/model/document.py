"""A model's specification, written out: nothing is left to defaults or to files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradcli.catalogue import INITIALISERS, LOSSES
from gradcli.inputs.values import written
from gradcli.model.build import Built
from gradcli.model.placed import Placed


def document(built: Built) -> dict[str, Any]:
    """The specification that gives the same model, to the last bit.

    What was drawn is named by its initialiser, what was given is an array of the model's dtype;
    labels are always written out.
    """
    spec, sizes, layers = built.spec, built.sizes, built.spec.layers
    row: Any = sizes.row[0] if len(sizes.row) == 1 else list(sizes.row)
    answer: dict[str, Any]
    if spec.loss is None:
        answer = {"layer": layers[0].layer.kind, **_table(built, layers[0]), "in": row}
        del answer["kind"]
    else:
        answer = {"loss": spec.loss, "in": row, **_model(built)}
    if spec.convention != "keras":
        answer["convention"] = spec.convention
    if spec.wrt:
        answer["wrt"] = spec.wrt
    answer["batch"] = sizes.batch
    answer["x"] = x = _value(built, "x", spec.x)
    if isinstance(x, Mapping):  # as its file has it
        answer |= {"scale": spec.scale} if spec.scale != 1 else {}
        answer |= {"x_shape": list(spec.x_shape)} if spec.x_shape else {}
    if spec.allow_nan:
        answer["allow_nan"] = True
    if built.labels is not None:
        answer["labels"] = written(built.labels, built.origins.get("labels"))
    else:
        answer |= {n: _value(built, n, v) for n, v in spec.targets.items() if n != "labels"}
    if spec.mask is not None:
        answer["mask"] = written(built.arrays["mask"], built.origins.get("mask"))
    if spec.loss and not spec.long:
        for placed in layers:
            answer |= {name: _array(built, placed, n) for n, name in placed.names.items()}
    answer |= {"dtype": spec.dtype, "rng": spec.rng}
    if spec.seed is not None or spec.op_seed is None:
        answer["seed"] = spec.seed or 0
    return answer if spec.op_seed is None else answer | {"op_seed": spec.op_seed}


def _model(built: Built) -> dict[str, Any]:
    """Its layers, and how the loss reads their output."""
    spec, layers = built.spec, built.spec.layers
    answer: dict[str, Any] = {}
    if spec.long:
        answer["layers"] = [_table(built, placed) for placed in layers]
    else:
        answer |= {"out": built.sizes.out, "act": layers[-1].layer.activation}
        if len(layers) > 1:
            answer["hidden"] = [placed.shape[-1] for placed in layers[1:]]
            answer["hidden_act"] = layers[0].layer.activation
    if spec.loss and LOSSES[spec.loss].logits:
        key = "from_probs" if spec.from_probs else "from_logits"
        answer[key] = spec.from_probs or spec.from_logits
    penalties = {name: part for name, part in (("l1", spec.l1), ("l2", spec.l2)) if part}
    asked = {"metrics": spec.metrics, "topk": spec.topk, "rows": spec.rows}
    told = {name: value for name, value in asked.items() if value}
    return answer | {**spec.settings, "reduction": spec.reduction, **penalties, **told}


def _table(built: Built, placed: Placed) -> dict[str, Any]:
    """A layer with its settings, and its arrays as its convention calls them."""
    settings = {k: v for k, v in placed.layer.settings.items() if v is not None}
    if placed.inner:
        settings["layers"] = [_table(built, inner) for inner in placed.inner]
    name = {} if placed.name is None else {"name": placed.name}
    values = {n: _array(built, placed, n) for n in placed.names}
    values = {n: value for n, value in values.items() if value is not None}
    return {"kind": placed.layer.kind, **name, **settings, **values}


def _array(built: Built, placed: Placed, local: str) -> Any:
    """The VALUE of an array of a layer, as it was given or as its kind has it."""
    value = placed.values[local]
    return _value(built, placed.names[local], placed.usual(local) if value is None else value)


def _value(built: Built, name: str, value: Any) -> Any:
    """A VALUE as it was given: an initialiser's name, or an array."""
    drawn = value is None or (isinstance(value, str) and value in INITIALISERS)
    if drawn and name not in built.exact:
        return value
    return written(built.arrays[name], built.origins.get(name))
