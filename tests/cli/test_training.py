"""``gradcli descend --epochs``: learning, files, interrupts, scripts, and what is refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from tests.cli.test_safety import listening
from tests.conftest import Gradcli

DATA = "--x digits.npz:x --labels digits.npz:y"


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 1,797 images of 8 x 8, 0 to 16, and what digit each shows."""
    folder = tmp_path_factory.mktemp("digits")
    found = load_digits()
    images = found.images.astype(np.float32)
    np.savez(folder / "digits.npz", x=found.data, images=images[..., None], y=found.target)
    rng = np.random.default_rng(0)
    np.savez(folder / "small.npz", x=rng.normal(size=(40, 3)), y=rng.integers(0, 2, 40))
    return folder


@pytest.fixture(autouse=True)
def _there(digits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(digits)


def test_a_dense_net_learns_digits(gradcli: Gradcli) -> None:
    found = gradcli(
        f"descend ce {DATA} --hidden 32 --out 10 --w he_normal --optimizer adam --lr 0.003 "
        "--epochs 20 --holdout 0.2 --json"
    ).answer
    assert found["history"][-1]["test_accuracy"] > 0.95
    assert found["steps"] == 20 * 45


def test_a_convolutional_net_learns_digits_better(gradcli: Gradcli) -> None:
    found = gradcli(
        "descend", "ce", "--x", "digits.npz:images", "--labels", "digits.npz:y", "--layers",
        "conv2d(16, 3, padding=same, act=relu, w=he_normal), batch_norm, max_pool2d, "
        "flatten, dropout(0.2), dense(10, w=glorot_uniform)",
        *["--optimizer", "adam", "--lr", "0.01", "--epochs", "10", "--holdout", "0.2", "--json"],
    ).answer  # fmt: skip
    assert found["history"][-1]["test_accuracy"] > 0.97
    assert set(found["moving"]) == {"mean2", "var2"}


SMALL = "--x small.npz:x --labels small.npz:y --hidden 4 --out 2 --batch 8 --optimizer adam"


def test_a_table_grows_a_row_an_epoch(gradcli: Gradcli) -> None:
    ran = gradcli(f"descend ce {SMALL} --epochs 5 --every 2 --holdout 0.25")
    lines = ran.out.splitlines()
    assert lines[0] == "descend ce: 3 -> 4 relu -> 2 linear, batch 8, float32, seed 0"
    assert lines[1] == "adam, lr 0.01; 5 epochs of 4 steps; 30 rows, 10 to judge by"
    heads = [head.strip() for head in lines[3].strip("│").split("│")]
    assert heads == ["epoch", "loss", "accuracy", "test loss", "test accuracy"]
    shown = [line.split()[1] for line in lines if re.match(r"│ +\d", line)][:3]
    assert shown == ["2", "4", "5"]
    history = gradcli(f"descend ce {SMALL} --epochs 5 --holdout 0.25 --json").json["history"]
    assert [row["epoch"] for row in history] == [1, 2, 3, 4, 5]
    last = "after 5 epochs: loss {loss:.6g}, accuracy {accuracy:.6g}, test loss {test_loss:.6g}"
    assert lines[-1].startswith(last.format(**history[-1]))


def test_an_answer_is_run_again_to_the_last_bit(gradcli: Gradcli) -> None:
    for more in ("--holdout 0.25", "--test-x small.npz:x[:9] --test-labels small.npz:y[:9]"):
        first = gradcli(f"descend ce {SMALL} --epochs 2 {more} --json")
        again = gradcli("run - --json", stdin=first.out.encode())
        assert again.out == first.out
        assert gradcli("descend run - --json", stdin=first.out.encode()).out == first.out
    two = first.out.encode() + json.dumps({**first.json["spec"], "seed": 5}).encode()
    lines = gradcli("run - --json", stdin=two).out.splitlines()
    assert lines[0] + "\n" == first.out
    assert json.loads(lines[1])["history"] != first.json["history"]


def test_numbers_written_in_the_document_are_data(gradcli: Gradcli) -> None:
    document = {
        "loss": "mse", "x": [[1], [2], [3], [4]], "y": [[3], [5], [7], [9]], "out": 1, "batch": 2,
        "dtype": "float64", "verb": "descend", "epochs": 400, "lr": 0.05, "w": 0,
    }  # fmt: skip
    found = gradcli("run - --json", stdin=json.dumps(document).encode())
    assert found.json["params"]["w"][0][0] == pytest.approx(2, rel=1e-6)
    assert found.json["params"]["b"][0] == pytest.approx(1, rel=1e-6)
    assert gradcli("run - --json", stdin=found.out.encode()).out == found.out


def test_what_is_saved_is_gone_on_with(gradcli: Gradcli, tmp_path: Path) -> None:
    kept = tmp_path / "run.npz"
    whole = gradcli(f"descend ce {SMALL} --epochs 6 --holdout 0.25 --json").answer
    gradcli(f"descend ce {SMALL} --epochs 2 --holdout 0.25 --save {kept}")
    more = gradcli(f"descend ce {SMALL} --epochs 6 --holdout 0.25 --resume {kept} --json")
    assert more.answer == whole
    assert gradcli("run - --json", stdin=more.out.encode()).out == more.out
    arrays = np.load(kept)
    assert arrays["params.w1"].shape == (3, 4)
    assert arrays["optimizer.first.w1"].shape == (3, 4)
    assert arrays["optimizer.taken"] == 8
    done = gradcli(f"descend ce {SMALL} --epochs 2 --holdout 0.25 --resume {kept} --json")
    assert len(done.answer["history"]) == 2


def test_keys_of_optimizers_and_schedules_go_through(gradcli: Gradcli, tmp_path: Path) -> None:
    """A schedule falls over all steps of all epochs; a rate of 0 at the end moves nothing."""
    kept = tmp_path / "run.npz"
    command = f"descend ce {SMALL} --beta-1 0.5 --lr-schedule cosine --decay-steps 10"
    first = gradcli(f"{command} --epochs 4 --json")
    assert gradcli("run - --json", stdin=first.out.encode()).out == first.out
    assert first.json["spec"]["beta_1"] == 0.5
    two = gradcli(f"{command} --epochs 2 --save {kept} --json").answer
    assert two["params"] == first.answer["params"]  # 5 steps an epoch
    more = gradcli(f"{command} --epochs 4 --resume {kept} --json").answer
    assert more == first.answer


def test_several_optimizers_are_compared(gradcli: Gradcli, tmp_path: Path) -> None:
    """Each begins at the same parameters, and gets what it gets by itself."""
    command = f"descend ce {SMALL} --epochs 3 --holdout 0.25".replace("adam", "{}")
    both = gradcli(command.format("gd,adam") + " --json")
    assert gradcli("run - --json", stdin=both.out.encode()).out == both.out
    for run in both.json["runs"]:
        alone = gradcli(command.format(run.pop("optimizer")) + " --json")
        assert run == alone.answer
    lines = gradcli(command.format("gd,adam")).out.splitlines()
    heads = [head.strip() for head in lines[3].strip("│").split("│")]
    assert heads == ["epoch", "gd", "gd test", "adam", "adam test"]
    losses = [row["loss"] for row in both.json["runs"][1]["history"]]
    assert float(lines[5].split("│")[4]) == pytest.approx(losses[0], rel=1e-5)
    for name in ("a.png", "a.csv"):
        kind = "--plot" if name == "a.png" else "--save"
        assert gradcli(command.format("gd,adam") + f" {kind} {tmp_path / name}").code == 0
    assert (tmp_path / "a.csv").read_text().splitlines()[0] == "epoch,gd,gd test,adam,adam test"


@pytest.mark.parametrize("steps", [1, 6])
def test_ctrl_c_keeps_what_was_reached(digits: Path, gradcli: Gradcli, steps: int) -> None:
    """Stopped in the middle of an epoch, saved, and gone on with: as if it had not been."""
    held = f"""
import os, signal, sys
from gradcli.cli import training
from gradcli.cli.signals import listen
listen()
import gradcli.model.training as t
step, done = t.Training.step, []
def watched(self, params, batch):
    done.append(1)
    if len(done) == {steps}:
        os.kill(os.getpid(), signal.SIGINT)
    return step(self, params, batch)
t.Training.step = watched
from gradcli.__main__ import main
main()
"""
    command = f"descend ce {SMALL} --epochs 3 --holdout 0.25 --save half.npz".split()
    ran = subprocess.run(
        [sys.executable, "-c", held, *command], capture_output=True, text=True, timeout=60,
        preexec_fn=listening(), check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (130, "gradcli: interrupted\n")
    assert "stopped: interrupted" in ran.stdout
    assert np.load("half.npz")["optimizer.taken"] == steps
    whole = gradcli(f"descend ce {SMALL} --epochs 3 --holdout 0.25 --json").answer
    more = gradcli(f"descend ce {SMALL} --epochs 3 --holdout 0.25 --resume half.npz --json").answer
    assert more == whole


REFUSED = {
    "descend mse --in 3 --out 1 --epochs 2": "--x: needed: training takes rows of data",
    "descend mse --x 1,2;3,4 --out 1 --epochs 2": "--labels: needed, or y: training takes a target",
    "descend formula x^2 x=1 --epochs 2": "--epochs: goes with a model and its data",
    "descend himmelblau --epochs 2": "--epochs: goes with a model and its data",
    "descend layer dense --in 2 --units 2 --epochs 2": "--epochs: goes with a model and its data",
    f"descend ce {SMALL} --holdout 0.5": "--holdout: goes with epochs",
    f"descend ce {SMALL} --resume x.npz": "--resume: goes with epochs",
    f"descend ce {SMALL} --epochs 2 --steps 3": "--steps: does not go with epochs",
    f"descend ce {SMALL} --epochs 2 --tol 3": "--tol: does not go with epochs",
    f"descend ce {SMALL} --epochs 2 --optimizer lbfgs": "--optimizer: lbfgs takes all rows",
    f"descend ce {SMALL} --epochs 2 --optimizer gd,lbfgs": "--optimizer: lbfgs takes all rows",
    f"descend ce {SMALL} --epochs 2 --optimizer gd,adam --resume x": "--resume: goes with one",
    f"descend ce {SMALL} --epochs 2 --optimizer gd,adam --trace": "--trace: goes with one",
    f"descend ce {SMALL} --epochs 2 --rho 0.5": "--rho: goes with rmsprop only, not adam",
    f"descend ce {SMALL} --epochs 0": "--epochs: must be a whole number from 1, not 0",
    f"descend ce {SMALL} --epochs 2 --holdout 1": "--holdout: must be a number from 0 to below 1",
    f"descend ce {SMALL} --epochs 2 --holdout 0.001": "--holdout: 0.001 of 40 rows leaves no row",
    f"descend ce {SMALL} --epochs 2 --test-labels 0": "--test-x: needed beside the targets",
    f"descend ce {SMALL} --epochs 2 --test-x 1,2,3": "--test-labels: needed, or y",
    f"descend ce {SMALL} --epochs 2 --test-x 1,2,3 --test-labels 2": "--test-labels: 2 at position",
    f"descend ce {SMALL} --epochs 2 --test-x 1,2 --test-labels 1": "--test-x: has rows of (2,)",
    f"descend ce {SMALL} --epochs 2 --holdout 0.1 --test-x 1,2,3": "--holdout: does not go with",
    f"descend ce {SMALL} --epochs 2 --resume -": "--resume: takes a file, not standard input",
    f"descend ce {SMALL} --epochs 2 --resume gone.npz": "--resume: gone.npz: No such file",
    f"descend ce {SMALL} --epochs 2 --resume small.npz": "--resume: small.npz: is no checkpoint",
    f"descend ce {SMALL} --epochs 2 --wrt x": "--wrt: training moves parameters: w1, b1, w2, b2",
    "descend ce --x small.npz:x --labels small.npz:y[:39] --out 2 --epochs 1": "39 given for",
    "descend ce --x small.npz:x --labels 5 --out 2 --epochs 1": "--labels: 1 given for",
}  # fmt: skip


@pytest.mark.parametrize("command", REFUSED)
def test_what_does_not_go_is_refused_in_a_line(command: str, gradcli: Gradcli) -> None:
    ran = gradcli(command)
    assert (ran.code, ran.out) == (2, "")
    assert REFUSED[command] in ran.err
    assert ran.err.count("\n") == 1


def test_a_checkpoint_of_another_training_is_refused(gradcli: Gradcli, tmp_path: Path) -> None:
    kept = tmp_path / "run.npz"
    gradcli(f"descend ce {SMALL} --epochs 1 --save {kept}")
    for other, words in {
        "--seed 1": "seed 0, not ce: 3 -> 4 relu -> 2 linear, batch 8, float32, seed 1",
        "--batch 9": "batch 8, float32",
        "--holdout 0.5": "is of rows 40, not 20",
        "--test-x 1,2,3 --test-labels 1": "is of rows to judge by 0, not 1",
        "--dtype float64": "float32, seed 0, not",
        "--optimizer gd": "is of optimizer adam, not gd",
        "--optimizer momentum": "is of optimizer adam, not momentum",
        "--lr 5": "is of lr 0.01, not 5",
        "--lr-schedule cosine": "is of lr_schedule None, not cosine",
        "--beta-1 0.5": "is of beta_1 0.9, not 0.5",
        "--hidden 5": "3 -> 4 relu -> 2 linear",
        "--hidden-act tanh": "3 -> 4 relu",
        "--scale 2": "is of scale 1.0, not 2.0",
        "--reduction sum": "is of reduction mean, not sum",
        "--l2 0.1": "not ce + 0.1 l2",
        "--wrt w1": "is of wrt ['w1', 'b1', 'w2', 'b2'], not ['w1']",
        "--x small.npz:x[::-1]": "is of first rows",
    }.items():
        ran = gradcli(f"descend ce {SMALL} --epochs 2 --resume {kept} {other}")
        assert (ran.code, ran.out) == (2, "")
        assert words in ran.err
        assert ran.err.startswith("gradcli: error: --resume: ")


def test_what_a_training_says_may_be_checked(gradcli: Gradcli) -> None:
    """Its batch is then the rows of x: those of a step are no matter of a check."""
    first = gradcli(f"descend ce {SMALL} --epochs 1 --json").out.encode()
    ran = gradcli("check run - --json", stdin=first)
    assert ran.json["verdict"] == "pass"
    assert ran.json["spec"]["batch"] == 40
    bare = {k: v for k, v in json.loads(first)["spec"].items() if k != "verb"}
    ran = gradcli("run -", stdin=json.dumps(bare).encode())
    assert "epochs: goes with the verb descend" in ran.err


def test_rows_to_judge_by_take_the_shape_of_a_row(gradcli: Gradcli, tmp_path: Path) -> None:
    found = np.load("small.npz")
    found["x"].astype("<f4").tofile(tmp_path / "x.f32")
    found["x"][:7].astype("<f4").tofile(tmp_path / "t.f32")
    command = (
        "descend ce --labels small.npz:y --out 2 --epochs 1 --test-labels small.npz:y[:7] --json"
    )
    raw = gradcli(f"{command} --x {tmp_path}/x.f32 --x-shape 40,3 --test-x {tmp_path}/t.f32")
    plain = gradcli(f"{command} --x small.npz:x --test-x small.npz:x[:7]")
    assert raw.json["history"] == plain.json["history"]


def test_comparisons_tell_what_is_asked_for(gradcli: Gradcli) -> None:
    data = "descend ce --x small.npz:x --labels small.npz:y --out 2"
    for command in (f"{data} --epochs 1", f"{data} --steps 2"):
        asked = f"{command} --metrics accuracy --optimizer gd,adam"
        lines = gradcli(asked).out.splitlines()
        told = [line.split()[1] for line in lines if line.startswith("accuracy ")]
        runs = gradcli(f"{asked} --json").json["runs"]
        assert told == [f"{run['metrics']['accuracy']:.6g}" for run in runs]


def test_metrics_of_drawn_labels_are_warned_of(gradcli: Gradcli) -> None:
    ran = gradcli("ce --x small.npz:x --out 2 --metrics accuracy")
    assert "labels are drawn: what is measured is of random classes" in ran.err


def changed(kept: Path, **arrays: Any) -> Path:
    found = {name.replace("__", "."): np.asarray(array) for name, array in arrays.items()}
    other = kept.with_name("changed.npz")
    np.savez(other, **{**np.load(kept), **found})
    return other


@pytest.mark.parametrize(
    "arrays",
    [
        {"optimizer__taken": -5},
        {"optimizer__taken": np.nan},
        {"optimizer__taken": 0},
        {"optimizer__taken": 2.0**62},
        {"position__step": np.inf},
        {"position__step": 99},
        {"position__step": -1},
        {"position__step": 1.5},
        {"position__rows": [1, 2]},
        {"history__loss": 3.0},
        {"history__epoch": 3.0},
        {"history__epoch": [[1, 2]]},
        {"history__epoch": [np.nan, 1]},
        {"history__epoch": [1.0]},
        {"history__epoch": np.arange(1.0, 8.0)},
        {"of": [255, 255]},
        {"of": 5},
    ],
)
def test_a_damaged_checkpoint_is_refused(
    arrays: dict[str, Any], gradcli: Gradcli, tmp_path: Path
) -> None:
    kept = tmp_path / "run.npz"
    gradcli(f"descend ce {SMALL} --epochs 2 --save {kept}")
    ran = gradcli(f"descend ce {SMALL} --epochs 4 --resume {changed(kept, **arrays)}")
    assert (ran.code, ran.out) == (2, "")
    assert re.search(r"--resume: .*changed\.npz: (is damaged: its|is of model None)", ran.err)


def test_a_spec_names_the_checkpoint_as_it_was(gradcli: Gradcli, tmp_path: Path) -> None:
    kept = tmp_path / "run.npz"
    gradcli(f"descend ce {SMALL} --epochs 1 --save {kept}")
    first = gradcli(f"descend ce {SMALL} --epochs 3 --resume {kept} --json").out.encode()
    gradcli(f"descend ce {SMALL} --epochs 2 --save {kept}")
    ran = gradcli("run - --json", stdin=first)
    assert ran.code == 2
    assert "resume: " in ran.err
    assert "has changed since" in ran.err


def test_what_is_done_already_is_said(gradcli: Gradcli, tmp_path: Path) -> None:
    kept = tmp_path / "run.npz"
    gradcli(f"descend ce {SMALL} --epochs 2 --save {kept}")
    ran = gradcli(f"descend ce {SMALL} --epochs 1 --resume {kept}")
    assert ran.code == 0
    assert "2 epochs are done already: nothing is left to do of 1" in ran.err


def test_a_part_that_is_trained_is_saved_with_the_rest(gradcli: Gradcli, tmp_path: Path) -> None:
    kept = tmp_path / "run.npz"
    gradcli(f"descend ce {SMALL} --epochs 1 --wrt w2,b2 --save {kept}")
    found = np.load(kept)
    whole = gradcli(f"ce {SMALL.partition(' --batch')[0]} --json").json["params"]
    np.testing.assert_allclose(found["params.w1"], whole["w1"])
    assert not np.allclose(found["params.w2"], whole["w2"])


def test_a_loss_that_is_not_finite_ends_it(gradcli: Gradcli) -> None:
    ran = gradcli("descend mse --x small.npz:x --y small.npz:y --out 1 --epochs 9 --lr 1e9 --json")
    assert ran.code == 1
    assert re.search(r"the loss is not finite at epoch \d, step \d: lower --lr", ran.err)
    assert ran.json["stopped"] == "nonfinite"


def test_a_bad_document_names_its_line_and_the_rest_go_on(gradcli: Gradcli) -> None:
    good = {"loss": "mse", "x": "small.npz:x", "y": "small.npz:y", "out": 1, "epochs": 1}
    good["verb"] = "descend"
    lines = [good, {**good, "epochs": "many"}, {**good, "batch": "x"}, {**good, "batch": 3}]
    ran = gradcli("run - --json", stdin="\n".join(map(json.dumps, lines)).encode())
    found = [json.loads(line) for line in ran.out.splitlines()]
    assert [line.get("line") for line in found] == [None, 2, 3, None]
    assert ran.code == 2


def test_views_of_a_training(gradcli: Gradcli, tmp_path: Path) -> None:
    command = f"descend ce {SMALL} --epochs 2 --holdout 0.25"
    for name in ("a.json", "a.csv", "a.html", "a.svg"):
        assert gradcli(f"{command} --save {tmp_path / name}").code == 0
    rows = (tmp_path / "a.csv").read_text().splitlines()
    assert rows[0] == "epoch,loss,accuracy,test_loss,test_accuracy"
    assert len(rows) == 3
    assert gradcli(f"{command} --plot {tmp_path / 'a.png'}").code == 0
    assert gradcli(f"{command} --graph {tmp_path / 'a.dot'}").code == 0
    for view in ("--markdown", "--latex", "--trace", "--full", "--trace --json", "--digits 3"):
        assert gradcli(f"{command} {view}").code == 0
