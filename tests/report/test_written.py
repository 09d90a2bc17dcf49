"""Answers as Markdown and LaTeX: read back with a parser of the language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.console import Group
from rich.table import Table
from rich.text import Text

from gradcli.report.latex import latex, number
from gradcli.report.markdown import markdown
from gradcli.report.parts import is_number

HOSTILE = r"a|b *c* _d_ `e` <f> &amp; [g](h) \i \* $j$ {k} %l #m ~n^o \end{tabular} \\ !p"
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C")), min_size=1)


def table(*rows: tuple[str, ...], head: tuple[str, ...] = ("name", "value")) -> Table:
    made = Table(*head)
    for row in rows:
        made.add_row(*map(Text, row))
    return made


def read(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(text)


def content(token: Token) -> str:
    """The text that an inline token shows."""
    assert all(child.type in ("text", "text_special", "strong_open", "strong_close")
               for child in token.children or [])  # fmt: skip
    return "".join(child.content for child in token.children or [])


def cells(tokens: list[Token]) -> Iterator[list[str]]:
    row: list[str] = []
    for token, after in pairwise(tokens):
        if token.type == "tr_open":
            row = []
        elif token.type in ("th_open", "td_open"):
            row.append(content(after))
        elif token.type == "tr_close":
            yield row


def test_markdown() -> None:
    parts = [
        Text(HOSTILE, style="bold"),
        Text.assemble("\nloss ", ("-1.5e-07", "bold cyan")),
        Group(Text("# no heading"), table((HOSTILE, "-1.5"), ("y", "  2e+300 "))),
        Text("z = f(x)  1x2"),
        Text("  value  ```  1"),
        Text("  ```"),
        Text("1. no list"),
    ]
    written = markdown(parts)
    tokens = read(written)
    kinds = [token.type for token in tokens if token.level == 0 and token.nesting >= 0]
    assert kinds == ["paragraph_open"] * 3 + ["table_open", "fence", "paragraph_open"]
    paragraphs = [content(b) for a, b in pairwise(tokens) if a.type == "paragraph_open"]
    assert paragraphs == [HOSTILE, "loss -1.5e-07", "# no heading", "1. no list"]
    assert "loss **-1.5e-07**" in written
    assert list(cells(tokens)) == [["name", "value"], [HOSTILE, "-1.5"], ["y", "2e+300"]]
    assert "| :-- | --: |" in written
    [fence] = [token for token in tokens if token.type == "fence"]
    assert fence.content == "z = f(x)  1x2\n  value  ```  1\n  ```\n"


@settings(max_examples=40)
@given(texts, texts)
def test_any_text_comes_through_markdown(first: str, second: str) -> None:
    tokens = read(markdown([Text(first), table((first, second))]))
    assert content(tokens[1]) == first
    assert list(cells(tokens))[1] == [first, second]


def structure(text: str) -> list[str]:
    """Checks braces, mathematics and environments, and gives the environments in order."""
    found = []
    for name, inside in re.findall(r"\\begin\{(\w+)\}(.*?)\\end\{\1\}", text, re.S):
        found.append(name)
        if name == "verbatim":
            text = text.replace(inside, "")
    assert text.count(r"\begin{") == text.count(r"\end{") == len(found)
    bare = re.sub(r"\\[\\{}$&#_%]", "", text)
    depth = 0
    rows = [line for line in text.splitlines() if line.endswith(r" \\")]
    assert all(len(re.findall(r"(?<!\\)&", row)) == 1 for row in rows)
    for line in bare.splitlines():
        assert line.count("$") % 2 == 0
        outside = re.sub(r"\$[^$]*\$", "", line)
        assert not re.search(r"[#_%^~|<>]", outside)
        for brace in re.findall("[{}]", line):
            depth += 1 if brace == "{" else -1
            assert depth >= 0
        assert depth == 0
    return found


def test_latex() -> None:
    parts = [
        Text("\u03b1\u03a9 -> 2 linear", style="bold"),
        table((HOSTILE, "-1.5e-07"), ("[1]", "2")),
        table(("a", "nan"), ("b", "-inf"), head=("", "")),
        Text("  value  \\end{verbatim} 100%"),
    ]
    written = latex(parts)
    assert structure(written) == ["tabular", "tabular", "verbatim"]
    assert r"\textbf{$\alpha$$\Omega$ $\to$ $2$ linear}" in written
    assert r"{}[1] & $2$ \\" in written
    assert r" & $-1.5 \times 10^{-7}$ \\" in written
    assert "{}a & $\\mathrm{nan}$ \\\\\n{}b & $-\\infty$ \\\\" in written
    assert written.count(r"\begin{tabular}{lr}") == 2
    escaped = written.partition("{}a$|$b")[2].partition(" & ")[0]
    assert r"\textbackslash{}end\{tabular\}" in escaped
    assert r"*c* \_d\_ \char96{}e" not in written
    assert "  value  \\end {verbatim} 100%\n" in written


@settings(max_examples=40)
@given(texts, texts)
def test_any_text_is_good_latex(first: str, second: str) -> None:
    assert structure(latex([Text(first), table((first, second))])) == ["tabular"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12.5", "$12.5$"),
        ("-3", "$-3$"),
        ("1e+300", r"$1 \times 10^{300}$"),
        ("-2.5E-07", r"$-2.5 \times 10^{-7}$"),
        ("inf", r"$\infty$"),
    ],
)
def test_numbers_in_latex(text: str, expected: str) -> None:
    assert number(text) == expected
    assert is_number(text)


@settings(max_examples=40)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_in_latex_is_itself(value: float) -> None:
    found = re.fullmatch(r"\$(-?[\d.]+)(?: \\times 10\^\{(-?\d+)\})?\$", number(repr(value)))
    assert found
    assert float(f"{found[1]}e{found[2] or 0}") == value


def test_what_cannot_be_seen_is_written_as_an_escape() -> None:
    for written in (markdown, latex):
        text = written([Text("a\x1b[31m\u202eb"), table(("\x07", "\x9b"))])
        assert not {c for c in text if not c.isprintable()} - {"\n"}
        assert "x1b" in text
