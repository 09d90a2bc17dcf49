"""A program for gradcli: value = sum(tanh(w x + b)), for arrays of one length."""

import json
import math
import sys

for line in sys.stdin:
    request = json.loads(line)
    x, w, b = (request["inputs"][name] for name in ("x", "w", "b"))
    h = [math.tanh(wi * xi + bi) for xi, wi, bi in zip(x, w, b)]
    reply = {"value": sum(h)}
    if "grads" in request["want"]:
        dz = [1 - hi * hi for hi in h]
        reply["grads"] = {
            "dx": [d * wi for d, wi in zip(dz, w)],
            "dw": [d * xi for d, xi in zip(dz, x)],
            "db": dz,
        }
    print(json.dumps(reply), flush=True)
