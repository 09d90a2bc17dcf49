"""Gradients as torch computes them in half precision, on the CPU.

Run where torch, NumPy, click and rich are installed, with gradcli on PYTHONPATH::

    python -m tests.check.torch_halves > tests/check/halves.json

Prints a JSON object by network: ``spec``, the network for gradcli, in torch's convention; ``grads``
by how they were computed: ``bfloat16`` and ``float16`` forward and back in that, ``mixed`` under
autocast to bfloat16 with float32 parameters, ``rounded`` in float32, then rounded to bfloat16.
"""

from __future__ import annotations

import json
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from gradcli.model.model import Model

NETS: dict[str, tuple[dict[str, Any], nn.Sequential]] = {
    "tanh": (
        {"loss": "mse", "in": 4, "layers": "dense(5, act=tanh), dense(2)", "batch": 6},
        nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2)),
    ),
    "relu": (
        {"loss": "ce", "in": 4, "layers": "dense(8, act=relu), dense(3)", "batch": 12,
         "from_logits": True, "labels": [0, 1, 2, 0, 1, 2, 2, 1, 0, 1, 1, 0]},
        nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)),
    ),
    "norm": (
        {"loss": "ce", "in": 3, "batch": 5, "from_logits": True, "labels": [0, 1, 2, 0, 1],
         "layers": "dense(6), layer_norm, activation(tanh), dense(3)"},
        nn.Sequential(nn.Linear(3, 6), nn.LayerNorm(6), nn.Tanh(), nn.Linear(6, 3)),
    ),
}  # fmt: skip


def main() -> None:
    found = {}
    for name, (spec, net) in NETS.items():
        spec |= {"convention": "torch", "seed": 3}
        model = Model.from_spec(spec)
        net.load_state_dict({n: torch.tensor(a) for n, a in model.primals.items()})
        x = torch.tensor(model.arrays["x"])

        def grads(dtype: torch.dtype, mixed: bool = False, net: Any = net, x: Any = x) -> Any:
            net.zero_grad()
            net.to(dtype)
            with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
                out = net(x.to(dtype))
                if spec["loss"] == "ce":  # noqa: B023
                    loss = F.cross_entropy(out, torch.tensor(spec["labels"]))  # noqa: B023
                else:
                    loss = F.mse_loss(out, torch.tensor(model.arrays["y"]).to(out.dtype))  # noqa: B023
            loss.backward()
            return {n: p.grad.clone() for n, p in net.named_parameters()}

        single = grads(torch.float32)
        ways = {
            "mixed": grads(torch.float32, True),
            "rounded": {n: g.bfloat16() for n, g in single.items()},
            "bfloat16": grads(torch.bfloat16),
        }
        net.to(torch.float32)
        net.load_state_dict({n: torch.tensor(a) for n, a in model.primals.items()})
        ways["float16"] = grads(torch.float16)
        found[name] = {
            "spec": spec,
            "grads": {
                way: {n: g.float().tolist() for n, g in each.items()} for way, each in ways.items()
            },
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
