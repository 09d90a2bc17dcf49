"""A model's specification, written out: nothing is left to defaults or to files."""

from __future__ import annotations

from typing import Any

from gradcli.catalogue import CROSS_ENTROPIES
from gradcli.inputs.values import written
from gradcli.model.build import Built


def document(built: Built) -> dict[str, Any]:
    """The specification that gives the same model, to the last bit.

    What was drawn is named by its initialiser, what was given is an array of the model's dtype;
    labels are always written out.
    """
    spec, sizes, layers = built.spec, built.sizes, built.spec.layers
    values = [
        {
            letter: written(built.parameters[name], built.origins.get(name))
            if name in built.exact
            else placed.values[letter]
            for letter, name in placed.names.items()
        }
        for placed in layers
    ]
    answer: dict[str, Any] = {"loss": spec.loss, "in": sizes.inputs}
    if spec.long:
        answer["layers"] = [
            {"kind": placed.layer.kind, **placed.layer.settings, **own}
            for placed, own in zip(layers, values)
        ]
    else:
        answer |= {"out": sizes.out, "act": layers[-1].layer.activation}
        if len(layers) > 1:
            answer["hidden"] = [shape[-1] for shape in sizes.shapes[1:-1]]
            answer["hidden_act"] = layers[0].layer.activation
    if spec.loss in CROSS_ENTROPIES:
        key = "from_probs" if spec.from_probs else "from_logits"
        answer[key] = spec.from_probs or spec.from_logits
    answer |= {"reduction": spec.reduction, "batch": sizes.batch}
    answer["x"] = written(built.x, built.origins.get("x")) if "x" in built.exact else spec.x
    target, array = ("y", built.y) if built.labels is None else ("labels", built.labels)
    answer[target] = written(array, built.origins.get(target))
    if not spec.long:
        for placed, own in zip(layers, values):
            answer |= {placed.names[letter]: value for letter, value in own.items()}
    answer |= {"dtype": spec.dtype, "rng": spec.rng}
    if spec.seed is not None or spec.op_seed is None:
        answer["seed"] = spec.seed or 0
    return answer if spec.op_seed is None else answer | {"op_seed": spec.op_seed}
