"""A large problem: its gradients are proven along random directions, and then compared with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeAlias

import numpy as np

from gradcli.check.causes import with_causes
from gradcli.check.claims import Claim, make_claims
from gradcli.check.directions import Prover
from gradcli.check.hunt import hunt, hunt_some
from gradcli.check.judge import (
    FAIL,
    INCONCLUSIVE,
    NAMED,
    PASS,
    Outcome,
    ParameterVerdict,
    judge,
    not_reached,
)
from gradcli.check.lines import Point, Progress, Vector
from gradcli.check.measure import Measured, measure
from gradcli.check.methods import METHODS
from gradcli.check.plan import Plan
from gradcli.check.projection import Projection, Proof
from gradcli.problem import Result

_SAMPLE_WORK = 2e7
"""Multiply-adds for one evaluation by each of the entries that are looked at."""
_FEWEST, _MOST = 8, 64
"""Entries of a wrong gradient that are looked at."""
_CONTROLS = 16
"""Entries that hold, which a cause must leave as they are."""
_TOGETHER = 0
"""The seed of directions of all parameters; those that follow are each one's own."""


_Evidence: TypeAlias = tuple[Claim, Measured]
_Found: TypeAlias = tuple[ParameterVerdict, _Evidence | None]
"""A verdict, and what it rests on where that may tell why it is so."""


def judge_large(point: Point, result: Result, plan: Plan, again: Collection[str] = ()) -> Outcome:
    """The verdicts on the gradients of all parameters, or of those ``again``.

    The problem's own are proven along directions, the entries of those that fail are
    looked for. What is given is compared with what is so proven, entry by entry.
    """
    problem = point.problem
    names = [name for name in problem.primals if not again or name in again]
    none = {name: np.arange(0) for name in names}

    def claimed(against: Mapping[str, Vector] | None) -> dict[str, Claim]:
        return make_claims(point, result, against, plan.tolerance, none, plan.options.absolute)

    own = claimed(None)
    claims = own if plan.against is None else claimed(plan.against)
    court = _Court(Prover(point, result, plan.step), result, plan.progress)
    together, interrupted = None, False
    try:
        together = court.prover.prove_together(own, _TOGETHER)
        # The small ones first: an interrupt then leaves the fewest without a verdict.
        for name in sorted(names, key=lambda name: own[name].backprop.size):
            court.judge(own[name], claims[name], 1 + names.index(name))
    except KeyboardInterrupt:
        interrupted = True
    params = court.verdicts()
    verdicts = {n: params.get(n) or not_reached(claims[n]) for n in names}
    return Outcome(verdicts, None, interrupted, together)


