"""Formulas, landscapes, walks and activations from the command line."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcli.formula import LANDSCAPES, Formula
from tests.conftest import GOLDEN, Gradcli

CHAIN = "formula 'y1 = x*w1 + b1; y1*w2 + b2' x=1 w1=2 b1=1 w2=2 b2=1"


def test_the_notes_from_the_command_line(gradcli: Gradcli) -> None:
    expect = GOLDEN["chain_rule"]["expect"]
    assert gradcli(f"{CHAIN} --wrt y1 --json").json["grads"] == {"y1": expect["dy2_dy1"]}
    assert gradcli(f"{CHAIN} --wrt w1 --json").json["grads"] == {"w1": expect["dy2_dw1"]}
    ran = gradcli("formula x^3 x=1 --order 2")
    assert ran.code == 0
    assert "│ x │ 1.0 │      3.0 │" in ran.out
    assert "│     2 │        6.0 │" in ran.out
    product = gradcli("formula x*w x=2 w=1 --wrt w --json").json
    assert product["grads"]["w"] == GOLDEN["product_rule"]["expect"]["grad"]


def test_the_json_contract(gradcli: Gradcli) -> None:
    assert gradcli("formula x^5 x=2 --order 6 --json").answer == {
        "value": 32, "grads": {"x": 80}, "derivatives": [80, 160, 240, 240, 120, 0],
    }  # fmt: skip
    answer = gradcli("formula x^2*y x=1 y=3 --order 2 --json").json
    assert answer["hessian"] == {"x": {"x": 6, "y": 2}, "y": {"x": 2, "y": 0}}
    answer = gradcli("formula 'sum(x*[1,2])' x=3,4 --json --trace").json
    assert answer["grads"] == {"x": [1, 2]}
    assert [step["op"] for step in answer["trace"]] == ["multiply", "sum"]
    answer = gradcli("formula '[x*y, x]' x=2 y=3 --jacobian --json").answer
    assert answer == {"value": [6, 2], "jacobian": {"x": [3, 1], "y": [2, 0]}}


def test_values_from_files_and_formulas_from_files(gradcli: Gradcli, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([1.0, 2.0]))
    (tmp_path / "f.txt").write_text("# the sum of squares\ny = x^2\nsum(y)\n")
    ran = gradcli(f"formula @{tmp_path / 'f.txt'} x={tmp_path / 'x.npy'} --json")
    assert ran.answer == {"value": 5, "grads": {"x": [2, 4]}}
    assert gradcli("formula - x=3 --json", stdin=b"x^2").json["value"] == 9
    assert gradcli("formula sum(x) x=- --json", stdin=b"1,2,3").json["value"] == 6


def test_a_variable_that_does_not_matter_is_reported(gradcli: Gradcli) -> None:
    ran = gradcli("formula x^2 x=3 z=1 --json")
    assert ran.code == 0
    assert ran.json["grads"] == {"x": 6, "z": 0}
    assert "the value does not depend on z: its gradient is 0" in ran.err


def test_trace_and_tables(gradcli: Gradcli) -> None:
    out = gradcli("formula 'y = x^2; sin(y)' x=0.5 --trace").out
    assert "y = square(x)  scalar" in out
    assert "rule       dx = g * 2 * x" in out
    assert "dvalue/dy" in out
    assert "Hessian" in gradcli("formula x*y x=1 y=2 --order 2").out
    assert "\nd2loss/dwdb  1x1x1\n" in gradcli("mse --x 1 --y 0 --w 1 --order 2").out


def test_outside_the_domain(gradcli: Gradcli) -> None:
    ran = gradcli("formula log(x) x=-1")
    assert ran.code == 1
    assert "the value is not finite: nan, first made by log: v1 = log(x)" in ran.err
    assert gradcli("check formula log(x) x=-1").code == 1
    assert gradcli("check formula abs(x) x=0").code == 3
    assert gradcli("check formula sin(x)*y x=1 y=2").code == 0
    assert gradcli("check himmelblau --start 1 2").code == 0


def test_a_gradient_that_is_not_finite_is_told(gradcli: Gradcli) -> None:
    """d sqrt(x)/dx is infinite at 0, and 0 times it is nan: the value is fine all the same."""
    made = "first made on the way back by"
    for command, told in {
        "'where(x>0, sqrt(x), x^2)' x=-1": f"gradient is not finite: x has nan, {made} sqrt: "
        "v1 = sqrt(x)",
        # The step after it on the way forward, which meets the same x, is not blamed.
        "'sqrt(x)+x^2' x=0": f"gradient is not finite: x has inf, {made} sqrt: v1 = sqrt(x)",
        "'x^2+sqrt(x)' x=0": f"gradient is not finite: x has inf, {made} sqrt: v2 = sqrt(x)",
        "'y=2*x; sum(sqrt(y)*w)' x=1,0 w=3": "gradient is not finite: x has inf at [1], "
        f"{made} sqrt: v1 = sqrt(y)",
        "'sqrt(x*0)' x=1": f"gradient is not finite: x has nan, {made} sqrt: v2 = sqrt(v1)",
        "'y=x*2; y*1e308+y*1e308' x=1e-9": f"x has inf, {made} adding up those of y",
        "'x*1e308+x*1e308' x=1e-9": "gradient is not finite: x has inf",
        "'x^1.5' x=0 --order 2": "Hessian is not finite: x, x has inf",
        "'x*y^1.5' x=2 y=0 --order 2": "Hessian is not finite: y, y has inf",
        "'x^2.5' x=0 --order 3": "derivative is not finite: order 3 has inf",
        "'sqrt(x)' x=1,0 --jacobian": "Jacobian is not finite: x has nan at [0, 1]",
        "'log(x)' x=1,0": "value is not finite: -inf at [1]",
    }.items():
        for form in ("", " --json"):
            ran = gradcli(f"formula {command}{form}")
            assert ran.code == 1, command
            assert told in ran.err, (command, ran.err)
            assert ran.err.startswith("gradcli: the ")
            assert ran.err.count("\n") == 1
    assert gradcli("formula sqrt(x) x=0 --json").answer == {"value": 0, "grads": {"x": None}}
    assert gradcli("formula 'where(x>0, sqrt(where(x>0,x,1)), x^2)' x=-1").code == 0


def test_a_model_whose_gradient_is_not_finite_is_told(gradcli: Gradcli) -> None:
    """x w = 1e9 and the loss 1e18, but 2 x w x = 2e39, beyond float32's 3.4e38."""
    model = "mse --x 1e30 --y 0 --w 1e-21 --b 0"
    for form in ("", " --json", " --trace"):
        ran = gradcli(model + form)
        assert ran.code == 1
        assert ran.err.startswith("gradcli: the gradient is not finite: w has inf at [0, 0], first")
        assert "made on the way back by dense: z = dense(x, w, b)" in ran.err
    assert gradcli(f"{model} --dtype float64").code == 0


