"""The console on stdout: it shows what came from outside, and obeys none of it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions
from rich.segment import Segment
from rich.text import Text

from gradcli.cli.exits import discard_output
from gradcli.suggest import printable


class SafeConsole(Console):
    """A console to which only styles of our own give escape sequences; nor has it a markup."""

    def __init__(self, width: int | None, **settings: Any) -> None:
        super().__init__(width=width, highlight=False, emoji=False, markup=False, **settings)

    @property
    def encoding(self) -> str:
        """That of the stream; where the locale is C, ASCII is what a terminal is sure to show."""
        variables = (os.environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
        locale = next(filter(None, variables), "")
        return "ascii" if locale in ("C", "POSIX") else super().encoding

    def render(self, renderable: Any, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            seen = segment.control or segment.text.isprintable()
            yield segment if seen else Segment(_lines(segment.text), segment.style)

    def render_str(self, text: str, **settings: Any) -> Text:
        # Before it is measured: a table's column is then wide enough.
        return super().render_str(_lines(text), **settings)

    def on_broken_pipe(self) -> None:  # rich's own would exit with 1
        discard_output()


def _lines(text: str) -> str:
    """``text`` printable, but for the ends of lines, which make up the layout."""
    return "\n".join(map(printable, text.split("\n")))
