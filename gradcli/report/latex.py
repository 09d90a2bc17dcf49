"""Tables and lines as LaTeX, to be put into a document; it takes no package."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from gradcli.report.parts import Aligned, Cells, Words, is_number, parts_of

_ESCAPES = {
    **{c: rf"\{c}" for c in "{}$&#_%"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"$|$",
    '"': r"\char34{}",
    "-": r"-{}",  # two would become a dash
    "→": r"$\to$",
    "∞": r"$\infty$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
}
_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi - pi rho varsigma "
    "sigma tau upsilon phi chi psi omega"
)
_CAPITALS = "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
"""Those that differ from Latin ones: the others have no name."""


def _greek() -> dict[str, str]:
    names = {name: chr(0x3B1 + i) for i, name in enumerate(_GREEK.split())}
    capitals = {name: names[name.lower()].upper() for name in _CAPITALS.split()}
    letters = {name: letter for name, letter in (names | capitals).items() if name != "-"}
    return {letter: rf"$\{name}$" for name, letter in letters.items()}


_ALL = _ESCAPES | _greek()


def latex(renderables: Iterable[Any]) -> str:
    """Rich renderables as paragraphs, tabular and verbatim; numbers are mathematics."""
    return "\n\n".join(map(_written, parts_of(renderables))) + "\n"


def _written(part: Words | Cells | Aligned) -> str:
    if isinstance(part, Aligned):
        lines = [line.replace(r"\end{verbatim}", r"\end {verbatim}") for line in part.lines]
        return "\n".join([r"\begin{verbatim}", *lines, r"\end{verbatim}"])
    return _table(part) if isinstance(part, Cells) else _paragraph(part)


def _paragraph(words: Words) -> str:
    runs = [rf"\textbf{{{line(run)}}}" if bold else line(run) for run, bold in words.runs]
    return r"\noindent " + "".join(runs)


def _table(cells: Cells) -> str:
    columns = "".join("r" if right else "l" for right in cells.right)
    head = [_row(cells.head), r"\hline"] if any(cells.head) else []
    tabular = [
        rf"\begin{{tabular}}{{{columns}}}",
        r"\hline",
        *head,
        *map(_row, cells.rows),
        r"\hline",
        r"\end{tabular}",
    ]
    title = [rf"\noindent \textbf{{{line(cells.title)}}}", ""] if cells.title else []
    return "\n".join([*title, r"\noindent", *tabular])


def _row(row: list[str]) -> str:
    # The row before ends in \\, which would take a [ or a * for its own.
    return "{}" + " & ".join(map(line, row)) + r" \\"


def line(text: str) -> str:
    """``text`` with the words that are numbers set as such, and all else escaped."""
    parts = re.split(r"(\s+|[,;:](?=\s|$))", text)
    return "".join(number(part) if is_number(part) else escape(part) for part in parts)


def number(text: str) -> str:
    r"""A number as mathematics: ``-1.5e-07`` is ``$-1.5 \times 10^{-7}$``."""
    digits, _, exponent = text.lower().partition("e")
    sign = "-" if digits.startswith("-") else ""
    size = digits.lstrip("+-")
    if size in ("nan", "inf", "infinity"):
        return rf"${sign}\infty$" if size[0] == "i" else r"$\mathrm{nan}$"
    power = rf" \times 10^{{{int(exponent)}}}" if exponent else ""
    return f"${sign}{size}{power}$"


def escape(text: str) -> str:
    return "".join(_ALL.get(character, character) for character in text.replace("->", "→"))