def test_names_of_several_spellings(gradcli: Gradcli) -> None:
    answer = {"value": 9, "grads": {"\u03bc": 6}}
    for name in ("\u00b5", "\u03bc"):
        assert gradcli(f"formula \u00b5^2 {name}=3 --wrt {name} --json").answer == answer
    assert "is given twice" in gradcli("formula \u00b5 \u00b5=1 \u03bc=2").err
    assert "cannot be the name" in gradcli("formula x x=1 \U0001d422\U0001d41f=2").err


def test_empty_arrays_in_tables(gradcli: Gradcli) -> None:
    ran = gradcli("formula sum(x[0]) x=[[]] --trace")
    assert (ran.code, ran.err) == (0, "")
    assert "v1 = getitem(x, index=0)  0\n  value       empty\n  dvalue/dv1  empty" in ran.out


def test_himmelblau_is_short_for_descend_himmelblau(gradcli: Gradcli) -> None:
    ran = gradcli("himmelblau --start -4 0")
    assert ran.code == 0
    assert ran.out == gradcli("descend himmelblau --start -4 0").out
    assert "the minimum at (-3.7793, -3.2832), value 0" in ran.out
    answer = gradcli("himmelblau --start -4 0 --every 1 --json").json
    assert list(answer) == ["start", "end", "value", "steps", "path", "converged", "spec"]
    assert answer["converged"] is True
    assert answer["start"] == {"x": -4, "y": 0}
    assert answer["steps"] == 200
    case = GOLDEN["himmelblau"]
    rows = {row["step"]: row for row in answer["path"]}
    for printed in case["expect"]["rows"]:
        # The notes print the value before a step, and the point after it.
        row, after = rows[printed["step"]], rows[printed["step"] + 1]
        np.testing.assert_allclose([*after["at"].values()], printed["x"], rtol=case["rtol"])
        np.testing.assert_allclose(row["value"], printed["f"], rtol=case["rtol"])
        assert set(row) == {"step", "at", "value", "grad_norm"}


