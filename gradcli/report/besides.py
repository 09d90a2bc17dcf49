"""What a check tells besides its table of parameters, where it is asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.text import Text

from gradcli.check.besides import Besides
from gradcli.report.findings import claim_text, value_text
from gradcli.report.layout import grid
from gradcli.report.report import Screen
from gradcli.report.verdicts import document_of
from gradcli.suggest import counted

if TYPE_CHECKING:
    from gradcli.check.rules import Comparison
    from gradcli.check.sweep import Sweep


def besides_document(besides: Besides) -> dict[str, Any]:
    """The keys of it in a document."""
    found: dict[str, Any] = {}
    if besides.value is not None:
        found["value"] = document_of(besides.value)
    if besides.claims:
        found["claims"] = {name: claim._asdict() for name, claim in besides.claims.items()}
    if besides.other is not None:
        params = {name: theirs._asdict() for name, theirs in besides.other.params.items()}
        found["other"] = {**besides.other._asdict(), "params": params}
    if besides.sweep is not None:
        found["sweep"] = [row._asdict() for row in besides.sweep.rows]
        found["best_step"] = besides.sweep.best and besides.sweep.best.step
    return found


def besides_findings(besides: Besides) -> Iterator[Text]:
    """What of it did not pass, a line each."""
    if besides.value is not None and besides.value.verdict != "pass":
        yield Text.assemble((besides.value_name, "bold"), f": {value_text(besides.value)}")
    for name, claim in besides.claims.items():
        if claim.at is not None:
            yield Text.assemble((name, "bold"), f": {claim_text(claim, claim.at)}")


def besides_cases(besides: Besides) -> Iterator[tuple[str, bool, list[str]]]:
    """What has a verdict of its own: its name, whether it passed, and what is to be said of it."""
    if besides.value is not None:
        yield besides.value_name, besides.value.verdict == "pass", [value_text(besides.value)]
    for name, claim in besides.claims.items():
        told = [claim_text(claim, claim.at)] if claim.at is not None else []
        yield f"{name} elsewhere", claim.verdict == "pass", told


def besides_tables(besides: Besides, judged: str, screen: Screen) -> Iterator[Any]:
    """Tables; ``judged`` heads the gradients that are judged."""
    if besides.other is not None:
        yield from _other(besides.other, judged, screen)
    if besides.sweep is not None:
        yield from _sweep(besides.sweep, screen)


def besides_summary(besides: Besides) -> str:
    """What the verdict is on besides the parameters, to stand behind that."""
    parts = []
    if besides.value is not None:
        off = besides.value.verdict != "pass"
        parts.append(f"the {besides.value_name} {'is off' if off else 'is right'}")
    tried = [claim.points for claim in besides.claims.values()]
    if tried and all(claim.verdict == "pass" for claim in besides.claims.values()):
        points = counted(min(tried), "random point")
        parts.append(f"right at {points}, too" if min(tried) else "no other point was found")
    if any(claim.verdict == "fail" for claim in besides.claims.values()):
        parts.append("wrong at other points")
    return "".join([f"; {part}" for part in parts])


def _other(other: Comparison, judged: str, screen: Screen) -> Iterator[Any]:
    yield Text.assemble((f"by {other.rule}'s rule", "bold"), f": {other.formula}")
    rows = []
    for name, theirs in other.params.items():
        known = not math.isnan(theirs.figure)
        numbers = [theirs.gradient, theirs.numeric] if known else [None, None]
        index = str(theirs.worst_index) if theirs.worst_index else ""
        figure = f"{theirs.figure:.2e}" if known else ""
        rows.append([name, index, *numbers, figure, theirs.verdict])
    yield from grid(["", "worst", judged, "numeric", "figure", "verdict"], rows, screen)


def _sweep(sweep: Sweep, screen: Screen) -> Iterator[Any]:
    yield Text(f"error of {sweep.method} differences against their step", style="bold")
    rows = []
    for row in sweep.rows:
        errors = [f"{error:.2e}" for error in (row.max_abs_error, row.max_rel_error)]
        rows.append([f"{row.step:.0e}", *errors, "best" if row == sweep.best else ""])
    yield from grid(["step", "max abs error", "max rel error", ""], rows, screen)
