"""The verdict on one parameter, entry by entry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from gradcli.check.claims import Claim
from gradcli.check.measure import Measured
from gradcli.check.numeric import Vector

PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"

_NOISY = 1e-3
"""An entry is below noise where the uncertainty is more than this part of it."""
_FAR = 10
"""By so many uncertainties an entry must be off, to fail where it does not count as measured."""
_TINY = float(np.finfo(np.float64).tiny)


class ParameterVerdict(NamedTuple):
    """What was found for one parameter; errors over the entries that were looked at."""

    entries: int
    max_abs_error: float
    max_rel_error: float
    worst_index: list[int]
    backprop: float
    numeric: float
    kinks: list[list[int]]
    """Where the one-sided slopes differ: there is no derivative to compare with."""
    below_noise: list[list[int]]
    """Small entries that agree within an uncertainty that is not small beside them."""
    unsure: list[list[int]]
    """Where the numeric derivative is not sure enough to be compared with."""
    failed: int
    verdict: str
    cause: str | None
    point: str | None = None
    """The other point, where a given gradient passed there and not at the problem's own."""


def judge(claim: Claim, measured: Measured) -> ParameterVerdict:
    """Judge ``claim`` by what was ``measured``."""
    claimed, flat = claim.entries, claim.flat
    if claimed is None:
        nan = float("nan")
        return ParameterVerdict(0, nan, nan, [], nan, nan, [], [], [], 0, FAIL, None)
    if not claimed.size:
        return ParameterVerdict(0, 0.0, 0.0, [], 0.0, 0.0, [], [], [], 0, PASS, None)
    slope, uncertainty, kinks, _ = measured
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
    # What is shown is the worst of what was judged: of the failed ones, if there are any.
    judged = ~(kinks | unsure) | failed
    judged = judged if judged.any() else np.ones_like(kinks)
    excess = error / (allowed + uncertainty + _TINY)
    excess[np.isnan(excess)] = np.inf
    worst = int(np.argmax(np.where(failed if failed.any() else judged, excess, -1.0)))
    outcome = FAIL if failed.any() else INCONCLUSIVE if (kinks | unsure).any() else PASS
    relative = error / np.maximum(size, _TINY)

    def named(some: Vector) -> list[list[int]]:
        return [claim.index_of(i) for i in flat[some]]

    return ParameterVerdict(
        entries=len(flat),
        max_abs_error=float(error[judged].max()),
        max_rel_error=float(relative[judged & ~noisy].max(initial=0.0)),
        worst_index=claim.index_of(flat[worst]),
        backprop=float(claimed[worst]),
        numeric=float(slope[worst]),
        kinks=named(kinks),
        below_noise=named(noisy),
        unsure=named(unsure),
        failed=int(failed.sum()),
        verdict=outcome,
        cause=None,
    )


def overall(verdicts: Iterable[str]) -> str:
    """One failure fails all; one that is inconclusive leaves all in doubt."""
    found = set(verdicts)
    return FAIL if FAIL in found else INCONCLUSIVE if INCONCLUSIVE in found else PASS
