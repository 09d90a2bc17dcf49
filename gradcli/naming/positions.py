"""Arrays of numbered layers, layers.0.weight, layers.2.weight: whose they are by their order."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
    roles: frozenset[str]

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
                found[name] = Place(
                    (*reading.layer, *filter(None, [reading.number])), frozenset(meant)
                )
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
        only = [way for ways in layers if len(ways) == 1 for way in ways.values()]
        sure = [pair for way in only for pair in way.items()]
        rivals: dict[str, set[str]] = {}
        for other, name in sure:
            rivals.setdefault(name, set()).add(other)
        for name, others in rivals.items():
            if len(others) > 1:
                raise ambiguous(others, [name])
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
        taken = set(self.found.values())
        self.free = [[name for name in names if name not in taken] for names in self.layers]
        kinds = [
            tuple([_Kind(self.own[n].roles, frozenset(self.ours[n])) for n in names])
            for names in self.free
        ]
        self.alike: dict[tuple[_Kind, ...], list[int]] = {}
        for i, kind in enumerate(kinds):
            self.alike.setdefault(kind, []).append(i)

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
        if fixed:
            return {i: way or {} for i, way in self._taken(free, fixed) if way or len(fixed) == 1}
        return {i: way for i, way in self._taken(free) if way}

    def _taken(
        self, names: list[str], layers: Collection[int] | None = None, whatever: bool = False
    ) -> Iterator[tuple[int, dict[str, str] | None]]:
        """By each of ``layers``, or all, what arrays that stand together are in it.

        None where one is nothing in it. Their shapes count, or ``whatever`` they are, do not.
        """
        theirs = [_Kind(self.places[n].roles, frozenset(self.given[n])) for n in names]
        for kind, alike in self.alike.items():
            at = _placed(theirs, kind, whatever)
            for i in alike if layers is None else [i for i in alike if i in layers]:
                free = self.free[i]
                yield i, None if at is None else {n: free[k] for n, k in zip(names, at)}

    def _one_by_one(self, series: list[list[str]]) -> list[_Ways]:
        """A series that is all of our layers, whatever the shapes; empty if it is not."""
        if len(series) != len(self.layers) or any(n in self.found for row in series for n in row):
            return []
        every = [dict(self._taken(names, [i], True)) for i, names in enumerate(series)]
        found = [{i: way for i, way in ways.items() if way} for ways in every]
        return found if all(found) else []


class _Kind(NamedTuple):
    """What an array may be in its layer, and its shapes."""

    roles: frozenset[str]
    shapes: frozenset[tuple[int, ...]]


def _placed(theirs: Sequence[_Kind], ours: Sequence[_Kind], whatever: bool) -> list[int] | None:
    """Which of ``ours`` each of ``theirs`` can only be; None where one has none of its own."""
    found: list[int] = []
    for their in theirs:
        fits = [k for k, own in enumerate(ours) if own.roles & their.roles]
        fits = [k for k in fits if whatever or ours[k].shapes & their.shapes]
        if len(fits) != 1 or fits[0] in found:
            return None
        found += fits
    return found


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
