"""Whose gradient each array of a file is: as told, by its name, or by the order of layers."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from gradcli.errors import SpecError
from gradcli.naming.names import bare, readings, spellings
from gradcli.naming.positions import Shapes, ambiguous, by_order, places_of
from gradcli.suggest import suggestion


def matched(given: Shapes, ours: Shapes, told: Mapping[str, str]) -> dict[str, str]:
    """Which of ``ours`` each of ``given`` is, for those that are any.

    What is ``told`` counts first, then the name itself, then how it is spelt, then the order of
    numbered layers. The order of ``given`` plays no part. Raises SpecError for ``map`` where what
    was told names what there is not, where two could be one, and where one could be two.
    """
    _require_known(given, ours, told)
    found = dict(told)
    found |= {n: n for n in given if n in ours and n not in told and n not in told.values()}
    spelt = _spelt(
        [name for name in given if name not in found],
        [name for name in ours if name not in found.values()],
    )
    lost = [name for name in given if name not in found and name not in spelt]
    if not lost:
        return found | spelt
    return by_order(given, ours, found | _undoubted(spelt, lost))


def _require_known(given: Shapes, ours: Shapes, told: Mapping[str, str]) -> None:
    for theirs, name in told.items():
        if theirs not in given:
            near = suggestion(theirs, given) or f": there are {', '.join(given) or 'none'}"
            raise SpecError("map", f"there is no gradient {theirs!r}{near}")
        if name not in ours:
            near = suggestion(name, ours) or f": one of {', '.join(ours)}"
            raise SpecError("map", f"{name!r} is no parameter of this problem{near}")
        if [*told.values()].count(name) > 1:
            raise SpecError("map", f"{name} is told twice, of {theirs} and of another")


def _spelt(given: Collection[str], ours: Collection[str]) -> dict[str, str]:
    """Those of ``given`` that are spelt as one of ``ours``, each as closely as it is to any."""
    known: list[dict[str, dict[str, None]]] = [{}, {}, {}]
    for name in ours:
        for keys, own in zip(known, ([name], [bare(name)], readings(name)[0].keys)):
            for key in own:
                keys.setdefault(key, {})[name] = None
    meant: dict[str, list[str]] = {}
    for other in given:
        for keys, spelt in zip(known, spellings(other)):
            meant_by = {name for key in spelt for name in keys.get(key, ())}
            fits = [name for name in ours if name in meant_by] if meant_by else []
            if len(fits) > 1:
                raise ambiguous([other], fits)
            if fits:
                meant.setdefault(fits[0], []).append(other)
                break
    for name, others in meant.items():
        if len(others) > 1:
            raise ambiguous(others, [name])
    return {other: name for name, [other] in meant.items()}


def _undoubted(spelt: Mapping[str, str], lost: Collection[str]) -> dict[str, str]:
    """``spelt``, without those before whose number one was ``lost``: W1 is second after W0."""
    places, others = places_of(spelt), places_of(lost)

    def doubtful(name: str) -> bool:
        place = places[name]
        return any(o.series == place.series and o.number < place.number for o in others.values())

    return {other: name for other, name in spelt.items() if not doubtful(other)}
