"""Programs that are compiled once."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def compiled(source: str, folder: Path) -> Path:
    """The program of a C source beside this file; a test that needs it is skipped without cc."""
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    program = folder / source.removesuffix(".c")
    subprocess.run(["cc", "-O2", "-o", program, HERE / source, "-lm"], check=True)
    return program


@pytest.fixture(scope="session")
def layers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled("layers.c", tmp_path_factory.mktemp("layers"))


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled("client.c", tmp_path_factory.mktemp("client"))