def test_descent_on_models_and_formulas(gradcli: Gradcli, tmp_path: Path) -> None:
    answer = gradcli("descend mse --in 3 --out 2 --lr 0.1 --steps 100 --json").json
    assert answer["value"] < 1e-10
    assert "at" not in answer["path"][0]
    assert np.shape(answer["end"]["w"]) == (3, 2)
    (tmp_path / "m.toml").write_text('loss = "ce"\nin = 2\nout = 3\n')
    ran = gradcli(f"descend run {tmp_path / 'm.toml'} --optimizer adam --steps 20 --every 5")
    assert ran.code == 0
    assert "adam, lr 0.01, 20 steps" in ran.out
    answer = gradcli("descend formula (x-3)^2 x=0 --lr 0.5 --steps 1 --json").json
    assert answer["end"] == {"x": 3}
    ran = gradcli("descend formula (x-3)^2 x=0 --lr 0.1 --tol 0.1")
    assert re.search(r"^converged: gradient norm 0\.0864691, at most tol 0\.1$", ran.out, re.M)


def test_a_walk_that_blows_up(gradcli: Gradcli) -> None:
    ran = gradcli("himmelblau --lr 1")
    assert ran.code == 1
    assert "is not finite at step" in ran.err
    assert "lower --lr (it is 1)" in ran.err
    assert "stopped" in ran.out
    assert gradcli("himmelblau --lr 1 --json").json["stopped"] == "nonfinite"


def test_an_interrupt_prints_what_there_is(
    gradcli: Gradcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Formula, "stepper", lambda self: _interrupting())
        ran = gradcli("himmelblau --start -4 0 --every 1")
    assert ran.code == 130
    assert ran.err == "gradcli: interrupted\n"
    assert "after 1 step: value 1.0 at" in ran.out
    assert "stopped: interrupted\nnot converged: gradient norm 1.41421" in ran.out


def _interrupting() -> Any:
    count = 0

    def step(at: Any) -> Any:
        nonlocal count
        count += 1
        if count == 3:
            raise KeyboardInterrupt
        return np.float32(1), {name: np.float32(1) for name in at}

    return step


def test_a_formula_without_a_gradient_answers_its_value(gradcli: Gradcli) -> None:
    cases: dict[str, tuple[Any, str]] = {
        "'maximum(arange(0,10,1),2)'": ([2, 2, 2, 3, 4, 5, 6, 7, 8, 9], "needs a variable"),
        "'pad(a,1)' 'a=1,2;3,4'": (
            [[0, 0, 0, 0], [0, 1, 2, 0], [0, 3, 4, 0], [0, 0, 0, 0]], "take sum(...), or ask for"),
        "2+3": (5, "needs a variable"),
        "'x > 1' x=2": (True, "the value is true or false"),
        "'argsort(x)' x=3,1,2": ([1, 2, 0], "the value is a position"),
        "x[:0] x=3,1,2": ([], "take sum(...), or ask for"),
    }  # fmt: skip
    for command, (value, why) in cases.items():
        ran = gradcli(f"formula {command} --json")
        assert (ran.code, ran.err, ran.answer) == (0, "", {"value": value})
        ran = gradcli(f"formula {command}")
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.splitlines()[-1].count(why) == 1
    assert gradcli("formula log(x) x=1,-1").code == 1


