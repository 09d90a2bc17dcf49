"""Proof along random directions: all entries of a parameter are moved at once.

For a gradient g and a vector v of random weights the derivative of the value along v must be the
sum <g, v>. The weights are independent, of either sign and between one and two, times max(1, |x|):
their density is at most 1/2, so that the sum of what g is wrong by is within A of 0 with a chance
of at most sqrt(2) A / E, where E is the norm of the error times max(1, |x|) (Rudelson & Vershynin,
"Small ball probabilities for linear images of high-dimensional distributions", International
Mathematics Research Notices, 2015). So directions that all hold bound the error, but for a chance
that can be told; and one entry that alone is wrong always shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np

from gradcli.check.claims import Claim
from gradcli.check.ladder import ladder, two_rungs
from gradcli.check.lines import Point, Progress, Vector, scale
from gradcli.check.projection import CHANCE, Direction, Projection, Proof, Span, weights_of
from gradcli.check.rounding import swallowed
from gradcli.problem import Result

LEAST, MOST = 4, 24
"""Directions of each parameter: so many as bring the bound below"""
_BOUND, _TOLERANCES = 1e-4, 100
"""this part of the gradient's norm, or so many tolerances."""
_FINER = 12.0
"""By how much the step is shortened that is tried where the first one does not do."""
_SAME = 0.1
"""By no more of it the gap of a kink differs at the two."""
_COARSER = 5
"""How much less finely than single entries a direction may be known where values are coarse: what
that leaves open is told, by the bound."""
_FIRST = 0.1
"""The first step of the ladder for what is still in doubt."""
_ABSOLUTE = 4
"""Times what is allowed of any entry, the norm of the weights is allowed of their sum."""


class Prover:
    """Compares gradients with derivatives along directions, at a ``point`` of its ``result``.

    The first ``step`` moves each entry by so much of its weight.
    """

    def __init__(self, point: Point, result: Result, step: float) -> None:
        self.point = point
        self.step = step
        self._result = result
        self._hidden: Callable[[str, bool], float] = cache(self._look_for_hidden)

    def prove(
        self, claim: Claim, seed: int, progress: Progress = lambda done: None
    ) -> tuple[Proof, Vector]:
        """What as many directions as it takes show of a whole gradient, and the last one.

        The first that does not hold ends it.
        """
        primal, rng = self.point.problem.primals[claim.name], np.random.default_rng(seed)
        gradient = claim.backprop.reshape(-1)
        unit = _norm(gradient * scale(primal.reshape(-1)))
        enough = max(_BOUND, _TOLERANCES * claim.rule.tolerance) * unit
        enough += _TOLERANCES * claim.rule.absolute * math.sqrt(primal.size)
        shown: list[Projection] = []
        each = primal.size // MOST
        while len(shown) < MOST:
            weights = weights_of(primal, rng)
            shown.append(self.projection({claim.name: claim}, {claim.name: weights}))
            progress(each)
            if not shown[-1].holds or (
                len(shown) >= LEAST
                and (claim.rule.vanishing or not unit > 0 or _bound(shown) <= enough)
            ):
                break
        progress(primal.size - each * len(shown))
        return _proof(shown, unit), weights

    def prove_together(self, claims: Mapping[str, Claim], seed: int) -> Proof:
        """What ``LEAST`` directions show, along which all parameters move at once."""
        primals, rng = self.point.problem.primals, np.random.default_rng(seed)
        unit = math.hypot(
            *[_norm((c.backprop * scale(primals[n])).reshape(-1)) for n, c in claims.items()]
        )
        shown: list[Projection] = []
        while len(shown) < LEAST and (not shown or shown[-1].holds):
            shown.append(self.projection(claims, {n: weights_of(primals[n], rng) for n in claims}))
        return _proof(shown, unit)

    def projection(
        self,
        claims: Mapping[str, Claim],
        weights: Mapping[str, Vector],
        span: Span | None = None,
        resolution: float | None = None,
    ) -> Projection:
        """The gradients of ``claims`` and the derivative along ``weights``, of all or of a span.

        Of a span a few steps are enough to call it wrong or kinked, and its ``resolution`` is the
        whole's.
        """
        claimed = square = allowed = 0.0
        for name, claim in claims.items():
            some = slice(*(span or (None,)))
            products = claim.backprop.reshape(-1)[some] * weights[name][some]
            claimed += float(np.sum(products))
            square += float(np.dot(products, products))
            loose = claim.rule.floor + _ABSOLUTE * claim.rule.absolute
            allowed += loose * _norm(weights[name][some])
        norm = math.sqrt(square)
        allowed += max(claim.rule.tolerance for claim in claims.values()) * norm
        line, coarse = Direction(self.point, weights, span), self.point.precision.coarse

        def found(slope: Vector, uncertainty: Vector, gap: Vector) -> Projection:
            numeric, unsure = float(slope[0]), float(uncertainty[0])
            least = resolution
            if least is None:
                least = (_COARSER if coarse else 1) * self.point.precision.resolution
                least *= max(norm, abs(numeric) - unsure)
                if len(claims) == 1 and abs(numeric) <= unsure + allowed:
                    [(name, claim)] = claims.items()
                    if norm == 0 or claim.rule.vanishing:
                        least = self._hidden(name, claim.rule.vanishing)
            return Projection(claimed, numeric, unsure, float(gap[0]), norm, allowed, least)

        before = math.nan
        for step in () if coarse else (self.step, self.step / _FINER):
            projection = found(*two_rungs(line, step))
            told = projection.sure and projection.wrong
            if projection.kinked:
                told = abs(projection.gap - before) <= _SAME * before
            if projection.holds or (span and told):
                return projection
            before = projection.gap
        slopes = ladder(line, None if coarse else _FIRST)
        # Where values are coarse a curve may look like a kink; a true one shows at its entry.
        return found(slopes.slope, slopes.uncertainty, slopes.gap * (not coarse))

    def _look_for_hidden(self, name: str, vanishing: bool) -> float:
        """What may hide, where neither the value nor the engine shows any gradient by ``name``.

        Far less than the value, its terms, or the value elsewhere; or it may be anything, 0, if
        rounding is why.
        """
        problem = self.point.problem
        if not vanishing and swallowed(problem, self._result, name):
            return 0.0
        primal = problem.primals[name]
        there = abs(float(problem.values(name, (primal + scale(primal))[None])[0]))
        precision, far = self.point.precision, there if math.isfinite(there) else 0.0
        return precision.resolution * max(self.point.rounding / precision.eps, far)


def _norm(array: Vector) -> float:
    return math.sqrt(float(np.dot(array, array)))


def _bound(shown: list[Projection]) -> float:
    """How far off a gradient may be, but for a chance of ``CHANCE``, if all of ``shown`` hold."""
    apart = [p.allowed + 2 * p.uncertainty for p in shown]
    if not min(apart) > 0:
        return 0.0  # nothing moves the value
    mean = math.exp(sum(map(math.log, apart)) / len(apart))
    return math.sqrt(2) * mean / math.pow(CHANCE, 1 / len(shown))


def _proof(shown: list[Projection], unit: float) -> Proof:
    def used(projection: Projection) -> float:
        """What part of what is allowed."""
        width = projection.allowed + projection.uncertainty
        return projection.error / width if width > 0 else 0.0

    worst = max(shown, key=used) if shown[-1].holds else shown[-1]
    return Proof(len(shown), worst, unit, _bound(shown) if worst.holds else math.inf)
