"""What torch and TensorFlow (with Keras) answer at kinks and special points.

Run under each framework's interpreter in turn; the second run takes the first one's file and
adds its own column::

    python conventions.py > torch.json                       # where torch is installed
    python conventions.py torch.json > conventions.json      # where TensorFlow is installed

Prints a JSON list, one entry per function, point and input:

``call``        the function as gradcli writes it (NumPy's own spelling where it has no op)
``at``          the inputs by name, float64 (JSON as Python writes it: NaN, Infinity)
``wrt``         the input that the derivative is taken with respect to
``order``       1, or higher for repeated derivatives of the first input
``torch``, ``tensorflow``  the derivative of the sum of the function's entries; null where the
                framework has no such function, gives no gradient, or fails
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

inf, nan = float("inf"), float("nan")


class Point(NamedTuple):
    """A function at one point, written for gradcli, torch and TensorFlow."""

    call: str
    at: dict[str, Any]
    torch: str | None
    tensorflow: str | None
    order: int = 1

    @property
    def name(self) -> str:
        return self.call.partition("(")[0].strip()


def x(value: Any, call: str, torch: str | None, tensorflow: str | None, order: int = 1) -> Point:
    """A function of one input."""
    return Point(call, {"x": value}, torch, tensorflow, order)


def ab(a: Any, b: Any, call: str, torch: str | None, tensorflow: str | None) -> Point:
    """A function of two inputs."""
    return Point(call, {"a": a, "b": b}, torch, tensorflow)


def loss(y_pred: Any, y_true: Any, call: str, torch: str | None, tensorflow: str | None) -> Point:
    """A loss of a prediction and its target."""
    return Point(call, {"y_true": y_true, "y_pred": y_pred}, torch, tensorflow)


TIES, ALL_TIE = [3.0, 1.0, 3.0], [2.0, 2.0, 2.0]
ROWS_TIE = [[3.0, 1.0, 3.0], [0.0, 5.0, 5.0]]
ZERO_ROW = [[0.0, 0.0], [3.0, 4.0]]
SINGULAR = [[1.0, 2.0], [2.0, 4.0]]
POSITIVE = [[4.0, 2.0], [2.0, 3.0]]

# fmt: off
ACTIVATIONS = [
    *(x(v, "relu(x)", "F.relu(x)", "tf.nn.relu(x)") for v in (0.0, -1.0, nan, inf)),
    *(x(v, "relu6(x)", "F.relu6(x)", "tf.nn.relu6(x)") for v in (0.0, 6.0)),
    *(x(v, f"leaky_relu(x, alpha={k})", f"F.leaky_relu(x, {k})", f"tf.nn.leaky_relu(x, {k})")
      for v in (0.0, nan) for k in (0.2, 0.01)),
    *(x(0.0, f"elu(x, alpha={k})", f"F.elu(x, {k})", f"keras.activations.elu(x, {k})")
      for k in (1.0, 0.5)),
    *(x(v, "elu(x)", "F.elu(x)", "tf.nn.elu(x)") for v in (0.0, -1000.0, 1000.0)),
    *(x(v, "selu(x)", "F.selu(x)", "tf.nn.selu(x)") for v in (0.0, -1000.0, 1000.0)),
    *(x(v, "hard_sigmoid(x)", "F.hardsigmoid(x)", "keras.activations.hard_sigmoid(x)")
      for v in (-3.0, 0.0, 3.0)),
    *(x(v, "softsign(x)", "F.softsign(x)", "tf.nn.softsign(x)") for v in (0.0, 1e200)),
    *(x(v, "softplus(x)", "F.softplus(x)", "tf.nn.softplus(x)") for v in (0.0, -1000.0, 1000.0)),
    *(x(v, "sigmoid(x)", "torch.sigmoid(x)", "tf.sigmoid(x)") for v in (0.0, -1000.0, 1000.0)),
    *(x(v, "log_sigmoid(x)", "F.logsigmoid(x)", "tf.math.log_sigmoid(x)")
      for v in (0.0, -1000.0, 1000.0)),
    *(x(v, "tanh(x)", "torch.tanh(x)", "tf.tanh(x)") for v in (0.0, -1000.0, 1000.0)),
    *(x(v, "silu(x)", "F.silu(x)", "tf.nn.silu(x)") for v in (0.0, -1000.0, 1000.0)),
    *(x(v, "mish(x)", "F.mish(x)", "keras.activations.mish(x)") for v in (0.0, -1000.0, 1000.0)),
    *(x(v, "gelu(x)", "F.gelu(x)", "tf.nn.gelu(x)") for v in (0.0, -1000.0, 1000.0)),
    *(x(v, "gelu(x, approximate=True)", "F.gelu(x, approximate='tanh')",
        "tf.nn.gelu(x, approximate=True)") for v in (0.0, -1000.0, 1000.0)),
    *(x(v, "softmax(x)[0]", "F.softmax(x, -1)[0]", "tf.nn.softmax(x)[0]")
      for v in ([0.0, -inf], [-inf, -inf], [1000.0, 0.0], [1.0, 1.0])),
    *(x(v, "log_softmax(x)[0]", "F.log_softmax(x, -1)[0]", "tf.nn.log_softmax(x)[0]")
      for v in ([0.0, -inf], [1000.0, 0.0], [0.0, 1000.0])),
]

ELEMENTWISE = [
    *(x(v, "abs(x)", "torch.abs(x)", "tf.abs(x)") for v in (0.0, -inf, nan)),
    *(x(v, "sign(x)", "torch.sign(x)", "tf.sign(x)") for v in (0.0, 2.0)),
    *(x(v, "sqrt(x)", "torch.sqrt(x)", "tf.sqrt(x)") for v in (0.0, -1.0, inf)),
    x(0.0, "square(x)", "torch.square(x)", "tf.square(x)"),
    x(0.0, "reciprocal(x)", "torch.reciprocal(x)", "tf.math.reciprocal(x)"),
    *(x(v, "log(x)", "torch.log(x)", "tf.math.log(x)") for v in (0.0, -1.0, inf)),
    *(x(v, "log1p(x)", "torch.log1p(x)", "tf.math.log1p(x)") for v in (0.0, -1.0)),
    *(x(v, "exp(x)", "torch.exp(x)", "tf.exp(x)") for v in (-inf, 1000.0)),
    *(x(v, "expm1(x)", "torch.expm1(x)", "tf.math.expm1(x)") for v in (0.0, -1000.0)),
    *(x(v, "arcsin(x)", "torch.arcsin(x)", "tf.asin(x)") for v in (1.0, -1.0, 2.0)),
    *(x(v, "arccos(x)", "torch.arccos(x)", "tf.acos(x)") for v in (1.0, -1.0, 2.0)),
    *(x(v, "arccosh(x)", "torch.arccosh(x)", "tf.acosh(x)") for v in (1.0, 0.5)),
    *(x(v, "arctanh(x)", "torch.arctanh(x)", "tf.atanh(x)") for v in (1.0, -1.0)),
    *(x(v, "arctan(x)", "torch.arctan(x)", "tf.atan(x)") for v in (inf, 1e200)),
    *(x(v, "arcsinh(x)", "torch.arcsinh(x)", "tf.asinh(x)") for v in (0.0, 1e200)),
    *(x(v, "erf(x)", "torch.erf(x)", "tf.math.erf(x)") for v in (0.0, inf)),
    *(x(v, f"{name}(x)", f"torch.{name}(x)", f"tf.{'math.' * (name != 'round')}{name}(x)")
      for name in ("floor", "ceil", "round") for v in (0.0, 0.5, 2.0)),
    x(0.5, "trunc(x)", "torch.trunc(x)", "keras.ops.trunc(x)"),
    x(0.0, "sinc(x)", "torch.sinc(x)", None),
    *(ab(*v, "maximum(a, b)", "torch.maximum(a, b)", "tf.maximum(a, b)")
      for v in ((2.0, 2.0), (nan, 1.0), (1.0, nan))),
    *(ab(*v, "minimum(a, b)", "torch.minimum(a, b)", "tf.minimum(a, b)")
      for v in ((2.0, 2.0), (nan, 1.0), (1.0, nan))),
    x(0.0, "maximum(x, 0.0)", "torch.maximum(x, c(0.0))", "tf.maximum(x, c(0.0))"),
    x(0.0, "maximum(0.0, x)", "torch.maximum(c(0.0), x)", "tf.maximum(c(0.0), x)"),
    x(0.0, "minimum(x, 0.0)", "torch.minimum(x, c(0.0))", "tf.minimum(x, c(0.0))"),
    x(0.0, "minimum(0.0, x)", "torch.minimum(c(0.0), x)", "tf.minimum(c(0.0), x)"),
    *(ab(*v, f"{f}(a, b)", f"torch.{f}(a, b)", None)
      for f in ("fmax", "fmin") for v in ((2.0, 2.0), (nan, 1.0), (1.0, nan))),
    *(x(v, "clip(x, -1.0, 1.0)", "torch.clamp(x, -1.0, 1.0)",
        "tf.clip_by_value(x, c(-1.0), c(1.0))") for v in (-1.0, 1.0, 2.0, nan)),
    x(1.0, "clip(x, 1.0, 1.0)", "torch.clamp(x, 1.0, 1.0)", "tf.clip_by_value(x, c(1.0), c(1.0))"),
    x(0.0, "clip(x, 0.0, None)", "torch.clamp(x, min=0.0)", None),
    x(0.0, "clip(x, None, 0.0)", "torch.clamp(x, max=0.0)", None),
    *(x(v, "where(x > 0, x, 0.0)", "torch.where(x > 0, x, 0.0)",
        "tf.where(x > 0, x, c(0.0))") for v in (0.0, 1.0)),
    x([1.0, 1.0], "where(x[0] >= x[1], x[0], 2.0 * x[1])",
      "torch.where(x[0] >= x[1], x[0], 2.0 * x[1])", "tf.where(x[0] >= x[1], x[0], 2.0 * x[1])"),
    *(ab(*v, "mod(a, b)", "torch.remainder(a, b)", "tf.math.floormod(a, b)")
      for v in ((4.0, 2.0), (5.0, 3.0), (-5.0, 3.0), (5.0, -3.0), (0.0, 3.0), (1.0, 0.0))),
    *(ab(*v, "fmod(a, b)", "torch.fmod(a, b)", None) for v in ((4.0, 2.0), (-5.0, 3.0))),
    *(ab(*v, "floor_divide(a, b)", "torch.floor_divide(a, b)", "tf.math.floordiv(a, b)")
      for v in ((4.0, 2.0), (5.0, 3.0))),
    *(ab(*v, "divide(a, b)", "torch.divide(a, b)", "tf.divide(a, b)")
      for v in ((1.0, 0.0), (0.0, 0.0), (0.0, 2.0))),
    *(ab(*v, "arctan2(a, b)", "torch.arctan2(a, b)", "tf.atan2(a, b)")
      for v in ((0.0, 0.0), (0.0, 1.0), (0.0, -1.0), (1.0, 0.0))),
    *(ab(*v, "hypot(a, b)", "torch.hypot(a, b)", "tf.experimental.numpy.hypot(a, b)")
      for v in ((0.0, 0.0), (3.0, 0.0), (1e200, 1e200))),
    *(ab(*v, "logaddexp(a, b)", "torch.logaddexp(a, b)", "keras.ops.logaddexp(a, b)")
      for v in ((1.0, 1.0), (-inf, 0.0), (-inf, -inf), (inf, 0.0), (inf, inf), (0.0, 1000.0))),
    *(ab(*v, "xlogy(a, b)", "torch.xlogy(a, b)", "tf.math.xlogy(a, b)")
      for v in ((0.0, 0.0), (0.0, 2.0), (1.0, 0.0), (0.0, -1.0))),
    *(ab(*v, "squared_difference(a, b)", "(a - b) ** 2", "tf.math.squared_difference(a, b)")
      for v in ((1.0, 1.0),)),
    *(ab(*v, "copysign(a, b)", "torch.copysign(a, b)", None) for v in ((0.0, 1.0), (2.0, 0.0))),
    *(x(v, "nan_to_num(x)", "torch.nan_to_num(x)", None) for v in (nan, inf, 1.0)),
]

POWERS = [
    *(x(v, f"power(x, {k})", f"torch.pow(x, {k})", f"tf.pow(x, c({k}))")
      for v in (0.0, -2.0) for k in (0.0, 1.0, 2.0, 3.0, 0.5, 1.5, -1.0)),
    *(x(0.0, f"power(x, {k})", f"torch.pow(x, {k})", f"tf.pow(x, c({k}))", order)
      for k, order in ((0.0, 2), (1.0, 2), (2.0, 2), (2.0, 3), (3.0, 2), (3.0, 3), (3.0, 4))),
    *(ab(*v, "power(a, b)", "torch.pow(a, b)", "tf.pow(a, b)")
      for v in ((0.0, 0.0), (0.0, 1.0), (0.0, 2.0), (0.0, 0.5), (0.0, -1.0), (2.0, 0.0),
                (-2.0, 0.0), (-2.0, 2.0), (-2.0, 3.0), (-2.0, 0.5), (1.0, inf))),
    *(x(v, "power(0.0, x)", "torch.pow(c(0.0), x)", "tf.pow(c(0.0), x)") for v in (2.0, 0.0)),
    *(x(0.0, f"{call}", f"{torch}", f"{tensorflow}", order)
      for call, torch, tensorflow, order in (
          ("square(x)", "torch.square(x)", "tf.square(x)", 2),
          ("square(x)", "torch.square(x)", "tf.square(x)", 3),
          ("square(abs(x))", "torch.square(torch.abs(x))", "tf.square(tf.abs(x))", 2),
          ("relu(x)", "F.relu(x)", "tf.nn.relu(x)", 2),
          ("square(relu(x))", "torch.square(F.relu(x))", "tf.square(tf.nn.relu(x))", 2),
          ("elu(x)", "F.elu(x)", "tf.nn.elu(x)", 2),
          ("selu(x)", "F.selu(x)", "tf.nn.selu(x)", 2),
          ("softsign(x)", "F.softsign(x)", "tf.nn.softsign(x)", 2),
      )),
]

# 0 * inf: the slope of the outer function is infinite where the inner one has slope 0.
CHAINS = [
    *(x(v, f"{outer}({inner})", f"torch.{outer}({torch})", f"tf.math.{outer}({tensorflow})")
      for outer in ("sqrt", "log", "reciprocal")
      for v, inner, torch, tensorflow in (
          (-1.0, "maximum(x, 0.0)", "torch.maximum(x, c(0.0))", "tf.maximum(x, c(0.0))"),
          (0.0, "maximum(x, 0.0)", "torch.maximum(x, c(0.0))", "tf.maximum(x, c(0.0))"),
          (1.0, "minimum(x, 0.0)", "torch.minimum(x, c(0.0))", "tf.minimum(x, c(0.0))"),
          (-1.0, "relu(x)", "F.relu(x)", "tf.nn.relu(x)"),
          (0.0, "relu(x)", "F.relu(x)", "tf.nn.relu(x)"),
          (-1.0, "relu6(x)", "F.relu6(x)", "tf.nn.relu6(x)"),
          (-5.0, "hard_sigmoid(x)", "F.hardsigmoid(x)", "keras.activations.hard_sigmoid(x)"),
          (-1.0, "clip(x, 0.0, 1.0)", "torch.clamp(x, 0.0, 1.0)",
           "tf.clip_by_value(x, c(0.0), c(1.0))"),
          (0.0, "square(x)", "torch.square(x)", "tf.square(x)"),
          (0.0, "abs(x)", "torch.abs(x)", "tf.abs(x)"),
      )),
    x(-1.0, "where(x > 0, sqrt(x), 0.0)", "torch.where(x > 0, torch.sqrt(x), 0.0)",
      "tf.where(x > 0, tf.sqrt(x), c(0.0))"),
    x(-1.0, "sqrt(where(x > 0, x, 0.0))", "torch.sqrt(torch.where(x > 0, x, 0.0))",
      "tf.sqrt(tf.where(x > 0, x, c(0.0)))"),
    x(-1.0, "sqrt(where(x > 0, x, 1.0))", "torch.sqrt(torch.where(x > 0, x, 1.0))",
      "tf.sqrt(tf.where(x > 0, x, c(1.0)))"),
    x([0.0, 1.0], "sum(sqrt(x))", "torch.sum(torch.sqrt(x))", "tf.reduce_sum(tf.sqrt(x))"),
    x([1.0, 0.0], "max(sqrt(x))", "torch.amax(torch.sqrt(x))", "tf.reduce_max(tf.sqrt(x))"),
    x([1.0, 0.0], "sqrt(x)[0]", "torch.sqrt(x)[0]", "tf.sqrt(x)[0]"),
]

REDUCTIONS = [
    *(x(v, "norm(x)", "torch.linalg.vector_norm(x)", "tf.norm(x)")
      for v in ([0.0, 0.0, 0.0], [0.0], [0.0, 2.0], [1e200, 1e200], [1e-200, 1e-200])),
    x(ZERO_ROW, "norm(x, axis=1)", "torch.linalg.vector_norm(x, dim=1)", "tf.norm(x, axis=1)"),
    *(x(v, f"np.linalg.norm(x, ord={n})", f"torch.linalg.vector_norm(x, ord={k})",
        f"tf.norm(x, ord={n})")
      for k, n in (("1", "1"), ("inf", "np.inf"), ("3", "3"))
      for v in ([0.0, 0.0], [2.0, -2.0], [0.0, 2.0])),
    *(x(v, "std(x)", "torch.std(x, correction=0)", "tf.math.reduce_std(x)")
      for v in (ALL_TIE, [2.0], [0.1, 0.1, 0.1])),
    x([[1.0, 1.0], [1.0, 3.0]], "std(x, axis=1)", "torch.std(x, 1, correction=0)",
      "tf.math.reduce_std(x, 1)"),
    x(ALL_TIE, "std(x, ddof=1)", "torch.std(x, correction=1)", None),
    *(x(v, "var(x)", "torch.var(x, correction=0)", "tf.math.reduce_variance(x)")
      for v in (ALL_TIE, [2.0])),
    x([2.0], "var(x, ddof=1)", "torch.var(x, correction=1)", None),
    *(x(v, f"{f}(x)", f"torch.a{f}(x)", f"tf.reduce_{f}(x)")
      for f in ("max", "min") for v in (TIES, [1.0, 3.0, 1.0], ALL_TIE, [1.0, nan, 2.0])),
    *(x(v, f"{f}(x, axis=-1)", f"torch.a{f}(x, -1)", f"tf.reduce_{f}(x, -1)")
      for f in ("max", "min") for v in (ROWS_TIE,)),
    *(x(v, f"{f}(x, axis=-1)", f"torch.{f}(x, -1).values", f"keras.ops.{f}(x, -1)")
      for f in ("max", "min") for v in (ROWS_TIE,)),
    *(x(v, "median(x)", "torch.quantile(x, 0.5)", "keras.ops.median(x)")
      for v in (TIES, ALL_TIE, [1.0, 2.0, 2.0, 3.0], [3.0, 1.0, 4.0, 2.0])),
    *(x(v, "sort(x) * [1, 10, 100]", "torch.sort(x, stable=True).values * c([1.0, 10.0, 100.0])",
        "tf.sort(x) * c([1.0, 10.0, 100.0])") for v in (TIES, [1.0, 3.0, 1.0], ALL_TIE)),
    *(x(v, f"top_k(x, {k})", f"torch.topk(x, {k}).values", f"tf.math.top_k(x, {k}).values")
      for k in (1, 2) for v in (TIES, [1.0, 3.0, 1.0], ALL_TIE)),
    *(x(v, "prod(x)", "torch.prod(x)", "tf.reduce_prod(x)")
      for v in ([2.0, 0.0, 3.0], [0.0, 0.0, 3.0], [0.0], [0.0, 0.0, 0.0])),
    x([[2.0, 0.0], [0.0, 0.0]], "prod(x, axis=1)", "torch.prod(x, 1)", "tf.reduce_prod(x, 1)"),
    *(x(v, "cumprod(x)", "torch.cumprod(x, 0)", "tf.math.cumprod(x)")
      for v in ([2.0, 0.0, 3.0], [0.0, 2.0, 3.0], [2.0, 3.0, 0.0], [0.0, 0.0, 3.0])),
    *(x(v, "logsumexp(x)", "torch.logsumexp(x, 0)", "tf.reduce_logsumexp(x)")
      for v in ([0.0, -inf], [-inf, -inf], [inf, 0.0], [1000.0, 1000.0])),
    *(x([], f"{call}", torch, tensorflow) for call, torch, tensorflow in (
        ("sum(x)", "torch.sum(x)", "tf.reduce_sum(x)"),
        ("prod(x)", "torch.prod(x)", "tf.reduce_prod(x)"),
        ("mean(x)", "torch.mean(x)", "tf.reduce_mean(x)"),
        ("var(x)", "torch.var(x, correction=0)", "tf.math.reduce_variance(x)"),
        ("std(x)", "torch.std(x, correction=0)", "tf.math.reduce_std(x)"),
        ("norm(x)", "torch.linalg.vector_norm(x)", "tf.norm(x)"),
        ("max(x)", "torch.amax(x)", "tf.reduce_max(x)"),
        ("logsumexp(x)", "torch.logsumexp(x, 0)", "tf.reduce_logsumexp(x)"),
        ("softmax(x)", "F.softmax(x, -1)", "tf.nn.softmax(x)"),
        ("log_softmax(x)", "F.log_softmax(x, -1)", "tf.nn.log_softmax(x)"),
        ("cumsum(x)", "torch.cumsum(x, 0)", "tf.cumsum(x)"),
        ("sort(x)", "torch.sort(x).values", "tf.sort(x)"),
    )),
    x([[], [], []], "softmax(x)", "F.softmax(x, -1)", "tf.nn.softmax(x)"),
    x([[], [], []], "mean(x, axis=1)", "torch.mean(x, 1)", "tf.reduce_mean(x, 1)"),
    x([[], [], []], "logsumexp(x, axis=1)", "torch.logsumexp(x, 1)", "tf.reduce_logsumexp(x, 1)"),
    *(x(v, "clip_by_norm(x, 5.0)", None, "tf.clip_by_norm(x, c(5.0))")
      for v in ([3.0, 4.0], [0.0, 0.0], [6.0, 8.0])),
    *(x(v, "clip_by_global_norm([x], 5.0)[0][0]", None,
        "tf.clip_by_global_norm([x], c(5.0))[0][0]")
      for v in ([3.0, 4.0], [0.0, 0.0], [6.0, 8.0])),
    x([0.0, 0.0], "divide(x, maximum(norm(x), 1e-12))", "F.normalize(x, dim=0)",
      "tf.math.l2_normalize(x, epsilon=c(1e-24))"),
]

LINEAR = [
    *(x(v, "det(x)", "torch.linalg.det(x)", "tf.linalg.det(x)")
      for v in (SINGULAR, [[0.0, 0.0], [0.0, 0.0]], [[2.0, 1.0], [1.0, 3.0]])),
    x(SINGULAR, "slogdet(x)[1]", "torch.linalg.slogdet(x)[1]", "tf.linalg.slogdet(x)[1]"),
    x(SINGULAR, "inv(x)", "torch.linalg.inv(x)", "tf.linalg.inv(x)"),
    x(POSITIVE, "cholesky(x)", "torch.linalg.cholesky(x)", "tf.linalg.cholesky(x)"),
    x([[4.0, 9.0], [2.0, 3.0]], "cholesky(x)", "torch.linalg.cholesky(x)",
      "tf.linalg.cholesky(x)"),
    # TensorFlow answers with memory that it never wrote.
    x(SINGULAR, "cholesky(x)", "torch.linalg.cholesky(x)", None),
]

# A tie under a pooling window; a row is (batch, time, channels) to TensorFlow.
POOLING = [
    x([1.0, 3.0, 3.0, 3.0], "max_pool(x[None, :, None], 2)", "F.max_pool1d(x[None, None], 2)",
      "tf.nn.max_pool1d(x[None, :, None], 2, 2, 'VALID')"),
]

LOSSES = [
    *(loss([o], [0.0], "huber(y_true, y_pred)", "F.huber_loss(y_pred, y_true)",
           "keras.losses.huber(y_true, y_pred)") for o in (1.0, -1.0, 0.0)),
    *(loss([o], [0.0], "huber(y_true, y_pred, delta=0.5)",
           "F.huber_loss(y_pred, y_true, delta=0.5)",
           "keras.losses.huber(y_true, y_pred, 0.5)") for o in (0.5, -0.5)),
    loss([1.0, 2.0], [1.0, 0.0], "mae(y_true, y_pred)", "F.l1_loss(y_pred, y_true)",
         "keras.losses.mean_absolute_error(y_true, y_pred)"),
    loss([1.0, 2.0], [1.0, 0.0], "mse(y_true, y_pred)", "F.mse_loss(y_pred, y_true)",
         "keras.losses.mean_squared_error(y_true, y_pred)"),
    *(loss([p], [t], "bce(y_true, y_pred)", "F.binary_cross_entropy(y_pred, y_true)",
           "keras.losses.binary_crossentropy(y_true, y_pred)")
      for p in (0.0, 1.0) for t in (0.0, 1.0)),
    *(loss([z], [t], "bce(y_true, y_pred, from_logits=True)",
           "F.binary_cross_entropy_with_logits(y_pred, y_true)",
           "keras.losses.binary_crossentropy(y_true, y_pred, from_logits=True)")
      for z in (0.0, 1000.0, -1000.0) for t in (0.0, 1.0)),
    *(loss([0.0, 1.0], t, "ce(y_true, y_pred)", None,
           "keras.losses.categorical_crossentropy(y_true, y_pred)")
      for t in ([0.0, 1.0], [1.0, 0.0])),
    *(loss(z, [1.0, 0.0], "ce(y_true, y_pred, from_logits=True)", "F.cross_entropy(y_pred, y_true)",
           "keras.losses.categorical_crossentropy(y_true, y_pred, from_logits=True)")
      for z in ([0.0, 0.0], [1000.0, 0.0], [0.0, 1000.0], [0.0, -inf])),
    *(loss([o], [1.0], "hinge(y_true, y_pred)", None, "keras.losses.hinge(y_true, y_pred)")
      for o in (1.0, 0.0)),
    loss([1.0], [1.0], "squared_hinge(y_true, y_pred)", None,
         "keras.losses.squared_hinge(y_true, y_pred)"),
    *(loss([p], [t], "kl(y_true, y_pred)", None, "keras.losses.kl_divergence(y_true, y_pred)")
      for p, t in ((0.5, 0.0), (0.0, 0.5), (1.0, 1.0))),
    *(loss([p], [t], "poisson(y_true, y_pred)", None, "keras.losses.poisson(y_true, y_pred)")
      for p, t in ((0.0, 1.0), (0.0, 0.0))),
    *(loss([p], [0.0], "log_cosh(y_true, y_pred)", None,
           "keras.losses.log_cosh(y_true, y_pred)")
      for p in (0.0, 1000.0)),
    loss([0.0, 0.0], [1.0, 0.0], "cosine(y_true, y_pred)",
         "-F.cosine_similarity(y_pred, y_true, dim=-1)",
         "keras.losses.cosine_similarity(y_true, y_pred)"),
]
# fmt: on

POINTS = [*ACTIVATIONS, *ELEMENTWISE, *POWERS, *CHAINS, *REDUCTIONS, *LINEAR, *POOLING, *LOSSES]

Derivatives = dict[str, Any]
Evaluate = Callable[[str, dict[str, Any], int], Derivatives]


def torch_evaluate() -> Evaluate:
    """Evaluates an expression of torch's: the derivative by each input."""
    import torch

    torch.set_default_dtype(torch.float64)
    scope = {"torch": torch, "F": torch.nn.functional, "c": torch.tensor, "inf": inf}

    def evaluate(expression: str, at: dict[str, Any], order: int) -> Derivatives:
        inputs = {name: torch.tensor(v, requires_grad=True) for name, v in at.items()}
        y = eval(expression, {**scope, **inputs})
        for _ in range(order - 1):
            (y,) = torch.autograd.grad(y.sum(), inputs["x"], create_graph=True)
        if not y.requires_grad:
            return dict.fromkeys(at)
        wrt = list(inputs.values())
        slopes = torch.autograd.grad(y.sum(), wrt, allow_unused=True)
        return {n: None if g is None else g.tolist() for n, g in zip(at, slopes, strict=True)}

    return evaluate


