"""Exponentials and logarithms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcli.engine.domain import positive, real
from gradcli.engine.op import op

exp = op("exp(x)", np.exp, lambda g, y, x: g * y, rule="g * y")
expm1 = op("expm1(x)", np.expm1, lambda g, y, x: g * (y + 1), rule="g * (y + 1)")
log = op("log(x)", np.log, lambda g, y, x: g / x, rule="g / x", domain=positive)
log1p = op("log1p(x)", np.log1p, lambda g, y, x: g / (1 + x), rule="g / (1 + x)", domain=positive)
log2 = op(
    "log2(x)", np.log2, lambda g, y, x: g / (x * math.log(2)),
    rule="g / (x * ln 2)", domain=positive,
)  # fmt: skip
log10 = op(
    "log10(x)", np.log10, lambda g, y, x: g / (x * math.log(10)),
    rule="g / (x * ln 10)", domain=positive,
)  # fmt: skip

_erf_each = np.frompyfunc(math.erf, 1, 1)


def _erf(x: Any) -> Any:
    x = np.asarray(x)
    return np.asarray(_erf_each(x)).astype(x.dtype)


erf = op(
    "erf(x)", _erf, lambda g, y, x: g * (2 / math.sqrt(math.pi)) * exp(-x * x),
    rule="g * 2/sqrt(pi) * exp(-x^2)", domain=real,
    analytic=False,
)  # fmt: skip
