"""The page ``cs231n``: its commands give what CS231n's formulas give, computed by hand."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import gradcli as package
from tests.conftest import Gradcli
from tests.layers.by_hand import SIGNATURES

PAGE = (Path(package.__file__).parent / "help" / "cs231n.md").read_text()
COMMANDS = {
    heading.partition(":")[0]: shlex.split(command.replace("\\\n", ""))[1:]
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S)
    for heading, command in re.findall(r"# (.*)\n((?:.+\n)+)", block)
}


def test_every_signature_has_its_command() -> None:
    assert set(COMMANDS) == set(SIGNATURES)


@pytest.mark.parametrize("name", COMMANDS)
def test_value_and_gradients(
    name: str, gradcli: Gradcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files, value, grads, states = SIGNATURES[name](np.random.default_rng(231))
    for file, array in files.items():
        np.save(f"{file}.npy", array)
    ran = gradcli(*COMMANDS[name], "--dtype", "float64", "--json")
    assert ran.err == ""
    np.testing.assert_allclose(ran.json.get("value", ran.json.get("loss")), value, rtol=1e-12)
    for state, wanted in states.items():
        np.testing.assert_allclose(ran.json[state], wanted, rtol=1e-12)
    assert set(ran.json["grads"]) == set(grads)
    for array, wanted in grads.items():
        found = np.reshape(ran.json["grads"][array], wanted.shape)
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-13, err_msg=array)
    named = {"w1": "dW1", "w2": "dW2", "wx": "dWx", "wh": "dWh"}
    shapes = {name: files.get(name, array).shape for name, array in grads.items()}
    mine = {named.get(n, f"d{n}"): array.reshape(shapes[n]) for n, array in grads.items()}
    np.savez("mine.npz", **mine)
    judged = gradcli("check", *COMMANDS[name], "--against", "mine.npz", "--sample", "3")
    assert (judged.code, judged.err) == (0, "")
