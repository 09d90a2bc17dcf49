"""Timing side by side: contestants take turns, and what counts is the ratio within a round."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

ROUNDS = 15


class Contest(NamedTuple):
    """One row of work, who does it, and what gradcli must reach as a ratio to the first."""

    work: str
    contestants: dict[str, Callable[[], object]]
    target: str


def best_of_turn(call: Callable[[], object], seconds: float = 0.03) -> float:
    """Seconds a call, the best of a few batches that together take about ``seconds``."""
    start = time.perf_counter()
    call()
    once = max(time.perf_counter() - start, 1e-7)
    batch = max(1, int(seconds / 4 / once))
    best = once
    for _ in range(3):
        start = time.perf_counter()
        for _ in range(batch):
            call()
        best = min(best, (time.perf_counter() - start) / batch)
    return best


def run(contests: list[Contest], rounds: int = ROUNDS) -> None:
    """Time every contest and print a table: median seconds, and median ratio to the first."""
    table = Table(title=f"medians of {rounds} rounds; every contestant in every round")
    for column in ("work", "who", "time", "ratio", "gradcli must reach"):
        table.add_column(column, justify="right" if column in ("time", "ratio") else "left")
    for contest in contests:
        for call in contest.contestants.values():
            call()  # warm up: caches, compilation
        times: dict[str, list[float]] = {who: [] for who in contest.contestants}
        for _ in range(rounds):
            for who, call in contest.contestants.items():
                times[who].append(best_of_turn(call))
        first = next(iter(times))
        for who, measured in times.items():
            ratio = statistics.median(a / b for a, b in zip(measured, times[first]))
            table.add_row(
                contest.work if who == first else "",
                who,
                duration(statistics.median(measured)),
                f"{ratio:.3g}",
                contest.target if who.startswith("gradcli") else "",
            )
        table.add_section()
    Console(width=120).print(table)


def command(*words: str) -> Callable[[], object]:
    """A whole process, its output thrown away."""

    def call() -> object:
        return subprocess.run(words, stdout=subprocess.DEVNULL, check=True)

    return call


def duration(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.3g} s"
    return f"{seconds * 1e3:.3g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3g} us"
