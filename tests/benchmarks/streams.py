"""Streams of small models: ``python tests/benchmarks/streams.py``.

With ``processes`` instead: what two of them answer at once. With ``memory N``: how much memory a
process holds on its way through N lines.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[2]))

COUNT, ROUNDS = 2000, 5
POINTS = 10
"""Times at which memory is looked at."""
SMALL = {"in": 4, "hidden": [8], "out": 3, "batch": 4}
GRADCLI = str(Path(sys.executable).with_name("gradcli"))


def seeds(rng: random.Random) -> dict[str, Any]:
    return {"loss": rng.choice(["mse", "ce"]), **SMALL, "seed": rng.randrange(2**31)}


def arrays(rng: random.Random) -> dict[str, Any]:
    def drawn(*shape: int) -> Any:
        return [drawn(*shape[1:]) for _ in range(shape[0])] if shape else round(rng.gauss(), 4)

    given = {"x": drawn(4, 4), "w1": drawn(4, 8), "b1": drawn(8), "w2": drawn(8, 3), "b2": drawn(3)}
    labels = [rng.randrange(3) for _ in range(4)]
    return {"loss": rng.choice(["mse", "ce"]), **SMALL, **given, "labels": labels}


def structures(rng: random.Random) -> dict[str, Any]:
    return {**seeds(rng), "hidden": [rng.randrange(2, 30), rng.randrange(2, 30)]}


def layers(rng: random.Random) -> dict[str, Any]:
    return {"layer": "dense", "in": 4, "units": 3, "batch": 4, "seed": rng.randrange(2**31)}


def formulas(rng: random.Random) -> dict[str, Any]:
    return {"formula": "sin(x)*y + x^2", "values": {"x": rng.gauss(), "y": rng.gauss()}}


def landscapes(rng: random.Random) -> dict[str, Any]:
    return {"landscape": "himmelblau", "verb": "", "start": [rng.gauss(), rng.gauss()]}


WORKS: dict[str, Callable[[random.Random], dict[str, Any]]] = {
    "4-8-3, batch 4, seeds": seeds,
    "4-8-3, batch 4, arrays given": arrays,
    "another structure each time": structures,
    "one layer, seeds": layers,
    "a formula": formulas,
    "a landscape": landscapes,
}


def documents(work: str) -> Iterator[str]:
    rng = random.Random(0)
    while True:
        yield json.dumps(WORKS[work](rng)) + "\n"


def by_hand(line: str) -> str:
    """What a script answers for one of the first two works."""
    spec = json.loads(line)
    x, w1, b1, w2, b2 = (
        np.array(spec[n], np.float32) if n in spec else None for n in ("x", "w1", "b1", "w2", "b2")
    )
    labels = spec.get("labels")
    if x is None:
        rng = np.random.default_rng(spec["seed"])
        x, w1, w2 = (rng.standard_normal(s).astype("f4") for s in ((4, 4), (4, 8), (8, 3)))
        b1, b2 = np.zeros(8, "f4"), np.zeros(3, "f4")
        labels = rng.integers(0, 3, 4)
    assert w1 is not None
    assert w2 is not None
    y = np.eye(3, dtype=np.float32)[labels]
    z = x @ w1 + b1
    a = np.maximum(z, 0)
    output = a @ w2 + b2
    if spec["loss"] == "mse":
        residual = output - y
        loss, g = np.mean(residual * residual), residual * np.float32(2 / residual.size)
    else:
        shifted = output - output.max(axis=1, keepdims=True)
        e = np.exp(shifted)
        total = e.sum(axis=1, keepdims=True)
        loss = np.mean(np.log(total)[:, 0] - (y * shifted).sum(axis=1))
        g = (e / total - y) / np.float32(4)
    back = (g @ w2.T) * (z > 0)
    grads = {"w1": x.T @ back, "b1": back.sum(axis=0), "w2": a.T @ g, "b2": g.sum(axis=0)}
    params = {"w1": w1, "b1": b1, "w2": w2, "b2": b2}
    answer = {
        "loss": float(loss),
        "grads": {n: v.tolist() for n, v in grads.items()},
        "params": {n: v.tolist() for n, v in params.items()},
        **{n: v.tolist() for n, v in (("x", x), ("y", y), ("output", output))},
        "spec": spec,
    }
    return json.dumps(answer)


def script() -> None:
    for line in sys.stdin:
        print(by_hand(line), flush=True)


def took(command: list[str], file: Path, processes: int = 1) -> float:
    """Seconds until so many processes have each answered what ``file`` holds."""
    start = time.perf_counter()
    running, null = [], subprocess.DEVNULL
    for _ in range(processes):
        with file.open() as lines:
            running.append(subprocess.Popen(command, stdin=lines, stdout=null, stderr=null))
    for process in running:
        assert process.wait() == 0
    return time.perf_counter() - start


CONTESTANTS = {
    "NumPy by hand": [sys.executable, __file__, "--script"],
    "gradcli": [GRADCLI, "run", "-", "--json"],
}


def rates(folder: Path) -> None:
    """Documents a second: of whole processes, and without their start."""
    table = Table(title=f"medians of {ROUNDS} rounds by turns, {COUNT:,} documents each")
    for column in ("work", "who", "whole process", "in process", "ratio", "gradcli must reach"):
        table.add_column(column, justify="left" if column in ("work", "who") else "right")
    one = folder / "one.jsonl"
    for work in WORKS:
        file = folder / "documents.jsonl"
        file.write_text("".join(islice(documents(work), COUNT)))
        one.write_text(next(documents(work)))
        models = work in list(WORKS)[:2]
        who = CONTESTANTS if models else {"gradcli": CONTESTANTS["gradcli"]}
        whole: dict[str, list[float]] = {name: [] for name in who}
        inner: dict[str, list[float]] = {name: [] for name in who}
        for _ in range(ROUNDS):
            for name, command in who.items():
                start = took(command, one)
                whole[name].append(took(command, file))
                inner[name].append(whole[name][-1] - start)
        for name in who:
            first = whole[next(iter(who))]
            ratio = statistics.median(a / b for a, b in zip(whole[name], first))
            table.add_row(
                work if name == next(iter(who)) else "",
                name,
                *[f"{COUNT / statistics.median(times[name]):,.0f}/s" for times in (whole, inner)],
                f"{ratio:.3g}" if models else "",
                ">= 5,000/s" if models and name == "gradcli" else "",
            )
        table.add_section()
    Console(width=120).print(table)


def processes(folder: Path) -> None:
    """Documents a second of one process, and of two at once."""
    file = folder / "documents.jsonl"
    file.write_text("".join(islice(documents(next(iter(WORKS))), COUNT)))
    times: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(ROUNDS):
        for count, found in times.items():
            found.append(took(CONTESTANTS["gradcli"], file, count) / count)
    for count, found in times.items():
        ratio = statistics.median(a / b for a, b in zip(times[1], found))
        rate = COUNT / statistics.median(found)
        print(f"{count} at once: {rate:,.0f}/s, {ratio:.3g} times as many")


def memory(count: int) -> None:
    """Memory held at some points on the way through ``count`` lines of all works by turns."""
    process = subprocess.Popen(
        CONTESTANTS["gradcli"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        bufsize=1,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    streams = [documents(work) for work in WORKS]
    every = max(1, count // POINTS)
    for number in range(1, count + 1):
        process.stdin.write(next(streams[number % len(streams)]))
        process.stdout.readline()
        if number % every == 0 or number == every // 10:
            status = Path(f"/proc/{process.pid}/status").read_text()
            held = {
                line.split(":")[0]: int(line.split()[1])
                for line in status.splitlines()
                if "kB" in line
            }
            print(
                f"{number:>12,} lines: {held['VmRSS']:,} kB, at most {held['VmHWM']:,} kB",
                flush=True,
            )
    process.stdin.close()
    process.wait()


if __name__ == "__main__":
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    if sys.argv[1:] == ["--script"]:
        script()
    elif sys.argv[1:2] == ["memory"]:
        memory(int(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as name:
            (processes if sys.argv[1:] == ["processes"] else rates)(Path(name))
