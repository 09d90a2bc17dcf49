"""The verb without a name: the value and its gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.cli.exits import GOOD, NO
from gradcli.cli.problems import Verb, respelt
from gradcli.cli.show import Outcome
from gradcli.cli.view import View
from gradcli.errors import GradcliError

if TYPE_CHECKING:
    from gradcli.problem import Problem


def _answer(problem: Problem, options: dict[str, Any], view: View) -> Outcome:
    from gradcli.answer import Answer
    from gradcli.report.answers import AnswerReport

    order, jacobian = options.get("order", 1), bool(options.get("jacobian"))
    if jacobian and (order > 1 or view.trace or view.graph):
        raise GradcliError("--jacobian: goes without --order, --trace and --graph")
    found = Answer(problem, order, jacobian)
    for name in ("trace", "plot", "graph"):
        if getattr(view, name) and found.lacking:
            raise GradcliError(f"--{name}: {found.lacking}")
    return Outcome(
        AnswerReport(found, view.low, view.high),
        lambda: respelt(problem, "", options),
        NO if found.nonfinite else GOOD,
        found.nonfinite,
        found.warnings,
        problem,
        lambda: found.result,
    )


ANSWER = Verb(_answer, "The value and the gradients of {}.")
