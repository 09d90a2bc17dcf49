"""Why a gradient is wrong: a cause is named only where applying it makes every entry pass."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import permutations
from typing import NamedTuple

import numpy as np

from gradcli.check.claims import Claim
from gradcli.check.judge import FAIL, ParameterVerdict
from gradcli.check.lines import Vector
from gradcli.check.measure import Measured
from gradcli.check.rule import Rule
from gradcli.problem import Problem
from gradcli.suggest import counted


class Evidence(NamedTuple):
    """A gradient that was given, and the measured entries that its cause must fit."""

    claim: Claim
    measured: Measured
    given: Vector

    @property
    def near(self) -> float:
        """By what part a factor may be off that is found from it."""
        digits = self.claim.digits
        return _NEAR if digits is None else max(_NEAR, 4 * digits.eps)

    def fits(self, candidate: Vector) -> bool:
        """Whether every entry of the full-shaped ``candidate`` passes."""
        claim, measured, _ = self
        if candidate.shape != claim.shape:
            return False
        uncertainty = measured.uncertainty
        good = claim.rule.holds(claim.chosen(candidate), measured.slope, uncertainty)
        return bool(np.all(good | measured.kinks | ~np.isfinite(uncertainty)))

    def equals(self, other: Vector) -> bool:
        """Whether what was given, which has failed, is ``other`` at every entry."""
        claim, entries = self.claim, self.claim.entries
        if entries is None or other.shape != claim.shape:
            return False
        return bool(np.all(claim.rule.holds(entries, claim.chosen(other), 0.0)))


def with_causes(
    problem: Problem,
    claims: Mapping[str, Claim],
    measured: Mapping[str, Measured],
    judged: Mapping[str, ParameterVerdict],
) -> dict[str, ParameterVerdict]:
    """``judged``, with the cause of each failure for which there is one."""
    given = {
        name: Evidence(claim, measured[name], claim.given)
        for name, claim in claims.items()
        if claim.given is not None
    }
    failed = [name for name, verdict in judged.items() if verdict.verdict == FAIL]
    causes = {name: claims[name].complaint for name in failed}
    failing = {n: given[n] for n in failed if n in given and np.all(np.isfinite(given[n].given))}
    known = _known_mistakes(problem, failing)
    together = _common_factor(problem, list(failing.values()))
    for name, evidence in failing.items():
        causes[name] = (
            known.get(name)
            or together
            or _rearranged(name, evidence)
            or _swapped(name, given)
            or _rounded(evidence)
            or _factor(problem, evidence)
            or causes[name]
        )
    return {n: v._replace(cause=causes.get(n, v.cause)) for n, v in judged.items()}


def _common_factor(problem: Problem, failing: list[Evidence]) -> str | None:
    """One factor that mends all of several parameters, even where one has a single entry."""
    entries = [e.claim.entries for e in failing if e.claim.entries is not None]
    if len(entries) < 2 or len(entries) < len(failing):
        return None
    factor = _ratio(np.concatenate(entries), np.concatenate([e.measured.slope for e in failing]))
    if factor is None or not all(e.fits(e.given / factor) for e in failing):
        return None
    return _describe(problem, factor, near=max(e.near for e in failing))


def _factor(problem: Problem, evidence: Evidence) -> str | None:
    entries = evidence.claim.entries
    factor = None if entries is None else _ratio(entries, evidence.measured.slope)
    if entries is None or factor is None or not evidence.fits(evidence.given / factor):
        return None
    if np.count_nonzero(entries) < 2 and not _known(problem, factor, evidence.near):
        return None  # any number is some multiple of one other
    return _describe(problem, factor, near=evidence.near)


def multiple(problem: Problem, given: Vector, right: Vector, rule: Rule) -> str | None:
    """How a value that was ``given`` is a multiple of the ``right`` one, if it is."""
    factor = _ratio(given.reshape(-1), right.reshape(-1))
    if factor is None or not np.all(rule.holds(given / factor, right, 0.0)):
        return None
    if right.size < 2 and not _known(problem, factor):
        return None
    return _describe(problem, factor, "every entry" if right.size > 1 else "it")


def _ratio(given: Vector, slope: Vector) -> float | None:
    """The factor by which ``given`` is ``slope``, by least squares."""
    square = float(np.dot(slope, slope))
    factor = float(np.dot(given, slope)) / square if square > 0 else 0.0
    return factor if np.isfinite(factor) and factor != 0 else None


def _counts(problem: Problem) -> dict[str, int]:
    """The numbers by which sums and means over the axes of a network's output differ."""
    known = problem.constants
    if not problem.traced:  # of somebody's own code all that is known is that rows come first
        rows = known.get("upstream", problem.primals.get("x"))
        return {} if rows is None or rows.ndim < 2 else {"N": len(rows)}
    output = known.get("y", known.get("upstream") if "x" in known | problem.primals else None)
    if output is None or output.ndim < 2:
        return {}
    batch, *places, out = output.shape
    counts = {"N": batch, "M": out, "N M": batch * out}
    if places:
        each = math.prod(places)
        counts |= {"T": each, "N T": batch * each, "T M": each * out, "N T M": output.size}
    return counts


