"""The verb without a name, for models: the loss and the gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.cli.exits import GOOD, NO, say, warn
from gradcli.cli.output import View, apart, show, take_view, view_options, write_line
from gradcli.cli.problems import Verb
from gradcli.errors import GradcliError

if TYPE_CHECKING:
    from gradcli.model.model import Model


def evaluate(problems: list[Model], options: dict[str, Any]) -> int:
    view = take_view(options)
    if view.save and len(problems) > 1:
        raise GradcliError(f"--save: one file cannot hold the answers of {len(problems)} specs")
    return max([_evaluate(model, view) for model in apart(problems, view.json)])


def _evaluate(model: Model, view: View) -> int:
    from gradcli.problem import nonfinite_gradient

    evaluation = model.evaluate()
    for warning in evaluation.warnings:
        warn(warning)
    if view.save:
        from gradcli.report.save import save

        save(view.save, model, evaluation, view.trace, view.full)
    wrong = evaluation.nonfinite and f"the loss is not finite: {evaluation.nonfinite}"
    if not wrong:
        slope = nonfinite_gradient(evaluation.gradients, evaluation.trace)
        wrong = slope and f"the gradient is not finite: {slope}"
    if wrong:
        say(f"gradcli: {wrong}")
    if view.json:
        from gradcli.report.document import document, dumps

        write_line(dumps(document(model, evaluation, view.trace)))
    else:
        from gradcli.report.tables import evaluation_tables

        show(lambda width: evaluation_tables(model, evaluation, view.trace, view.full, width))
    return NO if wrong else GOOD


EVALUATE = Verb(evaluate, view_options)
