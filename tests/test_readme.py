"""The manual is run: what README and the help pages claim to print is what is printed."""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from gradcli import catalogue
from gradcli.cli.exits import guarded
from gradcli.cli.help import topics
from gradcli.cli.main import cli
from tests.cli.test_help import commands
from tests.conftest import Gradcli

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "gradcli" / "help").glob("*.md"))]
TEXTS = {page: page.read_text() for page in PAGES}
BLOCKS = [
    (page, block)
    for page, text in TEXTS.items()
    for block in re.findall(r"```console\n(.*?)```", text, re.S)
]


MOST_LINES = {"README": 250, "tensorflow": 450, "tensors": 450}
"""A page is short, 200 lines; but for the two of a course, which are read from top to bottom."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Path]:
    """For each page a folder with its files."""
    found = {}
    for page, text in TEXTS.items():
        found[page] = tmp_path_factory.mktemp(page.stem)
        for name, body in re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", text, re.S):
            (found[page] / name).write_text(body)
    return found


NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]\d+)?(?!\w)")
BY_CHANCE = re.compile(r"│ (?:\[[\d, ]*\])? +│[^│]*│[^│]*│[^│]*│ pass *│")
"""Which entry is the worst is decided by rounding, where a check passes."""


def assert_same_screen(printed: str, expected: str) -> None:
    """Equal but for the last digits of numbers, which depend on the processor."""
    texts = [BY_CHANCE.sub("", text) for text in (printed, expected)]
    found, wanted = (
        [re.sub("─+", "─", word) for word in NUMBER.sub(" # ", text).split()] for text in texts
    )
    assert found == wanted, f"{printed}\n is not\n{expected}"
    numbers, wanted_numbers = ([float(n) for n in NUMBER.findall(text)] for text in texts)
    assert numbers == pytest.approx(wanted_numbers, rel=2e-5, abs=1e-8)


def printed(command: str) -> str:
    """What a line of shell prints on stdout and stderr; plain ones run in this process."""
    plain, ends, _ = command.partition('; echo "exit $?"')
    words = shlex.shlex(plain, posix=True, punctuation_chars=True)
    words.commenters = ""
    if all(set(word) - set("();<>|&$") for word in words) and plain.startswith("gradcli "):
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = guarded(cli, shlex.split(plain)[1:])
        return out.getvalue() + (f"exit {code}\n" if ends else "")
    env = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
    }
    ran = subprocess.run(
        ["bash", "-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=env,
        check=False,
    )
    return ran.stdout


@pytest.mark.parametrize(
    ("page", "block"), BLOCKS, ids=[f"{p.stem} {b.splitlines()[0][2:]}" for p, b in BLOCKS]
)
def test_console_blocks(
    page: Path, block: str, folders: dict[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folders[page])
    monkeypatch.setenv("COLUMNS", "80")
    for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.M):
        assert_same_screen(printed(command), expected)


@pytest.mark.parametrize("page", [p for p, t in TEXTS.items() if ">>>" in t], ids=lambda p: p.stem)
def test_python_blocks(page: Path) -> None:
    failed, attempted = doctest.testfile(str(page), module_relative=False)
    assert attempted > 0
    assert failed == 0


def test_it_starts_with_two_commands_for_a_fresh_clone() -> None:
    run, test = re.findall(r"```sh\n(.*?)\n```", TEXTS[README], re.S)[:2]
    assert run.startswith("python3 -m venv .venv && ")
    assert run.endswith(".venv/bin/gradcli mse --in 3 --out 2 --act sigmoid")
    assert test.endswith("pytest -q -n auto --dist loadfile")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_pages_are_short_and_speak_of_what_there_is(page: Path, gradcli: Gradcli) -> None:
    text = TEXTS[page]
    assert len(text.splitlines()) <= MOST_LINES.get(page.stem, 200)
    assert re.match(r"# \S.*\n\n", text)
    options = {
        name
        for _, command in commands()
        for param in [*command.params, *([command.get_help_option(click.Context(command))])]
        if isinstance(param, click.Option)
        for name in param.opts
    }
    prose = re.sub(r"```\w*\n.*?```", "", text, flags=re.S)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*\b", prose))
    assert named <= options
    for topic in set(re.findall(r"`gradcli help ([a-z]+)`", text)):
        assert gradcli(f"help {topic}").code == 0
    files = re.findall(r"\]\(([^):]+)\)", text)
    assert all((page.parent / name).exists() for name in files)


def test_the_list_names_every_page_by_its_title(gradcli: Gradcli) -> None:
    lines = gradcli("help").out.splitlines()
    for page in PAGES[1:]:
        title = TEXTS[page].partition("\n")[0].removeprefix("# ")
        assert any(line.split() == [page.stem, *title.split()] for line in lines)
        assert page.stem in topics()


def test_tables_are_those_of_the_catalogue(
    gradcli: Gradcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(catalogue.OPTIMIZERS, "lion", "the sign |of| momentum")
    assert r"| `lion` | the sign \|of\| momentum |" in gradcli("help descend").out
    assert "these speak of it: descend" in gradcli("help lion").err
    named = {t for text in TEXTS.values() for t in re.findall(r"<!-- table: (\w+) -->", text)}
    assert named > {"LOSSES", "ACTIVATIONS", "INITIALISERS", "ARRAY_FILES", "LANDSCAPES"}


def test_help_shows_pages_commands_and_ops(gradcli: Gradcli) -> None:
    shown = gradcli("help values").out
    assert shown.startswith("# Values")
    assert "<!--" not in shown
    assert gradcli("help mse").out == gradcli("mse --help").out
    assert gradcli("help check mse").out == gradcli("check mse --help").out
    assert gradcli("help tanh").out == gradcli("ops tanh").out


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        ("chekc", "there is no page 'chekc'; did you mean 'check'?"),
        ("sigmod", "there is no page 'sigmod'; did you mean 'sigmoid'?"),
        ("nesterov", "there is no page 'nesterov'; these speak of it: descend"),
        ("optimizers", "there is no page 'optimizers'; these speak of it: changes, descend"),
        ("q\x1bq", r"there is no page 'q\x1bq': gradcli help lists them"),
        ("../start", "there is no page '../start'"),
    ],
)
def test_help_on_what_is_not_there(topic: str, words: str, gradcli: Gradcli) -> None:
    ran = gradcli("help", topic)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err


def test_completion_knows_the_pages() -> None:
    context = click.Context(cli.get_command(click.Context(cli), "help") or cli, click.Context(cli))
    [topic] = context.command.params[:1]
    found = {item.value for item in topic.shell_complete(context, "c")}
    assert {"check", "conventions", "ce"} <= found


def test_a_terminal_gets_the_page_laid_out(monkeypatch: pytest.MonkeyPatch) -> None:
    paged: list[str] = []
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(click, "echo_via_pager", paged.append)
    monkeypatch.setattr("signal.signal", lambda number, action: None)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    assert guarded(cli, ["help", "conventions"]) == 0
    [text] = paged
    plain = re.sub(r"\x1b\[[\d;]*m", "", text)
    assert "# Conventions" not in plain
    assert "Conventions: gradients" in plain
    assert max(map(len, plain.splitlines())) <= 60
