"""Circular and hyperbolic functions; angles in radians."""

from __future__ import annotations

import numpy as np

from gradcli.engine.domain import unit
from gradcli.engine.op import Op, op
from gradcli.engine.ops.arithmetic import sqrt

sin = op("sin(x)", np.sin, lambda g, y, x: g * cos(x), rule="g * cos(x)")
cos: Op = op("cos(x)", np.cos, lambda g, y, x: -g * sin(x), rule="-g * sin(x)")
tan = op("tan(x)", np.tan, lambda g, y, x: g * (1 + y * y), rule="g * (1 + y^2)", domain=unit)
arcsin = op(
    "arcsin(x)", np.arcsin, lambda g, y, x: g / sqrt(1 - x * x),
    rule="g / sqrt(1 - x^2)", domain=unit,
)  # fmt: skip
arccos: Op = op(
    "arccos(x)", np.arccos, lambda g, y, x: -g / sqrt(1 - x * x),
    rule="-g / sqrt(1 - x^2)", domain=unit,
)  # fmt: skip
arctan = op("arctan(x)", np.arctan, lambda g, y, x: g / (1 + x * x), rule="g / (1 + x^2)")
sinh = op("sinh(x)", np.sinh, lambda g, y, x: g * cosh(x), rule="g * cosh(x)")
cosh: Op = op("cosh(x)", np.cosh, lambda g, y, x: g * sinh(x), rule="g * sinh(x)")
tanh = op("tanh(x)", np.tanh, lambda g, y, x: g * (1 - y * y), rule="g * (1 - y^2)")
