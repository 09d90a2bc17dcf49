"""Why a gradient is wrong: a cause is named only where applying it makes every entry pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.check.judge import Measured, Rule
from gradcli.check.numeric import Slopes
from gradcli.problem import Problem

Vector = npt.NDArray[Any]


class Claim(NamedTuple):
    """A gradient to be judged: ``given`` may be missing (None) or of the wrong shape."""

    name: str
    given: Vector | None
    shape: tuple[int, ...]
    rule: Rule

    def entries(self, flat: Vector) -> Vector | None:
        """The entries at ``flat``, where there is a gradient of the right shape."""
        if self.given is None or self.given.shape != self.shape:
            return None
        return self.given.reshape(-1)[flat]

    def complaint(self) -> str | None:
        """What is wrong on the face of it."""
        if self.given is None:
            return "missing"
        if self.given.shape != self.shape:
            return f"has shape {self.given.shape}, but {self.shape} is needed"
        return None


class Evidence(NamedTuple):
    """What a candidate must fit: the measured entries of one parameter."""

    flat: Vector
    shape: tuple[int, ...]
    slopes: Slopes
    sound: Vector
    """Entries that are not at a kink."""
    rule: Rule

    def fits(self, candidate: Vector | None) -> bool:
        """Whether every entry of the full-shaped ``candidate`` passes."""
        if candidate is None or candidate.shape != self.shape:
            return False
        good = self.rule.holds(candidate.reshape(-1)[self.flat], self.slopes)
        return bool(np.all(good | ~self.sound))

    def equals(self, given: Vector, other: Vector) -> bool:
        """Whether ``given``, which has failed, is ``other`` at every entry."""
        if given.shape != self.shape or other.shape != self.shape:
            return False
        exact = Slopes(other.reshape(-1)[self.flat], np.zeros(self.flat.size))
        return bool(np.all(self.rule.holds(given.reshape(-1)[self.flat], exact)))


def find_causes(
    problem: Problem,
    claims: Mapping[str, Claim],
    measured: Mapping[str, Measured],
    chosen: Mapping[str, Vector],
    failing: list[str],
) -> dict[str, str]:
    """The cause of each parameter in ``failing`` for which there is one."""
    evidence = {
        name: Evidence(chosen[name], claims[name].shape, m.slopes, ~m.kinks, claims[name].rule)
        for name, m in measured.items()
    }
    given = {name: c.given for name, c in claims.items() if c.given is not None}
    causes: dict[str, str] = {}
    together = _common_factor(problem, evidence, given, failing)
    for name in failing:
        if name not in given:
            continue
        cause = (
            together
            or _rearranged(evidence[name], name, given[name])
            or _swapped(evidence, given, name)
            or _factor(problem, evidence[name], given[name])
        )
        if cause:
            causes[name] = cause
    for name in failing:
        if name in given and name not in causes:
            cause = _known_mistake(problem, evidence[name], name, given[name])
            if cause:
                causes[name] = cause
    return causes


def _common_factor(
    problem: Problem,
    evidence: Mapping[str, Evidence],
    given: Mapping[str, Vector],
    names: list[str],
) -> str | None:
    """One factor that mends all of several parameters, even where one has a single entry."""
    shaped = [n for n in names if n in given and given[n].shape == evidence[n].shape]
    if len(shaped) < 2 or shaped != names:
        return None
    factor = _ratio(
        np.concatenate([given[n].reshape(-1)[evidence[n].flat] for n in names]),
        np.concatenate([evidence[n].slopes.slope for n in names]),
    )
    if factor is None or not all(evidence[n].fits(given[n] / factor) for n in names):
        return None
    return _describe(problem, factor)


def _factor(problem: Problem, evidence: Evidence, given: Vector) -> str | None:
    if given.shape != evidence.shape:
        return None
    entries = given.reshape(-1)[evidence.flat]
    factor = _ratio(entries, evidence.slopes.slope)
    if factor is None or not evidence.fits(given / factor):
        return None
    if np.count_nonzero(entries) < 2 and not _known(problem, factor):
        return None  # any number is some multiple of one other
    return _describe(problem, factor)


def _ratio(given: Vector, slope: Vector) -> float | None:
    """The factor by which ``given`` is ``slope``, by least squares."""
    square = float(np.dot(slope, slope))
    factor = float(np.dot(given, slope)) / square if square > 0 else 0.0
    return factor if np.isfinite(factor) and factor != 0 else None


def _counts(problem: Problem) -> dict[str, int]:
    """The numbers by which sums and means over the problem's axes differ."""
    y = problem.constants.get("y")
    if y is None or y.ndim != 2:
        return {}
    batch, out = y.shape
    return {"N": batch, "M": out, "N M": batch * out}


_MEANING = {
    "N": "N = {} is the batch size",
    "M": "M = {} is the number of outputs",
    "N M": "N M = {} is the batch size times the number of outputs",
}


def _close(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-3 * abs(b)


def _known(problem: Problem, factor: float) -> bool:
    common = [1.0, 2.0, 0.5, *_counts(problem).values()]
    common += [1 / n for n in _counts(problem).values()]
    return any(_close(abs(factor), n) for n in common)


def _describe(problem: Problem, factor: float) -> str:
    size = abs(factor)
    flipped = "sign flipped" if factor < 0 else ""
    if _close(size, 1):
        return flipped
    times = max(size, 1 / size)
    shown = f"{times:.3f}" if times < 1000 else f"{times:.4g}"
    text = f"every entry is {shown} times too {'large' if size > 1 else 'small'}"
    for name, count in _counts(problem).items():
        if count > 1 and _close(times, count):
            part = f"1/({name})" if " " in name else f"1/{name}"
            astray = "missing" if size > 1 else "once too often"
            text += f"; {part} {astray}: {_MEANING[name].format(count)}"
            break
    return f"{flipped}, and {text}" if flipped else text


def _rearranged(evidence: Evidence, name: str, given: Vector) -> str | None:
    if given.ndim == 2 and given.T.shape == evidence.shape and evidence.fits(given.T):
        return "transposed"
    if given.ndim == len(evidence.shape) + 1 and evidence.fits(given.sum(axis=0)):
        return f"{name} is not summed over the batch"
    return None


def _swapped(
    evidence: Mapping[str, Evidence], given: Mapping[str, Vector], name: str
) -> str | None:
    for other in given:
        if (
            other != name
            and given[other].shape == given[name].shape == evidence[name].shape
            and evidence[name].fits(given[other])
            and evidence[other].fits(given[name])
        ):
            return f"{name} and {other} are swapped"
    return None


def _known_mistake(problem: Problem, evidence: Evidence, name: str, given: Vector) -> str | None:
    for cause, gradients in problem.mistakes():
        if name in gradients and evidence.equals(given, gradients[name]):
            return cause
    return None
