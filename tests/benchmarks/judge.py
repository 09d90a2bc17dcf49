"""Is the judge right? Right gradients and planted errors, by every method, in every problem.

``python tests/benchmarks/judge.py [COUNT] [SEED] [-v]``: COUNT random problems of each family and
method. No right gradient may fail, and none may pass that is off by more than a check promises to
see: 1e-4 of the largest entry of its parameter, or what the digits of a file leave open. Each
problem's own gradients are judged, then those with one error planted, in float64 arrays, or as a
file holds them. A cause that is told must be the one that was planted, or as good.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[2]))

from gradcli.catalogue import METHODS
from gradcli.check import Checked, ParameterVerdict, check
from gradcli.check.against import read_gradients
from gradcli.check.plan import Options
from gradcli.errors import SpecError
from gradcli.gradient import differentiate, quiet
from gradcli.problem import Problem
from tests.benchmarks.cases import FAMILIES, Case, draw, of_code, second
from tests.benchmarks.errors import ERRORS, Planted, Right, true

LEAST = 1e-4
"""An error of this part of the parameter's largest gradient must not pass."""
EPS = 2.0**-52
SECOND = "order 2 only"
SOURCES = {"arrays": 0.0, "float64": 0.0, "float32": 2.0**-23, "float16": 2.0**-10,
           "bfloat16": 2.0**-7}  # fmt: skip
"""How gradients are handed over, arrays or a file of a dtype, and the eps of its digits."""


class Tally:
    """What became of the cases."""

    def __init__(self) -> None:
        self.right: Counter[tuple[str, str, str]] = Counter()
        """Verdicts on right gradients, by family, method and verdict."""
        self.planted: Counter[tuple[str, str, str, str]] = Counter()
        """Verdicts on wrong ones, by error, family, method and verdict."""
        self.causes: Counter[tuple[str, str]] = Counter()
        """By error: right, other or none."""
        self.drawn: Counter[str] = Counter()
        self.wrong: list[str] = []
        """Verdicts that must not be,"""
        self.misled: list[str] = []
        """and causes."""


class Trial(NamedTuple):
    """One case with its right gradients, to be judged by one method."""

    case: Case
    family: str
    method: str
    rng: np.random.Generator
    gradients: dict[str, Any]
    """In float64."""
    blurred: dict[str, float]
    """How far rounding may move them."""

    def told(self, text: str, checked: Any) -> str:
        return f"{text}: {self.method}: {self.case.of}: {self.case.told}\n    {checked}"


def blur(problem: Problem, gradients: dict[str, Any]) -> dict[str, float]:
    """How far gradients move within a few roundings of the primals: what float64 tells of them."""
    rng = np.random.default_rng(0)
    found = dict.fromkeys(gradients, 0.0)
    for _ in range(4):
        near = {n: p * (1 + EPS * rng.integers(-4, 5, p.shape)) for n, p in problem.primals.items()}
        for name, gradient in differentiate(problem, near).gradients.items():
            moved = float(np.max(np.abs(gradient - gradients[name]), initial=0.0))
            found[name] = max(found[name], moved)
    return found


def allowed(right: Any, given: Any, eps: float, blurred: float) -> Any:
    """How far off a gradient in the digits of ``eps`` may be and pass, at most."""
    sizes, largest = np.maximum(np.abs(right), np.abs(given)), np.max(np.abs(right))
    least = LEAST * largest + 100 * max(eps / EPS, 1) * blurred
    few = (1000 * eps if eps < 1e-4 else 8 * eps) * sizes + 20 * eps * largest
    return np.maximum(least, few * 1.05)


def judged(trial: Trial, against: dict[str, Any], source: str) -> Checked:
    """A check of ``against``, handed over as ``source``."""
    problem, options = trial.case.problem, Options(trial.method)
    if trial.family == "code":
        return check(of_code(problem.in_float64(), against), options)
    if source == "arrays":
        return check(problem, options, against)
    with np.errstate(over="ignore"):
        held = {n: held_as(g, source) for n, g in against.items()}
    if not all(np.all(np.isfinite(g)) for g in held.values()):
        return check(problem, options, against)
    with tempfile.NamedTemporaryFile(suffix=".safetensors") as file:
        write(file, held, source)
        given = read_gradients(file.name, "float64", problem.primals, forms=problem.forms)
    return check(problem, options, given)


def held_as(gradient: Any, source: str) -> Any:
    """``gradient`` in the digits of ``source``; bfloat16 is the upper half of a float32."""
    if source != "bfloat16":
        return np.asarray(gradient).astype(source)
    bits = np.asarray(gradient).astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)


