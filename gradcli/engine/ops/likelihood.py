"""Losses of probabilities and rates beyond the cross entropies.

One number a row, targets first, as in ``loss``; clipped where Keras clips.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcli.engine.axes import Axis
from gradcli.engine.domain import case, probability
from gradcli.engine.op import composite
from gradcli.engine.ops.activation import sigmoid
from gradcli.engine.ops.arithmetic import clip, divide
from gradcli.engine.ops.exponential import log
from gradcli.engine.ops.linear import vecdot
from gradcli.engine.ops.reduction import mean, sum
from gradcli.engine.ops.softmax import softmax
from gradcli.engine.targets import EPSILON, clipped, require_rows, smoothed
from gradcli.engine.tensor import Array, Outcome

_CASES = (case((3,), (3,)), case((2, 3), (2, 3)))


@composite(
    ("g * (log(y_true / y_pred) + 1)", "-g * y_true / y_pred"),
    cases=_CASES,
    domain=probability,
    analytic=False,
)
def kl(y_true: Array, y_pred: Array) -> Outcome:
    """The Kullback-Leibler divergence of two distributions: sum(y_true * log(y_true / y_pred)).

    Over the last axis, of probabilities. Kullback & Leibler 1951.
    """
    require_rows("kl", y_true, y_pred)
    target = clip(y_true, EPSILON, 1)
    return vecdot(target, log(target / clip(y_pred, EPSILON, 1)))


@composite(
    ("-g * log(y_pred) / n", "g * (1 - y_true / y_pred) / n"), cases=_CASES, domain=probability
)
def poisson(y_true: Array, y_pred: Array, axis: Axis = -1) -> Outcome:
    """y_pred - y_true * log(y_pred), of counts and their rates; the mean over the last axis."""
    require_rows("poisson", y_true, y_pred)
    return mean(y_pred - y_true * log(y_pred + EPSILON), axis=axis)


@composite(
    ("", "that of bce times |y_true - p|^gamma, and that of this weight"),
    cases=(*_CASES, case((2, 3), (2, 3), alpha=0.3, gamma=1.5, label_smoothing=0.1)),
    domain=probability,
    analytic=False,
)
def binary_focal(
    y_true: Array,
    y_pred: Array,
    alpha: float | Sequence[float] | None = None,
    gamma: float = 2.0,
    from_logits: bool = False,
    axis: Axis = -1,
    label_smoothing: float = 0.0,
) -> Outcome:
    """bce, each entry weighted by (1 - p_t)^gamma, p_t the probability of what is true.

    ``alpha``, one number or one an entry, weighs class 1, and 1 - alpha class 0; without it
    both weigh the same. The mean over the last axis. Lin et al., "Focal Loss for Dense Object
    Detection", 2017.
    """
    require_rows("binary_focal", y_true, y_pred)
    y = smoothed(y_true, label_smoothing, 2)
    p = sigmoid(y_pred) if from_logits else y_pred
    inside = clipped(p)
    entropy = -(y * log(inside) + (1 - y) * log(1 - inside))
    weighted = (1 - (y * p + (1 - y) * (1 - p))) ** gamma * entropy
    if alpha is not None:
        share = np.asarray(alpha, inside.dtype)
        weighted = (y * share + (1 - y) * (1 - share)) * weighted
    return mean(weighted, axis=axis)


@composite(
    ("", "that of ce times alpha * (1 - p)^gamma, and that of this weight"),
    cases=(
        *_CASES,
        case((2, 3), (2, 3), alpha=(0.5, 1.0, 0.2), gamma=1.5, label_smoothing=0.1),
        case((2, 1), (2, 1)),
    ),
    domain=probability,
    analytic=False,
)
def focal(
    y_true: Array,
    y_pred: Array,
    alpha: float | Sequence[float] | None = None,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
) -> Outcome:
    """ce, each class weighted by alpha * (1 - p)^gamma; of one unit, binary_focal.

    ``alpha`` is one number, or one a class; 0.25 for several classes where it is not given.
    Over the last axis. Lin et al., "Focal Loss for Dense Object Detection", 2017.
    """
    require_rows("focal", y_true, y_pred)
    if y_pred.shape[-1:] == (1,):
        return binary_focal(y_true, y_pred, alpha, gamma, from_logits, -1, label_smoothing)
    y = smoothed(y_true, label_smoothing, y_pred.shape[-1])
    p = softmax(y_pred) if from_logits else y_pred
    p = clipped(divide(p, sum(p, axis=-1, keepdims=True)))
    weight = np.asarray(0.25 if alpha is None else alpha, p.dtype) * (1 - p) ** gamma
    return -sum(weight * y * log(p), axis=-1)


# Other spellings.
kl_divergence = kl
binary_focal_crossentropy = binary_focal
categorical_focal_crossentropy = focal
