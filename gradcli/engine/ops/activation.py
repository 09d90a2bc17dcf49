"""Activation functions, stable at any magnitude.

Definitions and constants follow Keras 3. At a kink the gradient is that of TensorFlow:
relu'(0) = 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcli.engine.domain import nonzero
from gradcli.engine.domain import real as anywhere
from gradcli.engine.op import op
from gradcli.engine.ops.arithmetic import abs, minimum
from gradcli.engine.ops.choice import keep, where
from gradcli.engine.ops.exponential import erf, exp
from gradcli.engine.ops.trigonometric import tanh
from gradcli.engine.tensor import Array, Outcome, real

_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946
"""Klambauer et al., "Self-Normalizing Neural Networks", 2017."""


def _softplus(x: Any) -> Any:
    return np.log(1 + np.exp(x)) if np.iscomplexobj(x) else np.logaddexp(0, x)


def _sigmoid_vjp(g: Any, y: Any, x: Any) -> Any:
    # Not y * (1 - y): near 1 the difference has lost its digits.
    return g * y * sigmoid(-x)


@op(_sigmoid_vjp, rule="g * y * (1 - y)")
def sigmoid(x: Array) -> Outcome:
    """1 / (1 + exp(-x))."""
    if not hasattr(x, "dtype") or x.dtype.kind not in "fc":
        x = real(x)[()]
    if np.iscomplexobj(x):
        return 1 / (1 + np.exp(-x))
    # Neither exponential can overflow, and small values keep all their digits.
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


@op(lambda g, y, x: g * sigmoid(-x), rule="g * (1 - sigmoid(x))")
def log_sigmoid(x: Array) -> Outcome:
    """log(sigmoid(x))."""
    return -_softplus(-real(x))


@op(lambda g, y, x: g * sigmoid(x), rule="g * sigmoid(x)")
def softplus(x: Array) -> Outcome:
    """log(1 + exp(x))."""
    return _softplus(x)


@op(lambda g, y, x: keep(x > 0, g), rule="g where x > 0, else 0", domain=nonzero, analytic=False)
def relu(x: Array) -> Outcome:
    """max(x, 0)."""
    return np.maximum(x, 0)


@op(
    lambda g, y, x: keep((x > 0) & (x < 6), g),
    rule="g where 0 < x < 6, else 0",
    domain=nonzero,
    analytic=False,
)
def relu6(x: Array) -> Outcome:
    """min(max(x, 0), 6)."""
    return np.minimum(np.maximum(x, 0), 6)


@op(
    lambda g, y, x, alpha: where(x > 0, g, alpha * g),
    rule="g where x > 0, else alpha * g",
    domain=nonzero,
    aliases={"negative_slope": "alpha"},
    analytic=False,
)
def leaky_relu(x: Array, alpha: float = 0.2) -> Outcome:
    """x where it is positive, else alpha * x."""
    return np.maximum(x, 0) + alpha * np.minimum(x, 0)


@op(
    lambda g, y, x, alpha: where(x > 0, g, g * alpha * exp(minimum(x, 0))),
    rule="g where x > 0, else g * alpha * exp(x)",
    domain=nonzero,
    analytic=False,
)
def elu(x: Array, alpha: float = 1.0) -> Outcome:
    """x where it is positive, else alpha * (exp(x) - 1). Clevert et al. 2016."""
    return np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0))


# At 0 the slope is that of the right side, as in TensorFlow.
@op(
    lambda g, y, x: g * _SELU_SCALE * where(x >= 0, 1, _SELU_ALPHA * exp(minimum(x, 0))),
    rule="g * s where x >= 0, else g * s * alpha * exp(x)",
    domain=nonzero,
    analytic=False,
)
def selu(x: Array) -> Outcome:
    """s * elu(x, alpha), s = 1.0507..., alpha = 1.6733...: Klambauer et al. 2017."""
    return _SELU_SCALE * (np.maximum(x, 0) + _SELU_ALPHA * np.expm1(np.minimum(x, 0)))


@op(
    lambda g, y, x: g * sigmoid(x) * (1 + x * sigmoid(-x)),
    rule="g * sigmoid(x) * (1 + x * (1 - sigmoid(x)))",
)
def silu(x: Array) -> Outcome:
    """x * sigmoid(x)."""
    return x * sigmoid.forward(x)


@op(lambda g, y, x: g / (1 + abs(x)) ** 2, rule="g / (1 + |x|)^2", domain=nonzero, analytic=False)
def softsign(x: Array) -> Outcome:
    """x / (1 + |x|)."""
    return x / (1 + np.abs(x))


def _mish_vjp(g: Any, y: Any, x: Any) -> Any:
    t = tanh(softplus(x))
    return g * (t + x * (1 - t * t) * sigmoid(x))


@op(_mish_vjp, rule="g * (t + x * (1 - t^2) * sigmoid(x)), t = tanh(softplus(x))")
def mish(x: Array) -> Outcome:
    """x * tanh(softplus(x)). Misra 2019."""
    return x * np.tanh(_softplus(x))


@op(
    lambda g, y, x: keep((x > -3) & (x < 3), g / 6),
    rule="g / 6 where -3 < x < 3, else 0",
    domain=anywhere,
    analytic=False,
)
def hard_sigmoid(x: Array) -> Outcome:
    """x / 6 + 1/2, cut off at 0 and 1."""
    return np.minimum(np.maximum(x / 6 + 0.5, 0), 1)


_TANH_SCALE = math.sqrt(2 / math.pi)


def _gelu_vjp(g: Any, y: Any, x: Any, approximate: bool) -> Any:
    if approximate:
        t = tanh(_TANH_SCALE * (x + 0.044715 * x * x * x))
        slope = _TANH_SCALE * (1 + 3 * 0.044715 * x * x)
        return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope)
    density = exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return g * (0.5 * (1 + erf(x / math.sqrt(2))) + x * density)


@op(
    _gelu_vjp,
    rule="g * (Phi(x) + x * phi(x)), Phi and phi of the normal distribution",
    analytic=False,
)
def gelu(x: Array, approximate: bool = False) -> Outcome:
    """x * Phi(x): Hendrycks & Gimpel 2016; exact, or by their tanh if ``approximate``."""
    if approximate:
        return 0.5 * x * (1 + tanh(_TANH_SCALE * (x + 0.044715 * x * x * x)))
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


# Other spellings.
expit = sigmoid
logistic = sigmoid
swish = silu
