"""Is the checker right? Random formulas, judged by derivatives in 60 digits.

``python tests/benchmarks/soundness.py [COUNT] [SEED]``: no right gradient may fail, none that
is off by 1e-4 of its parameter's largest may pass, and few may be inconclusive. A third of
the points lie within 1e-8 to 1e-3 of a domain's edge or a kink. A formula is one small tree:
written out for gradcli, and run on dual numbers of mpmath for the truth.

Cases beneath float64 are judged like all others, but the share of inconclusive ones is told
without them, and with them: where the engine's own gradient is off by more than 1e-8 of the
largest, or all the way to the nearest edge moves the value by less than 1e-9 of it.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import mpmath
import numpy as np
from mpmath import mpf

sys.path.insert(0, str(Path(__file__).parents[2]))

from gradcli.check import check
from gradcli.check.plan import Options
from gradcli.formula import Formula
from gradcli.gradient import differentiate

mpmath.mp.dps = 60
LEAST = 1e-4
"""An error of this part of the parameter's largest gradient must not pass."""
HIDDEN = 1e-9
"""A gradient that moves the value by less than this part of it is beneath float64's digits."""
LOST = 1e-8
"""Where the engine's gradient is off by more of the largest, float64 has lost the formula."""
METHODS = ("central", "forward", "ridders", "complex")
Expr = tuple[Any, ...]
"""("x",), (number,), or an operation's name and its arguments."""


class Dual(NamedTuple):
    """A number and its derivative (Clifford, 1873), in mpmath's precision."""

    v: Any
    d: Any


class OnKinkError(Exception):
    """The point is at a kink, or outside of the domain: no case."""


def _kinked(u: Any, edge: float) -> bool:
    if abs(u - edge) < 1e-9 * max(1, abs(edge)):
        raise OnKinkError
    return bool(u > edge)


UNARY: dict[str, Callable[[Any], tuple[Any, Any]]] = {
    "sin": lambda u: (mpmath.sin(u), mpmath.cos(u)),
    "cos": lambda u: (mpmath.cos(u), -mpmath.sin(u)),
    "exp": lambda u: (mpmath.exp(u), mpmath.exp(u)),
    "tanh": lambda u: (mpmath.tanh(u), mpmath.sech(u) ** 2),
    "sigmoid": lambda u: (1 / (1 + mpmath.exp(-u)), 1 / (2 + mpmath.exp(u) + mpmath.exp(-u))),
    "log": lambda u: (mpmath.log(u), 1 / u),
    "sqrt": lambda u: (mpmath.sqrt(u), 0.5 / mpmath.sqrt(u)),
    "square": lambda u: (u * u, 2 * u),
    "arctan": lambda u: (mpmath.atan(u), 1 / (1 + u * u)),
    "arcsin": lambda u: (mpmath.asin(u), 1 / mpmath.sqrt(1 - u * u)),
    "arccos": lambda u: (mpmath.acos(u), -1 / mpmath.sqrt(1 - u * u)),
    "abs": lambda u: (abs(u), 1 if _kinked(u, 0) else -1),
    "relu": lambda u: (u, 1) if _kinked(u, 0) else (mpf(0), 0),
}
POSITIVE = {"log", "sqrt"}
KINKED = {"abs", "relu", "maximum", "minimum"}


def dual(e: Expr, x: Any) -> Dual:
    """The value and the derivative of ``e`` by x, exactly but for 60 digits."""
    if e[0] == "x":
        return Dual(x, mpf(1))
    if not isinstance(e[0], str):
        return Dual(mpf(e[0]), mpf(0))
    a = dual(e[1], x)
    if e[0] in UNARY:
        if (e[0] in POSITIVE and a.v <= 0) or (e[0].startswith("arc") and e[0] != "arctan"
                                                and abs(a.v) >= 1):  # fmt: skip
            raise OnKinkError
        v, slope = UNARY[e[0]](a.v)
        return Dual(v, slope * a.d)
    b = dual(e[2], x)
    if e[0] == "+":
        return Dual(a.v + b.v, a.d + b.d)
    if e[0] == "-":
        return Dual(a.v - b.v, a.d - b.d)
    if e[0] == "*":
        return Dual(a.v * b.v, a.d * b.v + a.v * b.d)
    if e[0] == "/":
        return Dual(a.v / b.v, (a.d - a.v / b.v * b.d) / b.v)
    if e[0] == "^":  # a number for an exponent
        if a.v <= 0 and e[2][0] != int(e[2][0]):
            raise OnKinkError
        return Dual(a.v**b.v, b.v * a.v ** (b.v - 1) * a.d)
    larger = _kinked(a.v - b.v, 0)
    return a if larger == (e[0] == "maximum") else b