def test_values_that_are_drawn(gradcli: Gradcli) -> None:
    """From numpy.random.default_rng(seed), in the order given."""
    rng = np.random.default_rng(7)
    a, b = rng.standard_normal((4, 28)), rng.random(3)
    command = "formula 'sum(a^2)/2 + sum(b^2)/2' 'a=normal(4,28)' 'b=uniform( 3 )' c=zeros(2)"
    ran = gradcli(f"{command} --seed 7 --json")
    assert ran.json["grads"] == {"a": a.tolist(), "b": b.tolist(), "c": [0, 0]}
    first = gradcli("formula 'sum(a^2)/2' 'a=normal(2)' --json").json["grads"]["a"]
    assert first == np.random.default_rng(0).standard_normal(2).tolist()
    for name, sizes in (("glorot_uniform", "30,50"), ("he_normal", "40,30"), ("eye", "3")):
        drawn = gradcli(f"formula 'sum(a^2)/2' 'a={name}({sizes})' --json").json["grads"]["a"]
        assert np.std(drawn) == pytest.approx(
            {"glorot_uniform": (2 / 80) ** 0.5, "he_normal": (2 / 40) ** 0.5}.get(name, 2**0.5 / 3),
            rel=0.05,
        )
    assert gradcli("check formula 'sum(tanh(a))' 'a=normal(2,2)'").code == 0
    assert gradcli("descend formula 'sum(a^2)' 'a=ones(2)' --lr 0.5 --steps 1").code == 0


def test_formulas_warn_of_nothing_and_break_nowhere(gradcli: Gradcli) -> None:
    for command, code in {
        "formula sum(x) x=[]": 0, "formula x x=[]": 0, "formula 1/x x=0": 1,
        "descend formula 1/x x=0": 1, "descend formula log(x) x=-1": 1,
        "descend formula 'var(x,ddof=2)' x=1,2": 1, "formula 'var(x,ddof=2)' x=1,2": 1,
        "formula 'x if x>0 else y' x=3,4 y=1,2,3": 2, "formula 'sum(gather(x,[0.5]))' x=1,2": 2,
        "formula 'sum(outer(x,2))' x=1,2": 0, "formula 'sum(repeat(x,[1,2]))' x=1,2": 0,
        "formula 'sum(roll(x,[1,1],[0,1]))' 'x=1,2;3,4'": 0, "formula 'sum(transpose(x,0))' x=1": 2,
        "check formula [x] x=2": 0, "check formula 'sum(x,keepdims=True)' 'x=1,2;3,4'": 0,
        "descend formula [x^2] x=2 --steps 3": 0, "formula 'split(x,2)' x=1,2 --jacobian": 0,
        "check formula 'y = split(x,3); y[0]' x=1,2,3": 0,
        "check formula 'sum(x[1:]^2)' x=1,2,3": 0,
        "formula 'clip(x,None,2)+where(x>1,x,2)' x=1 --trace": 0,
    }.items():  # fmt: skip
        ran = gradcli(command)
        assert ran.code == code, (command, ran.err)
        assert "Warning" not in ran.err
        assert ran.err.count("\n") <= 2


def test_landscapes(gradcli: Gradcli) -> None:
    ran = gradcli("landscapes")
    for name, landscape in LANDSCAPES.items():
        assert name in ran.out
        assert landscape.formula in ran.out
        assert landscape.source in ran.out
    assert list(gradcli("landscapes --json").json) == list(LANDSCAPES)


