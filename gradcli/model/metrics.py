"""Metrics of models whose targets are classes. Each is declared once, here.

A metric is a function of Scores that gives a number, or an array of counts; it is no part of the
loss and has no gradient. What help says of it stands in the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.catalogue import LOSSES, Loss
from gradcli.engine.ops.activation import sigmoid
from gradcli.engine.ops.softmax import softmax
from gradcli.errors import SpecError
from gradcli.model.placed import inward
from gradcli.model.spec import Spec
from gradcli.model.targets import are_one_hot

MOST = 10_000_000
"""Entries of a confusion matrix."""


class Scores(NamedTuple):
    """What a model gives each row, and the class that is right."""

    scores: npt.NDArray[Any]
    """(rows, classes), or (rows, 1) where one unit tells two classes apart."""
    labels: npt.NDArray[np.int64]
    """(rows,): from 0."""
    binary: bool = False
    """Whether one unit tells two classes apart."""
    logits: bool = False
    """Whether they are logits, or margins: 0 is then between two classes, of probabilities 1/2."""
    apart: bool = False
    """Whether each unit has a probability of its own, as after a sigmoid."""

    @property
    def classes(self) -> int:
        return 2 if self.binary else self.scores.shape[-1]


Metric = Callable[..., Any]
FUNCTIONS: dict[str, Metric] = {}
"""Each by its name; topk takes a number besides."""


def metric(function: Metric) -> Metric:
    """Declare a metric by its name."""
    FUNCTIONS[function.__name__] = function
    return function


def scores_of(
    spec: Spec, output: Any, y: Any, mask: npt.NDArray[np.int64] | None = None
) -> Scores | None:
    """The rows of ``output`` that count, with their classes; None where targets are no classes.

    ``output`` is what the loss takes: (batch, ..., units), the units last under every convention,
    logits where it is computed past an activation. The targets ``y`` are laid out as the
    convention has them; ``mask``, (batch, ...), is 0 for each row that is left out. Targets that
    were made of labels are classes. Given ones are where the loss is of classes and each row is
    a 1 among zeros, or for one unit 0 or 1 (or -1 or 1).
    """
    assert spec.loss is not None
    loss, units = LOSSES[spec.loss], output.shape[-1]
    binary = units == 1 and loss.binary
    if units == 1 and not binary:
        return None
    targets = np.asarray(inward(y, spec.layers[-1].first[1])).reshape(-1, units)
    scores = output.reshape(-1, units)
    if mask is not None:
        counts = mask.reshape(-1) != 0
        scores, targets = scores[counts], targets[counts]
    if spec.targets["y"] is not None and not _are_classes(loss, targets, binary):
        return None
    labels = (targets[:, 0] > 0).astype(np.int64) if binary else targets.argmax(axis=1)
    logits = spec.takes_logits or not _is_distribution(spec)
    together = spec.layers[-1].layer.activation == "softmax"
    apart = binary or (loss.probabilities[:1] == ("sigmoid",) and not together)
    return Scores(scores, labels, binary, logits, apart)


def _are_classes(loss: Loss, targets: npt.NDArray[Any], binary: bool) -> bool:
    if binary:
        signs = not loss.probabilities and bool(np.all(np.abs(targets) == 1))
        return signs or bool(np.all((targets == 0) | (targets == 1)))
    of_classes = loss.binary or loss.one_class or loss.probabilities
    return bool(of_classes) and are_one_hot(targets)


def _is_distribution(spec: Spec) -> bool:
    """Whether the output is of probabilities, or their logits."""
    assert spec.loss is not None
    return bool(LOSSES[spec.loss].probabilities) or spec.layers[-1].layer.activation == "softmax"


def predicted(found: Scores) -> npt.NDArray[np.int64]:
    """The class of each row by its scores, (rows,): the first of those with the largest score.

    One unit says 1 above the half, and 0 at it.
    """
    classes: npt.NDArray[np.int64]
    if found.binary:
        classes = (found.scores[:, 0] > (0 if found.logits else 0.5)).astype(np.int64)
    else:
        classes = found.scores.argmax(axis=1)
    return classes


def right(found: Scores) -> npt.NDArray[np.bool_]:
    """Whether the class of each row is the predicted one, (rows,): not where a score is nan."""
    same: npt.NDArray[np.bool_] = predicted(found) == found.labels
    if np.isnan(found.scores.max(initial=0)):
        same &= ~np.isnan(found.scores).any(axis=1)
    return same


@metric
def accuracy(found: Scores) -> float:
    """The share of the rows that are right, from 0 to 1.

    Of equal scores the first counts, and one unit tells 1 only above the half: Keras's
    categorical_accuracy and binary_accuracy.
    """
    return float(np.mean(right(found)))


@metric
def topk(found: Scores, k: int) -> float:
    """The share of the rows whose class is among the ``k`` largest scores, from 0 to 1.

    Of equal scores all count, and a row with a score that is not finite does not: TensorFlow's
    in_top_k, and so Keras's top_k_categorical_accuracy. The top-5 error of Russakovsky et al.,
    "ImageNet Large Scale Visual Recognition Challenge", 2015, is 1 less that of 5.
    """
    own = np.take_along_axis(found.scores, found.labels[:, None], axis=1)
    above = np.count_nonzero(found.scores > own, axis=1)
    return float(np.mean((above < k) & np.isfinite(found.scores).all(axis=1)))


@metric
def entropy(found: Scores) -> float:
    """The mean over the rows of -sum(p log2(p)), in bits: Shannon 1948.

    p is the softmax of logits, or probabilities divided by their sum. Where each unit has a
    probability of its own, this is the sum over the units of the entropies of p and 1 - p. It is
    nan where a p is below 0.
    """
    scores = found.scores.astype(np.float64)
    if found.apart:
        p = sigmoid(scores) if found.logits else scores
        rest = sigmoid(-scores) if found.logits else 1 - scores
        each = _bits(p) + _bits(rest)
    elif found.logits:
        each = _bits(softmax(scores))
    else:
        each = _bits(scores / scores.sum(axis=1, keepdims=True))
    return float(np.mean(each.sum(axis=1)))


def _bits(p: Any) -> Any:
    """-p log2(p), which is 0 at 0."""
    return -p * np.log2(np.where(p == 0, 1, p))


@metric
def confusion(found: Scores) -> npt.NDArray[np.int64]:
    """How many rows of each class (down) are predicted as each (across): (classes, classes)."""
    pairs = found.labels * found.classes + predicted(found)
    counts = np.bincount(pairs, minlength=found.classes**2)
    return counts.reshape(found.classes, found.classes)


def metrics_of(found: Scores, names: Collection[str], ks: Iterable[int]) -> dict[str, Any]:
    """The metrics ``names``, and top1, top5, ... for each of ``ks``, as they are declared."""
    told: dict[str, Any] = {}
    for name, function in FUNCTIONS.items():
        if name == "topk":
            told |= {f"top{k}": function(found, k) for k in ks}
        elif name in names:
            told[name] = function(found)
    return told


def require_metrics(spec: Spec, y: Any, mask: npt.NDArray[np.int64] | None) -> None:
    """Raise SpecError where a model with the targets ``y`` has not the metrics that it asks for."""
    output = np.asarray(inward(y, spec.layers[-1].first[1]))  # which has their shape
    found = scores_of(spec, output, y, mask)
    asked = "metrics" if spec.metrics else "topk"
    if found is None:
        assert spec.loss is not None
        alone = output.shape[-1] == 1 and not LOSSES[spec.loss].binary
        none = f"one unit of {spec.loss} tells no classes apart"
        raise SpecError(asked, none if alone else "is of classes: give labels in place of y")
    if found.binary and (spec.topk or "topk" in spec.metrics):
        raise SpecError("topk", "one unit has no score for each class: ask for metrics accuracy")
    if "topk" in spec.metrics and not spec.topk:
        raise SpecError("topk", "needed: for how many classes, such as 1,5")
    for k in spec.topk:
        if k > found.classes:
            raise SpecError("topk", f"{k} is more than there are classes, {found.classes}")
    if "entropy" in spec.metrics and not _is_distribution(spec):
        why = f"{spec.loss} takes any number: act softmax gives some"
        raise SpecError("metrics", f"entropy is of probabilities, and {why}")
    if "confusion" in spec.metrics and (size := found.classes**2) > MOST:
        raise SpecError("metrics", f"confusion has {size:,} numbers; {MOST:,} are allowed")
