"""What TensorFlow documents: tf.GradientTape, tf.stop_gradient and tf.custom_gradient."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from tests.documented.library import close, none, num, raises


def reference_constant(g: Any) -> None:
    """the reference page's first example"""
    x = g.tensor(3.0)
    with g.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    close(tape.gradient(y, x), 6.0)


def reference_inside(g: Any) -> None:
    """gradient() inside the context"""
    x = g.variable(3.0)
    with g.GradientTape() as tape:
        y = x * x
        close(tape.gradient(y, x), 6.0)


def reference_inside_persistent(g: Any) -> None:
    """gradient() inside the context of a persistent tape, and again after it"""
    x = g.variable(3.0)
    with g.GradientTape(persistent=True) as tape:
        y = x * x
        close(tape.gradient(y, x), 6.0)
        z = y * x
    close(tape.gradient(z, x), 27.0)


def reference_watch_list(g: Any) -> None:
    """watch takes a list"""
    a, b = g.tensor(2.0), g.tensor(3.0)
    with g.GradientTape() as tape:
        tape.watch([a, b])
        y = a * b
    da, db = tape.gradient(y, [a, b])
    close(da, 3.0)
    close(db, 2.0)


def reference_watch_dict(g: Any) -> None:
    """watch takes a dictionary"""
    p = {"a": g.tensor(2.0), "b": g.tensor(3.0)}
    with g.GradientTape() as tape:
        tape.watch(p)
        y = p["a"] * p["b"]
    close(tape.gradient(y, p)["a"], 3.0)


def reference_watch_number(g: Any) -> None:
    """watch of a plain number is an error that names its type"""

    def use():
        with g.GradientTape() as tape:
            tape.watch(3.0)

    raises(use, "float")


def reference_watch_late(g: Any) -> None:
    """what was computed before watch is not followed: None"""
    x = g.tensor(3.0)
    with g.GradientTape() as tape:
        y = x * x
        tape.watch(x)
    none(tape.gradient(y, x))


def reference_watch_untrainable(g: Any) -> None:
    """a variable that is not trainable can be watched by hand"""
    x = g.variable(3.0, trainable=False)
    with g.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    close(tape.gradient(y, x), 6.0)


def reference_before(g: Any) -> None:
    """a target computed before the tape: None"""
    x = g.variable(3.0)
    y = x * x
    with g.GradientTape() as tape:
        x * 1.0
    none(tape.gradient(y, x))


def reference_after(g: Any) -> None:
    """a target computed after the context: None"""
    x = g.variable(3.0)
    with g.GradientTape() as tape:
        x * 1.0
    y = x * x
    none(tape.gradient(y, x))


def reference_output_gradients(g: Any) -> None:
    """output_gradients weigh the target's entries"""
    x = g.variable([1.0, 2.0])
    with g.GradientTape() as tape:
        y = x * x
    close(tape.gradient(y, x, output_gradients=g.tensor([1.0, 10.0])), [2.0, 40.0])


def reference_output_gradients_array(g: Any) -> None:
    """output_gradients may be a NumPy array or a list"""
    x = g.variable([1.0, 2.0])
    with g.GradientTape(persistent=True) as tape:
        y = x * x
    close(tape.gradient(y, x, output_gradients=np.array([1.0, 10.0], np.float32)), [2.0, 40.0])


def reference_output_gradients_scalar(g: Any) -> None:
    """output_gradients may be a scalar, for every entry"""
    x = g.variable([1.0, 2.0])
    with g.GradientTape() as tape:
        y = x * x
    close(tape.gradient(y, x, output_gradients=g.tensor(10.0)), [20.0, 40.0])


def reference_output_gradients_list(g: Any) -> None:
    """output_gradients for a list of targets"""
    x = g.variable(2.0)
    with g.GradientTape() as tape:
        a, b = x**2, x**3
    close(tape.gradient([a, b], x, output_gradients=[g.tensor(1.0), g.tensor(10.0)]), 124.0)


def reference_output_gradients_dict(g: Any) -> None:
    """output_gradients of the structure of a dictionary of targets"""
    x = g.variable(2.0)
    with g.GradientTape() as tape:
        targets = {"a": x**2, "b": x**3}
    seeds = {"a": g.tensor(1.0), "b": g.tensor(10.0)}
    close(tape.gradient(targets, x, output_gradients=seeds), 124.0)