def text(e: Expr) -> str:
    """``e`` as gradcli's formula language writes it."""
    if e[0] == "x":
        return "x"
    if not isinstance(e[0], str):
        return f"({float(e[0])!r})"
    args = [text(a) for a in e[1:]]
    return f"({args[0]}{e[0]}{args[1]})" if e[0] in "+-*/^" else f"{e[0]}({','.join(args)})"


class Case(NamedTuple):
    """A formula at a point, with its gradient in truth."""

    text: str
    x: Any
    truth: Any
    kinked: bool
    hidden: bool
    """Whether the gradient, all the way to the nearest edge, hardly moves the value."""


def _smooth(rng: np.random.Generator, inner: Expr) -> Expr:
    a, b = (float(rng.uniform(0.3, 2)) for _ in range(2))
    k = float(10 ** rng.uniform(0, 6))
    choices: list[Expr] = [
        ("sin", ("*", (a,), inner)), ("cos", ("+", inner, (b,))), ("tanh", ("*", (a,), inner)),
        ("sigmoid", inner), ("arctan", ("*", (a,), inner)), ("square", ("+", inner, (b,))),
        ("exp", ("*", (a,), ("sin", inner))), ("log", ("+", (1.0 + b,), ("square", inner))),
        ("sqrt", ("+", (b,), ("square", inner))), ("^", inner, (3.0,)),
        ("/", (a,), ("+", (b,), ("square", inner))), ("*", inner, ("sin", inner)),
        ("sin", ("*", (k,), inner)), ("+", ("*", (a,), inner), (b,)),
    ]  # fmt: skip
    return choices[rng.integers(len(choices))]


def _near(rng: np.random.Generator) -> tuple[Expr, float, float]:
    """An expression, an x within 1e-8 to 1e-3 of its edge or kink, and how near."""
    away = float(10 ** rng.uniform(-8, -3))
    base = float(rng.choice([0.0, 0.0, round(rng.uniform(-3, 3), 3)]))
    slope = float(rng.choice([1.0, round(rng.uniform(0.2, 5), 3)]))
    u: Expr = ("x",) if base == 0 else ("-", ("x",), (base,))
    u = u if slope == 1 else ("*", (slope,), u)
    p = float(rng.choice([0.3, 0.5, 1.5, 2.5, -0.5, -1.0, 0.7]))
    one = ("-", (1.0,), u) if rng.random() < 0.5 else ("-", u, (1.0,))
    edges: list[Expr] = [
        ("log", u), ("sqrt", u), ("^", u, (p,)), ("*", u, ("log", u)), ("arcsin", one),
        ("arccos", one), ("/", (1.0,), u), ("sqrt", ("sin", u)), ("log", ("tanh", u)),
    ]  # fmt: skip
    kinks: list[Expr] = [
        ("abs", u), ("relu", u), ("maximum", u, (0.0,)), ("minimum", ("sin", u), (0.0,)),
        ("maximum", ("*", (2.0,), u), ("-", (0.0,), u)), ("square", ("+", ("abs", u), (1.0,))),
        ("minimum", ("maximum", u, (0.0,)), (1.0,)),
    ]  # fmt: skip
    if rng.random() < 0.5:
        return edges[rng.integers(len(edges))], base + away, away
    return kinks[rng.integers(len(kinks))], base + away * float(rng.choice([-1, 1])), away


def _far(rng: np.random.Generator) -> tuple[Expr, float, float]:
    """An expression away from edges (steep, fast, cancelling, tiny or huge), and an x."""
    x = float(rng.uniform(-3, 3))
    k = float(10 ** rng.uniform(0, 6))
    big = float(10 ** rng.uniform(0, 8))
    size = float(10 ** rng.uniform(-12, 12))
    shapes: list[tuple[Expr, float]] = [
        (("sin", ("*", (k,), ("x",))), x), (("cos", ("*", (k,), ("x",))), x),
        (("exp", ("*", (k,), ("-", ("x",), (x,)))), x + float(rng.uniform(-1, 1)) / k),
        (("-", ("+", (big,), ("x",)), (big,)), x),
        (("-", ("*", (big,), ("x",)), ("*", (big - 1,), ("x",))), x),
        (("*", (size,), ("x",)), x), (("square", ("*", (size,), ("x",))), x / size),
        (("sin", ("/", ("x",), (size,))), x * size), (("log", ("x",)), size),
        (("sqrt", ("x",)), size), (("^", ("x",), (1.5,)), size), (("x",), x),
        (("/", (1.0,), ("x",)), size), (("arctan", ("/", ("x",), (size,))), x * size),
        (("tanh", ("*", (k,), ("x",))), x / k), (("abs", ("x",)), x), (("relu", ("x",)), x),
        (("square", ("x",)), x), (("exp", ("x",)), 4 * x),
    ]  # fmt: skip
    e, at = shapes[rng.integers(len(shapes))]
    return e, at, abs(at)