@pytest.mark.parametrize(
    ("name", "grid", "points"),
    [("sigmoid", 10, 10), ("tanh", 10, 10), ("relu", 1, 10), ("leaky_relu", 1, 10)],
)
def test_activations_of_the_notes(name: str, grid: int, points: int, gradcli: Gradcli) -> None:
    answer = gradcli(f"activation {name} --from -{grid} --to {grid} --points {points} --json").json
    case = GOLDEN["sigmoid_gradient" if name == "sigmoid" else name]
    # The notes' small values were computed as differences of larger ones: hence atol.
    close = {"rtol": case["rtol"], "atol": 1e-8}
    np.testing.assert_allclose(answer["value"], case["expect"]["value"], **close)
    if name == "sigmoid":
        np.testing.assert_allclose(answer["derivative"][:8], case["expect"]["grad"][:8], **close)
    assert f"{answer['x'][0]}" in gradcli(f"activation {name} --from -{grid} --to {grid}").out


def test_every_activation_has_a_table(gradcli: Gradcli) -> None:
    from gradcli.catalogue import ACTIVATIONS

    for name in ACTIVATIONS:
        ran = gradcli(f"activation {name}")
        if name in ("softmax", "log_softmax"):
            assert ran.code == 2
        else:
            assert (ran.code, ran.err) == (0, "")