def write(file: IO[bytes], held: dict[str, Any], source: str) -> None:
    """A safetensors file, whose format is a length, a JSON header and bytes."""
    names = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16"}
    header, body = {}, b""
    for name, array in held.items():
        if source == "bfloat16":
            array = (array.view(np.uint32) >> 16).astype(np.uint16)
        offsets = [len(body), len(body) + array.nbytes]
        header[name] = {"dtype": names[source], "shape": array.shape, "data_offsets": offsets}
        body += array.tobytes()
    head = json.dumps(header).encode()
    file.write(len(head).to_bytes(8, "little") + head + body)
    file.flush()


def plant(trial: Trial, error: str, name: str, tally: Tally) -> None:
    """Plant an ``error`` in the gradient by ``name``, and judge what comes out."""
    exact = trial.case.problem.in_float64()
    right = Right(exact, trial.gradients, name, trial.rng)
    with quiet():
        planted = ERRORS[error](right)
    if planted is None or not np.all(np.isfinite(planted.gradient)):
        return
    some = list(SOURCES) if error in ("sign", "factor 2", "transpose", "one entry") else ["arrays"]
    source = "arrays" if trial.family == "code" else str(trial.rng.choice(some))
    given, good = planted.gradient, right.gradient
    if given.shape == good.shape:
        limit = allowed(good, given, SOURCES[source], trial.blurred[name])
        if not np.any(np.abs(given - good) > limit):
            return
    elif trial.family == "code":
        return
    checked = judged(trial, {**trial.gradients, name: given}, source)
    if checked.nonfinite:
        return
    for other, verdict in checked.params.items():
        if other == name:
            found = verdict.verdict
            if found == "pass" and within(verdict, given, good):
                found = "as far as its digits tell"
            elif found == "pass" and checked.verdict == "inconclusive":
                found = "inconclusive"
            tally.planted[error, trial.family, trial.method, found] += 1
            if found == "pass":
                tally.wrong.append(trial.told(f"{error} in {name} passes ({source})", checked))
            if verdict.verdict == "fail":
                count_cause(verdict.cause, right, planted, error, trial, tally)
        else:
            count_right(other, verdict, trial, tally, f"beside {error} in {name}, {source}")


def within(verdict: ParameterVerdict, given: Any, right: Any) -> bool:
    """Whether an answer says that errors such as this are not told in these digits."""
    told_to = verdict.told_to
    if told_to is None or given.shape != right.shape:
        return False
    return bool(np.max(np.abs(given - right)) <= 1.01 * told_to * np.max(np.abs(right)))


def count_cause(
    cause: str | None, right: Right, planted: Planted, error: str, trial: Trial, tally: Tally
) -> None:
    if cause is None:
        tally.causes[error, "none"] += 1
        return
    with quiet():
        fits = true(cause, right, planted)
    tally.causes[error, "right" if fits else "other"] += 1
    if not fits:
        tally.misled.append(trial.told(f"{error} in {right.name} is told as {cause!r}", ""))


def count_right(name: str, verdict: Any, trial: Trial, tally: Tally, told: str) -> None:
    tally.right[trial.family, trial.method, verdict.verdict] += 1
    if verdict.verdict == "fail":
        tally.wrong.append(trial.told(f"right {name} fails {told}", verdict))


def trial_of(family: str, method: str, rng: np.random.Generator) -> Trial | None:
    """A case with gradients, finite ones, that are not all 0."""
    case = draw(family, rng)
    exact = case.problem.in_float64()
    with quiet():
        result = differentiate(exact)
        blurred = blur(exact, result.gradients)
    finite = all(np.all(np.isfinite(g)) for g in result.gradients.values())
    if (
        not finite
        or not np.isfinite(result.value)
        or not any(map(np.any, result.gradients.values()))
    ):
        return None
    return Trial(case, family, method, rng, result.gradients, blurred)


def run(count: int, seed: int, families: Any = FAMILIES, methods: Any = METHODS) -> Tally:
    """Judge ``count`` cases of each of ``families`` by each of ``methods``."""
    tally = Tally()
    for family in families:
        for method in methods:
            rng = np.random.default_rng([seed, *map(ord, f"{family} {method}")])
            done = 0
            for _ in range(20 * count):
                trial = trial_of(family, method, rng)
                if trial is not None and _case(trial, tally):
                    done += 1
                    if done == count:
                        break
    return tally


