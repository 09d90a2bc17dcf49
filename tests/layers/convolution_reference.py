"""What Keras and torch answer for convolution and pooling, in float64.

Run under each framework's interpreter in turn; the second run takes the first one's file and
adds its own entries::

    python convolution_reference.py > torch.json                       # where torch is installed
    python convolution_reference.py torch.json > convolution.json      # where Keras 3 is installed

Prints a JSON list, one entry per framework and layer:

``layer``  its kind and keys as gradcli writes them; ``in`` is a row of x, with ``ties`` some of
           whose entries are equal
``value``  three projections of the output
``grads``  those of the gradients of sum(output * upstream), by letter

All arrays are laid out as Keras's. Those that go in are not printed: see ``inputs``.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

BATCH, FILTERS = 2, 4
ROWS = {"1": [9, 2], "2": [7, 6, 2]}

Arrays = dict[str, Any]


def wave(shape: tuple[int, ...], start: float) -> Any:
    """Numbers between -0.9 and 0.9, none of which repeats."""
    return 0.9 * np.sin(start + 1.7 * np.arange(np.prod(shape))).reshape(shape)


def projections(array: Any) -> list[float]:
    """The sum of the entries, and two sums with weights that differ from entry to entry."""
    flat = np.asarray(array).reshape(-1)
    k = np.arange(flat.size)
    return [float(flat.sum()), float(flat @ np.cos(1.7 * k)), float(flat @ np.sin(0.3 * k + 1))]


def inputs(layer: Arrays) -> Arrays:
    """x and the parameters, by letter."""
    x = wave((BATCH, *layer["in"]), 0.3)
    if layer.get("ties"):
        x = np.round(x, 0)
    if not layer["kind"].startswith("conv"):
        return {"x": x}
    axes = len(layer["in"]) - 1
    kernel = np.broadcast_to(layer["kernel"], axes).tolist()
    shape = (*kernel, layer["in"][-1] // layer.get("groups", 1), layer["filters"])
    found = {"x": x, "w": wave(shape, 0.6), "b": wave((layer["filters"],), 0.9)}
    if not layer.get("bias", True):
        del found["b"]
    return found


def upstream(shape: tuple[int, ...]) -> Any:
    return wave(shape, 2.1)


def convolutions(paddings: Any, dilations: Any) -> Iterator[Arrays]:
    for axes, kernel, stride, padding, dilation, groups in product(
        "12", (1, 2, 3, [3, 2]), (1, 2, 3, [2, 1]), paddings, dilations, (1, 2)
    ):
        settings = (kernel, stride, padding, dilation)
        lists = [s for s in settings if isinstance(s, list)]
        if lists and (axes == "1" or groups == 2):
            continue
        # One of several is enough.
        if sum(map(ord, str((axes, *settings, groups)))) % 3 == 0:
            yield {
                "kind": f"conv{axes}d", "filters": FILTERS, "kernel": kernel, "stride": stride,
                "padding": padding, "dilation": dilation, "groups": groups, "in": ROWS[axes],
            }  # fmt: skip


def pools(sizes: Any, strides: Any, paddings: Any) -> Iterator[Arrays]:
    for kind, axes, pool, stride, padding in product(
        ("max_pool", "avg_pool"), "12", sizes, strides, paddings
    ):
        if axes == "1" and any(isinstance(s, list) for s in (pool, stride, padding)):
            continue
        layer = {"kind": f"{kind}{axes}d", "pool": pool, "padding": padding, "in": ROWS[axes]}
        if stride is not None:
            layer["stride"] = stride
        yield layer
        if kind == "max_pool":
            yield {**layer, "ties": True}


def layers(framework: str) -> Iterator[Arrays]:
    """Those that the framework has."""
    for kind, axes in product(("global_max_pool", "global_avg_pool"), "12"):
        yield {"kind": kind, "in": ROWS[axes]}
    yield {"kind": "conv2d", "filters": 3, "kernel": 2, "bias": False, "in": ROWS["2"]}
    if framework == "torch":
        yield from convolutions(("valid", "same", 1, 2, [1, 0]), (1, 2, [1, 2]))
        yield from pools((2, 3, [3, 2]), (None, 1, 2, [1, 2]), ("valid", 1, [0, 1]))
    else:
        yield from convolutions(("valid", "same"), (1, 2, [1, 2]))
        yield from pools((2, 3, [3, 2]), (None, 1, 2, 3, [1, 2]), ("valid", "same"))


def of_torch(layer: Arrays) -> Arrays:
    import torch
    from torch.nn import functional

    given = {letter: torch.tensor(v, requires_grad=True) for letter, v in inputs(layer).items()}
    x = given["x"].movedim(-1, 1)
    kind, axes = layer["kind"], len(layer["in"]) - 1
    padding = {"valid": 0}.get(str(layer.get("padding", "valid")), layer.get("padding"))
    if kind.startswith("conv"):
        w = given["w"].movedim(-1, 0).movedim(-1, 1)
        keys = {"stride": 1, "dilation": 1, "groups": 1}
        settings = {key: layer.get(key, usual) for key, usual in keys.items()}
        function = getattr(functional, kind)
        y = function(x, w, given.get("b"), padding=padding, **settings)
    elif kind == "global_max_pool":
        y = torch.amax(x, dim=tuple(range(2, 2 + axes)))
    elif kind == "global_avg_pool":
        y = torch.mean(x, dim=tuple(range(2, 2 + axes)))
    else:
        if padding == "same":
            raise ValueError("torch has no pooling of this kind")
        y = getattr(functional, kind)(x, layer["pool"], layer.get("stride"), padding)
    y = y.movedim(1, -1)
    seed = torch.tensor(upstream(tuple(y.shape)))
    grads = torch.autograd.grad((y * seed).sum(), list(given.values()))
    return answered(y.detach(), dict(zip(given, grads)))


def answered(value: Any, grads: Arrays) -> Arrays:
    return {
        "value": projections(value),
        "grads": {letter: projections(g) for letter, g in grads.items()},
    }


def of_keras(layer: Arrays) -> Arrays:
    import keras
    import tensorflow as tf

    keras.backend.set_floatx("float64")
    given = inputs(layer)
    kind, axes = layer["kind"], len(layer["in"]) - 1
    classes = {
        "conv": f"Conv{axes}D", "max_pool": f"MaxPooling{axes}D",
        "avg_pool": f"AveragePooling{axes}D", "global_max_pool": f"GlobalMaxPooling{axes}D",
        "global_avg_pool": f"GlobalAveragePooling{axes}D",
    }  # fmt: skip
    names = {
        "filters": "filters", "kernel": "kernel_size", "stride": "strides", "padding": "padding",
        "dilation": "dilation_rate", "groups": "groups", "bias": "use_bias", "pool": "pool_size",
    }  # fmt: skip
    keys = {names[key]: value for key, value in layer.items() if key in names}
    made = getattr(keras.layers, classes[kind.removesuffix("1d").removesuffix("2d")])(**keys)
    x = tf.constant(given["x"])
    made.build(x.shape)
    made.set_weights([given[letter] for letter in "wb" if letter in given])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = made(x)
        total = tf.reduce_sum(y * upstream(tuple(y.shape)))
    grads = tape.gradient(total, [x, *made.trainable_variables])
    return answered(y, dict(zip(given, [tf.convert_to_tensor(g).numpy() for g in grads])))


def main() -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    entries = []
    if len(sys.argv) > 1:
        with open(sys.argv[1], encoding="utf-8") as file:
            entries = json.load(file)
    framework, answer = "torch", of_torch
    try:
        import torch  # noqa: F401
    except ImportError:
        framework, answer = "keras", of_keras
    entries += list(asked(framework, answer))
    lines = [json.dumps(entry, separators=(",", ":")) for entry in entries]
    print("[\n" + ",\n".join(lines) + "\n]")


def asked(framework: str, answer: Callable[[Arrays], Arrays]) -> Iterator[Arrays]:
    for layer in layers(framework):
        # What a framework refuses (strides with dilation, groups on the CPU) it does not answer.
        with contextlib.suppress(Exception):
            yield {"framework": framework, "layer": layer, **answer(layer)}


if __name__ == "__main__":
    main()
