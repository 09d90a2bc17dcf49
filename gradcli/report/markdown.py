"""Tables and lines as Markdown, with pipe tables as GitHub has them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from gradcli.report.parts import Aligned, Cells, Words, parts_of


def markdown(renderables: Iterable[Any]) -> str:
    """Rich renderables as Markdown: every character that would mean something is escaped."""
    return "\n\n".join(map(_written, parts_of(renderables))) + "\n"


def _written(part: Words | Cells | Aligned) -> str:
    if isinstance(part, Aligned):
        return _fenced(part.lines)
    return _table(part) if isinstance(part, Cells) else _paragraph(part)


def _fenced(lines: list[str]) -> str:
    runs = [len(run) for line in lines for run in re.findall("`+", line)]
    fence = "`" * max([3, *[run + 1 for run in runs]])
    return "\n".join([fence, *lines, fence])


def _paragraph(words: Words) -> str:
    runs = []
    for text, bold in words.runs:
        inner = text.strip()
        before, _, after = text.partition(inner) if inner else (text, "", "")
        runs.append(f"{before}**{escape(inner)}**{after}" if bold and inner else escape(text))
    line = "".join(runs).strip()
    # What begins a heading, a list or a rule at the start of a line.
    return re.sub(r"^(?=[#+=-])|^\d+(?=[.)])", lambda found: rf"{found[0]}\\"[:-1], line)


def _table(cells: Cells) -> str:
    rows = [cells.head, ["--:" if right else ":--" for right in cells.right], *cells.rows]
    lines = [
        f"| {' | '.join(row if i == 1 else [escape(cell) for cell in row])} |"
        for i, row in enumerate(rows)
    ]
    return "\n".join([f"**{escape(cells.title)}**\n"] * bool(cells.title) + lines)


def escape(text: str) -> str:
    return re.sub(r"[\\`*_\[\]<>|~&$]", r"\\\g<0>", text)