def _case(trial: Trial, tally: Tally) -> bool:
    """Judge one case; False where the method does not suit it."""
    rng = trial.rng
    source = "arrays" if trial.family == "code" else str(rng.choice(list(SOURCES)))
    try:
        own = check(trial.case.problem, Options(trial.method))
        right = judged(trial, trial.gradients, source)
    except SpecError as error:
        if error.key == "method":
            return False
        raise
    tally.drawn[trial.case.of] += 1
    for told, checked in (("by itself", own), (f"given, {source}", right)):
        for name, verdict in checked.params.items():
            count_right(name, verdict, trial, tally, told)
    names = [n for n, g in trial.gradients.items() if np.any(g)]
    for error in rng.choice(list(ERRORS), 3, replace=False):
        plant(trial, str(error), names[rng.integers(len(names))], tally)
    if trial.family != "code" and trial.method != "complex" and rng.random() < 0.25:
        plant_second(trial, names[rng.integers(len(names))], tally)
    return True


def plant_second(trial: Trial, name: str, tally: Tally) -> None:
    """The gradient of the gradient: right, and wrong at that order alone."""
    slopes, options = second(trial.case.problem.in_float64(), name), Options(trial.method)
    with quiet():
        right = differentiate(slopes.right).gradients
        bent = differentiate(slopes.bent).gradients[name]
        blurred = blur(slopes.right, right)
    if not all(np.all(np.isfinite(g)) for g in (*right.values(), bent)):
        return
    checked = check(slopes.right, options)
    for other, verdict in checked.params.items():
        count_right(other, verdict, trial, tally, "at order 2")
    if not np.any(np.abs(bent - right[name]) > allowed(right[name], bent, 0.0, blurred[name])):
        return
    checked = check(slopes.bent, options)
    found = checked.params[name].verdict if name in checked.params else "inconclusive"
    tally.planted[SECOND, trial.family, trial.method, found] += 1
    if found == "pass":
        tally.wrong.append(trial.told(f"{SECOND}, in {name}, passes", checked))


def tables(tally: Tally) -> list[Table]:
    """Verdicts by family and method, by error, and the causes."""
    by_kind = Table(title="false verdicts: by kind of problem and method")
    for column in ("problems", "method", "right", "fail", "inconclusive",
                   "planted", "pass", "inconclusive"):  # fmt: skip
        by_kind.add_column(column, justify="left" if column in ("problems", "method") else "right")
    for family, method in dict.fromkeys([key[:2] for key in tally.right]):
        right = Counter({k[2]: n for k, n in tally.right.items() if k[:2] == (family, method)})
        planted: Counter[str] = Counter()
        for k, n in tally.planted.items():
            planted[k[3]] += n if k[1:3] == (family, method) else 0
        by_kind.add_row(family, method, *_figures(right, "fail"), *_figures(planted, "pass"))
    by_error = Table(title="planted errors: verdicts and causes")
    for column in ("error", "planted", "pass", "inconclusive", "cause", "no cause", "false cause"):
        by_error.add_column(column, justify="left" if column == "error" else "right")
    for error in (*ERRORS, SECOND):
        found = Counter[str]()
        for k, n in tally.planted.items():
            found[k[3]] += n if k[0] == error else 0
        causes = [f"{tally.causes[error, which]:,}" for which in ("right", "none", "other")]
        by_error.add_row(error, *_figures(found, "pass"), *causes)
    return [by_kind, by_error]


def _figures(found: Counter[str], bad: str) -> list[str]:
    """How many there were, how many had the ``bad`` verdict, and the share without one."""
    count = sum(found.values())
    share = found["inconclusive"] / count if count else 0.0
    return [f"{count:,}", f"{found[bad]:,}", f"{share:.2%}"]


if __name__ == "__main__":
    warnings.simplefilter("error")
    words = [a for a in sys.argv[1:] if a != "-v"]
    count, seed = (int(words[i]) if len(words) > i else d for i, d in enumerate((200, 0)))
    start = time.perf_counter()
    tally = run(count, seed, [*(words[2:3] or FAMILIES)])
    for line in tally.wrong:
        print(line)
    for line in tally.misled if "-v" in sys.argv else ():
        print(line)
    for table in tables(tally):
        Console(width=120).print(table)
    kinds = Counter(of.partition(" ")[0] for of in tally.drawn)
    print(f"drawn: {', '.join(f'{n} of {kind}' for kind, n in kinds.items())}")
    total = sum(tally.right.values()), sum(tally.planted.values())
    seconds = time.perf_counter() - start
    print(
        f"{len(tally.wrong)} false verdicts on {total[0]:,} right gradients and {total[1]:,} wrong"
    )
    print(f"ones in {seconds:.0f} s; {len(tally.misled)} false causes")
    sys.exit(bool(tally.wrong))
