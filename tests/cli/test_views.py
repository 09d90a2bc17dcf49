"""Every problem under every verb: its JSON runs again, and every view of it works."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcli.formula import Formula
from tests.conftest import Gradcli

PROBLEMS = {
    "model": "mse --in 3 --out 2 --hidden 2 --hidden-act tanh --act sigmoid",
    "formula": "formula 'y = x*w; sum(y^2) + v' x=1,2 w=3 v=0.5",
    "drawn": "formula 'sum(a@b)' a=normal(2,3) b=he_normal(3,1) --seed 7 --dtype float32",
    "landscape": "beale --start 2,1",
}
VERBS = {
    "": "",
    "check": "check {} --method ridders --tol 1e-5",
    "descend": "descend {} --steps 5 --lr 0.001 --optimizer adam --every 2",
}


def commands() -> list[str]:
    made = []
    for problem in PROBLEMS.values():
        made += [verb.format(problem) or problem for verb in VERBS.values()]
    return made


@pytest.mark.parametrize("command", commands())
def test_an_answer_names_its_problem_and_gives_itself_again(command: str, gradcli: Gradcli) -> None:
    first = gradcli(f"{command} --json")
    assert first.err == ""
    verb = command.partition(" ")[0]
    expected = verb if verb in VERBS else "descend" if verb == "beale" else None
    assert first.json["spec"].get("verb") == expected
    for document in (first.out, json.dumps(first.json["spec"])):
        again = gradcli("run - --json", stdin=document.encode())
        assert (again.code, again.err) == (first.code, "")
        assert again.json == first.json


def test_data_from_files_stay_data_when_run_again(gradcli: Gradcli, tmp_path: Path) -> None:
    """A fit of s = 1.5 t - 2/3 to a table: the normal equations give it exactly."""
    data = tmp_path / "d.csv"
    data.write_text("t,s\n1,1\n2,2\n3,4\n")
    words = ("mean((a*t+b-s)^2)", f"t={data}:t", f"s={data}:s", "a=0", "b=0", "--lr", "0.1")
    first = gradcli("descend", "formula", *words, "--steps", "2000", "--json").json
    assert first["end"] == pytest.approx({"a": 1.5, "b": -2 / 3}, abs=1e-6)
    assert first["spec"]["wrt"] == ["a", "b"]
    data.unlink()
    again = gradcli("run - --json", stdin=json.dumps(first["spec"]).encode()).json
    assert again == first


def test_the_verb_of_the_command_line_wins(gradcli: Gradcli) -> None:
    walked = gradcli("descend formula x^2 x=3 --steps 2 --tol 1e-9 --json").out.encode()
    checked = gradcli("check run - --json", stdin=walked).json
    assert checked["verdict"] == "pass"
    assert checked["spec"]["verb"] == "check"
    assert "steps" not in checked["spec"]
    longer = gradcli("descend run - --steps 4 --json", stdin=walked).json
    assert longer["steps"] == longer["spec"]["steps"] == 4
    assert longer["spec"]["tol"] == 1e-9


@pytest.mark.parametrize("command", commands())
def test_every_view_of_it_works(command: str, gradcli: Gradcli, tmp_path: Path) -> None:
    for view in ("--trace", "--full", "--digits 3", "--markdown", "--latex --trace"):
        ran = gradcli(f"{command} {view}")
        assert (ran.code, ran.err) == (0, ""), view
        assert ran.out.count("\n") > 2
    for name in ("a.npz", "a.json", "a.csv", "a.html", "a.svg"):
        assert gradcli(f"{command} --json --trace --save {tmp_path / name}").code == 0
        assert (tmp_path / name).stat().st_size > 100
    document = gradcli(f"{command} --json --trace").json
    assert json.loads((tmp_path / "a.json").read_text()) == document
    assert {step["op"] for step in document["trace"]}
    with np.load(tmp_path / "a.npz") as archive:
        assert archive.files
    head, *rows = (tmp_path / "a.csv").read_text().splitlines()
    assert rows
    assert all(row.count(",") >= head.count(",") for row in rows)
    for name in ("g.dot", "g.mmd"):
        assert gradcli(f"{command} --graph {tmp_path / name}").code == 0
        assert "sum" in (tmp_path / name).read_text() or "beale" in command or "mse" in command


def test_views_that_exclude_each_other(gradcli: Gradcli) -> None:
    for view in ("--json --latex", "--markdown --latex"):
        ran = gradcli(f"mse --in 2 --out 1 {view}")
        assert (ran.code, ran.out) == (2, "")
        assert "does not go with" in ran.err


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ('{"formula": "x^2", "loss": "mse"}', "formula: does not go with loss"),
        ('{"formula": 3}', "formula: must be text"),
        ('{"formula": "x", "values": [1]}', "must be text, and its values a table"),
        ('{"formula": "x", "values": {"x": 1}, "wrt": 3}', "wrt: must be names"),
        ('{"formula": "x", "values": {"x": 1}, "wtr": "x"}', "did you mean 'wrt'?"),
        ('{"formula": "x", "values": {"x": "normal"}}', "give it a shape"),
        ('{"landscape": "himmelblua"}', "did you mean 'himmelblau'?"),
        ('{"landscape": "beale", "start": [1]}', "start: must be two numbers"),
        ('{"loss": "mse", "verb": "chekc"}', "verb: unknown value 'chekc'"),
        ('{"loss": "mse", "in": 2, "out": 1, "verb": "check", "method": "cnetral"}', "'central'?"),
        ('{"loss": "mse", "in": 2, "out": 1, "verb": "descend", "steps": -1}', "steps: must be a"),
        ('{"loss": "mse", "in": 2, "out": 1, "verb": ["check"]}', "verb: unknown value"),
        ("{}", "names no problem"),
        ('{"loss": "mse", "x": {"file": "x.npy"}}', "x: a table must have file and sha256"),
        ('{"loss": "mse", "x": {"file": "x.npy", "sha256": "0"}}', "x: x.npy: No such file"),
        ('{"loss": "mse", "x": {"file": "-", "sha256": "0"}}', "x: -: has changed since"),
    ],
)
def test_bad_documents(document: str, message: str, gradcli: Gradcli) -> None:
    ran = gradcli("run -", stdin=document.encode())
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert ran.err.count("\n") == 1


def test_a_large_file_stays_named_by_its_path_and_its_digest(
    gradcli: Gradcli, tmp_path: Path
) -> None:
    data = tmp_path / "big.npz"
    x = np.linspace(-1, 1, 12_003).reshape(4001, 3)
    np.savez(data, x=x, w=[[1.0], [2], [3]])
    digest = hashlib.sha256(data.read_bytes()).hexdigest()
    commands = (
        f"mse --x {data}:x --y 0 --w {data}:w",
        f"formula 'mean(x@w)' x={data}:x w={data}:w",
        f"check formula 'sum((x@w)^2)' x={data}:x w={data}:w --wrt w",
    )
    answers = [gradcli(f"{command} --json") for command in commands]
    for ran in answers:
        spec = ran.json["spec"]
        named = spec["x"] if "x" in spec else spec["values"]["x"]
        assert named == {"file": f"{data}:x", "sha256": digest}
        assert gradcli("run - --json", stdin=json.dumps(spec).encode()).json == ran.json
    np.savez(data, x=-x, w=[[1.0], [2], [3]])
    for ran in answers:
        again = gradcli("run - --json", stdin=json.dumps(ran.json["spec"]).encode())
        assert (again.code, list(again.json)) == (2, ["error", "line"])
        assert "big.npz:x: has changed since: its SHA-256" in again.err


def test_a_trace_and_a_graph_take_the_gradient_that_there_is(
    gradcli: Gradcli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The formula is differentiated once for all three."""
    values = []
    forward = Formula.forward

    def counted(self: Formula, *args: Any) -> Any:
        values.append(forward(self, *args))
        return values[-1]

    monkeypatch.setattr(Formula, "forward", counted)
    ran = gradcli(f"formula x^2 x=3 --trace --graph {tmp_path / 'x.dot'} --json")
    assert ran.json["grads"] == {"x": 6.0}
    assert (tmp_path / "x.dot").exists()
    assert len(values) == 1


def test_a_digest_is_taken_only_where_a_spec_is_written(
    gradcli: Gradcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []

    def counted(path: str) -> str:
        taken.append(path)
        return "0"

    monkeypatch.setattr("gradcli.inputs.opening.fingerprint", counted)
    np.save(tmp_path / "big.npy", np.ones((4001, 3)))
    command = f"mse --x {tmp_path / 'big.npy'} --y 0 --w 1"
    for view, times in (("", 0), (f"--save {tmp_path / 'a.npz'}", 0), ("--json", 1)):
        taken.clear()
        assert gradcli(f"{command} {view}").code == 0
        assert len(taken) == times, view
