"""Help, version and completion: complete, and light."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import click
import pytest

import gradcli
from gradcli.cli.main import cli
from tests.conftest import Gradcli


def commands() -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []

    def visit(path: str, command: click.Command) -> None:
        found.append((path, command))
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                assert inner is not None
                visit(f"{path} {name}".strip(), inner)

    visit("", cli)
    return found


@pytest.mark.parametrize(("path", "command"), commands())
def test_every_command_has_help_and_every_leaf_an_example(
    path: str, command: click.Command, gradcli: Gradcli
) -> None:
    ran = gradcli(*path.split(), "--help")
    assert ran.code == 0
    assert ran.out.startswith("Usage: gradcli")
    assert "\n  [NAME=VALUE]" not in ran.out  # an argument has no row without a word
    if not isinstance(command, click.Group):
        assert f"Example: gradcli {path}" in ran.out
    for param in command.params:
        if isinstance(param, click.Option):
            assert param.help


def examples() -> list[str]:
    lines = [command.epilog or "" for _, command in commands()]
    return [line.partition("gradcli ")[2] for line in lines if "Example:" in line]


NEEDS_A_FILE = r"\.toml|\.py:|\./"


@pytest.mark.parametrize("example", [e for e in examples() if not re.search(NEEDS_A_FILE, e)])
def test_the_examples_of_the_help_run(example: str, gradcli: Gradcli) -> None:
    ran = gradcli(example)
    assert (ran.code, ran.err) == (0, "")


def test_a_verb_lists_its_problems_whole(gradcli: Gradcli) -> None:
    listed = gradcli("check --help").out
    assert re.search(r"\n  mae +A model with mean absolute error\.\n", listed)
    assert re.search(r"\n  himmelblau +Four equal minima\.\n", listed)
    assert "..." not in listed.partition("Models:")[2]


@pytest.mark.parametrize("columns", [40, 80])
def test_help_fits_the_terminal(columns: int) -> None:
    command = [sys.executable, "-m", "gradcli", "check", "run", "--help"]
    env = {**os.environ, "COLUMNS": str(columns)}
    out = subprocess.run(command, capture_output=True, text=True, env=env, check=True).stdout
    assert columns - 10 < max(map(len, out.splitlines())) <= columns


def test_version_and_no_command(gradcli: Gradcli) -> None:
    assert gradcli("--version").out == f"gradcli {globals()['gradcli'].__version__}\n"
    ran = gradcli()
    assert (ran.code, ran.out) == (2, "")
    assert "Usage: gradcli" in ran.err


PROBE = """
import sys, os
sys.argv = ["gradcli", *{args!r}]
os.environ.update({env!r})
os._exit = lambda code: print([m for m in {watched!r} if m in sys.modules])
from gradcli.cli.main import main
main()
"""


@pytest.mark.parametrize(
    ("args", "env", "loaded"),
    [
        (["--version"], {}, []),
        (["--help"], {}, []),
        (["mse", "--help"], {}, []),
        (["mse", "--in"], {}, []),
        (["help"], {}, []),
        (["help", "values"], {}, []),
        ([], {"_GRADCLI_COMPLETE": "bash_source"}, []),
        ([], {"_GRADCLI_COMPLETE": "bash_complete", "COMP_WORDS": "gradcli mse --act sig",
              "COMP_CWORD": "3"}, []),
        (["mse", "--in", "2", "--out", "1", "--json"], {}, ["numpy", "json"]),
        (["mse", "--in", "2", "--out", "1"], {}, ["numpy", "rich"]),
    ],
)  # fmt: skip
def test_what_a_command_loads(args: list[str], env: dict[str, str], loaded: list[str]) -> None:
    late = ("numpy.ma", "gradcli.engine.ops.others", "gradcli.inputs.formats")
    watched = ("numpy", "rich", "json", *late)
    probe = PROBE.format(args=args, env=env, watched=watched)
    ran = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert str(loaded) in ran.stdout
    if "bash_complete" in env.values():
        assert "plain,sigmoid" in ran.stdout


def test_python_m() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "gradcli", "--version"], capture_output=True, text=True, check=True
    )
    assert ran.stdout == f"gradcli {gradcli.__version__}\n"
