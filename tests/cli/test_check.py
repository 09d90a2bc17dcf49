"""gradcli check: verdicts, exit codes, JSON, other people's gradients, bad input."""

from __future__ import annotations

import io
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradcli.cli.progress as progress_of
from gradcli.check import ops
from gradcli.engine import REGISTRY
from tests.conftest import Gradcli

MODEL = "mse --in 3 --out 2 --act sigmoid --batch 4"


def test_pass_fail_and_inconclusive(gradcli: Gradcli) -> None:
    ran = gradcli(f"check {MODEL}")
    assert (ran.code, ran.err) == (0, "")
    assert "pass: 8 entries of 2 parameters" in ran.out
    assert "rule" not in ran.out
    heads = "shape │ entries │ worst  │   backprop │    numeric │    error │ verdict"
    assert heads in ran.out
    assert len(ran.out.splitlines()) == 8  # title, a table of two rows, verdict
    explained = gradcli(f"check {MODEL} --explain").out
    assert "rule: |a - n| <= 1e-06 max(|a|, |n|) + uncertainty of n + 16 eps" in explained
    bad = json.dumps({"w": [[1, 2], [3, 4], [5, 6]], "b": [0, 0]}).encode()
    ran = gradcli(f"check {MODEL} --against -", stdin=bad)
    assert ran.code == 1
    assert "fail: 2 of 2 parameters, 8 entries compared\n" in ran.out
    assert "given" in ran.out
    ran = gradcli("check mae --x 1,1 --w 1;1 --y 2")
    assert ran.code == 3
    for where in ("w: kink at [0, 0]", "w: kink at [1, 0]", "b: kink at [0]"):
        told = f"{where}: slope -1 to the left, 1 to the right; backprop takes 0\n"
        assert told in ran.out
    assert "inconclusive: 2 of 2 parameters, 3 entries compared\n" in ran.out


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "bce", "ce"])
def test_every_loss_with_its_own_options(loss: str, gradcli: Gradcli) -> None:
    ran = gradcli(
        f"check {loss} --in 3 --out 2 --hidden 4 --hidden-act tanh --w1 normal --seed 2 --json"
    )
    assert ran.code == 0
    assert ran.json["verdict"] == "pass"


def test_the_json_contract(gradcli: Gradcli) -> None:
    answer = gradcli(f"check {MODEL} --json").json
    assert list(answer)[:5] == ["verdict", "params", "method", "step", "tolerance"]
    for verdict in answer["params"].values():
        assert {
            "entries", "max_abs_error", "max_rel_error", "worst_index", "backprop", "numeric",
            "kinks", "verdict", "cause",
        } <= set(verdict)  # fmt: skip
        worst = verdict["worst"]
        assert worst["index"] == verdict["worst_index"]
        assert worst["gradient"] == verdict["backprop"]
        assert worst["numeric"] == verdict["numeric"]
        off = abs(worst["gradient"] - worst["numeric"])
        assert worst["abs_error"] == off
        larger = max(abs(worst["gradient"]), abs(worst["numeric"]))
        assert worst["rel_error"] == pytest.approx(off / larger) == verdict["max_rel_error"]
    assert answer["params"]["w"]["entries"] == 6
    assert answer["params"]["w"]["shape"] == [3, 2]
    kink = gradcli("check formula abs(x)*y x=0 y=3 --json").json["params"]["x"]
    assert kink["one_sided"] == [{"index": [], "left": -3.0, "right": 3.0, "backprop": 0.0}]
    assert kink["worst"]["numeric"] is None
    jump = gradcli("check formula floor(x) x=2 --json").json["params"]["x"]
    assert jump["one_sided"] == [{"index": [], "left": None, "right": 0.0, "backprop": 0.0}]
    assert answer["params"]["w"]["cause"] is None
    assert answer["method"] == "central"
    assert answer["step"] == pytest.approx(np.finfo(float).eps ** (1 / 3))
    missing = gradcli(f"check {MODEL} --json --against -", stdin=b'{"w": [[0]]}')
    assert missing.json["params"]["b"]["cause"] == "missing"
    assert missing.json["params"]["b"]["backprop"] is None
    assert missing.json["params"]["b"]["worst"] is None
    assert missing.json["params"]["w"]["given_shape"] == [1, 1]


