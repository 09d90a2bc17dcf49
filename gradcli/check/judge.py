"""The verdict on one parameter, entry by entry."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcli.check.claims import Claim
from gradcli.check.lines import Vector
from gradcli.check.measure import Measured
from gradcli.check.projection import FAR, Proof
from gradcli.check.rule import BLURRED

PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"
NOT_REACHED = "not reached"
"""Interrupted before it was measured."""

_NOISY = 1e-3
"""An entry is below noise where the uncertainty is more than this part of it."""
_ROUGH = 0.1
"""A numeric derivative that is uncertain by more than this part of it is none, and not told."""
NAMED = 64
"""Entries that fail, of which the places are told."""
_BLUNT = 0.5
"""Digits that let an entry be off by so much of the largest tell nothing: not even a factor 2."""
_TINY = float(np.finfo(np.float64).tiny)


class Sides(NamedTuple):
    """The slopes to the two sides of a kink, infinite at a jump, and what the engine took."""

    left: float
    right: float
    backprop: float


class ParameterVerdict(NamedTuple):
    """What was found for one parameter, and the worst of its entries."""

    shape: tuple[int, ...]
    given_shape: tuple[int, ...] | None
    """None where nothing was given, or the gradient is the engine's own."""
    entries: int = 0
    """How many were compared."""
    max_abs_error: float = math.nan
    """Over what was compared; nan where nothing was."""
    max_rel_error: float = math.nan
    """Of the larger of the two, over what was compared and is not below noise."""
    worst_index: Sequence[int] = ()
    """The worst entry: of the failed ones, if there are any; the one whose error is the largest
    part of it, and among equals the largest error. The figures that follow are its."""
    backprop: Any = math.nan
    """The judged gradient, a number of the dtype in which it was given."""
    numeric: float = math.nan
    """nan at a kink, and where nothing is known."""
    abs_error: float = math.nan
    rel_error: float = math.nan
    """Of the larger of the two."""
    uncertainty: float = math.nan
    """Of the numeric derivative."""
    kinks: Sequence[list[int]] = ()
    """Where the one-sided slopes differ: there is no derivative to compare with."""
    sides: Sequence[Sides] = ()
    """The slopes there."""
    below_noise: Sequence[list[int]] = ()
    """Small entries that agree within an uncertainty that is not small beside them."""
    unsure: Sequence[list[int]] = ()
    """Where the numeric derivative is not sure enough to be compared with."""
    failed: int = 0
    failed_at: Sequence[list[int]] = ()
    """Where, of not more than ``NAMED``."""
    verdict: str = NOT_REACHED
    cause: str | None = None
    digits: str | None = None
    """The format in which it was given, where that has few,"""
    told_to: float | None = None
    """and by what part of the largest entry one must be off there, to be told so."""
    point: str | None = None
    """The other point, where a given gradient passed there and not at the problem's own."""
    drawn: bool = False
    """Whether the entries were drawn from all of a gradient that does not hold as a whole."""
    proof: Proof | None = None
    """What random directions have shown of the problem's own gradient, where it is large."""


class Outcome(NamedTuple):
    """What was found at one point."""

    params: dict[str, ParameterVerdict]
    nonfinite: str | None = None
    """Where the first nan or infinity came from, if the value is not finite."""
    interrupted: bool = False
    together: Proof | None = None
    """Of all parameters at once, where that is the method, and no interrupt came before."""


