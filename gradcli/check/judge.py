"""The verdict on one parameter, entry by entry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from gradcli.check.claims import Claim
from gradcli.check.measure import Measured
from gradcli.check.numeric import Vector

PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"
NOT_REACHED = "not reached"
"""Interrupted before it was measured."""

_NOISY = 1e-3
"""An entry is below noise where the uncertainty is more than this part of it."""
_ROUGH = 0.1
"""A numeric derivative that is uncertain by more than this part of it is none, and not told."""
_FAR = 10
"""By so many uncertainties an entry must be off, to fail where it does not count as measured."""
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
    entries: int
    """How many were looked at."""
    max_abs_error: float
    """Over what was compared; nan where nothing was."""
    max_rel_error: float
    """Of the larger of the two, over what was compared and is not below noise."""
    worst_index: list[int]
    """The worst entry: of the failed ones, if there are any; the one whose error is the largest
    part of it, and among equals the largest error. The figures that follow are its."""
    backprop: Any
    """The judged gradient, a number of the dtype in which it was given."""
    numeric: float
    """nan at a kink, and where nothing is known."""
    abs_error: float
    rel_error: float
    """Of the larger of the two."""
    uncertainty: float
    """Of the numeric derivative."""
    kinks: list[list[int]]
    """Where the one-sided slopes differ: there is no derivative to compare with."""
    sides: list[Sides]
    """The slopes there."""
    below_noise: list[list[int]]
    """Small entries that agree within an uncertainty that is not small beside them."""
    unsure: list[list[int]]
    """Where the numeric derivative is not sure enough to be compared with."""
    failed: int
    verdict: str
    cause: str | None = None
    point: str | None = None
    """The other point, where a given gradient passed there and not at the problem's own."""


def judge(claim: Claim, measured: Measured) -> ParameterVerdict:
    """Judge ``claim`` by what was ``measured``."""
    claimed, flat = claim.entries, claim.flat
    if claimed is None:
        return _uncompared(claim, FAIL)
    if not claimed.size:
        return _uncompared(claim, PASS)
    slope, uncertainty, kinks = measured.slope, measured.uncertainty, measured.kinks
    sure = measured.sure
    error = np.abs(claimed - slope)
    size = np.maximum(np.abs(claimed), np.abs(slope))
    allowed = claim.rule.allowed(size)
    good = error <= allowed + uncertainty
    # Where the measurement is poor its uncertainty is, too.
    far = error > allowed + _FAR * uncertainty
    failed = (~good & sure) | (far & ~kinks) | ~np.isfinite(claimed)
    unsure = ~(sure | kinks | failed)
    noisy = good & sure & (uncertainty > _NOISY * size) & (size > 0)
    compared = ~(kinks | unsure) | failed
    relative = error / np.maximum(size, _TINY)
    some = next(s for s in (failed, compared & ~noisy, compared, unsure, kinks) if s.any())
    worst = _worst(relative, error, some)
    rough = uncertainty > _ROUGH * np.abs(slope)
    known = not (kinks | (~(sure | (far & failed)) & rough))[worst]
    digits = claim.dtype if np.dtype(claim.dtype).kind == "f" else np.float64
    whole = claim.backprop.reshape(-1)
    nan = float("nan")

    def named(some: Vector) -> list[list[int]]:
        return [claim.index_of(i) for i in flat[some]]

    return _uncompared(claim, FAIL)._replace(
        entries=len(flat),
        max_abs_error=float(error[compared].max()) if compared.any() else nan,
        max_rel_error=(
            float(relative[compared & ~noisy].max(initial=0.0)) if compared.any() else nan
        ),
        worst_index=claim.index_of(flat[worst]),
        backprop=claimed[worst : worst + 1].astype(digits)[0],
        numeric=float(slope[worst]) if known else nan,
        abs_error=float(error[worst]) if known else nan,
        rel_error=float(relative[worst]) if known else nan,
        uncertainty=float(uncertainty[worst]),
        kinks=named(kinks),
        sides=[
            Sides(float(measured.left[i]), float(measured.right[i]), float(whole[flat[i]]))
            for i in np.flatnonzero(kinks)
        ],
        below_noise=named(noisy),
        unsure=named(unsure),
        failed=int(failed.sum()),
        verdict=FAIL if failed.any() else INCONCLUSIVE if (kinks | unsure).any() else PASS,
    )


def _worst(relative: Vector, error: Vector, some: Vector) -> int:
    """The largest error among those of ``some`` whose relative error is the largest."""
    relative, error = (np.where(np.isnan(e), np.inf, e) for e in (relative, error))
    largest = relative[some].max()
    return int(np.argmax(np.where(some & (relative >= (1 - 1e-6) * largest), error, -1.0)))


def not_reached(claim: Claim) -> ParameterVerdict:
    """The verdict on what was not measured: none."""
    return _uncompared(claim, NOT_REACHED)


def _uncompared(claim: Claim, verdict: str) -> ParameterVerdict:
    """The verdict on a parameter of which no entry was compared."""
    nan = float("nan")
    most = 0.0 if verdict == PASS else nan
    own = claim.given is None or claim.given is claim.backprop
    return ParameterVerdict(
        shape=claim.shape,
        given_shape=None if own or claim.given is None else claim.given.shape,
        entries=0,
        max_abs_error=most,
        max_rel_error=most,
        worst_index=[],
        backprop=nan,
        numeric=nan,
        abs_error=nan,
        rel_error=nan,
        uncertainty=nan,
        kinks=[],
        sides=[],
        below_noise=[],
        unsure=[],
        failed=0,
        verdict=verdict,
    )


def overall(verdicts: Iterable[str]) -> str:
    """One failure fails all; one that is inconclusive or not reached leaves all in doubt."""
    found = set(verdicts)
    return FAIL if FAIL in found else INCONCLUSIVE if found - {PASS} else PASS
