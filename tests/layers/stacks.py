"""Random stacks of layers, and what torch and Keras answer for them.

Run under each framework's interpreter in turn; the second run takes the first one's file and
adds its own answers::

    python stacks.py > torch.json                   # where torch is installed
    python stacks.py torch.json > stacks.json       # where Keras is, on TensorFlow

Prints a JSON list, one stack a line:

``spec``            the model, float64. ``x``, parameters and labels are drawn from its seed as
                    gradcli draws them: biases, gamma and beta normal, too, so that they matter
``torch``, ``keras``  the loss and, for x and each parameter by gradcli's name, three numbers that
                    its gradient g makes: the sums of g, of g cos(1.7 k) and of g sin(0.3 k + 1)
                    over the flat index k. null where the framework has no such layer

Stacks are left out whose gradients in float32 are not those in float64 to 1 in 10,000: what is
lost there would be lost in float64 from about the eleventh digit on.
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from random_stacks import Table, Unheld, stack
from stack_arrays import draw, names

COUNT = 350


def projections(g: Any) -> list[float]:
    g = np.asarray(g, np.float64).reshape(-1)
    k = np.arange(g.size)
    return [float(g.sum()), float(g @ np.cos(1.7 * k)), float(g @ np.sin(0.3 * k + 1))]


Gradients = dict[str, Any]
Evaluate = Callable[
    [Table, Any, Any, list[dict[str, Any]], str], tuple[float, Any, list[Gradients]]
]
"""Spec, x, y, arrays, dtype -> loss, gradient by x (None for tokens) and those by the arrays."""


def answer(evaluate: Evaluate, spec: Table) -> dict[str, Any] | None:
    """The loss and the projections by name. None where float32 does not tell the gradients.

    Raises Unheld where the framework has no such layer.
    """
    x, y, arrays = draw(spec)
    told = []
    for dtype in ("float64", "float32"):
        loss, by_x, by_arrays = evaluate(spec, x, y, arrays, dtype)
        grads = {} if by_x is None else {"x": by_x}
        for called, own in zip(names(spec["layers"]), by_arrays, strict=True):
            grads |= {name: own[letter] for letter, name in called.items() if letter in own}
        told.append((loss, {name: np.asarray(g, np.float64) for name, g in grads.items()}))
    (loss, grads), (rough_loss, rough) = told
    whole = math.sqrt(sum(np.sum(g * g) for g in grads.values()))
    if not 1e-6 < abs(loss) < 1e4 or not 1e-6 < whole < 1e6 or abs(loss / rough_loss - 1) > 1e-4:
        return None
    for name, g in grads.items():
        scale = max(np.linalg.norm(g), 1e-3 * whole)
        if not np.linalg.norm(g - rough[name]) <= 1e-4 * scale:
            return None
    return {"loss": loss, **{name: projections(g) for name, g in grads.items()}}


def main() -> None:
    known: dict[int, Any] = {}
    if len(sys.argv) > 1:
        with open(sys.argv[1], encoding="utf-8") as file:
            known = {entry["spec"]["seed"]: entry for entry in json.load(file)}
    try:
        from stacks_torch import evaluate

        framework = "torch"
    except ImportError:
        from stacks_keras import evaluate

        framework = "keras"
    used: Counter[str] = Counter()
    unheld: Counter[str] = Counter()
    entries, lost = [], 0
    for seed in range(COUNT):
        spec = stack(seed, used)
        if known and seed not in known:
            continue
        entry = known.get(seed, {"spec": spec, "torch": None, "keras": None})
        assert entry["spec"] == spec, seed
        try:
            found = answer(evaluate, spec)
        except Unheld as why:
            unheld[str(why)] += 1
            keep = not known or entry["torch"] is not None
        else:
            lost += found is None
            entry[framework] = found
            keep = found is not None or entry["torch"] is not None
        if keep:
            entries.append(entry)
    lines = [json.dumps(entry, separators=(",", ":")) for entry in entries]
    print("[\n" + ",\n".join(lines) + "\n]")
    print(f"{len(entries)} stacks, {lost} lost; not held: {dict(unheld)}\n{used}", file=sys.stderr)


if __name__ == "__main__":
    main()
