"""How an answer is wanted: the options that every answer takes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from gradcli.cli.options import PATH
from gradcli.errors import GradcliError

if TYPE_CHECKING:
    from gradcli.report.report import Screen

SAVED = (".npz", ".safetensors", ".json", ".csv", ".html", ".svg")
DRAWN = (".png", ".svg", ".pdf")
GRAPHS = (".dot", ".mmd", ".svg")


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
    junit: str | None = None
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    """The ends of what a picture shows, one for all variables or one for each."""
    brief: bool = False
    """Whether an answer is a line instead of tables, where it can be: there are many."""

    @property
    def tables(self) -> bool:
        """Whether tables are printed, for people."""
        return not (self.json or self.markdown or self.latex)

    @property
    def writes_spec(self) -> bool:
        """Whether JSON is written, which names the problem."""
        return self.json or (self.save or "").lower().endswith(".json")

    @property
    def file(self) -> str | None:
        """The option of a file that can hold one answer only, if there is one."""
        return next((f"--{n}" for n in ("save", "plot", "graph") if getattr(self, n)), None)

    def screen(self, width: int | None) -> Screen:
        """Where tables go, ``width`` columns wide, with as many digits as are wanted."""
        from gradcli.report.report import Screen

        return Screen(width, None if self.full else self.digits or Screen().digits)


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
        _file("junit", (".xml",), "A JUnit report, for continuous integration"),
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
