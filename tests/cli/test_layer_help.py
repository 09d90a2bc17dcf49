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
        ("lstm --units", "N Units out. [default: from w or u]"),
        ("dropout --rate", "X The part that is dropped; needed."),
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


TITLES = {
    "conv2d --in 5,5,3 --filters 2 --kernel 3,2 --stride 2": "conv2d(2, 3x2, 2) 2x2x2",
    "lstm --in 5,3 --units 2 --sequences": "lstm(2, sequences) 5x2",
    "batch_norm --in 5,3 --eps 0.001": "batch_norm 5x3",
    "batch_norm --in 5,3 --convention cs231n": "batch_norm(1e-05) 5x3",
    "dropout --in 3 --batch 2 --p 0.8 --convention cs231n": "dropout(0.2) 3",
}


@pytest.mark.parametrize("line", TITLES)
def test_the_title_says_what_is_not_as_usual(line: str, gradcli: Gradcli) -> None:
    title = gradcli(f"layer {line}").out.partition("\n")[0]
    assert f"-> {TITLES[line]}, batch" in title


def test_keys_may_be_given_by_name(gradcli: Gradcli) -> None:
    ours = gradcli("layer lstm --in 2,3 --units 2 --sequences --json")
    assert gradcli("layer lstm in=2,3 units=2 sequences=true --json") == ours
    ran = gradcli("layer lstm in=2,3 units=two")
    assert "--units: must be a whole number from 1, not 'two'" in ran.err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "layer dense --in 3 --units 2 --convention torch --w 1",
            "unknown key 'w': this convention calls it weight",
        ),
        (
            "layer lstm --in 2,3 --units 2 --convention cs231n --u 1",
            "unknown key 'u': this convention calls it wh",
        ),
        ("mse --in 3 --layers 'nn.Linear(3)'", "a kind stands without its module: drop nn."),
    ],
)
def test_names_of_another_convention(line: str, said: str, gradcli: Gradcli) -> None:
    assert said in gradcli(line).err


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


@pytest.mark.parametrize("name", MEANT)
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


def test_the_manual_has_a_table_of_all_kinds(gradcli: Gradcli) -> None:
    table = gradcli("help layers").out.partition("## Kinds")[2].partition("##")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    cells = {cells[1].strip(" `"): cells[2:4] for cells in (row.split("|") for row in rows)}
    assert list(LAYERS) == list(cells)
    for kind, known in LAYERS.items():
        named = [part.split()[0] for part in cells[kind][0].split(",") if part.strip()]
        assert named == [key.name for key in known.keys]
    assert cells["max_pool2d"] == [" pool (2), stride (pool), padding (valid) ", "  "]
    arrays = "gamma (channels,), beta (channels,), [mean (channels,)], [var (channels,)]"
    assert cells["batch_norm"][1].strip() == arrays
