"""Showing results: the options every answer takes, and the one console."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from gradcli.cli.exits import discard_output

if TYPE_CHECKING:
    from rich.console import Console

    from gradcli.problem import Problem

SAVE_EXTENSIONS = (".npz", ".json", ".csv", ".html", ".svg")


class View(NamedTuple):
    """How an answer is wanted."""

    json: bool
    trace: bool
    full: bool
    save: str | None


PLOT_EXTENSIONS = (".png", ".svg", ".pdf")


def _save_path(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    return _writable(value, SAVE_EXTENSIONS)


def plot_path(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """A callback for --plot: the path, if it can be a picture's."""
    return _writable(value, PLOT_EXTENSIONS)


def _writable(value: str | None, extensions: tuple[str, ...]) -> str | None:
    if value is None:
        return None
    if os.path.splitext(value)[1].lower() not in extensions:
        raise click.BadParameter(f"{value!r} must end in one of {', '.join(extensions)}")
    folder = os.path.dirname(value)
    if folder and not os.path.isdir(folder):
        raise click.BadParameter(f"there is no folder {folder!r}")
    return value


def view_options() -> list[click.Parameter]:
    return [
        click.Option(["--json"], is_flag=True, help="One JSON object instead of tables."),
        click.Option(["--trace"], is_flag=True, help="Every step with its gradient and rule."),
        click.Option(["--full"], is_flag=True, help="Every entry and digit of every array."),
        click.Option(
            ["--save"],
            metavar="FILE",
            callback=_save_path,
            help="Also save the answer: .npz .json .csv .html .svg.",
        ),
    ]


def take_view(options: dict[str, Any]) -> View:
    """The View among the parsed ``options``, removed from them."""
    return View(*[options.pop(name) for name in View._fields])


def write_line(text: str) -> None:
    """One line on stdout. A reader that has gone away is no error."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()


def answer(
    as_json: bool,
    document: Callable[[], Any],
    render: Callable[[int | None], Iterable[Any]],
) -> None:
    """Print the document as JSON, or what ``render(width)`` gives: see ``show``."""
    if as_json:
        from gradcli.report.document import dumps

        write_line(dumps(document()))
    else:
        show(render)


def apart(problems: Iterable[Problem], as_json: bool) -> Iterator[Any]:
    """The problems one by one, an empty line between the tables of each."""
    for i, problem in enumerate(problems):
        if i and not as_json:
            write_line("")
        yield problem


def show(render: Callable[[int | None], Iterable[Any]]) -> None:
    """Print what ``render(width)`` gives; width is None where stdout is not a terminal."""
    terminal = sys.stdout.isatty()
    console = make_console(terminal)
    try:
        for renderable in render(console.width if terminal else None):
            console.print(renderable, soft_wrap=not terminal, crop=False)
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()


def make_console(terminal: bool) -> Console:
    """The console on stdout: as wide as it takes where nothing limits it."""
    from gradcli.cli.console import SafeConsole

    return SafeConsole(width=None if terminal else 1 << 20)
