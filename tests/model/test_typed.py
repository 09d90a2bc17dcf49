"""The face of ``gradcli.model``: what a type checker knows of it is what there is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import gradcli.model

USES = """
from gradcli.model import Model
reveal_type(Model.from_spec({}))
from gradcli.model import Modle
"""


def test_a_misspelt_import_fails(tmp_path: Path) -> None:
    (tmp_path / "uses.py").write_text(USES)
    mypy = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", str(tmp_path / "uses.py")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    revealed, error = mypy.stdout.splitlines()
    assert '"gradcli.model.model.Model"' in revealed
    assert 'has no attribute "Modle"' in error
    assert all(getattr(gradcli.model, name).__doc__ for name in gradcli.model.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Modle'"):
        gradcli.model.Modle  # noqa: B018
