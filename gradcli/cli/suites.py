"""The JUnit report of a command: gathered while it runs, and written at its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradcli.cli.show import Outcome
    from gradcli.report.junit import Suite


class Suites:
    """A suite for each problem, in order; written to ``path`` at the end."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._suites: list[Suite] = []
        self._begun = time.perf_counter()

    def begin(self) -> None:
        """The work on a problem begins."""
        self._begun = time.perf_counter()

    def add(self, outcome: Outcome) -> None:
        """What came of it, called by the document's id or line, if it is one."""
        from gradcli.report.checks import CheckReport
        from gradcli.report.junit import suite_of

        report = outcome.report
        assert isinstance(report, CheckReport)
        parts = [outcome.label, report.checked.title] if outcome.label else [report.checked.title]
        self._suites.append(suite_of(report, ": ".join(parts), time.perf_counter() - self._begun))

    def refuse(self, label: str, error: str) -> None:
        """There is no answer."""
        from gradcli.report.junit import refused

        self._suites.append(refused(label, error))

    def save(self) -> None:
        """Raises FileError where that cannot be done."""
        from gradcli.report.junit import save_junit

        save_junit(self.path, self._suites)
