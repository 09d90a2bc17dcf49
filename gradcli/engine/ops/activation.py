"""Activation functions, stable at any magnitude.

Definitions and constants follow Keras 3. At a kink the gradient is that of TensorFlow:
relu'(0) = 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcli.engine.domain import nonzero, real
from gradcli.engine.op import Op, op
from gradcli.engine.ops.arithmetic import absolute, minimum
from gradcli.engine.ops.exponential import erf, exp
from gradcli.engine.ops.trigonometric import tanh

_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946
"""Klambauer et al., "Self-Normalizing Neural Networks", 2017."""


def _sigmoid(x: Any) -> Any:
    if np.iscomplexobj(x):
        return 1 / (1 + np.exp(-x))
    # Neither exponential can overflow, and small values keep all their digits.
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


def _softplus(x: Any) -> Any:
    return np.log(1 + np.exp(x)) if np.iscomplexobj(x) else np.logaddexp(0, x)


def _sigmoid_cross_entropy(z: Any, t: Any) -> Any:
    if np.iscomplexobj(z) or np.iscomplexobj(t):
        return _softplus(z) - z * t
    return np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z)))


# y * sigmoid(-x), not y * (1 - y): near 1 the difference has lost its digits.
sigmoid: Op = op(
    "sigmoid(x)", _sigmoid, lambda g, y, x: g * y * sigmoid(-x),
    rule="g * y * (1 - y)",
)  # fmt: skip
log_sigmoid = op(
    "log_sigmoid(x)", lambda x: -_softplus(-x), lambda g, y, x: g * sigmoid(-x),
    rule="g * (1 - sigmoid(x))",
)  # fmt: skip
softplus = op(
    "softplus(x)", _softplus, lambda g, y, x: g * sigmoid(x),
    rule="g * sigmoid(x)",
)  # fmt: skip
relu = op(
    "relu(x)", lambda x: np.maximum(x, 0), lambda g, y, x: g * (x > 0),
    rule="g where x > 0, else 0", domain=nonzero,
    analytic=False,
)  # fmt: skip
relu6 = op(
    "relu6(x)", lambda x: np.minimum(np.maximum(x, 0), 6),
    lambda g, y, x: g * (x > 0) * (x < 6),
    rule="g where 0 < x < 6, else 0", domain=nonzero,
    analytic=False,
)  # fmt: skip
leaky_relu = op(
    "leaky_relu(x, alpha=0.2)",
    lambda x, alpha=0.2: np.maximum(x, 0) + alpha * np.minimum(x, 0),
    lambda g, y, x, alpha=0.2: g * (x > 0) + alpha * g * (x <= 0),
    rule="g where x > 0, else alpha * g", domain=nonzero,
    analytic=False,
)  # fmt: skip
elu = op(
    "elu(x, alpha=1)",
    lambda x, alpha=1.0: np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0)),
    lambda g, y, x, alpha=1.0: g * (x > 0) + alpha * g * exp(minimum(x, 0)) * (x <= 0),
    rule="g where x > 0, else g * alpha * exp(x)", domain=nonzero,
    analytic=False,
)  # fmt: skip
selu = op(
    "selu(x)",
    lambda x: _SELU_SCALE * (np.maximum(x, 0) + _SELU_ALPHA * np.expm1(np.minimum(x, 0))),
    lambda g, y, x: (
        g * _SELU_SCALE * ((x > 0) + _SELU_ALPHA * exp(minimum(x, 0)) * (x <= 0))
    ),
    rule="g * s where x > 0, else g * s * alpha * exp(x)", domain=nonzero,
    analytic=False,
)  # fmt: skip
silu = op(
    "silu(x)", lambda x: x * _sigmoid(x),
    lambda g, y, x: g * sigmoid(x) * (1 + x * sigmoid(-x)),
    rule="g * sigmoid(x) * (1 + x * (1 - sigmoid(x)))",
)  # fmt: skip
softsign = op(
    "softsign(x)", lambda x: x / (1 + np.abs(x)), lambda g, y, x: g / (1 + absolute(x)) ** 2,
    rule="g / (1 + |x|)^2", domain=nonzero,
    analytic=False,
)  # fmt: skip


def _mish_vjp(g: Any, y: Any, x: Any) -> Any:
    t = tanh(softplus(x))
    return g * (t + x * (1 - t * t) * sigmoid(x))


mish = op(
    "mish(x)", lambda x: x * np.tanh(_softplus(x)), _mish_vjp,
    rule="g * (t + x * (1 - t^2) * sigmoid(x)), t = tanh(softplus(x))",
)  # fmt: skip
hard_sigmoid = op(
    "hard_sigmoid(x)", lambda x: np.minimum(np.maximum(x / 6 + 0.5, 0), 1),
    lambda g, y, x: g * (x > -3) * (x < 3) / 6,
    rule="g / 6 where -3 < x < 3, else 0", domain=real,
    analytic=False,
)  # fmt: skip

_TANH_SCALE = math.sqrt(2 / math.pi)


def _gelu(x: Any, approximate: bool = False) -> Any:
    """Hendrycks & Gimpel, "Gaussian Error Linear Units", 2016; exact unless ``approximate``."""
    if approximate:
        return 0.5 * x * (1 + tanh(_TANH_SCALE * (x + 0.044715 * x * x * x)))
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def _gelu_vjp(g: Any, y: Any, x: Any, approximate: bool = False) -> Any:
    if approximate:
        t = tanh(_TANH_SCALE * (x + 0.044715 * x * x * x))
        slope = _TANH_SCALE * (1 + 3 * 0.044715 * x * x)
        return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope)
    density = exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return g * (0.5 * (1 + erf(x / math.sqrt(2))) + x * density)


gelu = op(
    "gelu(x, approximate=False)", _gelu, _gelu_vjp,
    rule="g * (Phi(x) + x * phi(x)), Phi and phi of the normal distribution",
    analytic=False,
)  # fmt: skip

# TensorFlow's op of this name: bce from logits, without cancellation.
sigmoid_cross_entropy_with_logits = op(
    "sigmoid_cross_entropy_with_logits(logits, labels)",
    _sigmoid_cross_entropy,
    lambda g, y, z, t: g * (sigmoid(z) - t),
    lambda g, y, z, t: -g * z,
    rule=("g * (sigmoid(logits) - labels)", "-g * logits"),
)  # fmt: skip
