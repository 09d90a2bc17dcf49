"""Terminals and shells: nothing from outside reaches them raw; signals leave nothing behind."""

from __future__ import annotations

import ast
import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from gradcli.cli import exits, perform, signals
from gradcli.cli.console import SafeConsole
from gradcli.report.document import dumps
from gradcli.report.replace import UNFINISHED
from gradcli.suggest import printable
from tests.conftest import Gradcli

EVIL = "a\x1b[31m\x07\x7f\x9b2J\u202e\u2066\r\nb"
SHOWN = r"a\x1b[31m\x07\x7f\x9b2J\u202e\u2066\r\nb"


@given(st.text(st.characters(exclude_characters="\\'\"")))
@example(EVIL)
@example("\udcff")
def test_printable_is_one_line_that_can_be_read_back(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert ast.literal_eval(f"'{shown}'") == text
    assert printable(shown) == shown
    if text.isprintable():
        assert shown == text


@settings(max_examples=30)
@given(st.text())
@example(EVIL)
def test_json_holds_no_control_character_and_loses_none(text: str) -> None:
    line = dumps({text: text})
    assert line.isprintable()
    assert json.loads(line) == {text: text}
    if text.isprintable() and not {*text} & {*'"\\'}:
        assert text in line


def test_what_an_encoding_does_not_have_is_escaped_as_json_has_it() -> None:
    formula = {"id": "Zoë 😀", "formula": "x^2", "values": {"x": 3}}
    command = [*GRADCLI, "run", "-", "--json"]
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    ran = subprocess.run(
        command, input=json.dumps(formula).encode(), capture_output=True, env=env, check=True
    )
    assert ran.stdout.startswith(rb'{"id": "Zo\u00eb \ud83d\ude00", ')
    assert json.loads(ran.stdout)["id"] == formula["id"]


def test_the_console_shows_what_it_is_given_and_obeys_none_of_it() -> None:
    table = Table()
    table.add_column(EVIL.replace("\n", ""))
    table.add_row(EVIL.replace("\n", ""))
    for width in (200, 1 << 20):
        out = io.StringIO()
        console = SafeConsole(width, file=out)
        for renderable in (Text(EVIL), EVIL, table):
            console.print(renderable)
        shown = out.getvalue()
        assert all(line.isprintable() for line in shown.split("\n"))
        # Of \a and \r, which rich drops from its Text, nothing else needs to be seen.
        assert shown.count(r"a\x1b[31m") == 4
        assert shown.count(r"\x7f\x9b2J\u202e\u2066") == 4


def test_names_from_outside_are_escaped_in_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gradcli: Gradcli
) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("g.npz", **{"w": np.ones((1, 1)), "b": np.ones(1), EVIL: np.ones(1)})
    Path(f"{EVIL}.toml").write_text('loss = "mse"\nin = 0')
    Path("evil.toml").write_text(f"loss = {json.dumps(EVIL)}\nin = 1\nout = 1".replace("\x7f", ""))
    for args in (
        ["mse", "--in", "1", "--out", "1", "--act", EVIL],
        ["mse", "--in", "1", "--out", "1", "--x", f"{EVIL}.npy"],
        ["mse", "--in", "1", "--out", "1", "--x", f"g.npz:{EVIL}x"],
        ["mse", "--in", "1", "--out", "1", "--save", f"{EVIL}/a.npz"],
        ["mse", f"--{EVIL}"],
        [EVIL],
        ["--debug", "mse", "--in", "1", "--out", "1", "--x", f"{EVIL}.npy"],
        ["run", f"{EVIL}.toml"],
        ["run", "evil.toml"],
        ["check", "mse", "--in", "1", "--out", "1", "--against", "g.npz"],
        ["formula", f"x # {EVIL}", "x=1"],
        ["formula", "x", f"{EVIL}=1"],
        ["formula", f"@{EVIL}"],
    ):
        ran = gradcli(*args)
        for line in (ran.out + ran.err).split("\n"):
            assert line.isprintable(), args
        assert "a\\x1b[31m" in ran.out + ran.err, args


def test_a_mistake_in_a_formula_still_takes_two_lines(gradcli: Gradcli) -> None:
    first, second, end = gradcli("formula", "x +\f sinn(x)", "x=1").err.split("\n")
    assert first.endswith(r": x +\x0c sinn(x)")
    assert (first[len(second) - 1 :], end) == ("sinn(x)", "")


def test_a_comment_is_shown_with_all_that_it_holds(gradcli: Gradcli) -> None:
    assert gradcli("formula", "x # \x07\x1b[2J", "x=1").out.startswith(r"x # \x07\x1b[2J" + "\n")


# Signals and pipes, with processes of their own