def reference_none_string(g: Any) -> None:
    """unconnected_gradients="none" is the default"""
    x, y = g.variable(2.0), g.variable(3.0)
    with g.GradientTape() as tape:
        z = y * y
    none(tape.gradient(z, x, unconnected_gradients="none"))


def reference_zero_list(g: Any) -> None:
    """unconnected_gradients="zero" touches only what is not connected"""
    x, y = g.variable([2.0]), g.variable(3.0)
    with g.GradientTape() as tape:
        z = y * y
    dx, dy = tape.gradient(z, [x, y], unconnected_gradients="zero")
    close(dx, [0.0])
    close(dy, 6.0)


def reference_unknown_unconnected(g: Any) -> None:
    """an unknown unconnected_gradients is named in the error"""
    x = g.variable(2.0)
    with g.GradientTape() as tape:
        y = x * x
    raises(
        lambda: tape.gradient(y, x, unconnected_gradients="nonsense"), "nonsense", kind=ValueError
    )


def reference_tuple(g: Any) -> None:
    """a tuple of sources gives a tuple"""
    x, y = g.variable(2.0), g.variable(3.0)
    with g.GradientTape() as tape:
        z = x * y
    grads = tape.gradient(z, (x, y))
    assert isinstance(grads, tuple)
    close(grads[1], 2.0)


def reference_nested_sources(g: Any) -> None:
    """sources may be nested"""
    a, b, c = g.variable(2.0), g.variable(3.0), g.variable(4.0)
    with g.GradientTape() as tape:
        y = a * b * c
    grads = tape.gradient(y, {"first": [a, {"b": b}], "c": (c,)})
    close(grads["first"][0], 12.0)
    close(grads["first"][1]["b"], 8.0)
    close(grads["c"][0], 6.0)


def reference_same_source_twice(g: Any) -> None:
    """a source given twice has its gradient twice"""
    x = g.variable(3.0)
    with g.GradientTape() as tape:
        y = x * x
    a, b = tape.gradient(y, [x, x])
    close(a, 6.0)
    close(b, 6.0)


def reference_target_none(g: Any) -> None:
    """None as the target is an error"""
    x = g.variable(3.0)
    with g.GradientTape() as tape:
        x * x
    raises(lambda: tape.gradient(None, x), kind=TypeError)


def reference_source_number(g: Any) -> None:
    """a plain number as a source is an error"""
    x = g.variable(3.0)
    with g.GradientTape() as tape:
        y = x * x
    raises(lambda: tape.gradient(y, 3.0))


def reference_enter_twice(g: Any) -> None:
    """entering a tape that records is an error"""

    def use():
        with g.GradientTape() as tape, tape:
            pass

    raises(use, "recording")


def reference_resume(g: Any) -> None:
    """a tape entered again goes on recording"""
    x = g.variable(3.0)
    with g.GradientTape() as tape:
        y = x * x
    with tape:
        z = y * y
    close(tape.gradient(z, x), 108.0)


def reference_exception(g: Any) -> None:
    """an exception ends the recording; the next tape is not disturbed"""
    x = g.variable(3.0)
    outer = g.GradientTape()
    try:
        with outer:
            x * x
            raise KeyError("planted")
    except KeyError:
        pass
    with g.GradientTape() as tape:
        y = x * x
    close(tape.gradient(y, x), 6.0)
    z = x * x
    none(outer.gradient(z, x))


def reference_accumulates(g: Any) -> None:
    """a value used twice accumulates both gradients"""
    x = g.variable(3.0)
    with g.GradientTape() as tape:
        a = x * x
        y = a + a * x
    close(tape.gradient(y, x), 33.0)


def reference_broadcast(g: Any) -> None:
    """a source that was broadcast has its gradient summed"""
    b = g.variable([1.0, 2.0])
    with g.GradientTape() as tape:
        y = g.sum(np.ones((5, 2)) * b)
    close(tape.gradient(y, b), [5.0, 5.0])