def tensorflow_evaluate() -> Evaluate:
    """Evaluates an expression of TensorFlow's: the derivative by each input."""
    logging.disable(logging.WARNING)
    import keras
    import tensorflow as tf

    def c(value: Any) -> Any:
        return tf.constant(value, tf.float64)

    scope = {"tf": tf, "keras": keras, "c": c, "np": np, "inf": inf}

    def evaluate(expression: str, at: dict[str, Any], order: int) -> Derivatives:
        inputs = {name: c(v) for name, v in at.items()}

        def derivative(k: int) -> Any:
            """The k-th derivative by x; the 0th is the value."""
            if k == 0:
                return eval(expression, {**scope, **inputs})
            with tf.GradientTape() as tape:
                tape.watch(inputs["x"])
                y = derivative(k - 1)
            return tape.gradient(y, inputs["x"])

        with tf.GradientTape() as tape:
            tape.watch(inputs)
            y = derivative(order - 1)
        slopes = dict.fromkeys(at) if y is None else tape.gradient(y, inputs)
        return {
            name: None if g is None else tf.convert_to_tensor(g).numpy().tolist()
            for name, g in slopes.items()
        }

    return evaluate


def entries(framework: str, evaluate: Evaluate, known: list[dict[str, Any]]) -> list[Any]:
    """An entry per point and input, with ``framework``'s column; the other's from ``known``."""
    answers: list[dict[str, Any]] = []
    for point in POINTS:
        expression = getattr(point, framework)
        slopes = dict.fromkeys(point.at)
        if expression is not None:
            # Whatever the framework raises, it gives no derivative.
            with contextlib.suppress(Exception):
                slopes = evaluate(expression, point.at, point.order)
        for wrt in point.at:
            answer = {"call": point.call, "at": point.at, "wrt": wrt, "order": point.order}
            answer |= {"torch": None, "tensorflow": None}
            if known:
                answer |= known[len(answers)]
            answer[framework] = slopes[wrt]
            answers.append(answer)
    return answers


def main() -> None:
    known = []
    if len(sys.argv) > 1:
        with open(sys.argv[1], encoding="utf-8") as file:
            known = json.load(file)
    try:
        framework, evaluate = "torch", torch_evaluate()
    except ImportError:
        framework, evaluate = "tensorflow", tensorflow_evaluate()
    answers = entries(framework, evaluate, known)
    print("[\n" + ",\n".join(json.dumps(answer) for answer in answers) + "\n]")


if __name__ == "__main__":
    main()
