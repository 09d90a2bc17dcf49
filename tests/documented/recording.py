"""What TensorFlow documents: "Advanced automatic differentiation": what is recorded."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from tests.documented.library import close, none, raises


def advanced_stop_recording(g: Any) -> None:
    """stop_recording leaves out what is computed inside it"""
    x, y = g.variable(2.0), g.variable(3.0)
    with g.GradientTape() as tape:
        x_sq = x * x
        with tape.stop_recording():
            y_sq = y * y
        z = x_sq + y_sq
    grads = tape.gradient(z, {"x": x, "y": y})
    close(grads["x"], 4.0)
    none(grads["y"])


def advanced_stop_recording_resumes(g: Any) -> None:
    """after stop_recording the tape records again"""
    x = g.variable(2.0)
    with g.GradientTape() as tape:
        with tape.stop_recording():
            a = x * x
        y = x * a
    close(tape.gradient(y, x), 4.0)


def advanced_stop_recording_watches_nothing(g: Any) -> None:
    """a variable read only inside stop_recording is not watched"""
    x, y = g.variable(2.0), g.variable(3.0)
    with g.GradientTape() as tape:
        x * 2.0
        with tape.stop_recording():
            y * 2.0
    assert [v is x for v in tape.watched_variables()] == [True]


def advanced_stop_recording_outside(g: Any) -> None:
    """stop_recording of a tape that does not record raises ValueError"""
    tape = g.GradientTape()

    def use():
        with tape.stop_recording():
            pass

    raises(use, "record")


def advanced_gradient_in_stop_recording(g: Any) -> None:
    """a gradient taken inside stop_recording of a persistent tape"""
    x = g.variable(2.0)
    with g.GradientTape(persistent=True) as tape:
        y = x**3
        with tape.stop_recording():
            close(tape.gradient(y, x), 12.0)
        z = y * 2.0
    close(tape.gradient(z, x), 24.0)


def advanced_reset(g: Any) -> None:
    """reset forgets what was recorded before it"""
    x, y = g.variable(2.0), g.variable(3.0)
    with g.GradientTape() as tape:
        y_sq = y * y
        tape.reset()
        z = x * x + y_sq
    grads = tape.gradient(z, {"x": x, "y": y})
    close(grads["x"], 4.0)
    none(grads["y"])


def advanced_reset_watch(g: Any) -> None:
    """the reference page's loop: reset starts a tape anew, watching again by hand"""
    x = g.tensor(3.0)
    with g.GradientTape() as tape:
        tape.watch(x)
        first = x * x
        tape.reset()
        tape.watch(x)
        second = x * 5.0
    close(tape.gradient([first, second], x), 5.0)


def advanced_stop_gradient(g: Any) -> None:
    """stop_gradient stops the gradient along one path: None"""
    x, y = g.variable(2.0), g.variable(3.0)
    with g.GradientTape() as tape:
        z = x**2 + g.stop_gradient(y**2)
    grads = tape.gradient(z, {"x": x, "y": y})
    close(grads["x"], 4.0)
    none(grads["y"])


def advanced_stop_gradient_value(g: Any) -> None:
    """stop_gradient does not change the value"""
    x = g.variable([2.0, 3.0])
    with g.GradientTape() as tape:
        y = g.sum(x * g.stop_gradient(x))
    close(y, 13.0)
    close(tape.gradient(y, x), [2.0, 3.0])


def advanced_straight_through(g: Any) -> None:
    """the straight-through estimator: x + stop_gradient(round(x) - x) has slope 1"""
    x = g.variable([0.4, 1.6])
    with g.GradientTape() as tape:
        y = x + g.stop_gradient(g.round(x) - x)
    close(y, [0.0, 2.0])
    close(tape.gradient(y, x), [1.0, 1.0])


def advanced_softmax_by_hand(g: Any) -> None:
    """stop_gradient of the largest entry, as its reference page has it"""
    x = g.variable([1.0, 2.0])
    with g.GradientTape() as tape:
        e = g.exp(x - g.stop_gradient(g.maximum(x[0], x[1])))
        y = (e / g.sum(e))[0]
    p = np.exp([1.0, 2.0]) / np.exp([1.0, 2.0]).sum()
    close(tape.gradient(y, x), [p[0] * (1 - p[0]), -p[0] * p[1]])


def custom_clip(g: Any) -> None:
    """custom_gradient: clip the gradient, keep the value"""

    @g.custom_gradient
    def clip_gradients(y):
        def backward(dy):
            return g.clip_by_norm(dy, 0.5)

        return y, backward

    v = g.variable(2.0)
    with g.GradientTape() as tape:
        output = clip_gradients(v * v)
    close(output, 4.0)
    close(tape.gradient(output, v), 2.0)


def custom_log1pexp(g: Any) -> None:
    """custom_gradient: the stable log(1 + e^x) of its reference page"""

    @g.custom_gradient
    def log1pexp(x):
        e = g.exp(x)

        def grad(upstream):
            return upstream * (1 - 1 / (1 + e))

        return g.log(1 + e), grad

    x = g.tensor(100.0, dtype="float32")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        with g.GradientTape() as tape:
            tape.watch(x)
            y = log1pexp(x)
        close(tape.gradient(y, x), 1.0)


def custom_two_arguments(g: Any) -> None:
    """custom_gradient of two arguments: one gradient for each"""

    @g.custom_gradient
    def product(x, y):
        def grad(upstream):
            return 10.0 * upstream * y, 100.0 * upstream * x

        return x * y, grad

    x, y = g.variable(2.0), g.variable(3.0)
    with g.GradientTape() as tape:
        z = product(x, y)
    dx, dy = tape.gradient(z, [x, y])
    close(dx, 30.0)
    close(dy, 200.0)


def custom_upstream(g: Any) -> None:
    """custom_gradient's rule receives the upstream gradient"""

    @g.custom_gradient
    def triple(x):
        return 3.0 * x, lambda upstream: upstream * 7.0

    x = g.variable([1.0, 2.0])
    with g.GradientTape() as tape:
        y = g.sum(triple(x) * np.array([1.0, 10.0]))
    close(tape.gradient(y, x), [7.0, 70.0])


def custom_second_order(g: Any) -> None:
    """custom_gradient nests: the rule's own operations have gradients"""

    @g.custom_gradient
    def cube(x):
        return x * x * x, lambda upstream: upstream * 3.0 * x * x

    x = g.variable(2.0)
    with g.GradientTape() as outer:
        with g.GradientTape() as inner:
            y = cube(x)
        dy = inner.gradient(y, x)
    close(dy, 12.0)
    close(outer.gradient(dy, x), 12.0)


def custom_two_outputs(g: Any) -> None:
    """custom_gradient of two outcomes: the rule receives both upstream gradients"""

    @g.custom_gradient
    def both(x):
        def grad(da, db):
            return 2.0 * da + 3.0 * db

        return (2.0 * x, 3.0 * x), grad

    x = g.variable(1.0)
    with g.GradientTape() as tape:
        a, b = both(x)
        y = a + 10.0 * b
    close(tape.gradient(y, x), 32.0)


def custom_wrong_count(g: Any) -> None:
    """custom_gradient: a rule that gives too few gradients is an error"""

    @g.custom_gradient
    def product(x, y):
        return x * y, lambda upstream: (upstream,)

    def use():
        x, y = g.variable(2.0), g.variable(3.0)
        with g.GradientTape() as tape:
            z = product(x, y)
        return tape.gradient(z, [x, y])

    raises(use)