def make(rng: np.random.Generator) -> Case | None:
    """A random case; None where one came out at a kink, or overflows."""
    e, at, distance = _near(rng) if rng.random() < 0.34 else _far(rng)
    kinked = bool(KINKED & set(str(e).replace("'", " ").split()))
    for _ in range(rng.integers(0, 3)):
        e = _smooth(rng, e)
    if rng.random() < 0.3:
        other = _smooth(rng, ("*", (float(10 ** rng.uniform(-3, 3)),), ("x",)))
        e = ("+", e, ("*", (float(10 ** rng.uniform(-6, 6)),), other))
    if rng.random() < 0.2:
        e = ("*", (float(10 ** rng.uniform(-12, 12)),), e)
    n = int(rng.choice([1, 3, 12, 50], p=[0.7, 0.15, 0.12, 0.03]))
    away = at * (1 + 1e-3 * rng.uniform(-1, 1, n - 1))
    x = np.array([at, *away])
    try:
        if n == 1:
            found = dual(e, mpf(at))
            truth, written, value = [found.d], text(e), found.v
            x = np.array(at)
        else:
            parts = [dual(e, mpf(float(t))) for t in x]
            total = sum(p.v for p in parts)
            outer = mpmath.cos(total) if rng.random() < 0.3 and abs(total) < 100 else None
            written = f"sum({text(e)})" if outer is None else f"sin(sum({text(e)}))"
            truth = [p.d * (1 if outer is None else outer) for p in parts]
            value = total
    except (OnKinkError, ZeroDivisionError, OverflowError):
        return None
    largest = max(abs(t) for t in truth)
    if not (1e-200 < largest < 1e200 and abs(value) < 1e200):
        return None
    exact = np.array([float(t) for t in truth]).reshape(x.shape)
    hidden = largest * distance < HIDDEN * abs(value)
    return Case(written, x, exact, kinked, bool(hidden))


class Tally(NamedTuple):
    """How many cases there were, and what became of them."""

    seen: Counter[str]
    wrong: list[str]
    """Verdicts that must not be."""


def run(count: int, seed: int, tell: bool = False) -> Tally:
    """Judge right and wrong gradients of ``count`` cases."""
    rng = np.random.default_rng(seed)
    seen: Counter[str] = Counter()
    wrong: list[str] = []
    done = 0
    while done < count:
        case = make(rng)
        if case is None:
            continue
        problem = Formula(case.text, {"x": case.x})
        if not np.isfinite(problem.value):
            continue
        done += 1
        method = METHODS[0 if rng.random() < 0.7 else rng.integers(1, 3 if case.kinked else 4)]
        options = Options(method)
        entry = int(rng.integers(case.truth.size))
        off = np.array(case.truth)
        largest = float(np.max(np.abs(off)))
        # Two of five just above what must be found; the others coarser, or 0 for the entry.
        part = float(rng.choice([1.01 * LEAST, -1.01 * LEAST, 1e-3, -2.0, -1.0]))
        off.reshape(-1)[entry] += part * largest
        own = check(problem, options)
        right = check(problem, options, {"x": case.truth})
        planted = check(problem, options, {"x": off})
        error = float(np.max(np.abs(differentiate(problem).gradients["x"] - case.truth)))
        told = f"{method} {case.text} at x={np.array2string(case.x, precision=17)}"
        accused = right.verdict == "fail"
        if accused or (own.verdict == "fail" and error < 1e-6 * largest):
            wrong.append(f"right fails: {told}: {right if accused else own}")
        if planted.verdict == "pass":
            wrong.append(f"{part:g} passes: {told}: {planted}")
        if case.hidden or not error < LOST * largest:
            seen["beneath float64: " + right.verdict] += 1
            continue
        seen[f"own {own.verdict}"] += 1
        seen[f"right {right.verdict}"] += 1
        seen[f"right by {method} {right.verdict}"] += 1
        seen[f"planted {planted.verdict}"] += 1
        if tell and right.verdict == "inconclusive":
            print(f"inconclusive: {told}: {right.params['x']}")
    return Tally(seen, wrong)


if __name__ == "__main__":
    warnings.simplefilter("error")
    count, seed = ([int(a) for a in sys.argv[1:3]] + [20_000, 0][len(sys.argv) - 1 :])[:2]
    tally = run(count, seed, tell="-v" in sys.argv)
    for line in tally.wrong:
        print(line)
    for name, number in sorted(tally.seen.items()):
        print(f"{number:7,} {name}")
    judged = sum(tally.seen[f"right {v}"] for v in ("pass", "fail", "inconclusive"))
    share = tally.seen["right inconclusive"] / judged
    beneath = tally.seen["beneath float64: inconclusive"]
    everything = (tally.seen["right inconclusive"] + beneath) / count
    print(f"{len(tally.wrong)} wrong verdicts on {count:,} cases; {share:.2%} inconclusive")
    print(f"({everything:.2%} with the cases that are beneath float64, which the limit leaves out)")
    sys.exit(bool(tally.wrong) or share > 0.02)
