"""--json: strict, whole, and fed back it gives itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gradcli.verb_keys import CHECK_KEYS
from tests.conftest import Gradcli

COMMANDS = [
    "mse --in 3 --out 2 --act sigmoid",
    "mse --in 3 --out 2 --dtype float64 --hidden 4,5 --hidden-act gelu --seed 9",
    "mae --x 1,2;3,4;5,6 --out 2 --y 1,2;0.1,4;9,9 --reduction sum",
    "huber --in 2 --out 1 --batch 3 --y 1,2,3",
    "bce --in 4 --out 1 --labels 0,1,1",
    "bce --in 4 --out 3 --batch 2 --act sigmoid --from-logits",
    "ce --in 4 --out 3 --hidden 8 --batch 5 --w1 he_normal --b2 0.5",
    "ce --in 4 --out 3 --batch 2 --rng tensorflow --op-seed 1 --labels 2,0 --from-probs",
    "ce --in 4 --out 3 --batch 2 --rng tensorflow --seed 3 --w glorot_uniform",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_spec_fed_back_gives_the_same_to_the_last_bit(command: str, gradcli: Gradcli) -> None:
    first = gradcli(f"{command} --json").json
    for document in (first["spec"], first):
        again = gradcli("run - --json", stdin=json.dumps(document).encode()).json
        assert again == first


def test_the_document_is_one_line_of_the_keys_promised(gradcli: Gradcli) -> None:
    ran = gradcli("ce --in 4 --out 3 --hidden 2 --json --trace")
    assert ran.out.count("\n") == 1
    answer = ran.json
    assert list(answer) == ["loss", "grads", "params", "x", "y", "output", "spec", "trace"]
    assert list(answer["grads"]) == list(answer["params"]) == ["w1", "b1", "w2", "b2"]
    assert np.shape(answer["grads"]["w1"]) == (4, 2)
    assert list(answer["trace"][0]) == ["name", "op", "inputs", "shape", "value", "grad", "rule"]
    assert [s["name"] for s in answer["trace"]][:3] == ["z1", "a1", "z2"]
    assert answer["trace"][0]["rule"] == "dw1 = x.T @ g, db1 = sum of g over the batch"
    assert answer["trace"][-1]["value"] == answer["loss"]


def test_the_keys_of_a_spec_stand_in_the_order_of_their_declaration(gradcli: Gradcli) -> None:
    """Whatever Python's hashes are in this process."""
    command = "check mse --in 3 --out 2 --tol 1e-5 --sample 2 --step 1e-5 --atol 1e-9 --order 1"
    spec = list(gradcli(f"{command} --rule torch --explain --sweep --json").json["spec"])
    own = [name for name in spec[spec.index("verb") + 1 :] if name != "method"]
    assert own == [key.name for key in CHECK_KEYS if key.name in own]
    assert len(own) == 8


def test_float32_numbers_are_the_shortest_that_come_back(gradcli: Gradcli) -> None:
    ran = gradcli("mse --x 0.1,0.2,0.3 --y 0.7 --w 1 --json")
    assert '"x": [[0.1, 0.2, 0.3]]' in ran.out


def test_what_is_not_finite_is_null(gradcli: Gradcli) -> None:
    ran = gradcli("mse --x nan,1 --y 0 --w 1 --json")
    assert ran.code == 1
    assert ran.json["loss"] is None
    assert ran.json["x"] == [[None, 1.0]]
    again = gradcli("run - --json", stdin=json.dumps(ran.json["spec"]).encode())
    assert again.code == 1
    assert again.json == ran.json


def test_files_are_read_into_the_spec(gradcli: Gradcli, tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", x=np.arange(12.0).reshape(4, 3), y=np.eye(4)[:, :2])
    data = tmp_path / "data.npz"
    first = gradcli(
        f"mse --x {data}:x[1:3] --y {data}:y[1:3] --act tanh --w {data}:x[0:3,0:2] --json"
    )
    assert first.json["x"] == [[3, 4, 5], [6, 7, 8]]
    data.unlink()
    again = gradcli("run - --json", stdin=json.dumps(first.json["spec"]).encode())
    assert again.json == first.json


@pytest.mark.parametrize(
    "command",
    [
        "check mse --x 0.05268026592820746,-2.887132320042998 --y 0.1234567890123 --w 1.1111111111",
        "check mae --x {x} --out 2 --b {x}[0,0:2]",
        "check rosenbrock",
        "formula sum(x^3) x={x}",
        "check formula sum(x^3) x={x} --dtype float32",
    ],
)
def test_what_was_given_is_written_out_as_exact_as_it_was_used(
    command: str, gradcli: Gradcli, tmp_path: Path
) -> None:
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32))
    first = gradcli(command.format(x=tmp_path / "x.npy") + " --json")
    assert gradcli("run - --json", stdin=first.out.encode()).out == first.out


def test_several_specs_are_one_object_a_line(gradcli: Gradcli, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('loss = "mse"\nin = 2\nout = 1\n')
    (tmp_path / "b.json").write_text('{"loss": "ce", "in": 2, "out": 3, "seed": 4}')
    ran = gradcli(f"run {tmp_path / 'a.toml'} {tmp_path / 'b.json'} --json")
    first, second = (json.loads(line) for line in ran.out.splitlines())
    assert first["spec"]["loss"] == "mse"
    assert second["spec"]["seed"] == 4
    both = gradcli("run - --json", stdin=ran.out.encode())
    assert both.out == ran.out
