"""Completion in real shells: what Tab makes of a line."""

from __future__ import annotations

import os
import pty
import select
import shutil
import sys
import time
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent

STARTS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
SETUP = {
    "bash": 'bind "set bell-style none"; eval "$(_GRADCLI_COMPLETE=bash_source gradcli)"\n',
    "zsh": 'autoload -Uz compinit; compinit -u; eval "$(_GRADCLI_COMPLETE=zsh_source gradcli)"\n',
    "fish": "_GRADCLI_COMPLETE=fish_source gradcli | source\n",
}

LINES = {
    "gradcli himm": "gradcli himmelblau",
    "gradcli check ms": "gradcli check mse",
    "gradcli mse --hidden-a": "gradcli mse --hidden-act",
    "gradcli mse --act sigm": "gradcli mse --act sigmoid",
    "gradcli mse --act=sigm": "gradcli mse --act=sigmoid",
    "gradcli mse --hidden 3,4 --w3 glorot_u": "gradcli mse --hidden 3,4 --w3 glorot_uniform",
    "gradcli ops hard_s": "gradcli ops hard_sigmoid",
    "gradcli descend beale --optimizer nest": "gradcli descend beale --optimizer nesterov",
    "gradcli run some_sp": "gradcli run some_spec.toml",
    "gradcli mse --x some_d": "gradcli mse --x some_data.csv",
}


class Shell:
    """An interactive shell on a terminal of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.chdir(folder)
            env = {"PATH": f"{BIN}:{os.environ['PATH']}", "TERM": "dumb", "HOME": str(folder)}
            env |= {n: os.environ[n] for n in ["PYTHONPATH"] if n in os.environ}
            os.execvpe(STARTS[name][0], STARTS[name], env)

    def type(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def until(self, wanted: str, seconds: float = 20) -> str:
        seen = ""
        end = time.monotonic() + seconds
        while wanted not in seen:
            ready, _, _ = select.select([self.terminal], [], [], max(0, end - time.monotonic()))
            assert ready, f"{wanted!r} is not in {seen!r}"
            seen += os.read(self.terminal, 4096).decode(errors="replace")
        return seen

    def close(self) -> None:
        self.type("\x03\nexit\n")
        os.close(self.terminal)
        os.waitpid(self.child, 0)


@pytest.mark.parametrize("name", [n for n in STARTS if shutil.which(n)])
def test_tab_completes(name: str, tmp_path: Path) -> None:
    (tmp_path / "some_spec.toml").write_text("")
    (tmp_path / "some_data.csv").write_text("")
    shell = Shell(name, tmp_path)
    try:
        shell.type(SETUP[name] + "echo rea''dy\n")
        shell.until("ready\r\n")
        for line, completed in LINES.items():
            # To the line's end, so that what is echoed is what stood there.
            shell.type(f"{line}\t\x01echo \x05 e''nd\n")
            assert f"{completed} end" in " ".join(shell.until("end\r\n").split()), line
    finally:
        shell.close()
