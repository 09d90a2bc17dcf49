"""What Keras prints for trainings: ``python tests/reference/training.py > .../training.json``.

Run where keras is installed. The rows of each epoch are taken in the order of
``numpy.random.default_rng((0, 1, epoch)).permutation(rows)``, as gradcli takes them for seed 0.
"""

from __future__ import annotations

import json
import os
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf
from keras import layers as L
from keras import losses, optimizers

keras.config.set_floatx("float64")
EPOCHS, ROWS, BATCH, TEST = 3, 30, 8, 11
L2 = keras.regularizers.L2(0.01)

CASES: dict[str, dict[str, Any]] = {
    "dense and batch_norm": {
        "spec": {
            "loss": "ce",
            "layers": [
                {"units": 5, "act": "tanh"},
                {"kind": "batch_norm"},
                {"units": 3},
            ],
        },
        "optimizer": ("adam", 0.05),
        "row": (6,),
        "layers": lambda: [L.Dense(5, "tanh"), L.BatchNormalization(), L.Dense(3)],
        "loss": losses.SparseCategoricalCrossentropy(from_logits=True),
        "classes": 3,
    },
    "one unit with a penalty": {
        "spec": {
            "loss": "bce",
            "l2": 0.01,
            "layers": [{"units": 4, "act": "relu"}, {"units": 1, "act": "sigmoid"}],
        },
        "optimizer": ("rmsprop", 0.02),
        "row": (3,),
        "layers": lambda: [
            L.Dense(4, "relu", kernel_regularizer=L2),
            L.Dense(1, "sigmoid", kernel_regularizer=L2),
        ],
        "loss": losses.BinaryCrossentropy(),
        "classes": 2,
    },
    "images": {
        "spec": {
            "loss": "ce",
            "layers": [
                {"kind": "conv2d", "filters": 2, "kernel": 3, "padding": "same"},
                {"kind": "batch_norm"},
                {"kind": "activation", "act": "relu"},
                {"kind": "max_pool2d"},
                {"kind": "flatten"},
                {"units": 4},
            ],
        },
        "optimizer": ("momentum", 0.02),
        "row": (4, 4, 1),
        "layers": lambda: [
            L.Conv2D(2, 3, padding="same"),
            L.BatchNormalization(),
            L.Activation("relu"),
            L.MaxPooling2D(),
            L.Flatten(),
            L.Dense(4),
        ],
        "loss": losses.SparseCategoricalCrossentropy(from_logits=True),
        "classes": 4,
    },
    "sequences": {
        "spec": {
            "loss": "ce",
            "layers": [{"kind": "lstm", "units": 3, "sequences": True}, {"units": 3}],
        },
        "optimizer": ("adam", 0.03),
        "row": (5, 2),
        "layers": lambda: [L.LSTM(3, return_sequences=True), L.Dense(3)],
        "loss": losses.SparseCategoricalCrossentropy(from_logits=True),
        "classes": 3,
        "lead": (5,),
    },
    "numbers": {
        "spec": {"loss": "huber", "layers": [{"units": 4, "act": "silu"}, {"units": 2}]},
        "optimizer": ("nesterov", 0.05),
        "row": (3,),
        "layers": lambda: [L.Dense(4, "silu"), L.Dense(2)],
        "loss": losses.Huber(),
    },
}


def optimizer(name: str, lr: float) -> Any:
    if name in ("momentum", "nesterov"):
        return optimizers.SGD(lr, momentum=0.9, nesterov=name == "nesterov")
    return {"adam": optimizers.Adam, "rmsprop": optimizers.RMSprop}[name](lr)


def _ours(name: str) -> str:
    kind = "loss" if name.endswith("loss") else "accuracy"
    return f"test_{kind}" if name.startswith("val_") else kind


def answer(case: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Data, the parameters at the start, and what Keras made of them."""
    x, test_x = (rng.normal(size=(n, *case["row"])) for n in (ROWS, TEST))
    if "classes" in case:
        lead = case.get("lead", ())
        y, test_y = (rng.integers(0, case["classes"], (n, *lead)) for n in (ROWS, TEST))
        names = ("labels", "test_labels")
    else:
        y, test_y = (rng.normal(size=(n, 2)) for n in (ROWS, TEST))
        names = ("y", "test_y")
    model = keras.Sequential([L.Input(case["row"]), *case["layers"]()])
    for weight in model.trainable_weights:
        weight.assign(rng.normal(size=weight.shape) * 0.5)
    start = [w.numpy().tolist() for w in model.trainable_weights]
    metrics = []
    if "classes" in case:
        metrics = ["binary_accuracy" if case["classes"] == 2 else "sparse_categorical_accuracy"]
    name, lr = case["optimizer"]
    model.compile(optimizer(name, lr), case["loss"], metrics=metrics)
    history = []
    for epoch in range(1, EPOCHS + 1):
        order = np.random.default_rng((0, 1, epoch)).permutation(ROWS)
        parts = [order[i : i + BATCH] for i in range(0, ROWS, BATCH)]
        shapes = (tf.TensorSpec((None, *x.shape[1:]), tf.float64),)
        shapes += (tf.TensorSpec((None, *y.shape[1:]), y.dtype),)
        batches = tf.data.Dataset.from_generator(
            lambda parts=parts: ((x[p], y[p]) for p in parts), output_signature=shapes
        )
        # Else the step that finds no more rows counts, too, in adam's correction.
        batches = batches.apply(tf.data.experimental.assert_cardinality(len(parts)))
        found = model.fit(batches, validation_data=(test_x, test_y), verbose=0).history
        history.append({"epoch": epoch, **{_ours(name): v for name, [v] in found.items()}})
    moving = [w.numpy().tolist() for w in model.non_trainable_weights if "seed" not in w.path]
    return {
        "spec": {
            **case["spec"],
            "in": list(case["row"]),
            "x": x.tolist(),
            names[0]: y.tolist(),
            "dtype": "float64",
            "batch": BATCH,
            "verb": "descend",
            "epochs": EPOCHS,
            "optimizer": name,
            "lr": lr,
            "test_x": test_x.tolist(),
            names[1]: test_y.tolist(),
        },
        "start": start,
        "history": history,
        "end": [w.numpy().tolist() for w in model.trainable_weights],
        "moving": moving,
    }


if __name__ == "__main__":
    rng = np.random.default_rng(7)
    cases = {name: answer(case, rng) for name, case in CASES.items()}
    print(json.dumps({"keras": keras.__version__, "cases": cases}))
