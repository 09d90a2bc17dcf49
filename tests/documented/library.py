"""One set of names for two libraries, and what the checks say of them.

A check is written once, with gradcli.engine's names; for TensorFlow a table says which
function each name stands for. So a check that is true there is what gradcli has to do here.
"""

from __future__ import annotations

import inspect
import os
import types
from collections.abc import Callable
from typing import Any

import numpy as np


def tensorflow() -> Any:
    """TensorFlow, by the engine's names."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
    import logging

    logging.disable(logging.WARNING)
    import tensorflow as tf

    return types.SimpleNamespace(
        GradientTape=tf.GradientTape,
        variable=tf.Variable,
        tensor=tf.constant,
        stop_gradient=tf.stop_gradient,
        custom_gradient=tf.custom_gradient,
        sum=tf.reduce_sum,
        mean=tf.reduce_mean,
        exp=tf.exp,
        log=tf.math.log,
        sin=tf.sin,
        cos=tf.cos,
        sigmoid=tf.sigmoid,
        tanh=tf.tanh,
        elu=tf.nn.elu,
        relu=tf.nn.relu,
        square=tf.square,
        sqrt=tf.sqrt,
        matmul=tf.matmul,
        reshape=tf.reshape,
        where=tf.where,
        gather=tf.gather,
        stack=tf.stack,
        argmax=tf.argmax,
        astype=tf.cast,
        round=tf.round,
        clip_by_norm=tf.clip_by_norm,
        identity=tf.identity,
        maximum=tf.maximum,
        split=tf.split,
        log_softmax=tf.nn.log_softmax,
    )


def num(value: Any) -> Any:
    """``value`` as an array; TensorFlow's sparse gradients are filled in."""
    assert value is not None, "None where a gradient is due"
    if hasattr(value, "indices"):  # TensorFlow's sparse gradient of a gather
        dense = np.zeros(tuple(value.dense_shape.numpy()), np.float64)
        np.add.at(dense, value.indices.numpy(), value.values.numpy())
        return dense
    return np.asarray(value.numpy() if hasattr(value, "numpy") else value)


def close(value: Any, expected: Any, tol: float = 1e-5) -> None:
    value, expected = num(value), np.asarray(expected)
    assert value.shape == expected.shape, f"shape {value.shape}, not {expected.shape}"
    assert np.allclose(value, expected, rtol=tol, atol=tol), f"{value} is not {expected}"


def none(value: Any) -> None:
    assert value is None, f"{value} where None is due"


def raises(function: Any, *words: str, kind: type[Exception] = Exception) -> None:
    """``function`` raises an error of this kind that says these words."""
    error: Exception | None = None
    try:
        function()
    except Exception as raised:
        error = raised
    assert isinstance(error, kind), f"{error!r} is no {kind.__name__}"
    for word in words:
        assert word in str(error), f"{word!r} is not in: {error}"


def checks() -> list[Callable[[Any], None]]:
    """Every check, in the order of the files."""
    from tests.documented import (
        introduction,
        jacobians,
        nested,
        recording,
        reference,
        variables,
    )

    modules = (introduction, recording, nested, jacobians, reference, variables)
    return [
        function
        for module in modules
        for function in vars(module).values()
        if inspect.isfunction(function)
        and function.__module__ == module.__name__
        and list(inspect.signature(function).parameters) == ["g"]
    ]
