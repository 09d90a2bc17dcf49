"""What Keras, TensorFlow and SciPy answer for metrics of classes, row by row.

Run under an interpreter that has TensorFlow with Keras, and SciPy::

    python metrics.py > metrics.json

Prints a JSON list, one entry a table of scores; half of them are small whole numbers, so that
many are equal, and some hold an infinity or nan:

``scores``      (rows, classes) float64; (rows, 1) where one unit tells two classes apart
``labels``      the class of each row
``accuracy``    of each row: Keras's categorical_accuracy; binary_accuracy of probabilities
``top``         by k, of each row: Keras's sparse_top_k_categorical_accuracy
``confusion``   TensorFlow's confusion_matrix of the classes that Keras counts as predicted
``softmax``     of each row: the entropy of the softmax in bits, by SciPy
``sigmoid``     of each row: that of the sigmoids of its entries, summed
"""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

CLASSES = (2, 3, 6, 10)
ODD = [[3.0, -np.inf, 1.0], [np.inf, 0.0, 1.0], [0.0, 1.0, np.inf], [1.0, 1.0, 0.0]]


def tables() -> list[tuple[Any, Any]]:
    rng = np.random.default_rng(0)
    found: list[tuple[Any, Any]] = []
    for classes in CLASSES:
        labels = rng.integers(0, classes, 12)
        found.append((rng.normal(size=(12, classes)) * 3, labels))
        found.append((rng.integers(0, 3, (12, classes)).astype(float), labels))
    found += [(np.array(ODD), np.full(len(ODD), label)) for label in range(3)]
    units = [[0.0], [-1.5], [2.0], [1e-9], [-1e-9], [40.0]]
    return [*found, (np.array(units), np.array([0, 0, 0, 1, 1, 1]))]


def entry(scores: Any, labels: Any) -> dict[str, Any]:
    import keras
    import tensorflow as tf
    from scipy.special import expit, softmax
    from scipy.stats import entropy

    found = {"scores": scores.tolist(), "labels": labels.tolist()}
    if scores.shape[1] == 1:
        p = expit(scores)
        found["accuracy"] = keras.metrics.binary_accuracy(labels[:, None], p).numpy().tolist()
        predicted = (p[:, 0] > 0.5).astype(int)
    else:
        one_hot = np.eye(scores.shape[1])[labels]
        right = keras.metrics.categorical_accuracy(one_hot, scores)
        found["accuracy"] = right.numpy().tolist()
        predicted = tf.argmax(scores, axis=1).numpy()
        found["top"] = {
            str(k): keras.metrics.sparse_top_k_categorical_accuracy(
                labels, scores.astype("float32"), k
            ).numpy().tolist()
            for k in range(1, scores.shape[1] + 1)
        }  # fmt: skip
    classes = max(2, scores.shape[1])
    found["confusion"] = tf.math.confusion_matrix(labels, predicted, classes).numpy().tolist()
    if np.all(np.isfinite(scores)):
        found["softmax"] = entropy(softmax(scores, axis=1), base=2, axis=1).tolist()
        two = np.stack([expit(scores), expit(-scores)])
        found["sigmoid"] = entropy(two, base=2, axis=0).sum(axis=1).tolist()
    return found


def main() -> None:
    found = [entry(*table) for table in tables()]
    print("[\n" + ",\n".join(map(json.dumps, found)) + "\n]")


if __name__ == "__main__":
    main()
