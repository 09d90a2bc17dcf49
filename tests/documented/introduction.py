"""What TensorFlow documents: "Introduction to gradients and automatic differentiation"."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np

from tests.documented.library import close, none, num, raises


def intro_variable(g: Any) -> None:
    """the gradient of x^2 by a variable"""
    x = g.variable(3.0)
    with g.GradientTape() as tape:
        y = x**2
    close(tape.gradient(y, x), 6.0)


def intro_dense_list(g: Any) -> None:
    """a dense layer's gradients, by a list of sources"""
    w, b = g.variable(np.full((3, 2), 0.5)), g.variable(np.zeros(2))
    x = np.array([[1.0, 2.0, 3.0]])
    with g.GradientTape() as tape:
        loss = g.mean((x @ w + b) ** 2)
    dw, db = tape.gradient(loss, [w, b])
    close(dw, 3.0 * np.array([[1, 1], [2, 2], [3, 3]]))
    close(db, [3.0, 3.0])


def intro_dense_dict(g: Any) -> None:
    """a dictionary of sources gives a dictionary of gradients"""
    w, b = g.variable(np.full((3, 2), 0.5)), g.variable(np.zeros(2))
    with g.GradientTape() as tape:
        loss = g.mean((np.array([[1.0, 2.0, 3.0]]) @ w + b) ** 2)
    grads = tape.gradient(loss, {"w": w, "b": b})
    assert isinstance(grads, dict)
    close(grads["b"], [3.0, 3.0])
    close(grads["w"], 3.0 * np.array([[1, 1], [2, 2], [3, 3]]))


def intro_source_shape(g: Any) -> None:
    """a gradient has the shape of its source, not of the target"""
    w = g.variable(np.ones((3, 2)))
    with g.GradientTape() as tape:
        y = g.sum(np.ones((4, 3)) @ w)
    assert num(tape.gradient(y, w)).shape == (3, 2)


def intro_what_is_watched(g: Any) -> None:
    """only trainable variables are watched: not those that are not, sums of them, constants"""
    x0, x1 = g.variable(3.0, name="x0"), g.variable(3.0, name="x1", trainable=False)
    x2, x3 = g.variable(2.0, name="x2") + 1.0, g.tensor(3.0)
    with g.GradientTape() as tape:
        y = (x0**2) + (x1**2) + (x2**2)
    d0, d1, d2, d3 = tape.gradient(y, [x0, x1, x2, x3])
    close(d0, 6.0)
    none(d1)
    none(d2)
    none(d3)


def intro_watched_variables(g: Any) -> None:
    """watched_variables lists the variables that the tape watches"""
    x0, x1 = g.variable(3.0), g.variable(3.0, trainable=False)
    with g.GradientTape() as tape:
        y = x0**2 + x1**2  # noqa: F841
    watched = tape.watched_variables()
    assert len(watched) == 1
    assert watched[0] is x0


def intro_watched_variables_used_only(g: Any) -> None:
    """a variable that was not used is not among watched_variables"""
    x0, _unused = g.variable(3.0), g.variable(4.0)
    with g.GradientTape() as tape:
        x0 * 2.0
    assert [v is x0 for v in tape.watched_variables()] == [True]


def intro_watch_tensor(g: Any) -> None:
    """watch follows a tensor"""
    x = g.tensor(3.0)
    with g.GradientTape() as tape:
        tape.watch(x)
        y = x**2
    close(tape.gradient(y, x), 6.0)


def intro_no_watch_accessed(g: Any) -> None:
    """watch_accessed_variables=False: only what is watched by hand"""
    x0, x1 = g.variable(0.0), g.variable(0.0)
    with g.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x1)
        y0, y1 = g.sin(x0), g.sigmoid(x1)
        ys = g.sum(y0 + y1)
    grads = tape.gradient(ys, {"x0": x0, "x1": x1})
    none(grads["x0"])
    close(grads["x1"], 0.25)


def intro_intermediate(g: Any) -> None:
    """the gradient by an intermediate value"""
    x = g.tensor(3.0)
    with g.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        z = y * y
    close(tape.gradient(z, y), 18.0)


def intro_not_persistent(g: Any) -> None:
    """a second gradient() of a tape that is not persistent raises RuntimeError"""
    x = g.tensor(3.0)
    with g.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    tape.gradient(y, x)
    raises(lambda: tape.gradient(y, x), "persistent", kind=RuntimeError)


def intro_persistent(g: Any) -> None:
    """a persistent tape gives several gradients"""
    x = g.tensor([1.0, 3.0])
    with g.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        z = y * y
    close(tape.gradient(z, x), [4.0, 108.0])
    close(tape.gradient(y, x), [2.0, 6.0])


def intro_del_tape(g: Any) -> None:
    """a persistent tape can be deleted"""
    x = g.variable(2.0)
    with g.GradientTape(persistent=True) as tape:
        y = x * x
    grad = tape.gradient(y, x)
    del tape
    gc.collect()
    close(grad, 4.0)


def intro_sum_of_targets(g: Any) -> None:
    """several targets in a dictionary: the gradient of their sum"""
    x = g.variable(2.0)
    with g.GradientTape() as tape:
        y0 = x**2
        y1 = 1 / x
    close(tape.gradient({"y0": y0, "y1": y1}, x), 3.75)


