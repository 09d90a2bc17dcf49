"""Spec files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Gradcli

LONG = """
loss = "mse"
x = [[0.1, -0.2], [0.3, 0.5]]
y = "0.5,1;0.25,0"

[[layers]]
units = 3
act = "tanh"
w = [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]

[[layers]]
units = 2
bias = false
w = "w.csv"
"""


def test_the_long_form_with_a_file_beside_the_spec(gradcli: Gradcli, tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("left,right\n1,2\n3,4\n5,6\n")
    (tmp_path / "model.toml").write_text(LONG)
    answer = gradcli(f"run {tmp_path / 'model.toml'} --json").json
    x, y = np.array([[0.1, -0.2], [0.3, 0.5]]), np.array([[0.5, 1], [0.25, 0]])
    w1, w2 = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]), np.array([[1.0, 2], [3, 4], [5, 6]])
    a = np.tanh(x @ w1)
    error = a @ w2 - y
    np.testing.assert_allclose(answer["loss"], np.mean(error**2), rtol=1e-6)
    np.testing.assert_allclose(answer["grads"]["w2"], a.T @ error / 2, rtol=1e-5)
    dz = (error / 2 @ w2.T) * (1 - a * a)
    np.testing.assert_allclose(answer["grads"]["w1"], x.T @ dz, rtol=1e-5)
    np.testing.assert_allclose(answer["grads"]["b1"], dz.sum(axis=0), rtol=1e-5)
    assert list(answer["grads"]) == ["w1", "b1", "w2"]
    again = gradcli("run - --json", stdin=json.dumps(answer).encode())
    assert again.json == answer


def test_flags_and_files_say_the_same(gradcli: Gradcli, tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(
        'loss = "ce"\nin = 4\nout = 3\nhidden = [5, 6]\nhidden_act = "elu"\nbatch = 2\n'
        'labels = [2, 0]\nseed = 3\nw2 = "he_uniform"\nb1 = 0.25\nfrom_logits = true\n'
    )
    from_file = gradcli(f"run {tmp_path / 'm.toml'} --json").json
    from_flags = gradcli(
        "ce --in 4 --out 3 --hidden 5,6 --hidden-act elu --batch 2 --labels 2,0 --seed 3 "
        "--w2 he_uniform --b1 0.25 --from-logits --json"
    ).json
    for key in ("loss", "grads", "params", "x", "y"):
        assert from_file[key] == from_flags[key]


def test_standard_input_takes_toml_too(gradcli: Gradcli) -> None:
    ran = gradcli("run -", stdin=b'loss = "mae"\nin = 2\nout = 2\n')
    assert ran.code == 0
    assert ran.out.startswith("mae: 2 -> 2 linear, batch 1, float32, seed 0\nloss ")


def test_x_from_standard_input(gradcli: Gradcli) -> None:
    ran = gradcli("mse --x - --y 1 --w 1 --json", stdin=b"1,2\n3,4\n")
    assert ran.json["x"] == [[1, 2], [3, 4]]
    assert "y is one number" in ran.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("loss = ", "TOML: Invalid value (at end of document)"),
        ('loss = "mse"\nin = = 3', "TOML: Invalid value (at line 2, column 6)"),
        ("{", "JSON: Expecting property name"),
        ("[1, 2]", "TOML"),
        ("in = 3", "names no problem: it needs one of the keys loss"),
        ('loss = "mze"', "loss: unknown value 'mze'; did you mean"),
        ('loss = "mse"\nhiden = 3', "unknown key 'hiden'; did you mean 'hidden'?"),
        ('loss = "mse"\nin = "3"\nout = 1', "in: must be a whole number from 1, not '3'"),
        ('loss = "mse"\nin = true\nout = 1', "in: must be a whole number from 1, not True"),
        ('{"loss": "mse", "in": [], "out": 1}', "in: must be one length or more, not []"),
        ('loss = "mse"\nlayers = 3', "layers: must be one table or more"),
        ('loss = "mse"\nout = 1\n[[layers]]\nunits = 1', "out: does not go with layers"),
        ('loss = "mse"\nin = 2\n[[layers]]\nunit = 1', "unknown key 'unit'; did you mean 'units'?"),
        ('loss = "mse"\nin = 2\n[[layers]]\nunits = 0', "layers[1]: units: must be a whole"),
        ('loss = "mse"\nin = 2\n[[layers]]\nact="relu"\n[[layers]]\nunits = 1', "needs units"),
        ('loss = "mse"\nin = 2\n[[layers]]\nunits=1\nbias=false\nb=1', "has b, but bias is false"),
        ('loss = "mse"\nin = 2\nw = 1\n[[layers]]\nunits = 1', "w: does not go with layers"),
        ('loss = "mse"\nx = [[1, 2], [3]]\nout = 1', "x: is not a list of numbers, or of lists"),
        ('loss = "mse"\nx = ["a"]\nout = 1', "x: is not a list of numbers"),
        ('loss = "mse"\nx = 1979-05-27\nout = 1', "x: is not a list of numbers"),
        ('landscape = "spere"', "landscape: unknown value 'spere'; did you mean 'sphere'?"),
        ("landscape = {a = 1}", "landscape: unknown value {'a': 1}"),
        (
            'loss = "bce"\nin = 1\nout = 1\nfrom_logits = "yes"',
            "from_logits: must be true",
        ),
    ],
)
def test_bad_specs(text: str, message: str, gradcli: Gradcli) -> None:
    ran = gradcli("run -", stdin=text.encode())
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.count("\n") == 1
    assert ran.err.startswith("gradcli: error: -: ")
    assert message in ran.err


def test_a_bad_document_of_a_stream_does_not_end_it(gradcli: Gradcli) -> None:
    lines = [
        '{"formula": "x^2", "values": {"x": 3}}',
        '{"formula": "x^", "values": {"x": 3}}',
        "garbage",
        '{"loss": "mse", "in": 2, "out": 1, "act": "sigmod"}',
        '{"formula": "x^2", "values": {"x": 4}}',
    ]
    ran = gradcli("run - --json", stdin="\n".join(lines).encode())
    first, formula, garbage, act, last = map(json.loads, ran.out.splitlines())
    assert (ran.code, first["value"], last["value"]) == (2, 9, 16)
    assert formula == {"error": "-: line 2: this does not fit here: x^", "line": 2}
    assert (garbage["line"], act["line"]) == (3, 4)
    assert act["error"] == "-: line 4: act: unknown value 'sigmod'; did you mean 'sigmoid'?"
    assert [line for line in ran.err.splitlines() if "-: line 4: act: unknown" in line]
    ran = gradcli("run -", stdin="\n".join(lines).encode())
    assert (ran.code, ran.out.count("value ")) == (2, 2)
    assert "Traceback" in gradcli("--debug run -", stdin="\n".join(lines).encode()).err


def test_missing_and_unreadable_files(gradcli: Gradcli, tmp_path: Path) -> None:
    assert "no.toml: No such file" in gradcli("run no.toml").err
    assert "Is a directory" in gradcli(f"run {tmp_path}").err
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    assert "is not text" in gradcli(f"run {tmp_path / 'b.toml'}").err
    assert "given twice" in gradcli("run - -").err
    assert "Missing argument 'SPEC...'" in gradcli("run").err
    (tmp_path / "a.toml").write_text('loss = "mse"\nin = 2\nout = 1\n')
    two = f"run {tmp_path / 'a.toml'} {tmp_path / 'a.toml'}"
    assert "--save: goes with one spec, not 2" in gradcli(f"{two} --save x.npz").err
    assert gradcli(two).out.count("loss ") == 2
