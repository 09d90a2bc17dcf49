"""What Keras answers for its losses, row by row, and torch for the one that Keras has not.

Run under each framework's interpreter in turn; the second run takes the first one's file and
adds its own entries::

    python losses.py > torch.json                 # where torch is installed
    python losses.py torch.json > losses.json     # where TensorFlow with Keras is installed

Prints a JSON list, one entry a loss, its keys and its data:

``call``             as gradcli writes it, of ``y_true`` and ``y_pred``
``y_true, y_pred``   float64
``value``            of each row
``y_true', y_pred'`` the gradients of the sum of the values
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

SCORES = [[0.3, -1.2, 2.1], [-0.4, 0.8, 0.1], [1.7, 0.2, -2.6], [0.5, 0.9, -0.7]]
REAL = [[1.1, -0.4, 0.2], [0.3, 2.5, -1.9], [-0.8, 0.6, 0.4], [1e-3, -12.0, 40.0]]
ROWS = [[0.2, 0.7, 0.1], [0.25, 0.5, 0.25], [0.9, 0.04, 0.06], [0.3, 0.3, 0.4]]
SOFT = [[0.1, 0.6, 0.3], [0.0, 0.2, 0.8], [0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]
ONE_HOT = [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
BITS = [[1.0, 0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 1.0]]
SIGNS = [[1.0, -1.0, 1.0], [-1.0, -1.0, -1.0], [1.0, 0.0, -1.0], [0.0, 1.0, 1.0]]
COUNTS = [[0.0, 3.0, 1.0], [2.0, 0.0, 5.0], [1.0, 1.0, 0.0], [4.0, 2.0, 2.0]]
RATES = [[0.4, 2.2, 1.5], [1.9, 0.3, 4.1], [1.0, 0.8, 0.05], [3.3, 2.5, 1e-9]]
EDGES = [[0.0, 1.0, 0.0], [1e-8, 0.5, 0.5], [1.0, 0.0, 0.0], [0.2, 0.8, 1e-12]]
UNIT, UNIT_SCORE = [[0.0], [1.0], [1.0], [0.0]], [[0.3], [-1.2], [3.1], [2.0]]
UNIT_PART = [[0.3], [0.8], [1.0], [0.999]]

KERAS = [
    ("hinge({})", "hinge({})", [(BITS, SCORES), (SIGNS, SCORES), (UNIT, UNIT_SCORE)]),
    ("squared_hinge({})", "squared_hinge({})", [(BITS, SCORES), (SIGNS, SCORES)]),
    ("kl({})", "kl_divergence({})", [(SOFT, ROWS), (ONE_HOT, EDGES), (SOFT, SCORES)]),
    ("poisson({})", "poisson({})", [(COUNTS, RATES)]),
    ("log_cosh({})", "log_cosh({})", [(REAL, SCORES)]),
    ("cosine({})", "cosine_similarity({})", [(REAL, SCORES), (ONE_HOT, SCORES)]),
    ("huber({}, delta=0.7)", "huber({}, 0.7)", [(REAL, SCORES)]),
    *(
        (f"{ours}({{}}{keys})", f"{theirs}({{}}{keys})", [(targets, predictions)])
        for ours, theirs in (("bce", "binary_crossentropy"), ("ce", "categorical_crossentropy"))
        for targets in (ONE_HOT, SOFT)
        for keys, predictions in (
            (", label_smoothing=0.1", ROWS),
            (", from_logits=True, label_smoothing=0.3", SCORES),
        )
    ),
    *(
        (f"focal({{}}{keys})", f"categorical_focal_crossentropy({{}}{keys})", pairs)
        for keys, pairs in (
            ("", [(ONE_HOT, ROWS), (SOFT, EDGES)]),
            (", from_logits=True", [(ONE_HOT, SCORES)]),
            (", alpha=1.0, gamma=0.5", [(ONE_HOT, ROWS)]),
            (", gamma=0.0, from_logits=True", [(ONE_HOT, SCORES)]),
            (", alpha=[0.1, 0.3, 0.6], label_smoothing=0.2", [(ONE_HOT, ROWS)]),
        )
    ),
    *(
        (f"{ours}({{}}{keys})", f"binary_focal_crossentropy({{}}{theirs}{keys})", [pair])
        for keys, probabilities in (
            ("", True),
            (", from_logits=True", False),
            (", gamma=3.5, label_smoothing=0.2", True),
            (", alpha=0.3, gamma=1.0, from_logits=True", False),
        )
        for ours, pair in (
            ("focal", (UNIT, UNIT_PART if probabilities else UNIT_SCORE)),
            ("binary_focal", (BITS, ROWS if probabilities else SCORES)),
        )
        for theirs in [", apply_class_balancing=True" if "alpha" in keys else ""]
    ),
]

ON_THE_MARGIN = [[1.5, 0.5, -0.5], [0.0, 1.0, 2.5], [3.0, -1.0, 0.5], [0.2, 0.2, 0.2]]
TORCH = [
    (f"svm({{}}{keys})", f"3 * F.multi_margin_loss(y_pred, y_true.argmax(-1){keys}, "
     "reduction='none')", [(ONE_HOT, SCORES), (ONE_HOT, ON_THE_MARGIN)])
    for keys in ("", ", margin=0.5")
]  # fmt: skip


def entry(call: str, y_true: Any, y_pred: Any, answers: list[Any]) -> dict[str, Any]:
    names = ("value", "y_true'", "y_pred'")
    given = {"call": call.format("y_true, y_pred"), "y_true": y_true, "y_pred": y_pred}
    return given | {n: a if a is None else a.numpy().tolist() for n, a in zip(names, answers)}


def by_torch() -> list[dict[str, Any]]:
    import torch

    torch.set_default_dtype(torch.float64)
    found = []
    for ours, theirs, pairs in TORCH:
        for pair in pairs:
            y_true, y_pred = torch.tensor(pair[0]), torch.tensor(pair[1], requires_grad=True)
            scope = {"F": torch.nn.functional, "y_true": y_true, "y_pred": y_pred}
            value = eval(theirs, scope)
            (slope,) = torch.autograd.grad(value.sum(), y_pred)
            found.append(entry(ours, *pair, [value.detach(), None, slope]))
    return found


def by_keras() -> list[dict[str, Any]]:
    import keras
    import tensorflow as tf

    found = []
    for ours, theirs, pairs in KERAS:
        for pair in pairs:
            data = [tf.constant(rows, tf.float64) for rows in pair]
            with tf.GradientTape() as tape:
                tape.watch(data)
                call = f"keras.losses.{theirs.format('y_true, y_pred')}"
                # A list is float32 to Keras.
                call = call.replace("[", "np.array([").replace("]", "])")
                value = eval(call, {"keras": keras, "np": np, "y_true": data[0], "y_pred": data[1]})
            answers = [value, *tape.gradient(value, data, unconnected_gradients="zero")]
            found.append(entry(ours, *pair, answers))
    return found


def main() -> None:
    try:
        found = by_torch()
    except ImportError:
        with open(sys.argv[1], encoding="utf-8") as file:
            found = [*by_keras(), *json.load(file)]
    print("[\n" + ",\n".join(map(json.dumps, found)) + "\n]")


if __name__ == "__main__":
    main()
