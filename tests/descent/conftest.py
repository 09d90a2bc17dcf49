"""What several tests of walks need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gradcli.problem import Problem


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Callable[[Problem, int], None]:
    """A function that sees to it that a problem is interrupted at its so many-th evaluation."""

    def interrupted_at(problem: Problem, call: int) -> None:
        step, calls = problem.stepper(), 0

        def interrupted(at: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == call:
                raise KeyboardInterrupt
            return step(at)

        monkeypatch.setattr(problem, "stepper", lambda: interrupted)

    return interrupted_at
