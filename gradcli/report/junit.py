"""Checks as a JUnit report, which every server of continuous integration reads.

A suite is a problem, a case a parameter. The elements and attributes are those that Jenkins, GitLab
and the actions of GitHub have in common ("JUnit XML format", as Ant's junit task first wrote it).
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gradcli.check.judge import FAIL, PASS, ParameterVerdict
from gradcli.report.besides import besides_cases
from gradcli.report.checks import CheckReport
from gradcli.report.findings import findings
from gradcli.report.replace import replace_file
from gradcli.suggest import place, printable

FAILURE, ERROR, SKIPPED = "failure", "error", "skipped"
"""What became of a case that did not pass: it is wrong; there is no answer; it is open.

What is inconclusive is skipped: it is seen, and is not red. The exit code is not 0 then either.
"""


class Case(NamedTuple):
    """One parameter, or whatever else has a verdict of its own."""

    name: str
    outcome: str | None = None
    """One of the above; None where it passed."""
    lines: Sequence[str] = ()
    """What is to be said of it."""
    entries: int = 0


class Suite(NamedTuple):
    """All cases of one problem."""

    name: str
    cases: Sequence[Case]
    seconds: float = 0.0
    properties: Sequence[tuple[str, str]] = ()


def suite_of(report: CheckReport, name: str, seconds: float) -> Suite:
    """The suite called ``name`` of a check that took ``seconds``."""
    checked = report.checked
    told = [("method", checked.method), ("tolerance", f"{checked.tolerance:g}")]
    told += [("rule", checked.rule)] if report.explain else []
    return Suite(name, list(_cases(report)), seconds, told)


def refused(name: str, error: str) -> Suite:
    """The suite of a document that has no answer."""
    return Suite(name, [Case("document", ERROR, [error])])


def save_junit(path: str, suites: Sequence[Suite]) -> None:
    """Write ``suites`` to ``path``, whole or not at all. Raises FileError."""
    counts = _counts(suites)
    del counts["skipped"]  # which strict readers know of a suite only
    root = ET.Element("testsuites", {"name": "gradcli check", **counts})
    for suite in suites:
        root.append(_suite(suite))
    ET.indent(root)
    text = ET.tostring(root, "utf-8", xml_declaration=True)
    replace_file(path, lambda file: file.write(text + b"\n"))


def _cases(report: CheckReport) -> Iterator[Case]:
    checked = report.checked
    if checked.nonfinite:
        yield Case(report.besides.value_name, FAILURE, [f"not finite: {checked.nonfinite}"])
    for name, verdict in checked.params.items():
        outcome = {PASS: None, FAIL: FAILURE}.get(verdict.verdict, SKIPPED)
        lines = [*findings(verdict), *_figures(verdict)] if outcome else []
        yield Case(name, outcome, lines or [verdict.verdict], verdict.entries)
    for name, passed, lines in besides_cases(report.besides):
        yield Case(name, None if passed else FAILURE, lines)


def _figures(verdict: ParameterVerdict) -> Iterator[str]:
    """Those of the worst entry, with all their digits."""
    if verdict.entries and not math.isnan(verdict.numeric):
        yield (
            f"worst{place(verdict.worst_index)}: {verdict.backprop!s}, numeric "
            f"{verdict.numeric!r} uncertain by {verdict.uncertainty:.2g}, relative error "
            f"{verdict.rel_error:.3g}"
        )


def _suite(suite: Suite) -> ET.Element:
    name = printable(suite.name)
    element = ET.Element("testsuite", {"name": name, **_counts([suite])})
    if suite.properties:
        properties = ET.SubElement(element, "properties")
        for key, value in suite.properties:
            ET.SubElement(properties, "property", {"name": key, "value": printable(value)})
    whole = sum(case.entries for case in suite.cases)
    for case in suite.cases:
        seconds = suite.seconds * (case.entries / whole if whole else 1 / len(suite.cases))
        about = {"classname": name, "name": printable(case.name), "time": f"{seconds:.3f}"}
        found = ET.SubElement(element, "testcase", about)
        if case.outcome is not None:
            # XML has no control characters, not even escaped.
            lines = [printable(line) for line in case.lines]
            ET.SubElement(found, case.outcome, {"message": lines[0]}).text = "\n".join(lines)
    return element


def _counts(suites: Sequence[Suite]) -> dict[str, str]:
    outcomes = [case.outcome for suite in suites for case in suite.cases]
    return {
        "tests": str(len(outcomes)),
        "failures": str(outcomes.count(FAILURE)),
        "errors": str(outcomes.count(ERROR)),
        "skipped": str(outcomes.count(SKIPPED)),
        "time": f"{sum(suite.seconds for suite in suites):.3f}",
    }