class _Court:
    """Judges one parameter after the other, and tells in the end why some fail."""

    def __init__(self, prover: Prover, result: Result, progress: Progress) -> None:
        self.prover = prover
        self._result = result
        self._progress = progress
        self._problem = prover.point.problem
        looked = int(_SAMPLE_WORK // max(1, self._problem.work))
        self._most = max(_FEWEST, min(_MOST, looked))
        self._judged: dict[str, ParameterVerdict] = {}
        self._evidence: dict[str, _Evidence] = {}
        """Of those that fail."""

    def verdicts(self) -> dict[str, ParameterVerdict]:
        claims = {name: claim for name, (claim, _) in self._evidence.items()}
        measured = {name: found for name, (_, found) in self._evidence.items()}
        failing = {name: self._judged[name] for name in claims}
        return self._judged | with_causes(self._problem, claims, measured, failing)

    def judge(self, own: Claim, claim: Claim, seed: int) -> None:
        """Prove ``own``, and judge ``claim`` by it; the same where nothing is given."""
        proof: Proof | None = None
        evidence: _Evidence | None = None
        if own.entries is None:  # somebody's, and misshapen
            size = own.backprop.size
            rng = np.random.default_rng(size)
            some = np.sort(rng.choice(size, min(size, self._most), replace=False))
            verdict, evidence = self._measured(own, some, drawn=True)
            self._progress(size)
        else:
            proof, weights = self.prover.prove(own, seed, self._progress)
            verdict = not_reached(own)._replace(entries=own.backprop.size, verdict=PASS)
            if not proof.holds:
                verdict, evidence = self._located(own, proof.worst, weights)
        if claim is not own:
            verdict, evidence = _compared(claim, verdict)
        self._judged[own.name] = verdict._replace(proof=proof)
        if evidence is not None and verdict.verdict == FAIL:
            self._evidence[own.name] = evidence

    def _located(self, own: Claim, failed: Projection, weights: Vector) -> _Found:
        """The verdict on a gradient that does not hold along a direction, by its entries."""
        size = own.backprop.size
        broken = np.flatnonzero(~np.isfinite(own.backprop.reshape(-1)))
        if broken.size:
            return _not_finite(own, broken), None
        if not (failed.wrong or failed.kinked):
            return _open(not_reached(own), f"is uncertain by {failed.uncertainty:.2g}", failed)
        search = self.prover, own, weights, failed, self._most
        suspects = hunt(*search)
        verdict, evidence = self._measured(own, suspects.flat, suspects.drawn)
        if suspects.drawn and verdict.failed < 2:
            suspects = hunt_some(*search)
            verdict, evidence = self._measured(own, suspects.flat)
        if verdict.verdict == PASS:
            told = f"is {failed.error:.3g} off, but no entry can be shown to be wrong"
            return _open(verdict, told, failed)
        return verdict._replace(entries=size) if suspects.whole else verdict, evidence

    def _measured(self, own: Claim, flat: Vector, drawn: bool = False) -> _Found:
        """The verdict on the entries ``flat``, by their own derivatives.

        Unless they are ``drawn`` from all, others are measured, too, which a cause must leave as
        they are.
        """
        size = own.backprop.size
        if not drawn:
            rng = np.random.default_rng(size)
            flat = np.union1d(flat, rng.choice(size, min(size, _CONTROLS), replace=False))
        claim, central = own._replace(flat=flat), METHODS["central"]
        how = central, central.step, lambda done: None
        found = measure(claim, self.prover.point, self._result, *how)
        return judge(claim, found)._replace(drawn=drawn), (claim, found)


def _open(verdict: ParameterVerdict, told: str, failed: Projection) -> _Found:
    cause = f"the derivative along a random direction, of {failed.norm:.3g}, {told}"
    return verdict._replace(verdict=INCONCLUSIVE, cause=cause), None


def _not_finite(own: Claim, broken: Vector) -> ParameterVerdict:
    claim = own._replace(flat=broken)
    return not_reached(own)._replace(
        entries=own.backprop.size,
        worst_index=claim.index_of(broken[0]),
        backprop=own.backprop.reshape(-1)[broken[0]],
        failed=broken.size,
        failed_at=[claim.index_of(i) for i in broken[:NAMED]],
        verdict=FAIL,
        cause=claim.complaint,
    )


def _compared(claim: Claim, own: ParameterVerdict) -> _Found:
    """``claim`` against the problem's own gradient, entry by entry, if that is proven."""
    size = claim.backprop.size
    claim = claim._replace(flat=np.arange(size))
    none, nan = np.broadcast_to(0.0, size), np.broadcast_to(np.nan, size)
    kinks, sure = np.broadcast_to(np.False_, size), np.broadcast_to(np.inf, size)
    measured = Measured(claim.backprop.reshape(-1), none, kinks, sure, nan, nan)
    verdict = judge(claim, measured)
    if own.verdict == PASS or claim.entries is None:
        return verdict, (claim, measured)
    why = own.cause or "it does not hold along a random direction"
    return own._replace(
        given_shape=verdict.given_shape,
        verdict=INCONCLUSIVE,
        failed=0,
        failed_at=(),
        cause=f"there is no proven gradient to compare with: {why}",
    ), None
