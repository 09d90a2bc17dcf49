"""What is to be said of a parameter that did not pass, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gradcli.check.judge import ParameterVerdict
from gradcli.problem import Arrays
from gradcli.report.numbers import shape_text, text
from gradcli.suggest import counted, place

if TYPE_CHECKING:
    from gradcli.check.formula_claims import ClaimVerdict

_NAMED = 5
"""Entries that are named before the rest are counted."""


def findings(verdict: ParameterVerdict) -> Iterator[str]:
    """What is to be said of a parameter that did not pass, or that passed at another point."""
    if verdict.point:
        yield f"judged at {verdict.point}"
    if verdict.verdict in ("pass", "not reached"):
        return
    cause = verdict.cause or ""
    shape, given = shape_text(verdict.shape), verdict.given_shape
    if given not in (None, verdict.shape):
        why = "" if cause.startswith("has shape") else f": {cause}"
        yield f"has shape {shape_text(given or ())}, not {shape}{why}"
    elif verdict.failed:
        off = _off(verdict)
        yield f"{off}: {cause}" if cause else off
    elif cause:
        yield cause
    for at, sides in list(zip(verdict.kinks, verdict.sides))[:_NAMED]:
        slopes = f"slope {_slope(sides.left)} to the left, {_slope(sides.right)} to the right"
        yield f"kink{place(at)}: {slopes}; backprop takes {_slope(sides.backprop)}"
    if len(verdict.kinks) > _NAMED:
        yield f"kinks in {_count(len(verdict.kinks), verdict.entries)}"
    if verdict.unsure:
        some = f"not measured: {_named(verdict.unsure, verdict.entries)}"
        known = verdict.worst_index in verdict.unsure and math.isfinite(verdict.uncertainty)
        which = f"the numeric derivative{place(verdict.worst_index)}"
        yield f"{some}; {which} is uncertain by {verdict.uncertainty:.2g}" if known else some
    if verdict.below_noise:
        yield f"below noise: {_named(verdict.below_noise, verdict.entries)}"


def value_text(verdict: ParameterVerdict) -> str:
    """How a value that was given is off."""
    shape, given = verdict.shape, verdict.given_shape or ()
    if given != shape:
        return f"has shape {shape_text(given)}, not {shape_text(shape)}"
    theirs, right = _apart(verdict.backprop, verdict.numeric)
    told = f"given {theirs}, is {right}{place(verdict.worst_index)}"
    return f"{told}: {verdict.cause}" if verdict.cause else told


def _off(verdict: ParameterVerdict) -> str:
    """How many entries are off, and which where they are some of many."""
    failed, entries, whole = verdict.failed, verdict.entries, math.prod(verdict.shape)
    if verdict.drawn:
        return f"{failed:,} of {entries:,} sampled entries off"
    if verdict.proof is not None and entries < whole:
        return f"at least {_count(failed, whole)} off: {_listed(verdict.failed_at, failed)}"
    if verdict.cause or failed == entries or not verdict.failed_at:
        return f"{_count(failed, entries)} off"
    return f"{_count(failed, entries)} off: {_listed(verdict.failed_at, failed)}"


def claim_text(claim: ClaimVerdict, at: Arrays) -> str:
    """Where a claim does not hold, and by how much."""
    where = ", ".join([f"{name} = {_short(value)}" for name, value in at.items()])
    entry = place(claim.worst_index).replace(" at", ", entry")
    claimed, derivative = _apart(claim.claimed, claim.derivative)
    told = f"the claim gives {claimed}, the derivative is {derivative}"
    return f"wrong at {where}{entry}: {told}"


def _apart(theirs: float, right: float) -> tuple[str, str]:
    """Two numbers in six digits, or in all of them where six do not tell one from the other."""
    few = f"{theirs:.6g}", f"{right:.6g}"
    return few if few[0] != few[1] else (text(theirs), text(right))


def _short(value: Any) -> str:
    """A number, or the beginning of an array."""
    flat = [f"{number:.6g}" for number in value.reshape(-1)[:_NAMED]]
    more = [", ..."] if value.size > _NAMED else []
    return flat[0] if not value.ndim else f"[{''.join([', '.join(flat), *more])}]"


def _slope(slope: float) -> str:
    return "unknown" if math.isnan(slope) else f"{slope + 0.0:.6g}"


def _named(indices: Sequence[list[int]], entries: int) -> str:
    if len(indices) == 1 and not indices[0]:
        return _count(1, entries)
    return f"{_count(len(indices), entries)}: {_listed(indices, len(indices))}"


def _listed(indices: Sequence[list[int]], count: int) -> str:
    """The first of ``count`` places."""
    more = ", ..." if count > _NAMED else ""
    return f"{', '.join(map(str, indices[:_NAMED]))}{more}"


def _count(some: int, entries: int) -> str:
    return f"{some:,} of {counted(entries, 'entry', 'entries')}"