def judge(claim: Claim, measured: Measured) -> ParameterVerdict:
    """Judge ``claim`` by what was ``measured``."""
    claimed, flat, blank = claim.entries, claim.flat, not_reached(claim)
    if claimed is None:
        return blank._replace(verdict=FAIL)
    if not claimed.size:
        return blank._replace(verdict=PASS, max_abs_error=0.0, max_rel_error=0.0)
    slope, uncertainty, kinks = measured.slope, measured.uncertainty, measured.kinks
    sure = measured.sure
    error = np.abs(claimed - slope)
    size = np.maximum(np.abs(claimed), np.abs(slope))
    allowed = claim.rule.allowed(size)
    good = error <= allowed + uncertainty
    # Where the measurement is poor its uncertainty is, too.
    far = error > allowed + FAR * uncertainty
    failed = (~good & sure) | (far & ~kinks) | ~np.isfinite(claimed)
    unsure = ~(sure | kinks | failed)
    blurred = claim.rule.vanishing | (BLURRED * claim.rule.floor > size)
    noisy = good & sure & (size > 0) & ((uncertainty > _NOISY * size) | blurred)
    compared = ~(kinks | unsure) | failed
    relative = error / np.maximum(size, _TINY)
    some = next(s for s in (failed, compared & ~noisy, compared, unsure, kinks) if s.any())
    worst = _worst(relative, error, some)
    rough = uncertainty > _ROUGH * np.abs(slope)
    known = not (kinks | (~(sure | (far & failed)) & rough))[worst]
    digits = claim.dtype if np.dtype(claim.dtype).kind == "f" else np.float64
    whole = claim.backprop.reshape(-1)

    told_to, digits_name = claim.told_to, claim.digits.name if claim.digits else None
    blunt = told_to is not None and told_to >= _BLUNT
    doubt = INCONCLUSIVE if blunt or (kinks | unsure).any() else PASS
    why = measured.words if unsure.any() else ""
    why = f"what {digits_name} leaves of it could be half of it" if blunt else why

    def named(some: Vector) -> list[list[int]]:
        return [claim.index_of(i) for i in flat[some]]

    return blank._replace(
        entries=len(flat),
        max_abs_error=float(error[compared].max()) if compared.any() else math.nan,
        max_rel_error=(
            float(relative[compared & ~noisy].max(initial=0.0)) if compared.any() else math.nan
        ),
        worst_index=claim.index_of(flat[worst]),
        backprop=claimed[worst : worst + 1].astype(digits)[0],
        numeric=float(slope[worst]) if known else math.nan,
        abs_error=float(error[worst]) if known else math.nan,
        rel_error=float(relative[worst]) if known else math.nan,
        uncertainty=float(uncertainty[worst]),
        kinks=named(kinks),
        sides=[
            Sides(float(measured.left[i]), float(measured.right[i]), float(whole[flat[i]]))
            for i in np.flatnonzero(kinks)
        ],
        below_noise=named(noisy),
        unsure=named(unsure),
        failed=int(failed.sum()),
        failed_at=named(np.flatnonzero(failed)[:NAMED]),
        verdict=FAIL if failed.any() else doubt,
        cause=why or None,
        digits=digits_name if told_to is not None else None,
        told_to=told_to,
    )


def _worst(relative: Vector, error: Vector, some: Vector) -> int:
    """The largest error among those of ``some`` whose relative error is the largest."""
    relative, error = (np.where(np.isnan(e), np.inf, e) for e in (relative, error))
    largest = relative[some].max()
    return int(np.argmax(np.where(some & (relative >= (1 - 1e-6) * largest), error, -1.0)))


def not_reached(claim: Claim) -> ParameterVerdict:
    """The verdict on what was not measured: none."""
    given = None if claim.given is claim.backprop else claim.given
    return ParameterVerdict(claim.shape, None if given is None else given.shape)


def unjudged(primal: Vector, why: str) -> ParameterVerdict:
    """The verdict on the gradient by ``primal`` where nothing could be trusted."""
    return ParameterVerdict(primal.shape, None, verdict=INCONCLUSIVE, cause=why)


def overall(verdicts: Iterable[str]) -> str:
    """One failure fails all; one that is inconclusive or not reached leaves all in doubt."""
    found = set(verdicts)
    return FAIL if FAIL in found else INCONCLUSIVE if found - {PASS} else PASS
