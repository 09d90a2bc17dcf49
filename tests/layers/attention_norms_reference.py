"""What torch and Keras give for attention, normalisation and dropout: values and gradients.

Run under each framework's interpreter in turn::

    python attention_norms_reference.py torch > attention_norms_torch.json
    python attention_norms_reference.py keras > attention_norms_keras.json

Prints a JSON list, one case a layer: ``layer`` (its kind and keys as gradcli writes them), ``x``,
``params`` by letter, ``upstream``, the value ``y``, and ``grads``, those of sum(y * upstream) by x
and every parameter. All in float64, and in Keras's layout: features and channels last.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

Arrays = dict[str, Any]
RNG = np.random.default_rng(3)


def drawn(*shape: int) -> Any:
    """Short numbers, none of them 0."""
    return np.round(RNG.uniform(0.1, 2, shape) * RNG.choice([-1, 1], shape), 2)


def case(layer: Arrays, x: Any, params: Arrays, run: Callable[..., Any]) -> Arrays:
    """``run(x, params, upstream)`` gives y (or y and what else is to be kept) and the gradients."""
    upstream = drawn(*x.shape)
    y, grads = run(x, params, upstream)
    found = {"layer": layer, "x": x, "params": params, "upstream": upstream, "y": y, "grads": grads}
    return {k: listed(v) for k, v in found.items()}


def listed(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: listed(v) for k, v in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value


def attention_params(d: int, heads: int, key_dim: int) -> Arrays:
    params = {f"w{c}": drawn(d, heads, key_dim) / 2 for c in "qkv"}
    params["wo"] = drawn(heads, key_dim, d)
    return {**params, **{f"b{c}": drawn(heads, key_dim) for c in "qkv"}, "bo": drawn(d)}


def norms() -> Any:
    """(layer, x, params) for each kind of normalisation."""
    for shape in ((5, 3), (2, 3, 2), (2, 2, 2, 3)):
        c = shape[-1]
        affine = {"gamma": drawn(c), "beta": drawn(c)}
        yield {"kind": "batch_norm"}, drawn(*shape), affine
        inference = {**affine, "mean": drawn(c), "var": abs(drawn(c))}
        yield {"kind": "batch_norm", "eps": 0.01}, drawn(*shape), inference
    for shape in ((2, 4), (2, 2, 3)):
        c = shape[-1]
        yield {"kind": "layer_norm"}, drawn(*shape), {"gamma": drawn(c), "beta": drawn(c)}
        yield {"kind": "rms_norm"}, drawn(*shape), {"gamma": drawn(c)}
    for groups, shape in (
        (1, (2, 4)),
        (2, (2, 4)),
        (2, (2, 3, 4)),
        (2, (2, 2, 2, 4)),
        (3, (2, 2, 3)),
    ):
        affine = {"gamma": drawn(shape[-1]), "beta": drawn(shape[-1])}
        yield {"kind": "group_norm", "groups": groups}, drawn(*shape), affine


def of_torch() -> list[Arrays]:
    import torch
    import torch.nn.functional as F

    torch.set_default_dtype(torch.float64)
    usual = {"batch_norm": 1e-3, "layer_norm": 1e-3, "rms_norm": 1e-6, "group_norm": 1e-3}

    def attention(heads: int, causal: bool) -> Callable[..., Any]:
        def run(x: Any, params: Arrays, upstream: Any) -> Any:
            d = x.shape[-1]
            layer = torch.nn.MultiheadAttention(d, heads, batch_first=True)
            packed = np.concatenate([params[f"w{c}"].reshape(d, d) for c in "qkv"], axis=1).T
            given = {
                "in_proj_weight": packed,
                "in_proj_bias": np.concatenate([params[f"b{c}"].reshape(-1) for c in "qkv"]),
                "out_proj.weight": params["wo"].reshape(d, d).T,
                "out_proj.bias": params["bo"],
            }
            layer.load_state_dict(
                {k: torch.tensor(np.ascontiguousarray(v)) for k, v in given.items()}
            )
            tx = torch.tensor(x, requires_grad=True)
            ahead = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
            y, _ = layer(tx, tx, tx, attn_mask=ahead if causal else None, need_weights=False)
            (y * torch.tensor(upstream)).sum().backward()
            of = {name: p.grad.numpy() for name, p in layer.named_parameters()}
            w = np.split(of["in_proj_weight"].T, 3, axis=1)
            b = np.split(of["in_proj_bias"], 3)
            shape = params["wq"].shape
            return y.detach().numpy(), {
                "x": tx.grad.numpy(),
                **{f"w{c}": part.reshape(shape) for c, part in zip("qkv", w)},
                "wo": of["out_proj.weight"].T.reshape(params["wo"].shape),
                **{f"b{c}": part.reshape(shape[1:]) for c, part in zip("qkv", b)},
                "bo": of["out_proj.bias"],
            }

        return run

    def normalised(layer: Arrays) -> Callable[..., Any]:
        kind, eps = layer["kind"], layer.get("eps", usual[layer["kind"]])

        def run(x: Any, params: Arrays, upstream: Any) -> Any:
            sources = {"x": x, **{k: params[k] for k in ("gamma", "beta") if k in params}}
            sources = {k: torch.tensor(v, requires_grad=True) for k, v in sources.items()}
            tx, gamma, beta = (sources.get(k) for k in ("x", "gamma", "beta"))
            first = tx.movedim(-1, 1)
            if kind == "batch_norm":
                mean, var = (
                    torch.tensor(params[k]) if k in params else None for k in ("mean", "var")
                )
                y = F.batch_norm(first, mean, var, gamma, beta, mean is None, eps=eps)
                y = y.movedim(1, -1)
            elif kind == "group_norm":
                y = F.group_norm(first, layer["groups"], gamma, beta, eps).movedim(1, -1)
            elif kind == "layer_norm":
                y = F.layer_norm(tx, x.shape[-1:], gamma, beta, eps)
            else:
                y = F.rms_norm(tx, x.shape[-1:], gamma, eps)
            (y * torch.tensor(upstream)).sum().backward()
            return y.detach().numpy(), {k: v.grad.numpy() for k, v in sources.items()}

        return run

    def dropped(x: Any, params: Arrays, upstream: Any) -> Any:
        tx = torch.tensor(x, requires_grad=True)
        y = F.dropout(tx, 0.4)
        (y * torch.tensor(upstream)).sum().backward()
        params["mask"] = (y != 0).int().numpy()
        return y.detach().numpy(), {"x": tx.grad.numpy()}

    torch.manual_seed(0)
    found = []
    for heads, causal in ((1, False), (2, False), (2, True), (4, True)):
        layer = {"kind": "attention", "heads": heads, **({"causal": True} if causal else {})}
        run = attention(heads, causal)
        found.append(case(layer, drawn(2, 3, 4), attention_params(4, heads, 4 // heads), run))
    found += [case(layer, x, params, normalised(layer)) for layer, x, params in norms()]
    return [*found, case({"kind": "dropout", "rate": 0.4}, drawn(3, 4), {}, dropped)]


def of_keras() -> list[Arrays]:
    import keras
    import tensorflow as tf

    keras.backend.set_floatx("float64")
    layers = keras.layers
    made: dict[str, Callable[..., Any]] = {
        "attention": lambda heads, key_dim, causal=False: layers.MultiHeadAttention(heads, key_dim),
        "batch_norm": lambda eps=1e-3: layers.BatchNormalization(epsilon=eps),
        "layer_norm": layers.LayerNormalization,
        "rms_norm": layers.RMSNormalization,
        "group_norm": layers.GroupNormalization,
    }
    orders = {
        "attention": ["wq", "bq", "wk", "bk", "wv", "bv", "wo", "bo"],
        "batch_norm": ["gamma", "beta", "mean", "var"],
        "layer_norm": ["gamma", "beta"],
        "rms_norm": ["gamma"],
        "group_norm": ["gamma", "beta"],
    }

    def run_of(layer: Arrays) -> Callable[..., Any]:
        def run(x: Any, params: Arrays, upstream: Any) -> Any:
            kind = layer["kind"]
            module = made[kind](**{k: v for k, v in layer.items() if k != "kind"})
            tx = tf.Variable(x)
            if kind == "attention":
                inputs: Arrays = {"use_causal_mask": layer.get("causal", False)}
                args = (tx, tx)
                module.build(x.shape, x.shape)
            else:
                inputs = {"training": "mean" not in params} if kind == "batch_norm" else {}
                args = (tx,)
                module.build(x.shape)
            order = [name for name in orders[kind] if name in params]
            given = {"mean": np.zeros(x.shape[-1]), "var": np.ones(x.shape[-1]), **params}
            module.set_weights([given[name] for name in orders[kind]])
            with tf.GradientTape() as tape:
                y = module(*args, **inputs)
                total = tf.reduce_sum(y * upstream)
            learned = [name for name in order if name not in ("mean", "var")]
            sources = [tx, *[w.value for w in module.trainable_weights]]
            grads = [g.numpy() for g in tape.gradient(total, sources)]
            return y.numpy(), dict(zip(["x", *learned], grads))

        return run

    found = []
    # Keras rounds 1/sqrt(key_dim) to float32: these need no rounding.
    for heads, key_dim, causal in ((2, 4, False), (2, 4, True), (3, 4, True)):
        layer = {"kind": "attention", "heads": heads, "key_dim": key_dim}
        layer |= {"causal": True} if causal else {}
        params = attention_params(4, heads, key_dim)
        found.append(case(layer, drawn(2, 3, 4), params, run_of(layer)))
    return found + [case(layer, x, params, run_of(layer)) for layer, x, params in norms()]


if __name__ == "__main__":
    cases = of_torch() if sys.argv[1] == "torch" else of_keras()
    print("[\n" + ",\n".join([json.dumps(found) for found in cases]) + "\n]")
