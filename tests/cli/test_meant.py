"""What people write in another tongue: it is done, or the line says what to write."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from tests.conftest import Gradcli

SAID = {
    ("mes",): "did you mean 'mse'?",
    ("MSE",): "did you mean 'mse'?",
    ("fit",): "did you mean 'descend'?",
    ("check", "formla"): "did you mean 'formula'?",
    ("mse", "--activation", "tanh"): "did you mean --act?",
    ("mse", "--sede", "3"): "did you mean --seed?",
    ("mse", "--from-logits"): "--from-logits: goes with bce, ce, focal and binary_focal only",
    ("mse", "--in"): "--in: needs a value, N",
    ("formula", "x^2", "x=1", "--save"): "--save: needs a value, FILE",
    ("mse", "--in", "2", "--out", "1", "--act", "swish"): "did you mean 'silu'?",
    ("activation", "swish"): "did you mean 'silu'?",
    ("ops", "swish"): "did you mean 'silu'?",
    ("formula", "sqr(x)", "x=1"): "did you mean 'square'?",
    ("formula", "2x", "x=1"): "write 2*x: 2x\n",
    ("formula", "2(x + 1)", "x=1"): "a product needs *",
    ("formula", "sin x", "x=1"): "write sin(x): sin x\n",
    ("formula", "x y", "x=1", "y=1"): "write x*y: x y\n",
    ("formula", "|x|", "x=1"): "for |x| write abs(x)",
    ("formula", "x if", "x=1"): "this does not fit here",
    ("formula", "sum(", "x=1"): "'(' was never closed",
    ("mse", "--w1", "ones"): "--w1: a model of 1 layer has w, b; more go with hidden",
    ("formula", "tf.reduce_sum(x)", "x=1"): "drop tf.",
}


@pytest.mark.parametrize("words", SAID, ids=" ".join)
def test_what_to_write_is_said(words: tuple[str, ...], gradcli: Gradcli) -> None:
    ran = gradcli(*words, "--json") if words == ("MSE",) else gradcli(*words)
    assert (ran.code, ran.out) == (2, "")
    assert SAID[words] in ran.err


def test_a_misspelt_key_is_told_by_its_meaning(gradcli: Gradcli) -> None:
    ran = gradcli("run -", stdin=b'loss = "mse"\nactivation = "tanh"\n')
    assert "unknown key 'activation'; did you mean 'act'?" in ran.err


def test_a_formula_may_begin_with_a_minus(gradcli: Gradcli) -> None:
    for words in (
        ("-log(x)*y", "x=1", "y=2", "--wrt", "x"),
        ("--wrt", "x", "-log(x)*y", "x=1", "y=2"),
        ("--", "-log(x)*y", "x=1", "y=2", "--wrt", "x"),
        ("--wrt=x", "--", "-log(x)*y", "x=1", "y=2"),
        ("-hypot(x, 0)*y", "x=1", "y=2", "--wrt", "x"),
        ("-.5*4*x", "x=1", "--wrt", "x"),
    ):
        ran = gradcli("formula", *words, "--json")
        assert (ran.code, ran.json["grads"]) == (0, {"x": -2.0}), words
        assert gradcli("check", "formula", *words).code == 0


def test_a_pair_may_have_a_comma(gradcli: Gradcli) -> None:
    forms = ("--start -1,2", "--start=-1,2", "--start -1 2")
    starts = [gradcli(f"rosenbrock {form} --steps 1 --json").json["start"] for form in forms]
    assert starts == [{"x": -1.0, "y": 2.0}] * 3


def test_one_initialiser_for_every_layer(gradcli: Gradcli) -> None:
    found = gradcli("ce --in 2 --out 2 --hidden 9,9 --w glorot_uniform --json").json["params"]
    for name, fans in (("w1", 11), ("w2", 18), ("w3", 11)):
        largest = max(abs(n) for row in found[name] for n in row)
        assert 0.7 * (6 / fans) ** 0.5 < largest <= (6 / fans) ** 0.5


@pytest.mark.parametrize("width", [30, 50, 200])
def test_the_caret_stands_below_its_character_on_a_narrow_screen(width: int) -> None:
    """On a terminal: the line above the caret is not wrapped, and the caret is at the x."""
    primary, secondary = pty.openpty()
    command = [sys.executable, "-m", "gradcli", "formula", "a + b*sin(c) + d^2 + 1 + oops + 3"]
    values = ["a=1", "b=1", "c=1", "d=1"]
    ran = subprocess.run(
        [*command, *values],
        stderr=secondary,
        check=False,
        env={**os.environ, "COLUMNS": str(width)},
    )
    os.close(secondary)
    lines = os.read(primary, 4096).decode().splitlines()
    os.close(primary)
    assert ran.returncode == 2
    assert lines[-2][lines[-1].index("^") :].startswith("oops")
    assert len(lines[-2]) <= width
    assert "oops has no value" in " ".join(lines)


def test_a_name_that_ends_in_a_caret_is_escaped_too(gradcli: Gradcli) -> None:
    ran = gradcli("mse", "--x", "a\nb\x1b[31m^", "--out", "1")
    assert ran.code == 2
    assert ran.err.count("\n") == 1
    assert "\x1b" not in ran.err
