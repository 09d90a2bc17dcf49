"""Losses of scores that are no probabilities: margins of the right class, and the angle.

One number a row, targets first, as in ``loss``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.engine.axes import Axis
from gradcli.engine.domain import Domain, case, probability
from gradcli.engine.op import composite
from gradcli.engine.ops.activation import relu
from gradcli.engine.ops.arithmetic import maximum
from gradcli.engine.ops.choice import where
from gradcli.engine.ops.linear import vecdot
from gradcli.engine.ops.reduction import mean, sum
from gradcli.engine.ops.statistics import norm
from gradcli.engine.ops.truths import all
from gradcli.engine.targets import EPSILON, require_rows
from gradcli.engine.tensor import Array, Outcome

_signed = Domain(((-2.0, -1.7), (0.2, 0.7)))
_either_side = Domain(((-1.5, -1.0), (0.2, 0.7)))
_CASES = (case((3,), (3,)), case((2, 3), (2, 3)))


def _shortfall(y_true: Any, y_pred: Any) -> Any:
    """1 - y_true * y_pred, targets that are 0 or 1 throughout taken as -1 and 1."""
    binary = all((y_true == 0) | (y_true == 1))
    return 1 - where(binary, 2 * y_true - 1, y_true) * y_pred


# On the margin the slope is the left side's, as in Keras.
@composite(
    ("", "-g * y_true / n where y_true * y_pred <= 1, else 0"),
    cases=_CASES,
    domain=(_signed, _either_side),
    analytic=False,
)
def hinge(y_true: Array, y_pred: Array, axis: Axis = -1) -> Outcome:
    """max(0, 1 - y_true * y_pred), targets -1 and 1 (or 0 and 1); the mean over the last axis."""
    require_rows("hinge", y_true, y_pred)
    short = _shortfall(y_true, y_pred)
    return mean(where(short < 0, 0, short), axis=axis)


@composite(
    ("", "-g * 2 * y_true * max(0, 1 - y_true * y_pred) / n"),
    cases=_CASES,
    domain=(_signed, _either_side),
    analytic=False,
)
def squared_hinge(y_true: Array, y_pred: Array, axis: Axis = -1) -> Outcome:
    """The square of what hinge takes of each entry; the mean over the last axis."""
    require_rows("squared_hinge", y_true, y_pred)
    return mean(relu(_shortfall(y_true, y_pred)) ** 2, axis=axis)


@composite(
    ("", "g for each wrong class within the margin, -g times their number for the right one"),
    cases=(
        case((3,), (3,)),
        case(np.eye(3)[[2, 0]], (2, 3)),
        case(np.eye(3)[[2, 0]], (2, 3), margin=0.5),
    ),
    domain=(probability, Domain(((-1.0, -0.9), (0.4, 0.5)))),
    analytic=False,
)
def svm(y_true: Array, y_pred: Array, margin: float = 1.0) -> Outcome:
    """The sum of max(0, s_j - s_y + margin) over the wrong classes j: one-hot targets, scores s.

    Weston & Watkins, "Multi-class Support Vector Machines", 1998. A target is the weight of its
    score in s_y, and 1 less the target that of its own term.
    """
    require_rows("svm", y_true, y_pred)
    right = sum(y_true * y_pred, axis=-1, keepdims=True)
    return vecdot(1 - y_true, relu(y_pred - right + margin))


@composite(
    ("", "-g * (y_true / |y_true| + y * y_pred / |y_pred|) / |y_pred|"),
    cases=_CASES,
    domain=(_signed, _either_side),
    analytic=False,
)
def cosine(y_true: Array, y_pred: Array) -> Outcome:
    """Minus the cosine of the angle between rows, from -1 for the same direction to 1."""
    require_rows("cosine", y_true, y_pred)
    return -vecdot(_unit(y_true), _unit(y_pred))


def _unit(x: Any) -> Any:
    return x / maximum(norm(x, axis=-1, keepdims=True), EPSILON)
