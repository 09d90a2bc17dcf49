"""What the tests share: the notes' cases, and the command line run in process."""

from __future__ import annotations

import io
import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

# On arrays this small a second thread only costs time, most of all beside other work.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import settings

from gradcli.cli.exits import guarded
from gradcli.cli.main import cli

# The same examples on every run, on a busy machine, too: a failure is then the change's own.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")

HERE = Path(__file__).parent
GOLDEN: dict[str, dict[str, Any]] = {
    case["name"]: case for case in json.loads((HERE / "golden.json").read_text())
}


class Ran(NamedTuple):
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        def refuse(name: str) -> None:
            raise AssertionError(f"{name} is not strict JSON")

        return json.loads(self.out, parse_constant=refuse)

    @property
    def answer(self) -> Any:
        """The JSON without the problem that it answers."""
        return {key: value for key, value in self.json.items() if key != "spec"}


Gradcli = Callable[..., Ran]


@pytest.fixture
def gradcli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Gradcli:
    """``gradcli("mse --in 3", stdin=b"...")``: run a command line, give what came of it."""

    def run(*args: str, stdin: bytes = b"") -> Ran:
        words = shlex.split(args[0]) if len(args) == 1 else list(args)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        code = guarded(cli, words)
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run
