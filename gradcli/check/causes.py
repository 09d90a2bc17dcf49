"""Why a gradient is wrong: a cause is named only where applying it makes every entry pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from gradcli.check.claims import Claim
from gradcli.check.judge import FAIL, ParameterVerdict
from gradcli.check.measure import Measured
from gradcli.check.numeric import Vector
from gradcli.problem import Problem


class Evidence(NamedTuple):
    """What a candidate must fit: the measured entries of one parameter."""

    claim: Claim
    measured: Measured

    def fits(self, candidate: Vector | None) -> bool:
        """Whether every entry of the full-shaped ``candidate`` passes."""
        claim, measured = self
        if candidate is None or candidate.shape != claim.shape:
            return False
        uncertainty = measured.uncertainty
        good = claim.rule.holds(candidate.reshape(-1)[claim.flat], measured.slope, uncertainty)
        return bool(np.all(good | measured.kinks | ~np.isfinite(uncertainty)))

    def equals(self, given: Vector, other: Vector) -> bool:
        """Whether ``given``, which has failed, is ``other`` at every entry."""
        claim = self.claim
        if given.shape != claim.shape or other.shape != claim.shape:
            return False
        exact = other.reshape(-1)[claim.flat]
        return bool(np.all(claim.rule.holds(given.reshape(-1)[claim.flat], exact, 0.0)))


def with_causes(
    problem: Problem,
    claims: Mapping[str, Claim],
    measured: Mapping[str, Measured],
    judged: Mapping[str, ParameterVerdict],
) -> dict[str, ParameterVerdict]:
    """``judged``, with the cause of each failure for which there is one."""
    evidence = {name: Evidence(claims[name], measured[name]) for name in claims}
    given = {name: c.given for name, c in claims.items() if c.given is not None}
    failing = [
        n for n, v in judged.items()
        if v.verdict == FAIL and n in given and np.all(np.isfinite(given[n]))
    ]  # fmt: skip
    causes: dict[str, str | None] = {
        n: claims[n].complaint for n, v in judged.items() if v.verdict == FAIL
    }
    together = _common_factor(problem, evidence, given, failing)
    for name in failing:
        causes[name] = (
            together
            or _rearranged(evidence[name], name, given[name])
            or _swapped(evidence, given, name)
            or _factor(problem, evidence[name], given[name])
            or _known_mistake(problem, evidence[name], name, given[name])
            or causes[name]
        )
    return {n: v._replace(cause=causes.get(n)) for n, v in judged.items()}


def _common_factor(
    problem: Problem,
    evidence: Mapping[str, Evidence],
    given: Mapping[str, Vector],
    names: list[str],
) -> str | None:
    """One factor that mends all of several parameters, even where one has a single entry."""
    shaped = [n for n in names if n in given and given[n].shape == evidence[n].claim.shape]
    if len(shaped) < 2 or shaped != names:
        return None
    factor = _ratio(
        np.concatenate([given[n].reshape(-1)[evidence[n].claim.flat] for n in names]),
        np.concatenate([evidence[n].measured.slope for n in names]),
    )
    if factor is None or not all(evidence[n].fits(given[n] / factor) for n in names):
        return None
    return _describe(problem, factor)


def _factor(problem: Problem, evidence: Evidence, given: Vector) -> str | None:
    if given.shape != evidence.claim.shape:
        return None
    entries = given.reshape(-1)[evidence.claim.flat]
    factor = _ratio(entries, evidence.measured.slope)
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
    if given.ndim == 2 and given.T.shape == evidence.claim.shape and evidence.fits(given.T):
        return "transposed"
    if given.ndim == len(evidence.claim.shape) + 1 and evidence.fits(given.sum(axis=0)):
        return f"{name} is not summed over the batch"
    return None


def _swapped(
    evidence: Mapping[str, Evidence], given: Mapping[str, Vector], name: str
) -> str | None:
    for other in given:
        if (
            other != name
            and given[other].shape == given[name].shape == evidence[name].claim.shape
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
