"""``gradcli data``: what is told of data, and of the first batch."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradcli.errors import FileError
from gradcli.inputs import summary as looked
from gradcli.inputs.files import open_array
from gradcli.inputs.summary import summary
from tests.conftest import Gradcli

X = np.random.default_rng(0).integers(0, 256, (60, 4, 5)).astype(np.uint8)
LABELS = np.arange(60, dtype=np.uint8)[::-1] % 3


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    np.savez("d.npz", x=X, labels=LABELS, words=np.array(["a"]))
    np.save("x.npy", X)
    return tmp_path


NUMBERS = st.floats(-1e6, 1e6, width=32) | st.sampled_from([np.nan, np.inf, -np.inf])
SHAPES = st.lists(st.integers(1, 4), max_size=3).map(tuple)


@settings(deadline=None, max_examples=60)
@given(arrays.arrays(np.float64, SHAPES, elements=NUMBERS), st.integers(1, 9))
def test_a_summary_is_numpy_s_own_however_it_is_parted(array: np.ndarray, part: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(looked, "PART", part)
        found = summary(array)
    finite = array[np.isfinite(array)]
    assert found.nan == np.isnan(array).sum()
    assert found.infinite == np.isinf(array).sum()
    if finite.size:
        assert (found.low, found.high) == (finite.min(), finite.max())
        assert found.mean == pytest.approx(finite.mean(), abs=1e-6)
    else:
        assert (found.low, found.high, found.mean) == (None, None, None)
    odd = np.argwhere(~np.isfinite(array))
    assert found.odd == (tuple(odd[0]) if len(odd) else None)


def test_an_entry_that_is_not_finite_is_placed_in_the_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(looked, "PART", 6)
    array = np.zeros((5, 3))
    array[4, 2] = array[4, 1] = np.inf
    assert summary(array).odd == (4, 1)


@settings(deadline=None, max_examples=60)
@given(
    arrays.arrays(st.sampled_from([np.int8, np.uint8, np.int64, np.bool_]), st.integers(1, 30)),
    st.integers(1, 9),
)
def test_classes_are_counted(array: np.ndarray, part: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(looked, "PART", part)
        found = summary(array)
    numbers = array.astype(object) + 0
    if max(numbers) - min(numbers) < 1000:
        values, counts = np.unique(array, return_counts=True)
        assert found.classes == dict(zip(values.astype(int).tolist(), counts.tolist()))
        assert found.first == array[:10].astype(int).tolist()
    else:
        assert (found.classes, found.first) == ({}, [])


def test_a_file_that_changes_meanwhile_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looked, "PART", 20)
    opened = open_array("x.npy")
    found = looked.parts(opened.array, opened.require_unchanged)
    assert next(found).shape == (1, 4, 5)
    Path("x.npy").write_bytes(Path("x.npy").read_bytes()[:200])
    with pytest.raises(FileError, match=r"x\.npy: has changed since it was opened"):
        next(found)


def test_every_array_of_a_file_is_told(gradcli: Gradcli) -> None:
    ran = gradcli("data d.npz x.npy --json")
    told = {item["name"]: item for item in ran.json["data"]}
    assert list(told) == ["d.npz:x", "d.npz:labels", "d.npz:words", "x.npy"]
    assert told["x.npy"] == {
        "name": "x.npy", "shape": [60, 4, 5], "dtype": "uint8",
        "min": int(X.min()), "max": int(X.max()), "mean": pytest.approx(X.mean(), rel=1e-12),
    }  # fmt: skip
    assert told["d.npz:labels"]["classes"] == {"0": 20, "1": 20, "2": 20}
    assert told["d.npz:labels"]["first"] == [2, 1, 0, 2, 1, 0, 2, 1, 0, 2]
    assert "not real numbers" in told["d.npz:words"]["error"]


def test_columns_of_a_table_are_told_one_by_one(gradcli: Gradcli) -> None:
    Path("p.csv").write_text(
        "name,height,team\nAda,1.5,1\nBen,,0\nCleo,1.75,1\n".replace(",,", ",nan,")
    )
    ran = gradcli("data p.csv")
    assert ran.code == 0
    assert "p.csv:name: line 2: 'Ada' is not a number" in ran.out
    assert "1 nan, first at [1]" in ran.out
    assert "p.csv:team  1 0 1\n" in ran.out
    height = gradcli("data p.csv:height --json").json["data"][0]
    assert (height["min"], height["max"], height["mean"]) == (1.5, 1.75, 1.625)
    assert (height["nan"], height["infinite"], height["first_odd"]) == (1, 0, [1])


def test_the_first_batch_is_as_the_model_takes_it(gradcli: Gradcli) -> None:
    options = "--x d.npz:x --labels d.npz:labels --scale 255 --out 4"
    ran = gradcli(f"data {options} --batch 8 --json")
    assert ran.err == "gradcli: warning: x (60, 4, 5) is flattened to (60, 20)\n"
    batch = ran.json["batch"]
    assert (batch["rows"], batch["of"]) == (8, 60)
    rows = X[:8].reshape(8, 20).astype(np.float32) / np.float32(255)
    assert (batch["x"]["shape"], batch["x"]["dtype"]) == ([8, 20], "float32")
    for key, value in (("min", rows.min()), ("max", rows.max()), ("mean", rows.mean())):
        assert batch["x"][key] == pytest.approx(value, rel=1e-6)
    assert (batch["labels"]["shape"], batch["y"]["shape"]) == ([8], [8, 4])
    assert batch["y"]["rows"] == np.eye(4)[LABELS[:5]].tolist()
    model = gradcli(f"ce {options} --json").json
    assert model["y"][:5] == batch["y"]["rows"]
    assert gradcli(f"data {options} --json").json["batch"]["rows"] == 60


@pytest.mark.parametrize(
    ("options", "x", "y"),
    [
        ("--layers 'conv2d(2,3), flatten, dense(5)'", [60, 4, 5, 1], [60, 5]),
        ("--layers 'conv2d(2,3), flatten, dense(5)' --convention torch", [60, 1, 4, 5], [60, 5]),
        ("--layers 'lstm(3)' --dtype float64", [60, 4, 5], [60, 3]),
        ("--x-shape 60,2,10 --hidden 7 --out 3", [60, 20], [60, 3]),
        ("", [60, 20], [60, 3]),
        ("--out 1 --labels d.npz:labels[0:0]", None, None),
    ],
)
def test_layers_tell_the_shapes(
    options: str, x: list[int] | None, y: list[int] | None, gradcli: Gradcli
) -> None:
    ran = gradcli(f"data --x d.npz:x --labels d.npz:labels {options} --json")
    if x is None:
        assert (ran.code, ran.out) == (2, "")
    else:
        assert (ran.json["batch"]["x"]["shape"], ran.json["batch"]["y"]["shape"]) == (x, y)


def test_targets_and_labels_without_x(gradcli: Gradcli) -> None:
    batch = gradcli("data --y 1;2;4 --x 1;2;3 --json").json["batch"]
    assert (batch["y"]["rows"], batch["x"]["shape"]) == ([[1], [2], [4]], [3, 1])
    alone = gradcli("data --labels 0,2 --json").json["batch"]
    assert alone["y"]["rows"] == [[1, 0, 0], [0, 0, 1]]
    assert "x" not in alone


def test_what_is_not_finite_is_told_and_not_refused(gradcli: Gradcli) -> None:
    np.save("n.npy", np.array([[1.0, np.nan], [np.inf, 2]]))
    ran = gradcli("data --x n.npy --labels 0,1")
    assert ran.code == 0
    assert "x is not finite at [0, 1]: only allow_nan has a model take it" in ran.err
    assert "1 nan, 1 inf, first at [0, 1]" in ran.out


def test_it_is_saved_written_and_narrow(gradcli: Gradcli, monkeypatch: pytest.MonkeyPatch) -> None:
    gradcli("data d.npz:x d.npz:labels --save d.csv")
    header, first, second = csv.reader(Path("d.csv").read_text().splitlines())
    assert header == ["name", "shape", "dtype", "min", "max", "mean", "nan", "infinite"]
    assert (first[1:3], second[:5]) == (
        ["60x4x5", "uint8"],
        ["d.npz:labels", "60", "uint8", "0", "2"],
    )
    saved = gradcli("data d.npz:labels --save a.npz --json")
    np.testing.assert_array_equal(np.load("a.npz")["data.max"], [2])
    assert saved.json == json.loads(gradcli("data d.npz:labels --json").out)
    assert gradcli("data d.npz:labels --markdown").out.startswith("| data | shape |")
    assert "\\begin{tabular}" in gradcli("data d.npz:labels --latex").out
    names = "data --labels " + ",".join(map(str, [*range(30), 0]))
    assert "20 of 30 classes" in gradcli(names).out
    assert "20 of 30 classes" not in gradcli(f"{names} --full").out


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("data", "there is nothing to look at: name a file, or give --x or --labels"),
        ("data no.npy", "no.npy: No such file or directory"),
        ("data --scale 255", "--scale: goes with --x, --labels or --y"),
        ("data x.npy --batch 3", "--batch: goes with --x, --labels or --y"),
        ("data --x x.npy --labels 0,1", "--labels: 2 given for a batch of 60: one a row"),
        ("data --labels 0,3 --out 3", "--labels: 3 at position 2 is not a class from 0 to 2"),
        ("data --labels 0,0.5", "--labels: 0.5 at position 2 is not a class from 0 to 1"),
        ("data --labels nan", "--labels: nan at position 1 is not a class"),
        ("data --x x.npy --in 7", "--x: has shape (60, 4, 5), but (60, 7) is needed"),
        ("data d.npz:z", "d.npz:z: holds no 'z', but one of: x, labels, words"),
        ("data d.npz:words", "d.npz:words: holds <U1, not real numbers"),
        ("data . ", ".: Is a directory"),
        ("data -", "-: standard input is empty, closed, or was read already"),
        ("data --x x.npy --sclae 2", "there is no option --sclae"),
    ],
)
def test_what_cannot_be_looked_at(command: str, message: str, gradcli: Gradcli) -> None:
    ran = gradcli(command)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert ran.err.count("\n") == 1


def test_a_large_file_is_looked_at_once(gradcli: Gradcli) -> None:
    """It takes what NumPy takes for least, largest and sum, a few times over at most."""
    np.save("big.npy", np.zeros((60_000, 28, 28), np.uint8))
    started = time.process_time()
    x = np.load("big.npy")
    assert (x.min(), x.max(), x.sum(dtype=np.float64)) == (0, 0, 0)
    by_hand = time.process_time() - started
    started = time.process_time()
    assert gradcli("data big.npy --json").json["data"][0]["shape"] == [60_000, 28, 28]
    assert time.process_time() - started < 30 * by_hand
