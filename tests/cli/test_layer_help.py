"""One layer on the command line: what its help says, and what people call it elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from gradcli.layer_kinds import LAYERS
from tests.cli.test_help import PROBE
from tests.conftest import Gradcli


def row(text: str, option: str) -> str:
    """What a help screen says of an option, on one line."""
    found = re.search(rf"\n  {option}\b(.*?)(?=\n  -|\n\n|\Z)", text, re.S)
    return " ".join(found[1].split()) if found else ""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("dense --w", "VALUE Parameter, (in, out). [default: normal]"),
        ("dense --units", "N Units out. [default: from w or b]"),
        ("lstm --units", "N Units out; needed."),
        ("lstm --u", "VALUE Parameter, (units, gates * units). [default: normal]"),
        ("lstm --c0", "VALUE Parameter where it is given, (batch, units). [default: zeros]"),
        ("lstm --upstream-c", "VALUE Gradient by the last c; goes with state. [default: normal]"),
        ("embedding --x", "VALUE Whole numbers below vocab, (batch, in). [default: random]"),
    ],
)
def test_options_say_what_is_to_be_given(line: str, said: str, gradcli: Gradcli) -> None:
    kind, option = line.split()
    assert row(gradcli(f"layer {kind} --help").out, option) == said


def test_options_of_other_frameworks_are_taken_and_not_shown(gradcli: Gradcli) -> None:
    ours = gradcli("layer lstm --in 2,3 --units 2 --sequences --json")
    assert gradcli("layer lstm --in 2,3 --hidden-size 2 --return-sequences --json") == ours
    assert "hidden-size" not in gradcli("layer lstm --help").out
    ran = gradcli("layer lstm --in 2,3 --units 2 --hidden-size 2")
    assert ran.err.endswith("--units: is given twice: hidden_size is another name of it\n")


def test_the_upstream_of_a_state_has_an_option(gradcli: Gradcli) -> None:
    """A step that keeps its state: y and h are the same, so their upstream gradients add."""
    line = "layer rnn --in 1,2 --units 2 --act linear --x 1,2 --w eye --u eye --upstream 1,2"
    answer = gradcli(f"{line} --state --upstream-h 3,4 --json").json
    assert answer["grads"]["x"] == [[[4, 6]]]
    ran = gradcli(f"{line} --upstream-h 3,4")
    assert ran.err.startswith("gradcli: error: --upstream-h: goes with state")


MEANT = {
    "nn.Linear": "dense",
    "keras.layers.LSTM": "lstm",
    "SimpleRNN": "rnn",
    "conv": "conv2d",
    "Conv2D": "conv2d",
    "nn.Conv1d": "conv1d",
    "BatchNormalization": "batch_norm",
    "nn.BatchNorm2d": "batch_norm",
    "LayerNorm": "layer_norm",
    "maxpool": "max_pool2d",
    "MaxPooling1D": "max_pool1d",
    "AvgPool2d": "avg_pool2d",
    "GlobalAveragePooling2D": "global_avg_pool",
    "nn.MultiheadAttention": "attention",
    "MultiHeadAttention": "attention",
    "affine": "dense",
    "relu": "activation",
    "Dropuot": "dropout",
}


@pytest.mark.parametrize("name", [n for n, kind in MEANT.items() if kind in LAYERS])
def test_kinds_are_known_by_their_names_elsewhere(name: str, gradcli: Gradcli) -> None:
    said = f"did you mean '{MEANT[name]}'?"
    assert said in gradcli("layer", name).err
    assert said in gradcli("mse", "--in", "3", "--layers", name.rpartition(".")[2]).err


def test_help_on_a_kind_is_that_of_its_command(gradcli: Gradcli) -> None:
    assert gradcli("help lstm").out == gradcli("layer lstm --help").out


def test_kinds_are_completed_without_numpy() -> None:
    env = {
        "_GRADCLI_COMPLETE": "bash_complete",
        "COMP_WORDS": "gradcli layer ls",
        "COMP_CWORD": "2",
    }
    probe = PROBE.format(args=[], env=env, watched=["numpy"])
    ran = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert ran.stdout.endswith("plain,lstm\n[]\n")
