"""What TensorFlow documents: "Advanced automatic differentiation": several tapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.documented.library import close, none


def tapes_independent(g: Any) -> None:
    """two tapes at once watch different things"""
    x0, x1 = g.tensor(0.0), g.tensor(0.0)
    with g.GradientTape() as tape0, g.GradientTape() as tape1:
        tape0.watch(x0)
        tape1.watch(x1)
        ys = g.sum(g.sin(x0) + g.sigmoid(x1))
    close(tape0.gradient(ys, x0), 1.0)
    close(tape1.gradient(ys, x1), 0.25)


def tapes_second_order(g: Any) -> None:
    """nested tapes: the second derivative of x^3"""
    x = g.variable(1.0)
    with g.GradientTape() as t2:
        with g.GradientTape() as t1:
            y = x * x * x
        dy = t1.gradient(y, x)
    d2y = t2.gradient(dy, x)
    close(dy, 3.0)
    close(d2y, 6.0)


def tapes_second_order_constant(g: Any) -> None:
    """nested tapes of the reference page: both watch a constant"""
    x = g.tensor(5.0)
    with g.GradientTape() as outer:
        outer.watch(x)
        with g.GradientTape() as inner:
            inner.watch(x)
            y = x * x
        dy = inner.gradient(y, x)
    close(dy, 10.0)
    close(outer.gradient(dy, x), 2.0)


def tapes_third_order(g: Any) -> None:
    """three nested tapes: the third derivative of x^4"""
    x = g.variable(2.0)
    with g.GradientTape() as t3:
        with g.GradientTape() as t2:
            with g.GradientTape() as t1:
                y = x**4
            d1 = t1.gradient(y, x)
        d2 = t2.gradient(d1, x)
    close(t3.gradient(d2, x), 48.0)


def tapes_mixed(g: Any) -> None:
    """the mixed partial derivative d2/dxdy of x^2 y^3"""
    x, y = g.variable(2.0), g.variable(3.0)
    with g.GradientTape() as outer:
        with g.GradientTape() as inner:
            z = x**2 * y**3
        dx = inner.gradient(z, x)
    close(outer.gradient(dx, y), 108.0)


def tapes_second_outside(g: Any) -> None:
    """a gradient taken outside of the outer tape is not followed: None"""
    x = g.variable(2.0)
    with g.GradientTape() as outer, g.GradientTape() as inner:
        y = x**3
    dy = inner.gradient(y, x)
    none(outer.gradient(dy, x))


def tapes_regularisation(g: Any) -> None:
    """input gradient regularisation: the size of a gradient, differentiated by the weights"""
    x, w = g.tensor([[1.0, 2.0]]), g.variable([[0.5], [-1.0]])
    with g.GradientTape() as t2:
        with g.GradientTape(watch_accessed_variables=False) as t1:
            t1.watch(x)
            out = g.sum(g.tanh(x @ w))
        g1 = t1.gradient(out, x)
        size = g.sum(g1 * g1)
    t = np.tanh(-1.5)
    s = 1 - t * t
    wv = np.array([[0.5], [-1.0]])
    xv = np.array([[1.0], [2.0]])
    expected = 2 * s * s * wv + (wv**2).sum() * 2 * s * (-2 * t * s) * xv
    close(t2.gradient(size, w), expected)


def tapes_hvp(g: Any) -> None:
    """a Hessian-vector product: output_gradients of the outer tape"""
    x = g.variable([1.0, 2.0])
    with g.GradientTape() as outer:
        with g.GradientTape() as inner:
            y = x[0] ** 2 * x[1] + x[1] ** 3
        grad = inner.gradient(y, x)
    close(outer.gradient(grad, x, output_gradients=g.tensor([1.0, 10.0])), [24.0, 122.0])


def tapes_persistent_outer(g: Any) -> None:
    """a persistent outer tape gives both first and second derivatives"""
    x = g.variable(3.0)
    with g.GradientTape(persistent=True) as outer:
        with g.GradientTape() as inner:
            y = x**3
        dy = inner.gradient(y, x)
    close(outer.gradient(y, x), 27.0)
    close(outer.gradient(dy, x), 18.0)