def intro_targets_list(g: Any) -> None:
    """several targets in a list, persistent: one by one and together"""
    x = g.variable(2.0)
    with g.GradientTape(persistent=True) as tape:
        y0, y1 = x**2, 1 / x
    close(tape.gradient(y0, x), 4.0)
    close(tape.gradient(y1, x), -0.25)
    close(tape.gradient([y0, y1], x), 3.75)


def intro_vector_target(g: Any) -> None:
    """a target that is no scalar: the gradient of its sum"""
    x = g.variable(2.0)
    with g.GradientTape() as tape:
        y = x * np.array([3.0, 4.0])
    close(tape.gradient(y, x), 7.0)


def intro_elementwise(g: Any) -> None:
    """of an elementwise function: the derivative of each entry"""
    x = g.tensor(np.linspace(-10.0, 10.0, 21))
    with g.GradientTape() as tape:
        tape.watch(x)
        y = g.sigmoid(x)
    s = 1 / (1 + np.exp(-np.linspace(-10.0, 10.0, 21)))
    close(tape.gradient(y, x), s * (1 - s))


def intro_control_flow(g: Any) -> None:
    """Python's if: the branch taken has a gradient, the other None"""
    x = g.tensor(1.0)
    v0, v1 = g.variable(2.0), g.variable(2.0)
    with g.GradientTape(persistent=True) as tape:
        tape.watch(x)
        result = v0 if x > 0.0 else v1**2
        result = result * 1.0
    d0, d1 = tape.gradient(result, [v0, v1])
    close(d0, 1.0)
    none(d1)


def intro_control_no_path(g: Any) -> None:
    """a control statement itself is not differentiable: None by its condition"""
    x = g.tensor(1.0)
    v0 = g.variable(2.0)
    with g.GradientTape() as tape:
        tape.watch(x)
        result = v0 * 1.0 if x > 0.0 else v0**2
    none(tape.gradient(result, x))


def intro_target_is_variable(g: Any) -> None:
    """the target may be the variable itself: 1"""
    v = g.variable(2.0)
    with g.GradientTape() as tape:
        v + 0.0
    close(tape.gradient(v, v), 1.0)


def intro_unconnected(g: Any) -> None:
    """a source that the target does not depend on: None"""
    x, y = g.variable(2.0), g.variable(3.0)
    with g.GradientTape() as tape:
        z = y * y
    none(tape.gradient(z, x))


def intro_replaced_variable(g: Any) -> None:
    """a variable replaced by a tensor (x = x + 1) is no longer watched"""
    x = g.variable(2.0)
    answers = []
    for _epoch in range(2):
        with g.GradientTape() as tape:
            y = x + 1.0
        answers.append(tape.gradient(y, x))
        x = x + 1.0
    close(answers[0], 1.0)
    none(answers[1])


def intro_outside(g: Any) -> None:
    """calculations by NumPy on x.numpy() cut the gradient: None"""
    x = g.variable([[1.0, 2.0], [3.0, 4.0]])
    with g.GradientTape() as tape:
        x2 = x**2
        y = np.mean(x2.numpy(), axis=0)
        y = g.mean(g.tensor(y))
    none(tape.gradient(y, x))


def intro_integers(g: Any) -> None:
    """integers have no gradient: None"""
    x = g.tensor(10)
    with g.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    none(tape.gradient(y, x))


def intro_integer_source(g: Any) -> None:
    """an integer among the sources, not watched: None"""
    x, n = g.variable(2.0, dtype="float64"), g.tensor(3)
    with g.GradientTape() as tape:
        y = x * g.astype(n, "float64")
    dx, dn = tape.gradient(y, [x, n])
    close(dx, 3.0)
    none(dn)


def intro_cast_to_int(g: Any) -> None:
    """a cast to integers and back cuts the gradient: None"""
    x = g.variable(2.7, dtype="float32")
    with g.GradientTape() as tape:
        y = g.astype(g.astype(x, "int32"), "float32") * 2.0
    none(tape.gradient(y, x))


def intro_argmax(g: Any) -> None:
    """argmax has no gradient: None"""
    x = g.variable([1.0, 3.0, 2.0])
    with g.GradientTape() as tape:
        y = g.astype(g.argmax(x), "float32") * 2.0
    none(tape.gradient(y, x))


def intro_comparison(g: Any) -> None:
    """a comparison has no gradient: None"""
    x = g.variable([1.0, -3.0])
    with g.GradientTape() as tape:
        y = g.sum(g.astype(x > 0.0, "float32"))
    none(tape.gradient(y, x))


def intro_state(g: Any) -> None:
    """state stops gradients: what was added to a variable is not followed"""
    x0, x1 = g.variable(3.0), g.variable(0.0)
    with g.GradientTape() as tape:
        x1.assign_add(x0)
        y = x1**2
    none(tape.gradient(y, x0))


def intro_state_itself(g: Any) -> None:
    """the gradient by the variable that was assigned to is taken at its new value"""
    x0, x1 = g.variable(3.0), g.variable(0.0)
    with g.GradientTape() as tape:
        x1.assign_add(x0)
        y = x1**2
    close(tape.gradient(y, x1), 6.0)


def intro_zero(g: Any) -> None:
    """unconnected_gradients="zero": zeros of the source's shape"""
    x, y = g.variable([2.0, 2.0]), g.variable(3.0)
    with g.GradientTape() as tape:
        z = y**2
    close(tape.gradient(z, x, unconnected_gradients="zero"), [0.0, 0.0])
