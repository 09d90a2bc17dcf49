"""Wrong data for a model: exit 2, one line that says what and where, nothing on stdout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Gradcli

WRONG = {
    # labels
    "ce --x x.npy --labels l.npy --out 3": "--labels: 3 at position 3 is not a class from 0 to 2",
    "ce --x x.npy --labels minus.npy --out 3": "--labels: -1 at position 1 is not a class from 0",
    "ce --x x.npy --labels half.npy --out 3": "--labels: 0.5 at position 2 is not a class from 0",
    "ce --x x.npy --labels nan.npy[:,0] --out 3": "--labels: nan at position 2 is not a class",
    "bce --x x.npy --labels l.npy --out 1": "--labels: 3 at position 3 is not a class from 0 to 1",
    # rows that do not match
    "ce --x x.npy --labels l.npy[0:3] --out 4": "--labels: 3 given for a batch of 4: one a row",
    "ce --x x.npy[0:3] --labels l.npy --out 4": "--labels: 4 given for a batch of 3: one a row",
    "mse --x x.npy --y y.csv:a --out 1": "--y: has 3 rows, but x has 4",
    "mse --x y.csv:a --y x.npy[:,0]": "--y: has 4 rows, but x has 3",
    "ce --x image.npy --labels l.npy --out 4": "--labels: 4 given for a batch of 2: one a row",
    "ce --x x.npy --labels l.npy --out 4 --batch 2": "--x: has 4 rows, but batch is 2",
    # shapes
    "ce --x image.npy --in 7 --out 2": "--x: has shape (2, 3, 3), but (2, 7) is needed",
    "ce --x image.npy --in 3,3 --layers conv2d(1,2),flatten,dense(2)": "takes images (h, w, ch",
    "ce --x image.npy --x-shape 2,8 --out 2": "--x-shape: (2, 8) takes 16 numbers, and x has 18",
    "ce --x image.npy --x-shape 18,-1 --out 2": "--x-shape: must be a whole number from 1, not -1",
    "ce --x image.npy --x-shape= --out 2": "--x-shape: must be one length or more, not []",
    "ce --in 3 --x-shape 1,3 --out 2": "--x-shape: goes with an x of numbers, and x is drawn",
    # scale
    "ce --in 3 --scale 255 --out 2": "--scale: goes with an x of numbers, and x is drawn",
    "ce --x x.npy --scale 0 --out 2": "--scale: must be a number above 0, not 0",
    "ce --x x.npy --scale -255 --out 2": "--scale: must be a number above 0, not -255",
    "ce --x l.npy --scale 2 --layers embedding(4,2),flatten,dense(2)": "--scale: does not go with",
    # not finite
    "mse --x nan.npy --y 0 --out 1": "--x: nan.npy: holds nan at [1, 0]: allow_nan takes it",
    "mse --x nan.npy[1] --y 0 --out 1": "--x: nan.npy[1]: holds nan at [0]: allow_nan takes it",
    "mse --x x.npy --y inf.npy": "--y: inf.npy: holds -inf at [3, 0]: allow_nan takes it",
    "mse --x y.csv:b --y 0 --out 1": "--x: y.csv:b: holds nan at [2]: allow_nan takes it",
    "descend mse --x nan.npy --y 0 --out 1": "--x: nan.npy: holds nan at [1, 0]",
    "check mse --x nan.npy --y 0 --out 1": "--x: nan.npy: holds nan at [1, 0]",
    # no numbers
    "mse --x empty.npy --y 0 --out 1": "--x: is empty: its shape is (0, 3)",
    "ce --x x.npy --labels empty.npy --out 2": "--labels: is empty: its shape is (0, 3)",
    "mse --x words.npy --y 0": "--x: words.npy: holds <U1, not real numbers",
    "mse --x y.csv:c --y 0": "--x: y.csv:c: line 2: 'u' is not a number (column 'c')",
    "mse --x y.csv:d --y 0": "--x: y.csv:d: holds no column 'd', but one of: a, b, c",
    # parameters
    "mse --in 2 --out 1 --params x.npy": "--params: x.npy: is neither npz nor",
    "mse --in 2 --out 1 --params no.npz": "--params: no.npz: No such file or directory",
    "mse --in 2 --out 1 --params p.npz": "--params: p.npz: 'ww' is no parameter here; did you",
    "mse --in 2 --out 1 --params empty.npz": "--params: empty.npz: holds none of w, b",
    "mse --in 2 --out 1 --params text.json": "--params: text.json: w is not a list of numbers",
    "mse --in 2 --out 1 --params nan.npz": "--params: nan.npz: holds none of w, b",
    "mse --x - --out 1 --params -": "--params: standard input (-) is read by x already",
    "ce --in 2 --layers flatten --params p.npz": "--params: p.npz: 'ww' is no parameter here",
}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.arange(12.0).reshape(4, 3))
    np.save("image.npy", np.arange(18, dtype=np.uint8).reshape(2, 3, 3))
    np.save("l.npy", np.array([0, 1, 3, 2], np.uint8))
    np.save("minus.npy", np.array([-1, 0, 1, 1], np.int8))
    np.save("half.npy", np.array([0, 0.5, 1, 1], np.float32))
    np.save("nan.npy", np.array([[0.0, 1, 2], [np.nan, 1, 2], [0, np.nan, 1], [0, 1, 2]]))
    np.save("inf.npy", np.array([[1.0], [2], [3], [-np.inf]]))
    np.save("empty.npy", np.zeros((0, 3)))
    np.save("words.npy", np.array(["a", "b"]))
    np.savez("p.npz", ww=np.ones(2))
    np.savez("nan.npz", **{"end.z": np.ones(2)})
    np.savez("empty.npz")
    Path("text.json").write_text('{"w": "a"}')
    Path("y.csv").write_text("a,b,c\n1,2,u\n2,3,v\n3,nan,w\n")
    return tmp_path


@pytest.mark.parametrize(("command", "message"), WRONG.items(), ids=lambda text: text[:60])
def test_wrong_data(command: str, message: str, gradcli: Gradcli, files: Path) -> None:
    ran = gradcli(command)
    assert (ran.code, ran.out) == (2, ""), ran.err
    assert ran.err.startswith("gradcli: error: ")
    assert message in ran.err
    assert ran.err.count("\n") == 1


def test_nan_that_is_allowed_or_written_is_taken(gradcli: Gradcli, files: Path) -> None:
    for x in ("nan.npy --allow-nan", "0,1,2;nan,1,2;0,nan,1;0,1,2"):
        ran = gradcli(f"mse --x {x} --y 1;2;3;4 --out 1")
        assert (ran.code, "x holds nan at [1, 0]" in ran.err) == (1, True)


def test_null_in_a_document_is_missing_data(gradcli: Gradcli) -> None:
    document = b'{"loss": "mse", "x": [[1, null]], "y": 0, "w": 1}'
    ran = gradcli("run - --json", stdin=document)
    assert ran.code == 2
    assert ran.json == {
        "error": "-: x: holds nan at [0, 1]: allow_nan takes it as it is",
        "line": 1,
    }
    taken = gradcli("run - --json", stdin=document[:-1] + b', "allow_nan": true}')
    assert (taken.code, taken.json["x"]) == (1, [[1.0, None]])
    assert gradcli("run - --json", stdin=taken.out.encode()).json == taken.json
