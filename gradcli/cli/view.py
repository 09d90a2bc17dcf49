"""How an answer is wanted: the options that every answer takes, and the one console."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from gradcli.cli.exits import GOOD, discard_output, say, warn
from gradcli.cli.options import PATH, flagged
from gradcli.errors import GradcliError, SpecError

if TYPE_CHECKING:
    from gradcli.problem import Arrays, Problem, Result
    from gradcli.report.report import Report, Screen

SAVED = (".npz", ".json", ".csv", ".html", ".svg")
DRAWN = (".png", ".svg", ".pdf")
GRAPHS = (".dot", ".mmd", ".svg")


class Outcome(NamedTuple):
    """What a verb made of a problem, ready to be shown."""

    report: Report
    spec: dict[str, Any] | None = None
    """The specification that gives it again."""
    code: int = GOOD
    complaint: str | None = None
    """Why the answer is no, in a line."""
    warnings: Sequence[str] = ()
    problem: Problem | None = None
    """Whose steps are behind it, made where they are asked for."""
    at: Arrays | None = None
    """Where, if not at the problem's own point."""
    begun: bool = False
    """Whether the first part of its tables is on the screen already."""

    def steps(self) -> Result:
        """The value with every step behind it."""
        from gradcli.gradient import differentiate

        if self.problem is None:
            raise GradcliError("there is no computation to trace")
        return differentiate(self.problem, self.at)


class View(NamedTuple):
    """How an answer is wanted."""

    json: bool = False
    markdown: bool = False
    latex: bool = False
    trace: bool = False
    full: bool = False
    digits: int | None = None
    save: str | None = None
    plot: str | None = None
    graph: str | None = None
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    """The ends of what a picture shows, one for all variables or one for each."""

    @property
    def tables(self) -> bool:
        """Whether tables are printed, for people."""
        return not (self.json or self.markdown or self.latex)

    @property
    def file(self) -> str | None:
        """The option of a file that can hold one answer only, if there is one."""
        return next((f"--{n}" for n in ("save", "plot", "graph") if getattr(self, n)), None)


class _ViewOption(click.Option):
    group = "Output"


def _writable(extensions: Sequence[str]) -> Callable[..., str | None]:
    def checked(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
        if value is None:
            return None
        if os.path.splitext(value)[1].lower() not in extensions:
            known = f"one of {', '.join(extensions)}"
            raise GradcliError(f"--{param.name}: {value!r} must end in {known}")
        folder = os.path.dirname(value)
        if folder and not os.path.isdir(folder):
            raise GradcliError(f"--{param.name}: there is no folder {folder!r}")
        return value

    return checked


def _file(name: str, extensions: Sequence[str], text: str) -> click.Option:
    return _ViewOption(
        [f"--{name}"],
        metavar="FILE",
        callback=_writable(extensions),
        help=f"{text}: {' '.join(extensions)}.",
        type=PATH,
    )


def _end(name: str, place: str, text: str) -> click.Option:
    return _ViewOption([f"--{name}", place], metavar="X,Y", callback=_numbers, help=text)


def _numbers(ctx: click.Context, param: click.Parameter, text: str | None) -> tuple[float, ...]:
    try:
        return () if text is None else tuple(float(part) for part in text.split(","))
    except ValueError:
        problem = f"must be a number, or one for each variable, such as -1,2, not {text!r}"
        raise GradcliError(f"{param.opts[0]}: {problem}") from None


def view_options(*left_out: str) -> list[click.Parameter]:
    """The options of a View, but for those ``left_out``."""
    options = [
        _ViewOption(["--json"], is_flag=True, help="One JSON object instead of tables."),
        _ViewOption(["--markdown"], is_flag=True, help="Markdown instead of tables."),
        _ViewOption(["--latex"], is_flag=True, help="LaTeX instead of tables."),
        _ViewOption(["--trace"], is_flag=True, help="Every step with its gradient and rule."),
        _ViewOption(["--full"], is_flag=True, help="Every entry and digit of every array."),
        _ViewOption(
            ["--digits"],
            type=click.IntRange(1, 17),
            metavar="N",
            help="Significant digits of numbers in tables.  [default: 6]",
        ),
        _file("save", SAVED, "Also save the answer"),
        _file("plot", DRAWN, "A picture (extra: plot)"),
        _end("from", "low", "Where the picture begins; a number for each variable, or one."),
        _end("to", "high", "Where it ends."),
        _file("graph", GRAPHS, "The computation as a graph, with every value and gradient"),
    ]
    return [option for option in options if option.name not in left_out]


def take_view(options: dict[str, Any]) -> View:
    """The View among the parsed ``options``, removed from them."""
    given = {n: options.pop(n) for n in View._fields if n in options}
    view = View(**given)
    chosen = [f"--{n}" for n in ("json", "markdown", "latex") if getattr(view, n)]
    if len(chosen) > 1:
        raise GradcliError(f"{chosen[1]}: does not go with {chosen[0]}")
    if (view.low or view.high) and not view.plot:
        raise GradcliError(f"--{'from' if view.low else 'to'}: goes with --plot")
    return view


def show(outcome: Outcome, view: View) -> int:
    """Save, draw and print ``outcome`` as ``view`` wants it; gives its exit code."""
    report = outcome.report
    if view.trace and outcome.problem is not None:
        from gradcli.report.traced import Traced
        from gradcli.trace import trace_of

        report = Traced(report, trace_of(outcome.steps()), outcome.problem.value_name)
    for warning in outcome.warnings:
        warn(warning)
    try:
        _write_files(outcome, report, view)
    except SpecError as error:
        raise flagged(error) from error
    if outcome.complaint:
        say(f"gradcli: {outcome.complaint}")
    if view.json:
        from gradcli.report.document import dumps, with_spec

        write_line(dumps(with_spec(report.document(), outcome.spec)))
    elif view.markdown:
        from gradcli.report.markdown import markdown

        _write(markdown(report.tables(screen(view, None))))
    elif view.latex:
        from gradcli.report.latex import latex

        _write(latex(report.tables(screen(view, None))))
    else:
        put(report.tables(screen(view, screen_width())._replace(begun=outcome.begun)))
    return outcome.code


def _write_files(outcome: Outcome, report: Report, view: View) -> None:
    if view.save:
        from gradcli.report.save import save

        save(view.save, report, outcome.spec, screen(view, None))
    if view.plot:
        from gradcli.report.plots import save_plot

        save_plot(view.plot, report.figure)
    if view.graph and outcome.problem is not None:
        from gradcli.report.graph import graph, save_graph

        problem, found = outcome.problem, outcome.steps()
        primals = outcome.at or problem.primals
        save_graph(view.graph, graph(problem.title, found.steps, primals, found.gradients))


def screen(view: View, width: int | None) -> Screen:
    """Where tables go, ``width`` columns wide, with as many digits as ``view`` wants."""
    from gradcli.report.report import Screen

    return Screen(width, None if view.full else view.digits or Screen().digits)


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
    from gradcli.cli.console import SafeConsole  # rich takes its time

    width = screen_width()
    console = SafeConsole(width or 1 << 20)
    try:
        for renderable in renderables:
            console.print(renderable, soft_wrap=width is None, crop=False)
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()


def screen_width() -> int | None:
    """How many columns the terminal has; None where stdout is none."""
    if not sys.stdout.isatty():
        return None
    from gradcli.cli.console import SafeConsole

    return SafeConsole(None).width
