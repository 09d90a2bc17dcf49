"""Arrays of numbered layers, layers.0.weight, layers.2.weight: whose they are by their order."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from gradcli.errors import SpecError
from gradcli.naming.names import readings
from gradcli.suggest import listed

Shapes = Mapping[str, Collection[tuple[int, ...]]]
"""By name, the shapes that an array has, or may have."""
_Ways = dict[int, dict[str, str]]
"""By each layer that arrays which stand together may be, what they are in it."""


class Place(NamedTuple):
    """A layer, and what an array may be in it."""

    layer: tuple[str, ...]
    roles: set[str]

    @property
    def series(self) -> str:
        """What the names of layers have in common that differ in their numbers."""
        return re.sub(r"\d+", "", " ".join(self.layer)).strip()

    @property
    def number(self) -> tuple[int, ...]:
        return tuple([int(digits) for digits in re.findall(r"\d+", " ".join(self.layer))])


def places_of(names: Iterable[str], roles: Collection[str] | None = None) -> dict[str, Place]:
    """The place that each of ``names`` tells, of those that can be one of ``roles``."""
    found = {}
    for name in names:
        for reading in readings(name):
            meant = reading.roles if roles is None else reading.roles & set(roles)
            if meant:
                found[name] = Place((*reading.layer, *filter(None, [reading.number])), meant)
                break
    return found


def ambiguous(given: Iterable[str], ours: Iterable[str]) -> SpecError:
    """``given`` may be ``ours`` in more ways than one."""
    theirs, names = sorted(given), list(dict.fromkeys(ours))
    both = "both " if len(theirs) == 2 else ""
    told = f"{listed(theirs)} may {both}be {' or '.join(names)}"
    return SpecError("map", f"{told}: say which, such as {theirs[0]}={names[0]}")


def by_order(given: Shapes, ours: Shapes, found: Mapping[str, str]) -> dict[str, str]:
    """``found``, and which of ``ours`` the others of ``given`` are by the order of their layers.

    The layers of a series, from the lowest number on, are some of ours in this order, those in
    which they fit; where that cannot be, and there are just as many of ours, they are these
    whatever their shapes. Raises SpecError where there is more than one way.
    """
    order = _Order(given, ours, found)
    while True:
        layers = [ways for series in order.series for ways in order.narrowed(series)]
        sure = [
            pair
            for ways in layers
            if len(ways) == 1
            for way in ways.values()
            for pair in way.items()
        ]
        for _, name in sure:
            rivals = {other for other, its in sure if its == name}
            if len(rivals) > 1:
                raise ambiguous(rivals, [name])
        if not sure:
            break
        order.take(sure)
    for ways in layers:
        if len(ways) > 1:
            other = min(next(iter(ways.values())))
            raise ambiguous([other], [way[other] for way in ways.values()])
    return order.found


class _Order:
    """The layers of the file and of the parameters, and what is ``found`` of them."""

    def __init__(self, given: Shapes, ours: Shapes, found: Mapping[str, str]) -> None:
        self.given, self.ours, self.found = given, ours, dict(found)
        self.own = places_of(ours)
        members: dict[tuple[str, ...], list[str]] = {}
        for name, place in self.own.items():
            members.setdefault(place.layer, []).append(name)
        self.layers = list(members.values())
        roles = {role for place in self.own.values() for role in place.roles}
        self.places = places_of(sorted(given), roles)
        series: dict[str, dict[tuple[str, ...], list[str]]] = {}
        for name, place in sorted(self.places.items(), key=lambda item: item[1].number):
            series.setdefault(place.series, {}).setdefault(place.layer, []).append(name)
        self.series = [list(layers.values()) for layers in series.values()]
        self.take(())

    def take(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.found.update(pairs)
        self.taken = set(self.found.values())

    def narrowed(self, series: list[list[str]]) -> list[_Ways]:
        """The ways of each layer of a series that fits somewhere, as far as the order has them."""
        every = [self._ways(names) for names in series]
        chain = _ascending([ways for ways in every if ways])
        if chain is None or not all(every):
            chain = self._one_by_one(series) or chain
        if chain is None:
            pairs = [pair for ways in every for way in ways.values() for pair in way.items()]
            if pairs:
                raise ambiguous({other for other, _ in pairs}, [name for _, name in pairs])
        return chain or []

    def _ways(self, names: list[str]) -> _Ways:
        free = [name for name in names if name not in self.found]
        known = {self.found[name] for name in names if name not in free}
        fixed = [i for i, own in enumerate(self.layers) if known & set(own)]
        if not free and len(fixed) == 1:
            return {fixed[0]: {}}
        ways = {}
        for i in fixed or range(len(self.layers)):
            taken = self._taken(free, i)
            if taken is not None or len(fixed) == 1:
                ways[i] = taken or {}
        return ways

    def _taken(self, names: list[str], i: int, whatever: bool = False) -> dict[str, str] | None:
        """What arrays that stand together are in layer ``i``; None where one is nothing in it.

        Their shapes count, or ``whatever`` they are, do not.
        """
        taken: dict[str, str] = {}
        free = [n for n in self.layers[i] if n not in self.taken]
        for other in names:
            fits = [n for n in free if self.own[n].roles & self.places[other].roles]
            fits = [n for n in fits if whatever or set(self.given[other]) & set(self.ours[n])]
            if len(fits) != 1 or fits[0] in taken.values():
                return None
            taken[other] = fits[0]
        return taken

    def _one_by_one(self, series: list[list[str]]) -> list[_Ways]:
        """A series that is all of our layers, whatever the shapes; empty if it is not."""
        if len(series) != len(self.layers) or any(n in self.found for row in series for n in row):
            return []
        every = [self._taken(names, i, True) for i, names in enumerate(series)]
        return [] if None in every else [{i: way or {}} for i, way in enumerate(every)]


def _ascending(chain: list[_Ways]) -> list[_Ways] | None:
    """What is left of each one's ways where they go up from one to the next; None if nothing is."""
    last = -1
    kept = []
    for ways in chain:
        kept.append({i: way for i, way in ways.items() if i > last})
        last = min(kept[-1], default=1 << 60)
    first = 1 << 60
    for k, ways in reversed(list(enumerate(kept))):
        kept[k] = {i: way for i, way in ways.items() if i < first}
        first = max(kept[k], default=-1)
    return kept if all(kept) else None
