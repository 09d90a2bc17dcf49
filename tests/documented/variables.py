"""What TensorFlow documents: the reference page of tf.Variable."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.documented.library import close, num, raises


def variable_assign(g: Any) -> None:
    """assign gives a variable a new value; the next tape sees it"""
    v = g.variable(3.0)
    v.assign(5.0)
    with g.GradientTape() as tape:
        y = v * v
    close(v, 5.0)
    close(tape.gradient(y, v), 10.0)


def variable_assign_add(g: Any) -> None:
    """assign_add and assign_sub"""
    v = g.variable([3.0, 4.0])
    v.assign_add([1.0, 1.0])
    v.assign_sub([0.5, 2.0])
    close(v, [3.5, 3.0])


def variable_assign_inside(g: Any) -> None:
    """assign inside the tape: what follows is computed with the new value"""
    v = g.variable(3.0)
    with g.GradientTape() as tape:
        v.assign(5.0)
        y = v * v
    close(tape.gradient(y, v), 10.0)


def variable_assign_later(g: Any) -> None:
    """assign after the recording does not change what was recorded"""
    v = g.variable(3.0)
    with g.GradientTape() as tape:
        y = v * v
    v.assign(100.0)
    close(y, 9.0)
    close(tape.gradient(y, v), 6.0)


def variable_assign_between(g: Any) -> None:
    """the gradient of a product of a value before and one after an assignment"""
    v = g.variable(3.0)
    with g.GradientTape() as tape:
        a = v * 1.0
        v.assign(5.0)
        y = a * v
    close(y, 15.0)
    close(tape.gradient(y, v), 8.0)


def variable_assign_shape(g: Any) -> None:
    """assign of another shape is an error"""
    v = g.variable([1.0, 2.0])
    raises(lambda: v.assign([1.0, 2.0, 3.0]), kind=ValueError)


def variable_assign_dtype(g: Any) -> None:
    """assign keeps the variable's dtype"""
    v = g.variable([1.0, 2.0], dtype="float32")
    v.assign(np.array([3.0, 4.0], np.float32))
    v.assign_sub([1.0, 1.0])
    assert num(v).dtype == np.float32
    close(v, [2.0, 3.0])


def variable_assign_returns(g: Any) -> None:
    """assign's answer has the new value, as the reference page shows"""
    v = g.variable(3.0)
    close(v.assign(v + 1.0), 4.0)


def variable_trainable(g: Any) -> None:
    """trainable is True unless said otherwise, and can be read"""
    assert g.variable(3.0).trainable is True
    assert g.variable(3.0, trainable=False).trainable is False


def variable_name(g: Any) -> None:
    """a variable has the name that it was given"""
    assert g.variable(3.0, name="weights").name.startswith("weights")


def variable_descent(g: Any) -> None:
    """gradient descent by assign_sub converges"""
    w, b = g.variable(0.0), g.variable(0.0)
    x = np.linspace(-1, 1, 20).astype(np.float32)
    y = 3 * x + 2
    for _ in range(200):
        with g.GradientTape() as tape:
            loss = g.mean((w * x + b - y) ** 2)
        dw, db = tape.gradient(loss, [w, b])
        w.assign_sub(0.3 * dw)
        b.assign_sub(0.3 * db)
    close(w, 3.0, tol=1e-3)
    close(b, 2.0, tol=1e-3)


def variable_from_tensor(g: Any) -> None:
    """a variable made of a tensor holds a copy"""
    t = g.tensor([1.0, 2.0])
    v = g.variable(t)
    v.assign_add([1.0, 1.0])
    close(t, [1.0, 2.0])
    close(v, [2.0, 3.0])


def variable_numpy_copy(g: Any) -> None:
    """numpy() of a variable does not change with it"""
    v = g.variable([1.0, 2.0])
    before = v.numpy()
    v.assign([5.0, 6.0])
    assert before.tolist() == [1.0, 2.0]


def variable_shape(g: Any) -> None:
    """a variable's shape and dtype"""
    v = g.variable(np.zeros((2, 3), np.float32))
    assert tuple(v.shape) == (2, 3)
    assert np.dtype(getattr(v.dtype, "as_numpy_dtype", v.dtype)) == np.float32
