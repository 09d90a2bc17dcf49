"""Entries that are measured by themselves: down the ladder, each as it is rounded.

How each is rounded takes longer to find than its slope. So it is found for many at once first,
which is more than that of any; those that are known far better than they need be, and agree with
their claim, are done.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gradcli.check.claims import Claim
from gradcli.check.courses import Courses
from gradcli.check.ladder import ladder
from gradcli.check.lines import Entries, Joined, Point, Slopes, Vector
from gradcli.check.rounding import entry_rounding

_FAR_BELOW = 1e-3
"""Part of the resolution below which an uncertainty may be a rough one."""
_SMALL = 0.1
"""Part of an entry, of which no more than ``_FAR_BELOW`` may be uncertain then."""


def laddered(
    entries: Entries, courses: Courses, step: float | None = None, most: int = 1
) -> Slopes:
    """The slopes by ``entries`` down the ladder, rounded as ``most`` groups of them are."""
    groups = cut(entries.flat, min(entries.flat.size, most))
    found = [entry_rounding(courses, {entries.name: g}) for g in groups]
    entries.near, entries.growth = np.repeat(found, [g.size for g in groups], axis=0).T
    return ladder(entries, step)


def laddered_together(
    claims: Mapping[str, Claim], point: Point, courses: Courses
) -> dict[str, Slopes]:
    """The slopes by all entries of ``claims``, each down one ladder, rounded as all at once are."""
    parts = [Entries(point, name, claim.flat) for name, claim in claims.items()]
    lines = Joined(parts)
    lines.near, lines.growth = entry_rounding(courses, {part.name: part.flat for part in parts})
    found = ladder(lines)
    places = zip(claims, lines.places)
    return {name: Slopes(*[each[place] for each in found]) for name, place in places}


def clear(claim: Claim, slopes: Slopes, some: Vector, resolution: Vector) -> Vector:
    """Which of ``some`` entries agree with the claim, and are known far better than they need be.

    How each is rounded by itself would change nothing.
    """
    size = np.abs(slopes.slope)
    if claim.entries is not None:  # 0 that is 0 is not a small part of anything
        size = np.where((size == 0) & (claim.entries[some] == 0), np.inf, size)
    needed = np.minimum(resolution, _SMALL * size)
    known = (slopes.uncertainty <= _FAR_BELOW * needed) & (slopes.gap == 0)
    if claim.entries is not None:
        known &= claim.rule.holds(claim.entries[some], slopes.slope, slopes.uncertainty)
    return np.asarray(known)


def cut(some: Vector, parts: int) -> list[Vector]:
    """``some`` in so many ``parts`` of about one size, none of them empty."""
    if parts == 1 and some.size:
        return [some]
    return [part for part in np.array_split(some, max(parts, 1)) if part.size]
