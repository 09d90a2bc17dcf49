"""Bad input: one clear line on stderr, exit 2, nothing on stdout, nothing written."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Gradcli

BAD = {
    "mse --in 3 --out 2 --act sigmod": "--act: unknown value 'sigmod'; did you mean 'sigmoid'?",
    "mse --in 3 --layers dense(2.0)": "units: must be a whole number from 1, not 2.0",
    "mse --in 3 --layers dense(2,w=true)": "--w: takes numbers, not true",
    "layer reshape --in 1 --shape=": "reshape needs an axis or more in its shape",
    "mse --in 3 --out 2 --act 7": "--act: unknown value '7': one of linear, sigmoid",
    "mse --in 0 --out 2": "--in: must be a whole number from 1, not 0",
    "mse --in -3 --out 2": "--in: must be a whole number from 1, not -3",
    f"mse --in {'9' * 400} --out 2": "--in: must be a whole number from 1, not one beyond 2^63",
    f"mse --in 3 --out 2 --hidden {'9' * 5000}": "--hidden: must be a whole number",
    "mse --in 3 --out 2 --hidden +-3": "--hidden: must be a whole number from 1, not",
    "mse --in three --out 2": "must be a whole number from 1, not 'three'",
    "mse --out 2": "--in: needed: the shape of a row, such as 3 (or an x or w of numbers)",
    "mse --in 2": "--out: needed: the number of units out (or a y, w or b of numbers)",
    "mse --in 3 --out 1 --x 1,2,3,4": "--x: has 4 columns, but in is 3: give in 4, or an x of 3",
    "mse --x 1,2;3,4 --out 1 --batch 3": "--x: has 2 rows, but batch is 3",
    "mse --in 3 --out 2 --y 1,2,3": "--y: has shape (3,), but the output has (1, 2): give y 1 row",
    "mse --in 3 --out 2 --batch 2 --y 1;2": "--y: has shape (2, 1), but the output has (2, 2)",
    "mse --in 3 --out 2 --batch 4 --y 0,1": "--y: has shape (2,), but the output has (4, 2)",
    "mse --in 3 --out 2 --w 1,2,3;4,5,6": "--w: has shape (2, 3), but (3, 2) is needed",
    "mse --in 3 --out 2 --b 1,2,3": "--b: has shape (3,), but (2,) is needed, (out,)",
    "mse --in 3 --out 2 --w2 1": "--w2: a model of 1 layer has w, b",
    "mse --in 3 --out 2 --hidden 4 --w 1": "--w: a model of 2 layers has w1, b1 ... w2, b2",
    "mse --in 3 --out 2 --hidden 4 --w3 1": "--w3: a model of 2 layers has w1, b1 ... w2, b2",
    "ce --in 3 --out 2 --labels 2": "--labels: 2 at position 1 is not a class from 0 to 1",
    "ce --in 3 --out 2 --labels 0,-1": "--labels: -1 at position 2 is not a class from 0 to 1",
    "ce --in 3 --out 2 --labels 0.5": "--labels: 0.5 at position 1 is not a class from 0 to 1",
    "ce --in 3 --out 2 --labels 0,1 --batch 3": "--labels: 2 given for a batch of 3: one a row",
    "ce --in 3 --out 2 --labels 0 --y 0,1": "--labels: give either labels or y, not both",
    "ce --in 3 --out 2 --labels zeros": "--labels: takes numbers or a file, not the initialiser",
    "mse --in 3 --out 2 --from-logits": "--from-logits: goes with bce, ce, focal",
    "ce --in 3 --out 2 --from-logits --from-probs": "--from-probs: give either from_logits or",
    "mse --in 3 --out 1 --x 1,2,a": "expected a number at position 5, found 'a'",
    "mse --in 3 --out 1 --x [1,2": "expected ',' or ']' at position 5, found the end",
    "mse --in 3 --out 1 --x 1,2;3": "row 2 has 1 numbers, row 1 has 2",
    "mse --in 3 --out 1 --x [[1,2],[3]]": "the lists have different lengths",
    "mse --in 3 --out 1 --x 1,,2": "expected a number at position 3, found ',2'",
    "mse --in 3 --out 1 --x 1)": "expected the end, ',' or ';' at position 2, found ')'",
    "mse --in 3 --out 1 --x []": "--x: is empty: its shape is (0,)",
    "mse --in 3 --out 1 --x nomal": "neither an initialiser, a literal nor a file; did you mean",
    "mse --in 3 --out 1 --x missing.npy": "--x: missing.npy: No such file or directory",
    "mse --in 3 --out 1 --x - --y -": "--y: standard input (-) is read by x already",
    "mse --in 3 --out 1 --b eye": "--b: eye needs two axes, and b has the shape (1,)",
    "mse --in 3 --out 1 --hidden 4,x": "--hidden: must be a whole number from 1, not",
    "mse --in 3 --out 1 --hidden 0": "--hidden: must be a whole number from 1, not 0",
    "mse --in 3 --out 1 --dtype float16": "--dtype: unknown value 'float16'; did you mean",
    "mse --in 3 --out 1 --rng torch": "--rng: unknown value 'torch': one of numpy, tensorflow",
    "mse --in 3 --out 1 --seed -1": "--seed: must be a whole number from 0, not -1",
    "mse --in 3 --out 1 --op-seed 1": "--op-seed: goes with rng tensorflow only",
    "mse --in 3 --out 1 --reduction max": "--reduction: unknown value 'max': one of mean, sum",
    "mse --in 9999999 --out 9999999": "99,999,990,000,000 parameters and batch 1 need about",
    "mse --in 3 --out 1 --save x.txt": "must end in one of .npz, .safetensors, .json, .csv",
    "mse --in 3 --out 1 --save no/x.npz": "there is no folder 'no'",
    "mse --in 3 --out 1 --foo": "there is no option --foo",
    "mse --in 3 --out 1 extra": "unexpected extra argument",
    "mse --in": "--in: needs a value, N",
    "nse --in 3": "there is no command 'nse'; did you mean 'mse'?",
    "check formula 3 --against a.json": "a derivative needs a variable: give one, such as x=1",
    "ops softmx": "there is no op 'softmx'; did you mean 'softmax'?",
}  # fmt: skip


@pytest.mark.parametrize(("command", "message"), BAD.items(), ids=lambda text: text[:50])
def test_bad_input(
    command: str,
    message: str,
    gradcli: Gradcli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = gradcli(command)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.count("\n") == 1
    assert ran.err.startswith("gradcli: error: ")
    assert message in ran.err
    assert list(tmp_path.iterdir()) == []


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("pwned"),))


def test_bad_files(gradcli: Gradcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("pickled.npy", np.array([Evil()], dtype=object), allow_pickle=True)
    np.savez("two.npz", a=np.ones(2), b=np.ones(3))
    np.save("words.npy", np.array(["a", "b"]))
    np.save("complex.npy", np.array([1j]))
    np.save("good.npy", np.ones((2, 3)))
    Path("pickle.npz").write_bytes(pickle.dumps([1, 2]))
    Path("cut.npy").write_bytes(Path("good.npy").read_bytes()[:70])
    Path("bad.csv").write_text("1,2\n3,x\n")
    Path("ragged.csv").write_text("1,2\n3\n")
    Path("empty.csv").write_text("")
    Path("bad.json").write_text('{"a": 1}')
    Path("cut.json").write_text("[1, 2")
    Path("na.csv").write_text("NA,2\n3,4\n")
    Path("deep.json").write_text("[" * 100_000)
    Path("huge.npy").write_bytes(
        Path("good.npy").read_bytes().replace(b"(2, 3)", b"(9" + b"9" * 20 + b",)")
    )
    np.savez_compressed("broken.npz", x=np.arange(1000.0))
    data = Path("broken.npz").read_bytes()
    Path("broken.npz").write_bytes(data[:100] + bytes(60) + data[160:])
    np.savez("none.npz")
    Path("binary.csv").write_bytes(b"\xff\x00")
    Path("folder.npy").mkdir()
    for source, message in {
        "pickled.npy": "holds Python objects, as a pickle, which may run code when it is read",
        "two.npz": "holds 2 arrays: name one, one of: a, b",
        "two.npz:c": "holds no 'c', but one of: a, b",
        "words.npy": "not real numbers",
        "complex.npy": "holds complex128, not real numbers",
        "pickle.npz": "is a pickle, which may run code when it is read",
        "na.csv": "line 1: 'NA' is not a number",
        "deep.json": "is not JSON",
        "huge.npy": "ends early: has 194 bytes of 8,000,000,000,000,000,000,120",
        "broken.npz": "is not a readable NumPy file",
        "none.npz": "holds 0 arrays: name one, but it is empty",
        "cut.npy": "is not a readable NumPy file",
        "bad.csv": "line 2: 'x' is not a number",
        "ragged.csv": "line 2 has 1 numbers, the first 2",
        "empty.csv": "is empty",
        "bad.json": "is not a list of numbers",
        "cut.json": "is not JSON",
        "binary.csv": "is neither text nor a known format of arrays",
        "folder.npy": "Is a directory",
        "good.npy[5]": "index 5 is out of bounds",
        "good.npy[0:1,0:1,0]": "too many indices",
        "good.npy[a]": "is not a slice such as [0:32]",
        "good.npy[0:0]": "is empty: its shape is (0, 3)",
    }.items():
        ran = gradcli("mse", "--in", "3", "--out", "1", "--batch", "1", "--x", source)
        assert (ran.code, ran.out) == (2, ""), source
        assert ran.err.startswith(f"gradcli: error: --x: {source}: ") or "0:0" in source
        assert message in ran.err
        assert ran.err.count("\n") == 1
    assert not Path("pwned").exists()


def test_closed_and_exhausted_standard_input(
    gradcli: Gradcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = "-: standard input is empty, closed, or was read already"
    assert message in gradcli("run -").err
    spec = b'{"loss": "mse", "x": "-", "out": 1}'
    assert message in gradcli("run -", stdin=spec).err
    ran = gradcli("mse --x - --out 2")
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_an_unexpected_exception_is_called_a_bug(
    gradcli: Gradcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gradcli import answer

    def broken(problem: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(answer, "differentiate", broken)
    ran = gradcli("mse --in 3 --out 1")
    assert (ran.code, ran.err) == (
        70, "gradcli: a bug in gradcli (RuntimeError: boom); --debug shows where\n",
    )  # fmt: skip
    assert "Traceback" in gradcli("--debug mse --in 3 --out 1").err

    def interrupted(problem: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(answer, "differentiate", interrupted)
    ran = gradcli("mse --in 3 --out 1")
    assert (ran.code, ran.err) == (130, "\ngradcli: interrupted\n")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("mse --x 1,nan --y 0 --w 1", "x holds nan at [0, 1]"),
        ("mse --x 1e38,1e38 --y 0 --w 9 --b 0", "inf at [0, 0], first made by dense"),
        ("mse --x 1e30 --y 0 --w 1", "inf at [0, 0], first made by squared_difference"),
        ("ce --x 0,0 --w 1,0;0,1 --labels 0 --from-probs", "nan at [0, 0], first made by divide"),
    ],
)
def test_a_loss_that_is_not_finite(command: str, why: str, gradcli: Gradcli) -> None:
    ran = gradcli(command)
    assert ran.code == 1
    assert f"the loss is not finite: {why}" in ran.err
    assert "loss " in ran.out


@pytest.mark.parametrize("key", ["l1", "tol", "step", "atol"])
def test_a_whole_number_that_is_no_float_is_refused(gradcli: Gradcli, key: str) -> None:
    spec = {"loss": "mse", "in": 2, "out": 1, key: 10**400}
    ran = gradcli("check run -", stdin=json.dumps(spec).encode())
    assert (ran.code, ran.out) == (2, "")
    assert f"{key}: must be a number" in ran.err