HELD = """
import os, sys, time
import click
from gradcli.cli.main import cli
from gradcli.report.replace import replace_file

def held(file):
    try:
        os.write(2, b"held\\n")
        while True:
            time.sleep(5)
    finally:
        time.sleep(0.05)
        os.write(2, b"undone\\n")

cli.add_command(click.Command("held", callback=lambda: replace_file("a.json", held)))
sys.argv = ["gradcli", "held"]
from gradcli.__main__ import main
main()
"""
"""A command that hangs while it saves."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def listening(*ignored: signal.Signals) -> Callable[[], None]:
    """Signals as a shell hands them on, whatever the tests themselves were started with."""

    def prepare() -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)

    return prepare


@pytest.mark.parametrize(
    ("sent", "ignored", "code", "words"),
    [
        ([signal.SIGINT], [], 130, "undone\ngradcli: interrupted"),
        ([signal.SIGINT] * 5, [], 130, "undone\ngradcli: interrupted"),
        ([signal.SIGTERM], [], 143, "undone"),
        ([signal.SIGHUP], [], 129, "undone"),
        ([signal.SIGHUP, signal.SIGTERM], [signal.SIGHUP], 143, "undone"),
    ],
    ids=["one ctrl-c", "five", "term", "hup", "nohup"],
)
def test_a_signal_leaves_nothing_behind(
    sent: list[signal.Signals],
    ignored: list[signal.Signals],
    code: int,
    words: str,
    tmp_path: Path,
) -> None:
    (tmp_path / "a.json").write_text("old")
    process = subprocess.Popen(
        [sys.executable, "-c", HELD], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=tmp_path, preexec_fn=listening(*ignored),
    )  # fmt: skip
    assert process.stderr is not None
    assert process.stderr.readline() == "held\n"
    assert len(list(tmp_path.iterdir())) == 2
    for number in sent:
        process.send_signal(number)
        time.sleep(0.005)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err.split()) == (code, "", words.split())
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def test_a_signal_after_a_second_does_not_wait_for_the_end_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(code: int) -> None:
        raise RuntimeError(code)

    monkeypatch.setattr(os, "_exit", end)
    for first, ago, number, code in (
        (signal.SIGINT, 2.0, signal.SIGINT, 130),
        (signal.SIGINT, 0.1, signal.SIGTERM, 143),
        (0, 2.0, signal.SIGTERM, 143),
    ):
        monkeypatch.setattr(signals, "_came", (first, time.monotonic() - ago))
        (tmp_path / "part").touch()
        UNFINISHED.add(str(tmp_path / "part"))
        with pytest.raises(RuntimeError, match=str(code)):
            signals._handle(number, None)
        assert not list(tmp_path.iterdir())
    monkeypatch.setattr(signals, "_came", (signal.SIGINT, time.monotonic()))
    signals._handle(signal.SIGINT, None)


def test_one_interrupt_ends_a_list_of_problems(
    monkeypatch: pytest.MonkeyPatch, gradcli: Gradcli
) -> None:
    def interrupted(*args: object) -> int:
        begun.append(args)
        return 130

    begun: list[object] = []
    monkeypatch.setattr(perform, "_perform", interrupted)
    specs = b'{"loss": "mse", "in": 1, "out": 1}\n' * 3
    assert gradcli("descend run -", stdin=specs).code == 130
    assert len(begun) == 1


def test_a_terminal_that_is_gone_is_not_the_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def hung_up() -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    assert exits.guarded(click.Command("x", callback=hung_up), []) == 2
    assert capsys.readouterr().err == "gradcli: error: output: Input/output error\n"
    monkeypatch.setattr(exits, "exit_code", lambda: 129)
    assert exits.guarded(click.Command("x", callback=hung_up), []) == 129
    assert capsys.readouterr().err == ""


GRADCLI = [sys.executable, "-m", "gradcli"]
COMPLETE = {"COMP_WORDS": "gradcli m", "COMP_CWORD": "1"}


@pytest.mark.parametrize("args", [["--help"], ["mse", "--in", "9", "--out", "9"], []])
def test_a_reader_that_goes_away_is_no_error(args: list[str]) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    env = {**os.environ, **({} if args else {"_GRADCLI_COMPLETE": "bash_complete", **COMPLETE})}
    ran = subprocess.run(
        GRADCLI + args, stdout=theirs, stderr=subprocess.PIPE, env=env, check=False
    )
    os.close(theirs)
    assert (ran.returncode, ran.stderr) == (0, b"")


def test_a_stream_without_end_stops_where_nobody_reads_on() -> None:
    endless = ["yes", '{"formula": "x^2", "values": {"x": 3}}']
    with subprocess.Popen(endless, stdout=subprocess.PIPE) as specs:
        run = [*GRADCLI, "run", "-", "--json"]
        with subprocess.Popen(run, stdin=specs.stdout, stdout=subprocess.PIPE) as answers:
            assert specs.stdout is not None
            assert answers.stdout is not None
            specs.stdout.close()
            assert json.loads(answers.stdout.readline())["value"] == 9.0
            answers.stdout.close()
            try:
                assert answers.wait(10) == 0
            finally:
                answers.kill()


def test_completion_says_nothing_else() -> None:
    env = {**os.environ, "_GRADCLI_COMPLETE": "bash_complete", **COMPLETE}
    ran = subprocess.run(GRADCLI, capture_output=True, text=True, env=env, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert {"plain,mse", "plain,mae"} <= {*ran.stdout.splitlines()}


def test_a_full_disk_behind_stdout_is_one_line() -> None:
    with open("/dev/full", "w") as full:
        ran = subprocess.run(
            [*GRADCLI, "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert ran.returncode == 2
    assert ran.stderr == "gradcli: error: output: No space left on device\n"
