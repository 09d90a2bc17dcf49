"""Convolution, as networks have it: the kernel is not flipped.

One form of three arrays, linear in each, is the sum of upstream * conv(x, w); its derivatives
by the upstream, by x and by w are the three ops here, so that each is a vjp of the others.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.engine.domain import case
from gradcli.engine.op import op
from gradcli.engine.ops.plan import Plan, planned
from gradcli.engine.tensor import Array, Outcome

_CASES: tuple[tuple[Any, Any, Any, dict[str, Any]], ...] = (
    ((2, 5, 4, 2), (3, 2, 2, 3), (2, 3, 3, 3), {}),
    (
        (1, 5, 6, 2),
        (2, 3, 1, 4),
        (1, 3, 6, 4),
        {"stride": (2, 1), "padding": "same", "groups": 2},
    ),
    ((2, 7, 2), (2, 2, 3), (2, 4, 3), {"stride": 2, "padding": 2, "dilation": 3}),
    ((1, 5, 5, 1), (2, 2, 1, 1), (1, 3, 6, 1), {"padding": (0, 1), "dilation": (2, 1)}),
)
"""Shapes of x, of the weights and of the outcome, and how the windows slide."""


def _conv_x(g: Any, y: Any, x: Any, w: Any, *given: Any, **named: Any) -> Any:
    return conv_transpose(g, w, x.shape, *given, **named)


def _conv_w(g: Any, y: Any, x: Any, w: Any, *given: Any, **named: Any) -> Any:
    return conv_weights(g, x, w.shape, *given, **named)


@op(
    _conv_x,
    _conv_w,
    rule=("conv_transpose of g and w", "conv_weights of g and x"),
    cases=[case(x, w, **given) for x, w, _, given in _CASES],
)
def conv(
    x: Array,
    w: Array,
    stride: Any = 1,
    padding: Any | str = "valid",
    dilation: Any = 1,
    groups: int = 1,
) -> Outcome:
    """The sums of products of ``w`` with each window of ``x``: (batch, oh, ow, filters).

    x is (batch, h, w, channels) and w (kh, kw, channels / groups, filters), or both without h
    and kh; with groups, each part of the channels meets its part of the filters. Windows lie
    ``stride`` apart and hold every ``dilation``-th entry; ``padding``, of zeros, is valid, same
    or how many on both sides: one number, or one for each axis. Raises ValueError where that
    does not fit.
    """
    x, w = np.asarray(x), np.asarray(w)
    plan = planned(x.shape, w.shape, stride, padding, dilation, groups)
    y = plan.matrices(w) @ plan.seen(x)
    y = y.reshape(plan.groups, plan.h.windows, plan.filters, plan.w.windows, plan.batch)
    return y.transpose(4, 1, 3, 0, 2).reshape(plan.outcome)


def _require(name: str, shape: tuple[int, ...], plan: Plan) -> None:
    if shape != plan.outcome:
        raise ValueError(f"{name}: conv gives {plan.outcome} of these shapes, not {shape}")


def _transpose_w(g: Any, y: Any, x: Any, w: Any, shape: Any, *given: Any, **named: Any) -> Any:
    return conv_weights(x, g, w.shape, *given, **named)


@op(
    lambda g, y, x, w, shape, *given, **named: conv(g, w, *given, **named),
    _transpose_w,
    rule=("conv of g and w", "conv_weights of x and g"),
    cases=[case(y, w, shape=x, **given) for x, w, y, given in _CASES],
)
def conv_transpose(
    x: Array,
    w: Array,
    shape: Any,
    stride: Any = 1,
    padding: Any | str = "valid",
    dilation: Any = 1,
    groups: int = 1,
) -> Outcome:
    """The transpose of ``conv`` with ``w``: of what that gives, x, back to an array of ``shape``.

    It is the gradient of ``conv`` by its x. Raises ValueError where the shapes do not fit.
    """
    x, w = np.asarray(x), np.asarray(w)
    plan = planned(tuple(shape), w.shape, stride, padding, dilation, groups)
    _require("conv_transpose", x.shape, plan)
    return plan.laid(plan.matrices(w), plan.grouped(x))


@op(
    lambda g, y, x, seen, shape, *given, **named: conv(seen, g, *given, **named),
    lambda g, y, x, seen, shape, *given, **named: conv_transpose(x, g, seen.shape, *given, **named),
    rule=("conv of seen and g", "conv_transpose of x and g"),
    cases=[case(y, x, shape=w, **given) for x, w, y, given in _CASES],
)
def conv_weights(
    x: Array,
    seen: Array,
    shape: Any,
    stride: Any = 1,
    padding: Any | str = "valid",
    dilation: Any = 1,
    groups: int = 1,
) -> Outcome:
    """The gradient of ``conv`` by weights of ``shape``: x is that of its outcome.

    ``seen`` is what was convolved. Raises ValueError where the shapes do not fit.
    """
    x, seen = np.asarray(x), np.asarray(seen)
    plan = planned(seen.shape, tuple(shape), stride, padding, dilation, groups)
    _require("conv_weights", x.shape, plan)
    # The other way round, the transpose of this product, takes half as long again.
    found = np.add.reduce(plan.seen(seen) @ plan.grouped(x).mT, 1)
    return found.transpose(1, 0, 2).reshape(shape)
