"""Pictures, graphs, Markdown and LaTeX from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Gradcli


def test_a_picture_has_the_range_that_is_asked_for(gradcli: Gradcli, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "a.svg"
    for command in ("formula log(x) x=1", "descend formula (x-3)^2 x=0 --steps 2"):
        sizes = set()
        for ends in ("", "--from -3", "--from -3 --to 4"):
            ran = gradcli(f"{command} --plot {path} {ends}")
            assert (ran.code, ran.err) == (0, "")
            sizes.add(path.read_bytes())
        assert len(sizes) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--from 1", "--from: goes with --plot"),
        ("--to 1", "--to: goes with --plot"),
        ("--plot a.svg --from 2 --to 1", "--from: must be below the end of the range"),
        ("--plot a.svg --to 1,2", "--to: must be one number"),
        ("--plot a.svg --from x", "--from: must be a number, or one for each variable"),
        ("--graph a.txt", "--graph: 'a.txt' must end in one of .dot, .mmd, .svg"),
        ("--markdown --latex", "--latex: does not go with --markdown"),
    ],
)
def test_mistakes(options: str, message: str, gradcli: Gradcli) -> None:
    pytest.importorskip("matplotlib")
    ran = gradcli(f"formula x^2 x=1 {options}")
    assert ran.code == 2
    assert ran.err.startswith(f"gradcli: error: {message}")
    assert ran.err.count("\n") == 1


def test_graphs_of_every_problem(gradcli: Gradcli, tmp_path: Path) -> None:
    for command, node in {
        "formula x^2*y x=3 y=4": 'n0["x<br/>value 3.0<br/>gradient 24.0"]',
        "mse --x 1,2 --y 1 --w 3;4 --b 0": 'n1["b<br/>value [0.0]<br/>gradient [20.0]"]',
        # At the end of the walk: x = 0 - 0.5 * 2 (0 - 3) = 3, where the gradient is 0.
        "descend formula (x-3)^2 x=0 --lr 0.5 --steps 1": (
            'n0["x<br/>value 3.0<br/>gradient 0.0"]'
        ),
    }.items():
        assert gradcli(f"{command} --graph {tmp_path / 'a.mmd'}").code == 0
        assert node in (tmp_path / "a.mmd").read_text()


def test_markdown_and_latex(gradcli: Gradcli) -> None:
    for command, row in {
        "formula x^2*y x=3 y=4": ("x", "3.0", "24.0"),
        "descend formula (x-3)^2 x=0 --lr 0.5 --steps 1": ("1", "3.0", "0.0", "0.0"),
        "check formula x*3 x=1": ("x", "scalar", "1"),
    }.items():
        assert f"| {' | '.join(row)} |" in gradcli(f"{command} --markdown").out
        numbers = [cell if cell in ("x", "scalar") else f"${cell}$" for cell in row]
        assert f"{{}}{' & '.join(numbers)} " in gradcli(f"{command} --latex").out