_PARTS = {
    "N": "the batch size",
    "T": "the number of places in a row",
    "M": "the number of outputs",
}


def _meaning(name: str, count: int) -> str:
    return f"{name} = {count} is {' times '.join([_PARTS[part] for part in name.split()])}"


_NEAR = 1e-3


def _close(a: float, b: float, near: float = _NEAR) -> bool:
    return abs(a - b) <= near * abs(b)


def _known(problem: Problem, factor: float, near: float = _NEAR) -> bool:
    counts = [2, *[n for n in _counts(problem).values() if n > 1]]
    common = [-1.0, *[sign * n for n in counts for sign in (1, -1)]]
    return any(_close(factor, c, near) or _close(factor, 1 / c, near) for c in common)


_SLIGHT = 1.005
"""Below this a factor needs more decimals."""


def _describe(
    problem: Problem, factor: float, what: str = "every entry", near: float = _NEAR
) -> str:
    size = abs(factor)
    flipped = "sign flipped" if factor < 0 else ""
    if _close(size, 1, near) and (flipped or near > _NEAR):
        return flipped
    times = max(size, 1 / size)
    shown = f"{times:.3f}" if times < 1000 else f"{times:.4g}"
    shown = f"{times:.5f}" if times < _SLIGHT else shown
    shown = shown if near == _NEAR else f"about {times:.2g}"
    text = f"{what} is {shown} times too {'large' if size > 1 else 'small'}"
    for name, count in _counts(problem).items():
        if count > 1 and _close(times, count, near):
            part = f"1/({name})" if " " in name else f"1/{name}"
            astray = "missing" if size > 1 else "once too often"
            text += f"; {part} {astray}: {_meaning(name, count)}"
            break
    return f"{flipped}, and {text}" if flipped else text


def _rearranged(name: str, evidence: Evidence) -> str | None:
    shape, given = evidence.claim.shape, evidence.given
    rows = len(given) if given.ndim == len(shape) + 1 else 0
    if rows > 1 and evidence.fits(given.sum(axis=0)):
        return f"{name} is not summed over the batch"
    if given.ndim != len(shape) or not 2 <= given.ndim <= _MOST_AXES:
        return None
    for order in permutations(range(given.ndim)):
        turned = given.transpose(order)
        if turned.shape == shape and order != (*range(given.ndim),) and evidence.fits(turned):
            if given.ndim == 2:
                return "transposed"
            ours = tuple(np.argsort(order).tolist())
            return f"its axes are in another order: {ours} of those that are needed"
    return None


_MOST_AXES = 5
"""Of an array whose axes are tried in every order."""


def _swapped(name: str, given: Mapping[str, Evidence]) -> str | None:
    own = given[name]
    for other, its in given.items():
        if other != name and own.fits(its.given) and its.fits(own.given):
            return f"{name} and {other} are swapped"
    return None


def _rounded(evidence: Evidence) -> str | None:
    """Whether no entry is off by more than decimals that are all cut off leave open."""
    entries, measured = evidence.claim.entries, evidence.measured
    if entries is None or np.count_nonzero(entries) < 2:
        return None
    digits = np.finfo(evidence.claim.dtype).eps * np.abs(entries)
    for places in range(1, _MOST_PLACES + 1):
        unit = 10.0**-places
        on_grid = np.abs(entries - np.round(entries, places)) <= digits
        near = np.abs(entries - measured.slope) <= 0.501 * unit + measured.uncertainty
        if on_grid.all() and near.all():
            return f"rounded to {counted(places, 'decimal')}"
    return None


_MOST_PLACES = 8
"""Decimals, beyond which none are missed."""


def _known_mistakes(problem: Problem, failing: Mapping[str, Evidence]) -> dict[str, str]:
    """A mistake is told before a factor that it happens to make, such as sqrt(key_dim)."""
    found: dict[str, str] = {}
    for cause, gradients in problem.mistakes() if failing else ():
        for name, evidence in failing.items():
            if name not in found and name in gradients and evidence.equals(gradients[name]):
                found[name] = cause
        if len(found) == len(failing):
            break
    return found
