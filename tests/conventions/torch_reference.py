"""What torch makes of networks as gradcli's torch convention writes them.

Run where torch, NumPy, click and rich are installed, with gradcli on PYTHONPATH::

    python -m tests.conventions.torch_reference > tests/conventions/test_torch.json

Each network is drawn by ``gradcli run --save``; the ``params.`` of its file go by
``load_state_dict(strict=False)`` into the ``nn.Sequential`` of the same layers, which gives a
loss and the gradients of ``named_parameters()``; these go, as they are, by ``np.savez`` into
``gradcli check run --against``. Prints a JSON object by network:

``spec``       the network, for gradcli
``missing``    names that load_state_dict missed, ``unexpected`` those it had no place for
``loss``, ``grads``   torch's, float64
``verdict``    the exit code of the check

No hard_sigmoid: torch's derivative of it has float32's 1/6 in float64, too.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

NETWORKS: dict[str, dict[str, Any]] = {
    "dense and activations": {
        "in": 3,
        "layers": "dense(3, leaky_relu), dense(3, elu), dense(3, selu), dense(3, gelu), "
        "dense(3, silu, bias=false), dense(3, mish), activation(softplus), dense(3, softsign), "
        "dense(3, sigmoid), dense(3, log_sigmoid), dense(3, relu6), dense(2, softmax)",
    },
    "conv2d, batch_norm, pools, flatten": {
        "in": [2, 9, 8],
        "layers": "conv2d(4, [3, 2], stride=2, padding=1, groups=2, act=relu, name=c1), "
        "batch_norm, max_pool2d(2, stride=1), conv2d(2, 3, padding=1, dilation=2, bias=false), "
        "avg_pool2d(2, padding=1), flatten, dense(2, tanh), dense(2, name=out)",
    },
    "conv1d, pools": {
        "in": [3, 9],
        "layers": "conv1d(4, 3, stride=2, padding=1, act=tanh), avg_pool1d(2, stride=1), "
        "max_pool1d(2, stride=1), global_max_pool, dense(2)",
    },
    "group_norm, reshape, global_avg_pool": {
        "in": 24,
        "layers": "reshape([4, 3, 2]), group_norm(2), conv2d(3, 2, act=leaky_relu), "
        "global_avg_pool, dense(2)",
    },
    "layer_norm, rms_norm": {"in": 6, "layers": "dense(4), layer_norm, dense(4), rms_norm"},
    "batch_norm in inference, dropout": {
        "in": 3,
        "batch": 2,
        "layers": "dense(3, tanh), batch_norm(running_mean=[0.1, 0.2, 0.3], "
        "running_var=[1, 2, 3]), dropout(0.5, mask=[[1, 0, 1], [0, 1, 1]]), dense(2)",
    },
    "embedding, lstm": {"in": 4, "layers": "embedding(5, 3), lstm(2), dense(2)"},
    "rnn, gru": {"in": [4, 3], "layers": "rnn(3, sequences=true), gru(2, true), dense(2)"},
    "attention, residual": {
        "in": [3, 4],
        "layers": "attention(2, causal=true, name=a), residual(layer_norm, dense(5, gelu), "
        "dense(4)), attention(1), global_avg_pool, dense(2)",
    },
}
COMMON = {"loss": "mse", "batch": 2, "convention": "torch", "dtype": "float64", "seed": 5}


def spec_of(name: str) -> dict[str, Any]:
    return {**COMMON, **NETWORKS[name]}


def main() -> None:
    import torch

    from tests.conventions.torch_modules import sequential

    found = {}
    for name in NETWORKS:
        with tempfile.TemporaryDirectory() as folder:
            found[name] = one(spec_of(name), Path(folder), torch, sequential)
    lines = [f"{json.dumps(name)}: {json.dumps(one)}" for name, one in found.items()]
    print("{", ",\n".join(lines), "}", sep="\n")


def one(spec: dict[str, Any], folder: Path, torch: Any, sequential: Any) -> dict[str, Any]:
    (folder / "net.json").write_text(json.dumps(spec))
    answer = gradcli(["run", "net.json", "--save", "g.npz", "--json"], folder)
    assert answer.returncode == 0, answer.stderr
    whole = json.loads(answer.stdout)["spec"]
    saved = dict(np.load(folder / "g.npz"))
    state = {
        k.removeprefix("params."): torch.tensor(v)
        for k, v in saved.items()
        if k.startswith("params.")
    }
    net = sequential(whole["layers"], saved["x"].shape[1:], state).double()
    accepted = net.load_state_dict(state, strict=False)
    x = torch.tensor(saved["x"])
    loss = torch.nn.functional.mse_loss(net(x), torch.tensor(saved["y"]))
    loss.backward()
    grads = {n: p.grad.numpy() for n, p in net.named_parameters()}
    np.savez(folder / "theirs.npz", **grads)
    judged = gradcli(["check", "run", "net.json", "--against", "theirs.npz"], folder)
    return {
        "spec": spec,
        "missing": accepted.missing_keys,
        "unexpected": accepted.unexpected_keys,
        "loss": loss.item(),
        "grads": {n: g.tolist() for n, g in grads.items()},
        "verdict": judged.returncode,
    }


def gradcli(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "gradcli", *words]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True)


if __name__ == "__main__":
    main()
