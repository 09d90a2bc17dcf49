"""What Keras's optimizers and schedules do: ``python optimizers.py > optimizers.json``.

Run under an interpreter that has TensorFlow with Keras. Prints a JSON object:

``function``     of ``x`` and ``y``, walked down from ``start``
``walks``        a list; each has ``optimizer``, ``keys`` and ``dtype`` as gradcli names them,
                 ``lr``, and ``at``: the points after so many steps, by the step's number
``decayed``      ``optimizer``, ``keys``, ``at`` as above, of a kernel and a bias; no gradient
``under_a_schedule``  one more walk, with ``schedule`` and ``decay``, its keys
``schedules``    a list; each has ``schedule``, ``lr``, ``keys`` and ``rates``: by the number of
                 steps taken, in float32

Keras holds momentum, betas and the like in float32 also where variables are float64. ``exact``
walks have keys that float32 holds exactly, so that those in float64 are right to its rounding.
"""

from __future__ import annotations

import json
import os
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras
import tensorflow as tf

STEPS = (1, 2, 3, 5, 10, 20, 30, 40, 50)
TAKEN = (0, 1, 2, 7, 24, 25, 49, 50, 75, 99, 100, 120)
START = (1.5, -0.7)
MADE: dict[str, Any] = {
    "gd": keras.optimizers.SGD,
    "momentum": keras.optimizers.SGD,
    "nesterov": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "adagrad": keras.optimizers.Adagrad,
}
BESIDES: dict[str, dict[str, Any]] = {
    "momentum": {"momentum": 0.9},
    "nesterov": {"momentum": 0.9, "nesterov": True},
}
"""What makes Keras's class the optimizer."""
EXACT: dict[str, dict[str, float]] = {
    "gd": {},
    "momentum": {"momentum": 0.75},
    "nesterov": {"momentum": 0.5},
    "rmsprop": {"rho": 0.875, "epsilon": 2.0**-10},
    "adam": {"beta_1": 0.75, "beta_2": 0.984375, "epsilon": 2.0**-20},
    "adamw": {"beta_1": 0.875, "beta_2": 0.9375, "epsilon": 2.0**-20, "weight_decay": 0.25},
    "adagrad": {"initial_accumulator_value": 0.5, "epsilon": 2.0**-20},
}
SCHEDULES: list[tuple[str, dict[str, Any]]] = [
    ("cosine", {"decay_steps": 100}),
    ("cosine", {"decay_steps": 50, "decay_alpha": 0.25}),
    ("step", {"decay_steps": 25, "decay_rate": 0.5}),
    ("exp", {"decay_steps": 100, "decay_rate": 0.1}),
]


def f(x: Any, y: Any) -> Any:
    return (1 - x) ** 2 + 3 * (y - x**2) ** 2


def walk(name: str, lr: Any, keys: dict[str, float], dtype: str, still: bool = False) -> Any:
    keras.config.set_floatx(dtype)
    made = MADE[name](lr, **{**BESIDES.get(name, {}), **keys})
    kernel, bias = (
        keras.Variable(keras.ops.array(s, dtype), dtype=dtype, name=n)
        for s, n in zip(START, ("kernel", "bias"))
    )
    at = {}
    for step in range(1, STEPS[-1] + 1):
        with tf.GradientTape() as tape:
            value = f(kernel.value, bias.value) * (0 if still else 1)
        made.apply(tape.gradient(value, [kernel.value, bias.value]), [kernel, bias])
        if step in STEPS:
            at[step] = [float(kernel.numpy()), float(bias.numpy())]
    return at


def walks() -> list[dict[str, Any]]:
    found = []
    for name in MADE:
        for dtype in ("float32", "float64"):
            for exact, lr, keys in ((False, 0.01, {}), (True, 2.0**-6, EXACT[name])):
                at = walk(name, lr, keys, dtype)
                found.append(
                    {"optimizer": name, "lr": lr, "keys": keys, "dtype": dtype, "exact": exact,
                     "at": at}
                )  # fmt: skip
    return found


def rate(name: str, lr: float, keys: dict[str, Any]) -> Any:
    schedules = keras.optimizers.schedules
    if name == "cosine":
        return schedules.CosineDecay(lr, keys["decay_steps"], keys.get("decay_alpha", 0.0))
    return schedules.ExponentialDecay(
        lr, keys["decay_steps"], keys["decay_rate"], staircase=name == "step"
    )


def scheduled() -> list[dict[str, Any]]:
    keras.config.set_floatx("float32")
    return [
        {"schedule": name, "lr": 0.1, "keys": keys,
         "rates": {t: float(rate(name, 0.1, keys)(t)) for t in TAKEN}}
        for name, keys in SCHEDULES
    ]  # fmt: skip


if __name__ == "__main__":
    keys = {"weight_decay": 0.25}
    print(
        json.dumps(
            {
                "source": f"Keras {keras.__version__}, TensorFlow {tf.__version__}",
                "function": "(1-x)^2 + 3*(y-x^2)^2",
                "start": START,
                "walks": walks(),
                "decayed": {
                    "optimizer": "adamw", "lr": 0.125, "keys": keys,
                    "at": walk("adamw", 0.125, keys, "float64", still=True),
                },
                "under_a_schedule": {
                    "optimizer": "adam", "lr": 0.05, "keys": {}, "dtype": "float32",
                    "schedule": "cosine", "decay": {"decay_steps": 40, "decay_alpha": 0.25},
                    "at": walk(
                        "adam", rate("cosine", 0.05, {"decay_steps": 40, "decay_alpha": 0.25}),
                        {}, "float32",
                    ),
                },
                "schedules": scheduled(),
            }
        )
    )  # fmt: skip
