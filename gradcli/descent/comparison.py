"""Several walks from one point on, to compare their optimizers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gradcli.descent.settings import Settings
from gradcli.descent.walk import Descent, descend
from gradcli.problem import Problem


def compare(
    problem: Problem,
    several: Sequence[Settings],
    progress: Callable[[int], None] = lambda done: None,
) -> list[Descent]:
    """A walk by each of ``several`` settings in turn; an interrupted one is the last.

    Raises what ``descend`` raises.
    """
    walks: list[Descent] = []
    for settings in several:
        walks.append(descend(problem, settings, progress=progress))
        if walks[-1].stopped == "interrupted":
            break
    return walks
