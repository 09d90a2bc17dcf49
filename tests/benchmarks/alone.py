"""Contestants each alone in a process of its own, by turns: time, and peak memory of a call.

Thread pools of two libraries in one process slow each other several times. A module of works
holds ``WORKS``, and runs ``main`` of its own name and file; a process of one contestant is the
same file with the names of the work and of the contestant behind it.
"""

from __future__ import annotations

import ctypes
import gc
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

from tests.benchmarks.peers import installed
from tests.benchmarks.timing import best_of_turn, duration

THREADS = "2"
ROUNDS = 15
PAUSE = 0.05
"""Seconds until the threads of the one before have stopped to wait for more to do."""

Call = Callable[[], tuple[Any, list[Any]]]
"""Gives the loss, and every gradient in the layout of the first contestant's."""


class Work(NamedTuple):
    """Loss and gradients of one step, by several contestants; the first is the measure."""

    title: str
    contestants: dict[str, tuple[str, Callable[[], Call]]]
    """By name: the library that it needs, and what makes its call (and imports the library)."""
    target: str
    """What gradcli must reach."""
    tolerance: float = 1e-4
    """Of the largest entry of each gradient."""


def checked(work: Work, who: str) -> Call:
    """The call of a contestant, once it has given what the first one gives."""
    found, first = (work.contestants[name][1] for name in (who, next(iter(work.contestants))))
    call = found()
    (value, gradients), (expected, others) = call(), first()()
    np.testing.assert_allclose(np.asarray(value), expected, work.tolerance, err_msg=who)
    assert len(gradients) == len(others), who
    # One that is nothing but rounding, as by the bias of keys, is so small beside the others.
    least = 1e-3 * max(float(np.max(np.abs(b))) for b in others)
    for k, (a, b) in enumerate(zip(map(np.asarray, gradients), others)):
        assert a.shape == b.shape, f"{who}: gradient {k} is {a.shape}, not {b.shape}"
        largest = max(float(np.max(np.abs(b))), least)
        np.testing.assert_allclose(a, b, 0, work.tolerance * largest, err_msg=f"{who}: {k}")
    return call


def main(works: Mapping[str, Work], file: str) -> None:
    """Run the works that the command line names, all by default, and print a table.

    The ratio, to the first contestant, is the median of those within a round.
    With a work and a contestant behind ``--alone``: answer for that one, a line a request.
    """
    args = sys.argv[1:]
    if args[:1] == ["--alone"]:
        _serve(works[args[1]], args[2])
        return
    table = Table(title=f"{ROUNDS} rounds by turns, each alone in its process")
    for column in ("work", "who", "median", "least", "ratio", "peak memory", "gradcli must reach"):
        right = column in ("median", "least", "ratio", "peak memory")
        table.add_column(column, justify="right" if right else "left")
    for name in args or works:
        work = works[name]
        names = [who for who, (library, _) in work.contestants.items() if installed(library)]
        times = _times(file, name, names)
        for who in names:
            ratio = statistics.median(a / b for a, b in zip(times[who], times[names[0]]))
            table.add_row(
                work.title if who == names[0] else "",
                who,
                duration(statistics.median(times[who])),
                duration(min(times[who])),
                f"{ratio:.3g}",
                f"{_memory(file, name, who) / 1e6:.3g} MB",
                work.target if who == "gradcli" else "",
            )
        table.add_section()
    Console(width=120).print(table)


def _times(file: str, work: str, names: list[str]) -> dict[str, list[float]]:
    """Seconds of a call, for each contestant and round."""
    running = {who: _start(file, work, who) for who in names}
    times: dict[str, list[float]] = {who: [] for who in names}
    for _ in range(ROUNDS):
        for who, process in running.items():
            time.sleep(PAUSE)
            times[who].append(_ask(process, "time"))
    for process in running.values():
        _stop(process)
    return times


def _memory(file: str, work: str, who: str) -> float:
    """Bytes that a call takes at its peak, in a process that gives freed ones back at once."""
    process = _start(file, work, who, MALLOC_MMAP_THRESHOLD_="16384", MALLOC_TRIM_THRESHOLD_="0")
    found = _ask(process, "memory")
    _stop(process)
    return found


def _start(file: str, work: str, who: str, **settings: str) -> subprocess.Popen[str]:
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return subprocess.Popen(
        [sys.executable, file, "--alone", work, who],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **dict.fromkeys(threads, THREADS), **settings},
    )


def _ask(process: subprocess.Popen[str], request: str) -> float:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{request}\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def _stop(process: subprocess.Popen[str]) -> None:
    process.communicate()


def _serve(work: Work, who: str) -> None:
    call = checked(work, who)
    for _ in range(5):
        call()
    for request in sys.stdin:
        answer = best_of_turn(call) if request == "time\n" else _peak(call)
        print(answer, flush=True)


def _peak(call: Call) -> float:
    """How far the memory of this process rises above what it held: the median of some calls.

    Linux alone tells it: the high-water mark can be set back there.
    """
    found = []
    for _ in range(7):
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        before = _status("VmRSS")
        result = call()
        found.append(_status("VmHWM") - before)
        del result
    return statistics.median(found)


def _status(name: str) -> float:
    """A size of this process in bytes."""
    with open("/proc/self/status") as file:
        line = next(line for line in file if line.startswith(name))
    return int(line.split()[1]) * 1024.0
