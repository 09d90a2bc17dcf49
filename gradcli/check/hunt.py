"""Where a gradient that fails along a random direction is wrong: halves of it, down to entries."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gradcli.check.claims import Claim
from gradcli.check.directions import Prover
from gradcli.check.lines import Vector
from gradcli.check.projection import Projection, Span, weights_of

_ROUNDS = 3
"""How often what is left is looked through, once some entries are known."""


class Suspects(NamedTuple):
    """Entries of which some are wrong, or lie at a kink."""

    flat: Vector
    """Their positions, in order."""
    whole: bool = False
    """Whether all others hold along random directions."""
    drawn: bool = False
    """Whether they are some of all entries, drawn by chance: many are wrong."""


def hunt(prover: Prover, claim: Claim, weights: Vector, failed: Projection, most: int) -> Suspects:
    """The entries for which the direction of flat ``weights`` has ``failed``.

    Where there are more than ``most``, so many are drawn of all entries.
    """
    found: list[int] = []
    rng = np.random.default_rng(claim.backprop.size)
    for _ in range(_ROUNDS):
        spans, few = _narrowed(prover, claim, weights, failed, [(0, weights.size)], most)
        if not few or len(found) + len(spans) > most:
            count = min(most, weights.size)
            return Suspects(np.sort(rng.choice(weights.size, count, replace=False)), drawn=True)
        found += [start for start, _ in spans]
        weights = weights_of(prover.point.problem.primals[claim.name], rng)
        weights[found] = 0.0
        rest = prover.projection({claim.name: claim}, {claim.name: weights})
        if rest.holds:
            return Suspects(np.array(sorted(set(found)), int), whole=True)
        if not spans:
            break
    return Suspects(np.array(sorted(set(found)), int))


def hunt_some(
    prover: Prover, claim: Claim, weights: Vector, failed: Projection, most: int
) -> Suspects:
    """Some of the entries for which a direction has failed, where a few drawn of all show none."""
    rng = np.random.default_rng(claim.backprop.size)
    spans, few = [(0, weights.size)], False
    while spans and not few:
        spans, few = _narrowed(prover, claim, weights, failed, spans, most)
        if not few:
            spans = [spans[i] for i in np.sort(rng.choice(len(spans), most, replace=False))]
    return Suspects(np.array([start for start, _ in spans], int))


def _narrowed(
    prover: Prover,
    claim: Claim,
    weights: Vector,
    failed: Projection,
    spans: list[Span],
    most: int,
) -> tuple[list[Span], bool]:
    """The single entries within ``spans`` that do not hold, or the spans when they become many."""
    moved = {claim.name: claim}, {claim.name: weights}
    while any(end - start > 1 for start, end in spans):
        halves = [half for span in spans for half in _halves(*span)]
        spans = [s for s in halves if not prover.projection(*moved, s, failed.resolution).holds]
        if len(spans) > most:
            return spans, False
    return spans, True


def _halves(start: int, end: int) -> list[Span]:
    middle = (start + end) // 2
    return [(start, middle), (middle, end)] if end - start > 1 else [(start, end)]
