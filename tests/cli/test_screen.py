"""What people see: tables at fixed widths, plain text in a pipe, pictures in files."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from gradcli.model import Model
from gradcli.report.answers import AnswerReport
from gradcli.report.arrays import array_table
from gradcli.report.report import Screen
from gradcli.report.traced import Traced
from gradcli.trace import trace_of
from tests.conftest import Gradcli

SPEC = {"loss": "mse", "x": "1,2,4", "y": "0,1", "w": "0.5,-1;0.25,2;1,0.125", "b": "ones"}
"""All exact in binary: z = [6, 4.5], error [6, 3.5], loss (36 + 12.25) / 2, dz = error."""

SCREEN = """\
mse: 3 -> 2 linear, batch 1, float32, seed 0
loss 24.125
dloss/dw  3x2
╭───┬──────┬──────╮
│   │    0 │    1 │
├───┼──────┼──────┤
│ 0 │  6.0 │  3.5 │
│ 1 │ 12.0 │  7.0 │
│ 2 │ 24.0 │ 14.0 │
╰───┴──────┴──────╯
dloss/db  2
╭──┬─────┬─────╮
│  │   0 │   1 │
├──┼─────┼─────┤
│  │ 6.0 │ 3.5 │
╰──┴─────┴─────╯
"""


def screen(parts: Any, width: int, encoding: str = "utf-8") -> str:
    buffer = io.BytesIO()
    file = io.TextIOWrapper(buffer, encoding=encoding, errors="strict")
    console = Console(file=file, width=width, markup=False, highlight=False)
    for part in parts:
        console.print(part, crop=False)
    file.flush()
    return buffer.getvalue().decode(encoding)


def report(model: Model, trace: bool) -> Any:
    answer = model.evaluate()
    found = AnswerReport(answer)
    return Traced(found, trace_of(answer.result), "loss") if trace and answer.result else found


def rendered(width: int, full: bool = False, trace: bool = False, **spec: Any) -> str:
    tables = report(Model.from_spec(spec or SPEC), trace).tables(Screen(width, None if full else 6))
    return screen(tables, width)


def test_the_whole_screen() -> None:
    assert rendered(80) == SCREEN


@pytest.mark.parametrize("width", [20, 30, 40, 80, 200])
@pytest.mark.parametrize("trace", [False, True])
def test_no_line_is_wider_than_the_screen(width: int, trace: bool) -> None:
    text = rendered(width, trace=trace, loss="ce", hidden=40, out=12, **{"in": 30})
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "..." in text
    if trace:  # as many columns as fit in one line, or below the name where it leaves no room
        line = text.split("dloss/dz1")[1].split("rule")[0]
        assert len(line.strip().splitlines()) == 1


@pytest.mark.parametrize("width", [40, 80])
def test_numbers_are_never_broken_on_an_ordinary_screen(width: int) -> None:
    model = Model.from_spec({"loss": "ce", "in": 30, "out": 12, "seed": 3})
    gradient = model.evaluate().gradients["w"]
    text = screen([array_table("w", gradient, Screen(width))], width)
    shown = [c.strip() for line in text.splitlines() if "│" in line for c in line.split("│")[2:-1]]
    numbers = {f"{v:.6g}" for v in gradient.reshape(-1)}
    assert {c for c in shown if "." in c and c != "..."} <= numbers
    norm = text.split("norm ")[1].split()[0]
    assert float(norm) == pytest.approx(np.linalg.norm(gradient), rel=5e-6)


def test_wide_arrays_keep_both_ends() -> None:
    text = screen([array_table("w", np.arange(3000.0).reshape(30, 100), Screen(60))], 60)
    assert " 99 " in text
    assert "│  29 │" in text
    assert "│  10 │" not in text
    full = screen([array_table("w", np.arange(900.0).reshape(30, 30), Screen(60, None))], 500)
    assert "899.0" in full
    assert "..." not in full


def test_without_a_terminal_nothing_is_left_out(gradcli: Gradcli) -> None:
    ran = gradcli("ce --in 60 --out 40 --hidden 50 --batch 2")
    assert "..." not in ran.out
    document = gradcli("ce --in 60 --out 40 --hidden 50 --batch 2 --json").json
    words = set(ran.out.replace("│", " ").split())
    full = set(gradcli("ce --in 60 --out 40 --hidden 50 --batch 2 --full").out.split())
    for gradient in document["grads"].values():
        numbers = np.array(gradient, np.float32).reshape(-1)
        assert {str(v) for v in numbers} <= full
        assert {f"{v:.6g}" for v in numbers} <= words


def test_trace_gives_every_step_with_the_rule_in_its_names(gradcli: Gradcli) -> None:
    out = gradcli("mse --x 1,2,4 --y 0.5,1 --w 0 --b 0 --act sigmoid --trace").out
    assert (
        "z = dense(x, w, b)  1x2\n  value     0.0  0.0\n  dloss/dz  0.0  -0.125\n"
        "  rule      dw = x.T @ g, db = sum of g over the batch\n"
        "a = sigmoid(z)  1x2\n  value     0.5  0.5\n  dloss/da  0.0  -0.5\n"
        "  rule      dz = g * a * (1 - a)\n"
        "v1 = squared_difference(a, y)  1x2\n  value      0.0  0.25\n  dloss/dv1  0.5  0.5\n"
        "  rule       da = g * 2 * (a - y)\n"
    ) in out


def test_ascii_where_the_encoding_has_no_boxes() -> None:
    model = Model.from_spec({"loss": "ce", "in": 30, "out": 12})
    parts = report(model, True).tables(Screen(60))
    assert screen(parts, 60, "ascii").isascii()


def run(*args: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "gradcli", *args],
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", **env},
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}, {"NO_COLOR": "1"},
        {"TERM": "dumb"}, {"FORCE_COLOR": "1"}, {"COLUMNS": "20"}, {"PYTHONUTF8": "0"},
    ],
    ids=str,
)  # fmt: skip
def test_environments_are_survived(env: dict[str, str]) -> None:
    ran = run("mse", "--in", "3", "--out", "2", "--act", "sigmoid", **env)
    assert ran.returncode == 0
    assert ran.stderr == b""
    assert b"0.42609" in ran.stdout
    assert (b"\x1b[" in ran.stdout) == ("FORCE_COLOR" in env)
    assert ran.stdout.isascii() == ("LC_ALL" in env)


def test_a_closed_pipe_ends_quietly() -> None:
    gradcli = f"{sys.executable} -m gradcli ce --in 200 --out 200 --full"
    command = f"{gradcli} | head -1; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    assert ran.stdout.splitlines()[-1] == "0"


def test_a_full_disk_and_a_closed_stdout_are_one_line_or_none() -> None:
    for redirect, code in ((">/dev/full", "2"), (">&-", "0")):
        command = f"{sys.executable} -m gradcli mse --in 3 --out 2 {redirect}; echo $? >&2"
        ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
        assert ran.stderr.splitlines()[-1] == code
        assert "Traceback" not in ran.stderr
        assert len(ran.stderr.splitlines()) <= 2


def test_save_every_kind(gradcli: Gradcli, tmp_path: Path) -> None:
    command = "mse --in 3 --out 2 --act sigmoid --hidden 2 --json --trace --save"
    answer = gradcli(f"{command} {tmp_path / 'a.json'}").json
    assert json.loads((tmp_path / "a.json").read_text()) == answer

    for extension in ("npz", "csv", "svg", "html"):
        assert gradcli(f"{command} {tmp_path / f'a.{extension}'}").code == 0
    with np.load(tmp_path / "a.npz") as archive:
        assert float(archive["loss"]) == np.float32(answer["loss"])
        assert archive["grads.w1"].dtype == np.float32
        np.testing.assert_array_equal(archive["grads.w1"], np.float32(answer["grads"]["w1"]))
        np.testing.assert_array_equal(archive["params.b2"], np.float32(answer["params"]["b2"]))
    rows = list(csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text())))
    assert float(rows[0]["value"]) == answer["loss"]
    [entry] = [
        r
        for r in rows
        if (r["quantity"], r["name"], r["row"], r["column"]) == ("grad", "w1", "2", "1")
    ]
    assert float(entry["value"]) == answer["grads"]["w1"][2][1]
    svg, html = ((tmp_path / f"a.{e}").read_text() for e in ("svg", "html"))
    assert svg.startswith("<svg")
    assert "<html" in html
    for text in (svg, html):
        assert f"{answer['loss']:.6g}" in text
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "a.csv",
        "a.html",
        "a.json",
        "a.npz",
        "a.svg",
    ]


def test_ops(gradcli: Gradcli) -> None:
    assert "g * (1 - y^2)" in gradcli("ops tanh").out
    assert gradcli("ops tanh --json").json["tanh"]["rules"] == ["g * (1 - y^2)"]
    assert len(gradcli("ops --json").json) > 80
    assert "not differentiable" in gradcli("ops argmax").out
