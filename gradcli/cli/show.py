"""Answers on their way out: saved, drawn, and printed on the one console."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from gradcli.cli.exits import GOOD, discard_output, say, warn
from gradcli.cli.options import flagged
from gradcli.cli.view import View
from gradcli.errors import GradcliError, SpecError

if TYPE_CHECKING:
    from gradcli.cli.console import SafeConsole
    from gradcli.problem import Problem, Result
    from gradcli.report.report import Report


class Outcome(NamedTuple):
    """What a verb made of a problem, ready to be shown."""

    report: Report
    spec: Callable[[], dict[str, Any] | None] = lambda: None
    """The specification that gives it again; it takes a digest of the files that it names."""
    code: int = GOOD
    complaint: str | None = None
    """Why the answer is no, in a line."""
    warnings: Sequence[str] = ()
    problem: Problem | None = None
    result: Callable[[], Result | None] = lambda: None
    """Its value with every step behind it, for those who ask for them."""
    begun: bool = False
    """Whether the first part of its tables is on the screen already."""
    id: str | int | None = None
    """Whose it is, as its document says."""
    place: str = ""
    """Where that begins; nothing for what the command line itself specifies."""

    @property
    def label(self) -> str:
        """What its document is called among others."""
        return self.place if self.id is None else str(self.id)


def show(outcome: Outcome, view: View) -> int:
    """Save, draw and print ``outcome`` as ``view`` wants it; gives its exit code."""
    report, spec = outcome.report, outcome.spec() if view.writes_spec else None
    if outcome.problem is not None and not outcome.problem.traced:
        for name in ("trace", "graph"):
            if getattr(view, name):
                raise GradcliError(
                    f"--{name}: the engine does not follow code with gradients of its own"
                )
    problem, result = outcome.problem, outcome.result() if view.trace or view.graph else None
    if view.trace and problem is not None and result is not None:
        from gradcli.report.traced import Traced
        from gradcli.trace import trace_of

        report = Traced(report, trace_of(result), problem.value_name)
    for warning in outcome.warnings:
        warn(warning)
    try:
        if view.save:
            from gradcli.report.save import save

            save(view.save, report, spec, view.screen(None))
        if view.plot:
            from gradcli.report.plots import save_plot

            save_plot(view.plot, report.figure)
        if view.graph and problem is not None and result is not None:
            from gradcli.report.graph import graph, save_graph

            save_graph(view.graph, graph(problem.title, result))
    except SpecError as error:
        raise flagged(error) from error
    if outcome.complaint:
        say(f"gradcli: {outcome.complaint}")
    if view.json:
        from gradcli.report.document import dumps, with_spec

        own = {} if outcome.id is None else {"id": outcome.id}
        write_line(dumps({**own, **with_spec(report.document(), spec)}))
    elif view.markdown:
        from gradcli.report.markdown import markdown

        _write(markdown(report.tables(view.screen(None))))
    elif view.latex:
        from gradcli.report.latex import latex

        _write(latex(report.tables(view.screen(None))))
    elif view.brief:
        put(_brief(report, outcome.label))
    else:
        put(report.tables(view.screen(screen_width())._replace(begun=outcome.begun)))
    return outcome.code


def _brief(report: Report, label: str) -> list[Any]:
    from gradcli.report.report import Brief

    assert isinstance(report, Brief)
    return [report.line(label)]


def write_line(text: str) -> None:
    """One line on stdout."""
    _write(text + "\n")


def _write(text: str) -> None:
    """Text on stdout. A reader that has gone away is no error."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()


def put(renderables: Iterable[Any]) -> None:
    """Print what rich can render."""
    console = _console()
    folds = sys.stdout.isatty()
    try:
        for renderable in renderables:
            console.print(renderable, soft_wrap=not folds, crop=False)
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()


def screen_width() -> int | None:
    """How many columns the terminal has; None where stdout is none."""
    return _console().width if sys.stdout.isatty() else None


def _console() -> SafeConsole:
    """The one on stdout, of any width where that is no terminal."""
    from gradcli.cli.console import SafeConsole  # rich takes its time

    return SafeConsole(None if sys.stdout.isatty() else 1 << 20)
