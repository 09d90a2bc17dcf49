"""Exponentials and logarithms, and the error function."""

from __future__ import annotations

import math

import numpy as np

from gradcli.engine.domain import above_zero, real
from gradcli.engine.op import elementwise, op
from gradcli.engine.ops.choice import where
from gradcli.engine.tensor import Array, Outcome

exp = elementwise(np.exp, lambda g, y, x: g * y, rule="g * y")
exp2 = elementwise(
    np.exp2, lambda g, y, x: g * y * math.log(2), rule="g * y * ln 2", analytic=False
)
expm1 = elementwise(np.expm1, lambda g, y, x: g * exp(x), rule="g * exp(x)")
log = elementwise(np.log, lambda g, y, x: g / x, rule="g / x", domain=above_zero)
log1p = elementwise(np.log1p, lambda g, y, x: g / (1 + x), rule="g / (1 + x)", domain=above_zero)
log2 = elementwise(
    np.log2, lambda g, y, x: g / (x * math.log(2)), rule="g / (x * ln 2)", domain=above_zero
)
log10 = elementwise(
    np.log10, lambda g, y, x: g / (x * math.log(10)), rule="g / (x * ln 10)", domain=above_zero
)


def _share(a: Array, b: Array, base: float) -> Outcome:
    """base^a / (base^a + base^b), infinities included."""
    from gradcli.engine.ops.activation import sigmoid

    return sigmoid((a - b) * math.log(base))


logaddexp = elementwise(
    np.logaddexp,
    lambda g, y, a, b: g * _share(a, b, math.e),
    lambda g, y, a, b: g * _share(b, a, math.e),
    rule=("g * exp(a - y)", "g * exp(b - y)"),
    analytic=False,
)
logaddexp2 = elementwise(
    np.logaddexp2,
    lambda g, y, a, b: g * _share(a, b, 2),
    lambda g, y, a, b: g * _share(b, a, 2),
    rule=("g * 2^(a - y)", "g * 2^(b - y)"),
    analytic=False,
)


def _side(g: Array, y: Array, side: Array) -> Outcome:
    """g * side / y; 0 where both sides of the triangle are."""
    return where(y == 0, 0, g * side / where(y == 0, 1, y))


hypot = elementwise(
    np.hypot,
    lambda g, y, a, b: _side(g, y, a),
    lambda g, y, a, b: _side(g, y, b),
    rule=("g * a / y", "g * b / y"),
    analytic=False,
)

_erf_each = np.frompyfunc(math.erf, 1, 1)


@op(
    lambda g, y, x: g * (2 / math.sqrt(math.pi)) * exp(-x * x),
    rule="g * 2/sqrt(pi) * exp(-x^2)",
    domain=real,
    analytic=False,
)
def erf(x: Array) -> Outcome:
    """The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    x = np.asarray(x)
    dtype = x.dtype if x.dtype.kind == "f" else np.float64
    return np.asarray(_erf_each(x)).astype(dtype)[()]


# Other spellings.
ln = log