def test_plots(gradcli: Gradcli, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for i, command in enumerate(
        [
            "himmelblau", "descend formula (x-3)^2 x=0", "descend mse --in 2 --out 1 --steps 20",
            "formula sin(x)*y x=1 y=2", "formula x^3 x=1", "activation gelu",
            "formula sum(x^2) x=1,2", "formula x^2 x=1,2 --jacobian",
        ]
    ):  # fmt: skip
        kinds = [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
        for kind, begins in kinds if i == 0 else kinds[i % 3 :][:1]:  # a picture is one in any
            path = tmp_path / f"{i}.{kind}"
            ran = gradcli(f"{command} --plot {path}")
            assert ran.err == "", command
            assert ran.code == 0
            assert path.read_bytes().startswith(begins)


def test_without_matplotlib(
    gradcli: Gradcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    ran = gradcli(f"himmelblau --plot {tmp_path / 'a.png'}")
    assert ran.code == 2
    assert "needs matplotlib" in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("formula", "Missing argument 'EXPR'"),
        ("formula x^2", "x has no value: give x=VALUE"),
        ("formula 1+1 --order 2", "a derivative needs a variable"),
        ("formula 1+1 --jacobian", "a derivative needs a variable"),
        ("formula 1+1 --plot a.png", "--plot: a gradient needs a variable"),
        ("check formula 1+1", "a derivative needs a variable"),
        ("descend formula 1+1", "a derivative needs a variable"),
        ("formula x>1 x=1 --jacobian", "no gradient: the value is true or false"),
        ("check formula argmax(x) x=1,2", "no gradient: the value is a position"),
        ("formula x^2 x", "'x' is no NAME=VALUE, such as x=1"),
        ("formula x^2 x=", "x: '' is neither an initialiser, a literal nor a file"),
        ("formula x^2 x=1 x=2", "x is given twice"),
        ("formula x^2 2x=1", "'2x' cannot be the name of a variable"),
        ("formula x^2 if=1", "'if' cannot be the name of a variable"),
        ("formula x^2 x=1,a", "expected a number at position 3"),
        ("formula x^2 x=no.npy", "x: no.npy: No such file or directory"),
        ("formula x^2 x=normal", "x: give it a shape, such as x=normal(3,2)"),
        ("formula x^2 x=norml(3)", "x: 'norml(3)' is neither an initialiser, a literal nor a file"),
        ("formula x^2 x=he_normal(0,2)", "needs a shape without 0"),
        ("formula x^2 x=normal(9999,9999)", "at most 10,000,000 numbers are drawn"),
        ("formula x[i] x=1,2 i=0.5", "i is used as an index, but holds what is no whole number"),
        ("formula x[i] x=1,2 i=1 --wrt i", "--wrt: i is an index"),
        ("formula y=split(x,2);y[0] x=1,2 --wrt y", "--wrt: y is no real array: name a part of it"),
        ("activation softmax", "softmax is a function of a whole row, not of one number"),
        ("formula x^2 x=1 --wrt z", "--wrt: there is no 'z' here"),
        ("formula x^2 x=1 --order 0", "must be a whole number from 1, not 0"),
        ("formula x^2 x=1 --order 99", "--order: at most 20, not 99"),
        ("formula x*y x=1 y=2 --order 3", "of one scalar variable: name it, wrt"),
        ("formula x*2 x=1,2 --order 2", "take the sum(...), or ask for the jacobian"),
        ("formula x*2 x=1,2 --trace", "take sum(...), or ask for the jacobian"),
        ("formula x*2 x=1,2 --jacobian --order 2", "--jacobian: goes without --order"),
        ("formula @no.txt x=1", "no.txt: No such file or directory"),
        ("formula - x=1", "standard input is empty"),
        ("formula x x=1 --dtype int", "unknown value 'int'"),
        ("check formula x*2 x=1,2", "needs one number"),
        ("descend formula x*2 x=1,2", "needs one number"),
        ("himmelblau --start 1", "must be two numbers"),
        ("himmelblau --start a b", "must be two numbers"),
        ("himmelblau --lr 0", "must be a number above 0, not 0"),
        ("himmelblau --lr nan", "must be a number above 0, not nan"),
        ("himmelblau --steps 0", "must be a whole number from 1, not 0"),
        ("himmelblau --optimizer sgd", "unknown value 'sgd'"),
        ("himmelblau --optimizer adm", "unknown value 'adm'; did you mean 'adam'?"),
        ("himmelblau --plot x.gif", "must end in one of .png, .svg, .pdf"),
        ("descend mse --in 3", "--out: needed"),
        ("activation sigmod", "there is no activation 'sigmod'; did you mean 'sigmoid'?"),
        ("activation tanh --from 3 --to 1", "--from: must be a number below --to"),
        ("activation tanh --points 1", "1 is not in the range"),
        ("hummelblau", "there is no command 'hummelblau'"),
    ],
)
def test_bad_input(command: str, message: str, gradcli: Gradcli) -> None:
    ran = gradcli(command)
    assert ran.code == 2
    assert ran.out == ""
    assert message in ran.err
    assert ran.err.count("\n") <= 2


def test_a_minus_after_two_dashes(gradcli: Gradcli) -> None:
    ran = gradcli("formula", "--json", "--", "-x^2", "x=3")
    assert ran.answer == {"value": -9, "grads": {"x": -6}}


def test_an_upstream_gradient_for_an_array_value(gradcli: Gradcli) -> None:
    """Of sum((x w) u) the gradients are w u and x u; a number is for every entry."""
    answer = gradcli("formula x*w x=1,2 w=3,4 --upstream 1,10 --json").json
    assert answer["value"] == [3, 8]
    assert answer["grads"] == {"x": [3, 40], "w": [1, 20]}
    assert gradcli("run - --json", stdin=json.dumps(answer["spec"]).encode()).json == answer
    assert gradcli("formula x*w x=1,2 w=3,4 --upstream 1 --json").json["grads"]["x"] == [3, 4]
    line = "formula tanh(x@w) x=normal(3,4) w=normal(4,2) --upstream normal --dtype float32"
    assert gradcli(f"check {line}").code == 0
    assert gradcli(f"descend {line} --steps 2").code == 0
    ran = gradcli("formula x*w x=1,2 w=3,4 --upstream 1,2,3")
    assert ran.code == 2
    assert "--upstream: has shape (3,), but the value has (2,)" in ran.err
