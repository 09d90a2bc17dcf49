"""What Keras and torch answer for recurrent layers and embeddings, in float64.

Run under each framework's interpreter in turn; the second run takes the first one's file and
adds its own entries::

    python recurrent_reference.py > torch.json                     # where torch is installed
    python recurrent_reference.py torch.json > recurrent.json      # where Keras 3 is installed

Prints a JSON list, one entry per framework and layer, all arrays as Keras lays them out:

``layer``    its kind and keys as gradcli writes them; with ``first``, h0 (and c0) are given
``outputs``  the output, and the states where the layer gives them
``grads``    the gradients of the sum of all outputs times their upstreams, by letter

The arrays that go in are not printed: ``wave`` makes them, ``inputs`` and ``upstreams`` say how.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

BATCH, TIME, FEATURES, UNITS, VOCAB = 2, 3, 3, 2, 5
GATES = {"rnn": 1, "lstm": 4, "gru": 3}
TOKENS = [[3, 1, 3], [0, 3, 1]]

Arrays = dict[str, Any]


def wave(shape: tuple[int, ...], start: float) -> Any:
    """Numbers between -0.9 and 0.9, none of which repeats."""
    return 0.9 * np.sin(start + 1.7 * np.arange(np.prod(shape))).reshape(shape)


def inputs(layer: Arrays) -> Arrays:
    """x, the parameters and the first states, by letter."""
    if layer["kind"] == "embedding":
        return {"x": np.array(TOKENS), "e": wave((VOCAB, UNITS), 0.2)}
    wide = GATES[layer["kind"]] * UNITS
    reset_after = layer["kind"] == "gru" and layer.get("reset_after", True)
    letters = ["h0", "c0"] if layer["kind"] == "lstm" else ["h0"]
    shapes = {
        "x": (BATCH, TIME, FEATURES),
        "w": (FEATURES, wide),
        "u": (UNITS, wide),
        "b": (2, wide) if reset_after else (wide,),
        **{letter: (BATCH, UNITS) for letter in letters if layer.get("first")},
    }
    return {letter: wave(shape, 0.3 * (1 + k)) for k, (letter, shape) in enumerate(shapes.items())}


def upstreams(outputs: list[Any]) -> list[Any]:
    return [wave(np.shape(output), 2.1 + k) for k, output in enumerate(outputs)]


def layers(framework: str) -> Iterator[Arrays]:
    """Those that the framework has."""
    acts = {"rnn": ("tanh", "relu"), "lstm": ("tanh",), "gru": ("tanh",)}
    if framework == "keras":
        acts = {kind: (*acts[kind], "softplus", "softmax") for kind in acts}
    for kind in GATES:
        for k, act in enumerate(acts[kind]):
            for reset_after in (True, False) if kind == "gru" and framework == "keras" else (True,):
                plain: Arrays = {"kind": kind, "act": act}
                if not reset_after:
                    plain["reset_after"] = False
                yield {**plain, "sequences": k % 2 == 0, "state": True, "first": True}
                yield {**plain, "sequences": k % 2 == 1}
    yield {"kind": "embedding"}


def of_torch(layer: Arrays) -> Arrays:
    import torch

    given = {letter: torch.tensor(v) for letter, v in inputs(layer).items()}
    for value in given.values():
        if value.is_floating_point():
            value.requires_grad_(True)
    if layer["kind"] == "embedding":
        outputs = [torch.nn.functional.embedding(given["x"], given["e"])]
    else:
        outputs = _recurrent_of_torch(layer, given)
    total = sum((o * torch.tensor(g)).sum() for o, g in zip(outputs, upstreams(outputs)))
    total.backward()
    grads = {n: v.grad.tolist() for n, v in given.items() if v.grad is not None}
    return {"outputs": [o.tolist() for o in outputs], "grads": grads}


def _recurrent_of_torch(layer: Arrays, given: Arrays) -> list[Any]:
    """torch has its weights transposed, two biases, and a GRU's gates in the order r z n."""
    import torch

    def turned(array: Any) -> Any:
        if layer["kind"] != "gru":
            return array
        z, r, h = array.split(UNITS, -1)
        return torch.cat([r, z, h], -1)

    kind = layer["kind"]
    options = {"nonlinearity": layer["act"]} if kind == "rnn" else {}
    module = getattr(torch.nn, kind.upper())(FEATURES, UNITS, batch_first=True, **options).double()
    b = given["b"]
    biases = b if b.ndim == 2 else (b, torch.zeros_like(b))
    arrays = {
        "weight_ih_l0": turned(given["w"]).mT,
        "weight_hh_l0": turned(given["u"]).mT,
        "bias_ih_l0": turned(biases[0]),
        "bias_hh_l0": turned(biases[1]),
    }
    first = [given[letter][None] for letter in ("h0", "c0") if letter in given]
    more = [tuple(first) if kind == "lstm" else first[0]] if first else []
    y, states = torch.func.functional_call(module, arrays, (given["x"], *more))
    states = [h[0] for h in (states if kind == "lstm" else [states])]
    output = y if layer["sequences"] else y[:, -1]
    return [output, *states] if layer.get("state") else [output]


def of_keras(layer: Arrays) -> Arrays:
    import keras
    import tensorflow as tf

    keras.backend.set_floatx("float64")
    given = {letter: tf.Variable(value) for letter, value in inputs(layer).items()}
    with tf.GradientTape() as tape:
        if layer["kind"] == "embedding":
            made = keras.layers.Embedding(VOCAB, UNITS)
        else:
            name = {"rnn": "SimpleRNN"}.get(layer["kind"], layer["kind"].upper())
            reset = (
                {} if layer["kind"] != "gru" else {"reset_after": layer.get("reset_after", True)}
            )
            made = getattr(keras.layers, name)(
                UNITS,
                activation=layer["act"],
                return_sequences=layer["sequences"],
                return_state=layer.get("state", False),
                **reset,
            )
        x = given["x"]
        made.build(x.shape)
        letters = ["e"] if "e" in given else ["w", "u", "b"]
        made.set_weights([given[letter].numpy() for letter in letters])
        first = [given[letter] for letter in ("h0", "c0") if letter in given]
        outputs = made(tf.convert_to_tensor(x), **({"initial_state": first} if first else {}))
        outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        total = sum(tf.reduce_sum(o * g) for o, g in zip(outputs, upstreams(outputs)))
    variables = dict(zip(letters, [v.value for v in made.trainable_variables]))
    sources = {**{k: v for k, v in given.items() if k not in letters}, **variables}
    sources = {k: v for k, v in sources.items() if v.dtype == tf.float64}
    grads = {
        letter: tf.convert_to_tensor(g).numpy().tolist()
        for letter, g in tape.gradient(total, sources).items()
    }
    return {"outputs": [o.numpy().tolist() for o in outputs], "grads": grads}


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    of, framework = (of_keras, "keras") if len(sys.argv) > 1 else (of_torch, "torch")
    entries = []
    if len(sys.argv) > 1:
        with open(sys.argv[1]) as file:
            entries = json.load(file)
    entries += [{"framework": framework, "layer": w, **of(w)} for w in layers(framework)]
    print(
        "[\n" + ",\n".join([json.dumps(entry, separators=(",", ":")) for entry in entries]) + "\n]"
    )
