"""What TensorFlow documents: Jacobians, batch by batch too."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.documented.library import close, none, num, raises


def jacobian_scalar_source(g: Any) -> None:
    """a Jacobian by a scalar has the target's shape"""
    x = np.linspace(-10.0, 10.0, 11)
    delta = g.variable(0.0, dtype="float64")
    with g.GradientTape() as tape:
        y = g.sigmoid(x + delta)
    s = 1 / (1 + np.exp(-x))
    close(tape.jacobian(y, delta), s * (1 - s))


def jacobian_tensor_source(g: Any) -> None:
    """a Jacobian has the target's shape, then the source's"""
    x = np.arange(6.0).reshape(3, 2) / 10
    w = g.variable(np.ones((2, 4)))
    with g.GradientTape() as tape:
        y = x @ w
    j = num(tape.jacobian(y, w))
    assert j.shape == (3, 4, 2, 4)
    assert np.allclose(j[1, 2, :, 2], x[1])
    assert not j[1, 2, :, 3].any()


def jacobian_sums_to_gradient(g: Any) -> None:
    """a Jacobian summed over the target is the gradient"""
    w = g.variable(np.arange(6.0).reshape(2, 3) / 10)
    with g.GradientTape(persistent=True) as tape:
        y = g.tanh(np.array([[1.0, 2.0], [0.5, -1.0]]) @ w)
    close(tape.gradient(y, w), num(tape.jacobian(y, w)).sum((0, 1)))


def jacobian_reference(g: Any) -> None:
    """the reference page's example: the Jacobian of x^2 is diagonal"""
    x = g.tensor([1.0, 2.0])
    with g.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    close(tape.jacobian(y, x), [[2.0, 0.0], [0.0, 4.0]])


def jacobian_of_scalar(g: Any) -> None:
    """the Jacobian of a scalar is its gradient"""
    x = g.variable([1.0, 2.0])
    with g.GradientTape() as tape:
        y = g.sum(x**2)
    close(tape.jacobian(y, x), [2.0, 4.0])


def jacobian_sources(g: Any) -> None:
    """jacobian takes a structure of sources"""
    x, b = g.variable([1.0, 2.0]), g.variable(3.0)
    with g.GradientTape() as tape:
        y = x * b
    js = tape.jacobian(y, {"x": x, "b": b})
    close(js["x"], [[3.0, 0.0], [0.0, 3.0]])
    close(js["b"], [1.0, 2.0])


def jacobian_unconnected(g: Any) -> None:
    """jacobian by a source that the target does not depend on: None"""
    x, y = g.variable([1.0, 2.0]), g.variable([3.0, 4.0])
    with g.GradientTape() as tape:
        z = y * y
    none(tape.jacobian(z, x))


def jacobian_spends_tape(g: Any) -> None:
    """jacobian, too, spends a tape that is not persistent"""
    x = g.variable([1.0, 2.0])
    with g.GradientTape() as tape:
        y = x * x
    tape.jacobian(y, x)
    raises(lambda: tape.gradient(y, x), "persistent", kind=RuntimeError)


def jacobian_hessian(g: Any) -> None:
    """a Hessian: the Jacobian of a gradient"""
    x = g.variable([1.0, 2.0])
    with g.GradientTape() as outer:
        with g.GradientTape() as inner:
            y = g.sum(x**3) + x[0] * x[1]
        grad = inner.gradient(y, x)
    close(outer.jacobian(grad, x), [[6.0, 1.0], [1.0, 12.0]])


def jacobian_newton(g: Any) -> None:
    """Newton's step by the Hessian, as the guide has it"""
    x = g.variable([3.0, -2.0])
    with g.GradientTape() as outer:
        with g.GradientTape() as inner:
            y = g.sum((x - np.array([1.0, 2.0])) ** 2 * np.array([1.0, 4.0]))
        grad = inner.gradient(y, x)
    h = num(outer.jacobian(grad, x))
    x.assign_sub(np.linalg.solve(h, num(grad)))
    close(x, [1.0, 2.0])


def jacobian_per_example(g: Any) -> None:
    """per-example gradients: the Jacobian of the losses by the weights"""
    x = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    w = g.variable([[1.0], [1.0]])
    with g.GradientTape() as tape:
        losses = g.sum((g.matmul(g.tensor(x, dtype="float32"), w)) ** 2, axis=1)
    j = num(tape.jacobian(losses, w))
    assert j.shape == (3, 2, 1)
    assert np.allclose(j[:, :, 0], 2 * x.sum(1, keepdims=True) * x)


def batch_jacobian_shape(g: Any) -> None:
    """batch_jacobian: the batch, then the target's axes, then the source's"""
    x = g.tensor(np.arange(15.0).reshape(5, 3) / 10)
    w = np.arange(12.0).reshape(3, 4) / 10
    with g.GradientTape() as tape:
        tape.watch(x)
        y = g.elu(x @ w)
    assert num(tape.batch_jacobian(y, x)).shape == (5, 4, 3)


def batch_jacobian_values(g: Any) -> None:
    """batch_jacobian is the Jacobian's diagonal over the batch"""
    x = g.tensor(np.arange(6.0).reshape(3, 2) / 10)
    w = np.arange(8.0).reshape(2, 4) / 10
    with g.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = g.tanh(x @ w)
    full = num(tape.jacobian(y, x))
    close(tape.batch_jacobian(y, x), np.stack([full[i, :, i] for i in range(3)]))


def batch_jacobian_reference(g: Any) -> None:
    """the reference page's example of batch_jacobian"""
    x = g.tensor([[1.0, 2.0], [3.0, 4.0]])
    with g.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    close(tape.batch_jacobian(y, x), [[[2, 0], [0, 4]], [[6, 0], [0, 8]]])


def batch_jacobian_mismatch(g: Any) -> None:
    """batch_jacobian of batches of two lengths raises ValueError"""
    x = g.tensor(np.ones((4, 2)))
    with g.GradientTape() as tape:
        tape.watch(x)
        y = g.reshape(x, (2, 4))
    raises(lambda: tape.batch_jacobian(y, x), kind=ValueError)