def test_run_and_several_specs(gradcli: Gradcli, tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text('loss = "mse"\nin = 2\nout = 1\n')
    (tmp_path / "kink.toml").write_text('loss = "mae"\nx = "1,1"\nw = "1;1"\ny = 2\n')
    good, kink = tmp_path / "good.toml", tmp_path / "kink.toml"
    assert gradcli(f"check run {good}").code == 0
    ran = gradcli(f"check run {kink} {good} --json")
    assert ran.code == 3
    assert [json.loads(line)["verdict"] for line in ran.out.splitlines()] == [
        "inconclusive",
        "pass",
    ]
    document = gradcli(f"run {good} --json").out.encode()
    assert gradcli("check run -", stdin=document).code == 0
    ran = gradcli(f"check run {good} {good} --against x.npz")
    assert ran.code == 2
    assert "--against: goes with one spec, not 2" in ran.err


def test_against_every_kind_of_file(gradcli: Gradcli, tmp_path: Path) -> None:
    whole = gradcli(f"{MODEL} --json --save {tmp_path / 'a.npz'}")
    grads = whole.json["grads"]
    (tmp_path / "grads.json").write_text(json.dumps(grads))
    np.savez(tmp_path / "grads.npz", **{n: np.float32(g) for n, g in grads.items()})
    for name in ("a.npz", "grads.json", "grads.npz"):
        ran = gradcli(f"check {MODEL} --against {tmp_path / name}")
        assert (ran.code, ran.err) == (0, ""), name
    assert gradcli(f"check {MODEL} --against -", stdin=whole.out.encode()).code == 0
    doubled = {name: (2 * np.array(g)).tolist() for name, g in grads.items()}
    ran = gradcli(f"check {MODEL} --against - --json", stdin=json.dumps(doubled).encode())
    assert ran.code == 1
    cause = "every entry is 2.000 times too large; 1/M missing: M = 2 is the number of outputs"
    assert {v["cause"] for v in ran.json["params"].values()} == {cause}
    extra = json.dumps({**grads, "x": [1]}).encode()
    ran = gradcli(f"check {MODEL} --against -", stdin=extra)
    assert ran.code == 0
    assert "'x' is no parameter of this problem (w, b), and not judged" in ran.err


def test_a_document_brings_the_gradients_that_are_judged(gradcli: Gradcli) -> None:
    square = {"formula": "x^2", "values": {"x": 3.0}}
    documents = [
        {**square, "grads": {"x": 6}},
        {"spec": square, "grads": {"dx": 6.1}},
        {**square, "grads": {"x": [[6], 6]}},
        {**square, "grads": 6},
        square,
    ]
    lines = "\n".join(map(json.dumps, documents)).encode()
    ran = gradcli("check run - --json", stdin=lines)
    right, wrong, ragged, number, none = map(json.loads, ran.out.splitlines())
    assert ran.code == 2
    assert [d["verdict"] for d in (right, wrong, none)] == ["pass", "fail", "pass"]
    assert "line 3: grads: x is not a list of numbers" in ragged["error"]
    assert "line 4: grads: must be arrays by name, not 6" in number["error"]
    assert none["params"]["x"]["given_shape"] is None
    again = gradcli("run - --json", stdin=json.dumps(wrong["spec"]).encode())
    assert (again.code, again.json) == (1, wrong)
    plain = gradcli("run - --json", stdin=json.dumps(documents[0]).encode())
    assert plain.json["grads"] == {"x": 6}
    ran = gradcli("check run -", stdin=json.dumps({**square, "grads": {"x": 6, "z": 1}}).encode())
    assert (ran.code, ran.err.count("grads: 'z' is no parameter")) == (0, 1)


def test_gradients_taken_at_the_data_as_given_or_as_rounded_pass(
    gradcli: Gradcli, tmp_path: Path
) -> None:
    command = "check mse --x .1,.7 --w 1;-1 --b .6000001 --y 0 --against"
    x, w, b = np.array([[0.1, 0.7]]), np.array([[1.0], [-1.0]]), np.array([0.6000001])
    for name, dtype in (("given", np.float64), ("rounded", np.float32)):
        px, pw, pb = (a.astype(dtype).astype(np.float64) for a in (x, w, b))
        dz = 2 * (px @ pw + pb)
        np.savez(tmp_path / f"{name}.npz", w=px.T @ dz, b=dz[0])
    ran = gradcli(f"{command} {tmp_path / 'given.npz'}")
    assert (ran.code, ran.err) == (0, "")
    assert "judged at" not in ran.out
    ran = gradcli(f"{command} {tmp_path / 'rounded.npz'}")
    assert (ran.code, ran.err) == (0, "")
    for name in ("w", "b"):
        assert f"\n{name}: judged at given data rounded to float32\n" in ran.out
    answer = gradcli(f"{command} {tmp_path / 'rounded.npz'} --json").json
    assert {v["point"] for v in answer["params"].values()} == {"given data rounded to float32"}
    assert {v["verdict"] for v in answer["params"].values()} == {"pass"}
    ran = gradcli(f"{command} {tmp_path / 'rounded.npz'} --dtype float64")
    assert ran.code == 1


def test_what_is_not_measured_is_counted_and_named(gradcli: Gradcli) -> None:
    ran = gradcli("check formula a*x+1e9 x=1 a=1e-9 --wrt x")
    assert ran.code == 3
    assert "x: not measured: 1 of 1 entry; the numeric derivative is uncertain by " in ran.out
    answer = gradcli("check formula a*x+1e9 x=1 a=1e-9 --wrt x --json").json
    assert answer["params"]["x"]["not_measured_at"] == [[]]
    assert answer["params"]["x"]["not_measured"] == 1
    assert answer["params"]["x"]["below_noise"] == 0
    assert gradcli("check", "formula", "sum(a*x)", "x=1,1", "a=1e9,1e-9", "--wrt", "x").code == 0


@pytest.mark.parametrize(
    ("formula", "values", "code"),
    [
        ("log(x)", "x=1e-6", 0), ("x*log(x)", "x=1e-6", 0), ("sqrt(x)", "x=1e-7", 0),
        ("arcsin(x)", "x=0.999999", 0), ("sin(x*1e160)*1e160", "x=1", 1),
        ("var(x,ddof=2)", "x=1,2", None), ("sqrt(relu(x))", "x=-1", None),
        ("x^2", "x=[3]", 0), ("[x]", "x=3", 0), ("sum(x)", "x=[]", 0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("extra", [["--sweep"], ["--json", "--sweep"]])
def test_edges_of_domains_and_shapes(
    formula: str, values: str, code: int | None, extra: list[str], gradcli: Gradcli
) -> None:
    ran = gradcli("check", "formula", formula, values, *extra)
    assert ran.code == code if code is not None else ran.code in (0, 1, 2, 3)
    assert ran.err.count("\n") <= 1
    assert "Warning" not in ran.err


def test_sweep(gradcli: Gradcli, tmp_path: Path) -> None:
    ran = gradcli(f"check {MODEL} --sweep --json")
    assert len(ran.json["sweep"]) == 14
    assert 1e-7 < ran.json["best_step"] < 1e-3
    assert "best" in gradcli(f"check {MODEL} --sweep").out
    pytest.importorskip("matplotlib")
    for kind, begins in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")):
        path = tmp_path / f"sweep.{kind}"
        assert gradcli(f"check {MODEL} --sweep --plot {path}").code == 0
        assert path.read_bytes().startswith(begins)


def test_without_matplotlib_one_line_says_what_to_install(
    gradcli: Gradcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    ran = gradcli(f"check {MODEL} --sweep --plot {tmp_path / 'a.png'}")
    assert ran.code == 2
    assert ran.err == (
        "gradcli: error: --plot: needs matplotlib: install gradcli with the extra plot, "
        "gradcli[plot]\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_ops(gradcli: Gradcli, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [name for name, op in REGISTRY.items() if op.differentiable]
    with monkeypatch.context() as patch:  # that they pass is tested elsewhere
        patch.setattr(ops, "_check_op", lambda op: ops.OpVerdict(op.name, 1, 0, 0, "pass", None))
        ran = gradcli("check ops")
    assert ran.code == 0
    assert f"{len(names)} ops, 0 failed" in ran.out
    answer = gradcli("check ops tanh matmul --json").json
    assert list(answer["ops"]) == ["tanh", "matmul"]
    assert answer["verdict"] == "pass"


def test_a_value_that_is_not_finite(gradcli: Gradcli) -> None:
    ran = gradcli("check mse --x nan --y 1 --w 1")
    assert ran.code == 1
    assert "the value is not finite: x holds nan at [0, 0]" in ran.err
    verdict = "fail: the value is not finite: x holds nan at [0, 0]; nothing was compared\n"
    assert ran.out.endswith(verdict)
    assert (
        gradcli("check mse --x nan --y 1 --w 1 --json").json["nonfinite"] == "x holds nan at [0, 0]"
    )


def test_given_gradients_are_shown_in_the_digits_of_their_dtype(gradcli: Gradcli) -> None:
    """1/3 in float32 is 0.33333334; in float64 0.3333333333333333."""
    given = json.dumps({"w": [[1 / 3]], "b": [1 / 3]}).encode()
    command = "check mse --x 1 --y 1 --w 1 --b 0 --full --against -"
    single = gradcli(command, stdin=given).out
    assert "0.33333334 " in single
    double = gradcli(f"{command} --dtype float64", stdin=given).out
    assert "0.3333333333333333 " in double
    answer = gradcli(f"{command} --json", stdin=given).json
    assert answer["params"]["w"]["backprop"] == 0.33333334


def test_long_work_is_announced_with_how_to_shorten_it(
    gradcli: Gradcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = "check mse --in 20 --out 5"
    assert gradcli(command).err == ""
    monkeypatch.setattr(sys.modules["gradcli.check.check"], "LONG", 0)
    ran = gradcli(command)
    assert ran.code == 0
    told = r"gradcli: checking 105 entries will take about \d+ seconds; --sample N checks N entries"
    assert re.match(told, ran.err)


def test_an_interrupt_shows_what_is_done(gradcli: Gradcli, monkeypatch: pytest.MonkeyPatch) -> None:
    checking = sys.modules["gradcli.check.check"]
    right = checking.measure

    def measure(claim: Any, *args: Any) -> Any:
        if claim.name == "w2":
            raise KeyboardInterrupt
        return right(claim, *args)

    monkeypatch.setattr(checking, "measure", measure)
    command = "check mse --in 3 --hidden 4 --out 2 --act sigmoid"
    ran = gradcli(command)
    assert (ran.code, ran.err) == (130, "gradcli: interrupted\n")
    rows = {line.split()[1]: line for line in ran.out.splitlines() if line.startswith("│")}
    assert list(rows)[1:] == ["w1", "b1", "w2", "b2"]
    assert "pass" in rows["b1"]  # what is small comes first
    assert "pass" in rows["b2"]
    assert "not reached" in rows["w1"]
    assert "inconclusive: 6 entries of 4 parameters, interrupted\n" in ran.out
    ran = gradcli(f"{command} --json")
    assert ran.code == 130
    assert ran.json["stopped"] == "interrupted"
    assert ran.json["params"]["w1"]["verdict"] == "not reached"


def test_the_bar_appears_however_long_a_step_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(progress_of, "PATIENCE", 0.01)
    with progress_of.Bar("checking", 10):  # and no step of it is over
        deadline = time.monotonic() + 5
        while "checking" not in sys.stderr.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert "checking" in sys.stderr.getvalue()
        assert "0%" in sys.stderr.getvalue()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("check", "Usage: gradcli check"),
        ("check mse", "--in: needed"),
        (f"check {MODEL} --method centre", "unknown value 'centre'; did you mean 'central'?"),
        (f"check {MODEL} --step 0", "must be a number above 0, not 0"),
        (f"check {MODEL} --tol -1", "must be a number above 0, not -1"),
        (f"check {MODEL} --tol nan", "must be a number above 0, not nan"),
        (f"check {MODEL} --sample 0", "must be a whole number from 1, not 0"),
        (f"check {MODEL} --sample x", "must be a whole number from 1, not 'x'"),
        (f"check {MODEL} --against no.npz", "no.npz: No such file or directory"),
        (f"check {MODEL} --against setup.cfg", "setup.cfg: holds no numbers"),
        (f"check {MODEL} --against -", "-: standard input is empty"),
        (f"check {MODEL} --plot a.png", "--plot: goes with --sweep"),
        (f"check {MODEL} --sweep --plot a.gif", "must end in one of .png, .svg, .pdf"),
        (f"check {MODEL} --sweep --method ridders", "--sweep: ridders chooses its own steps"),
        (f"check {MODEL} --act relu --method complex", "analytic throughout; relu is not"),
        (
            "check mse --in 2000 --out 2000 --method central",
            "--sample: 4,002,000 entries would take",
        ),
        ("check ops tahn", "there is no op 'tahn'"),
        ("check ops argmax", "argmax is not differentiable"),
    ],
)
def test_bad_input(command: str, message: str, gradcli: Gradcli) -> None:
    ran = gradcli(command)
    assert ran.code == 2
    assert ran.out == ""
    assert message in ran.err
    assert command == "check" or ran.err.count("\n") == 1


@pytest.mark.parametrize("data", [b'{"w": "a"}', b'{"w": [[1],[2,3]]}', b'{"w": {}}', b"{"])
def test_bad_gradients(data: bytes, gradcli: Gradcli) -> None:
    ran = gradcli(f"check {MODEL} --against -", stdin=data)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("gradcli: error: -: ")
    assert ran.err.count("\n") == 1


BIG = "check ce --in 784 --hidden 256 --out 10 --w he_normal"


def test_a_large_problem_says_how_it_was_proven_and_can_be_run_again(gradcli: Gradcli) -> None:
    ran = gradcli(BIG)
    assert (ran.code, ran.err) == (0, "")
    assert "method directions, for the size of the problem" in ran.out
    told = re.search(
        r"proven along 24 random directions: 203,530 entries of 4 parameters, (.*)", ran.out
    )
    assert told is not None
    assert re.fullmatch(
        r"each gradient right to [1-9]\.\de-05 of its norm, but for a chance of 4e-09", told[1]
    )
    assert "6 directions" in ran.out
    document = gradcli(f"{BIG} --json")
    answer = document.json
    assert (answer["method"], answer["by_size"]) == ("directions", True)
    assert "method" not in answer["spec"]  # it is chosen again
    w1 = answer["params"]["w1"]
    assert (w1["entries"], w1["worst"], w1["drawn"]) == (200_704, None, False)
    proof = w1["proof"]
    assert proof["holds"]
    assert 0 < proof["bound"] < 1e-4 * proof["norm"]
    off = abs(proof["worst"]["gradient"] - proof["worst"]["numeric"])
    assert off == proof["worst"]["error"] <= proof["worst"]["allowed"]
    again = gradcli("run - --json", stdin=document.out.encode()).json
    assert again == answer


def test_entries_of_a_large_file_are_compared_with_what_is_proven(
    gradcli: Gradcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert gradcli(f"{BIG.removeprefix('check ')} --save theirs.npz").code == 0
    assert gradcli(f"{BIG} --against theirs.npz").code == 0
    with np.load("theirs.npz") as file:
        theirs = {name: file[name] for name in file}
    theirs["grads.w1"][3, 17] += 1
    theirs["grads.w1"][9, 2] += 2
    np.savez("wrong.npz", **theirs)
    ran = gradcli(f"{BIG} --against wrong.npz")
    assert ran.code == 1
    assert "w1: 2 of 200,704 entries off: [3, 17], [9, 2]" in ran.out
    assert "given" in ran.out
    assert "proven" in ran.out
    assert "proven along 24 random directions: the gradients to compare with, 203,530" in ran.out


def test_directions_by_name_and_what_they_do_not_go_with(gradcli: Gradcli) -> None:
    ran = gradcli(f"check {MODEL} --method directions --explain")
    assert ran.code == 0
    assert "for the size" not in ran.out
    assert "rule: |<g, v> - n| <= 1e-06 |g v| + uncertainty of n" in ran.out
    ran = gradcli(f"check {MODEL} --method directions --sample 3")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("gradcli: error: --sample: goes with methods that look at")
    assert gradcli(f"check {MODEL} --method directions --sweep").err.startswith(
        "gradcli: error: --sweep: directions chooses its own steps"
    )


@pytest.mark.parametrize("x", ["1e-320", "-5e-324"])
def test_a_point_below_the_normal_numbers_has_a_verdict(x: str, gradcli: Gradcli) -> None:
    """1 / x overflows there."""
    ran = gradcli("check", "formula", "x*3", f"x={x}")
    assert (ran.code, ran.err) == (0, "")
    assert gradcli("check", "formula", "x*x", f"x={x}").code in (0, 3)