def reference_dtype(g: Any) -> None:
    """a gradient has its source's dtype"""
    for dtype in ("float32", "float64"):
        x = g.variable([1.0, 2.0], dtype=dtype)
        with g.GradientTape() as tape:
            y = g.sum(x * x)
        assert num(tape.gradient(y, x)).dtype == np.dtype(dtype)


def reference_cast(g: Any) -> None:
    """a gradient goes through a cast of floats, back to its source's dtype"""
    x = g.variable([1.0, 2.0], dtype="float32")
    with g.GradientTape() as tape:
        y = g.sum(g.astype(x, "float64") ** 2)
    grad = num(tape.gradient(y, x))
    assert grad.dtype == np.float32
    close(grad, [2.0, 4.0])


def reference_created_inside(g: Any) -> None:
    """a variable made inside the context is watched"""
    with g.GradientTape() as tape:
        v = g.variable(3.0)
        y = v * v
    close(tape.gradient(y, v), 6.0)


def reference_loop(g: Any) -> None:
    """Python's loops are followed"""
    x = g.variable(2.0)
    with g.GradientTape() as tape:
        y = g.identity(x)
        while y < 30.0:
            y = y * x
    close(y, 32.0)
    close(tape.gradient(y, x), 80.0)


def reference_print(g: Any) -> None:
    """printing, formatting and reading a value inside the tape disturb nothing"""
    x = g.variable(3.0)
    with g.GradientTape() as tape:
        y = x * x
        str(y), repr(y), f"{float(y.numpy()):.3f}"
        z = y * x
    close(tape.gradient(z, x), 27.0)


def reference_float(g: Any) -> None:
    """float() of a value inside the tape, for printing"""
    x = g.variable(3.0)
    with g.GradientTape() as tape:
        y = x * x
        f"{y.numpy():.3f}"
        good = bool(y > 1.0)
    assert good
    close(tape.gradient(y, x), 6.0)


def reference_index(g: Any) -> None:
    """the gradient of an entry is 0 elsewhere"""
    x = g.variable([1.0, 2.0, 3.0])
    with g.GradientTape() as tape:
        y = x[1] ** 2
    close(tape.gradient(y, x), [0.0, 4.0, 0.0])


def reference_gather(g: Any) -> None:
    """gather adds up the gradients of an entry taken twice"""
    x = g.variable([1.0, 2.0, 3.0])
    with g.GradientTape() as tape:
        y = g.sum(g.gather(x, [0, 0, 2]) * np.array([1.0, 10.0, 100.0]))
    close(tape.gradient(y, x), [11.0, 0.0, 100.0])


def reference_split(g: Any) -> None:
    """the parts of a split carry their gradients"""
    x = g.variable([3.0, 1.0, 2.0])
    with g.GradientTape() as tape:
        y = g.sum(g.split(x, 3)[0])
    close(tape.gradient(y, x), [1.0, 0.0, 0.0])


def reference_stack(g: Any) -> None:
    """a stack of watched values carries its gradients"""
    x, y = g.variable(2.0), g.variable(3.0)
    with g.GradientTape() as tape:
        z = g.sum(g.stack([x, y, x]) * np.array([1.0, 10.0, 100.0]))
    dx, dy = tape.gradient(z, [x, y])
    close(dx, 101.0)
    close(dy, 10.0)


def reference_list_operand(g: Any) -> None:
    """a list of numbers as an operand"""
    x = g.variable([2.0, 3.0])
    with g.GradientTape() as tape:
        y = g.sum(x * [10.0, 20.0])
    close(tape.gradient(y, x), [10.0, 20.0])


def reference_list_of_tensors(g: Any) -> None:
    """a list of watched values handed to an op is stacked, and carries its gradients"""
    x, y = g.variable(2.0), g.variable(3.0)
    with g.GradientTape() as tape:
        z = g.mean([x, y])
    dx, dy = tape.gradient(z, [x, y])
    close(dx, 0.5)
    close(dy, 0.5)


def reference_unused_tape(g: Any) -> None:
    """gradient() of a tape that never recorded is an error, or None"""
    x = g.variable(3.0)
    y = x * x
    tape = g.GradientTape()
    with contextlib.suppress(RuntimeError):
        none(tape.gradient(y, x))
