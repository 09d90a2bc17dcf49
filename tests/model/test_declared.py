"""A loss and an activation, each made here in one declaration and one line of the catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from click.shell_completion import ShellComplete

from gradcli.catalogue import ACTIVATIONS, CROSS_ENTROPIES, LOSSES, Loss
from gradcli.cli.main import cli
from gradcli.engine import REGISTRY, Array
from gradcli.engine.op import composite, op
from gradcli.engine.ops.arithmetic import power
from gradcli.engine.ops.loss import bce
from gradcli.engine.ops.reduction import mean
from gradcli.engine.tensor import Tensor
from tests.conftest import Gradcli


@pytest.fixture(autouse=True)
def declared(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    @composite(("", "g * 4 * (y_pred - y_true)^3 / n"))
    def quartic(y_true: Array, y_pred: Array) -> Any:
        """The mean of (y_pred - y_true)^4 over the last axis."""
        return mean(power(y_pred - y_true, 4), axis=-1)

    @composite(("", ""), analytic=False)
    def balanced(y_true: Array, y_pred: Array, from_logits: bool = False) -> Any:
        """bce, twice."""
        return bce(y_true, y_pred, from_logits=from_logits) * 2

    @op(lambda g, y, z: g * 3 * z * z, rule="g * 3 z^2")
    def cubic(z: Array) -> Any:
        """z^3, entry by entry."""
        return z**3

    monkeypatch.setitem(LOSSES, "quartic", Loss("mean fourth power of the error"))
    twice = Loss("bce, twice", ("sigmoid",), logits=True, binary=True)
    monkeypatch.setitem(LOSSES, "balanced", twice)
    CROSS_ENTROPIES.append("balanced")
    monkeypatch.setitem(ACTIVATIONS, "cubic", "z^3")
    yield
    CROSS_ENTROPIES.remove("balanced")
    for name in ("quartic", "balanced", "cubic"):
        del REGISTRY[name]
        delattr(Tensor, name)


MODEL = "--x 1,-2;0.5,3 --y 1;-1 --w 0.5;0.25 --b 0.1 --act cubic --dtype float64"


def test_it_has_its_numbers(gradcli: Gradcli) -> None:
    """The mean of (z^3 - y)^4, z = x w + b; dloss/dz = 4 (z^3 - y)^3 3 z^2 / 2."""
    x, y, w = np.array([[1, -2], [0.5, 3]]), np.array([[1], [-1]]), np.array([[0.5], [0.25]])
    z = x @ w + 0.1
    answer = gradcli(f"quartic {MODEL} --json").json
    assert answer["loss"] == pytest.approx(np.mean((z**3 - y) ** 4), rel=1e-14)
    slope = 4 * (z**3 - y) ** 3 * 3 * z**2 / 2
    np.testing.assert_allclose(answer["grads"]["w"], x.T @ slope, rtol=1e-13)
    again = gradcli("run - --json", stdin=json.dumps(answer["spec"]).encode())
    assert again.json == answer


def test_it_is_proven_and_walked_down(gradcli: Gradcli) -> None:
    assert gradcli(f"check quartic {MODEL}").code == 0
    assert gradcli(f"descend quartic {MODEL} --steps 3 --lr 1e-3").code == 0


def test_a_loss_of_probabilities_is_one_wherever_the_others_are(gradcli: Gradcli) -> None:
    assert "--from-logits" in gradcli("balanced --help").out
    assert "--from-logits" not in gradcli("quartic --help").out
    model = "--in 3 --out 1 --act sigmoid --labels 0,1,1 --json"
    once, twice = gradcli(f"bce {model}").json, gradcli(f"balanced {model}").json
    assert twice["loss"] == pytest.approx(2 * once["loss"], rel=1e-6)
    assert twice["spec"]["from_logits"] is False
    assert "double sigmoid" in gradcli(f"balanced {model} --from-logits").err


def test_it_is_found_everywhere(gradcli: Gradcli) -> None:
    assert "mean fourth power of the error" in gradcli("quartic --help").out
    assert "quartic" in gradcli("--help").out
    assert "did you mean 'quartic'?" in gradcli("run -", stdin=b'loss = "quartik"').err
    assert "did you mean 'cubic'?" in gradcli("mse --in 1 --out 1 --act cubik").err
    assert "g * 4 * (y_pred - y_true)^3" in gradcli("ops quartic").out
    assert "cubic" in gradcli("ops").out
    assert gradcli("activation cubic --from 1 --to 2 --points 2 --json").json["value"] == [1, 8]


@pytest.mark.parametrize(
    ("args", "word"),
    [(["mse", "--act", "cu"], "cubic"), (["check", "mse", "--hidden-act", "cu"], "cubic"),
     (["quar"], "quartic"), (["check", "quar"], "quartic"), (["activation", "cu"], "cubic")],
)  # fmt: skip
def test_the_shell_completes_it(args: list[str], word: str) -> None:
    found = ShellComplete(cli, {}, "gradcli", "_GRADCLI_COMPLETE").get_completions(
        args[:-1], args[-1]
    )
    assert [item.value for item in found] == [word]


def test_every_name_is_declared() -> None:
    """linear hands on what it is given: it alone needs no op."""
    assert {*LOSSES, *CROSS_ENTROPIES, *ACTIVATIONS} - set(REGISTRY) == {"linear"}
    assert set(CROSS_ENTROPIES) <= set(LOSSES)
    for name in LOSSES:
        assert ("from_logits" in REGISTRY[name].defaults) == (name in CROSS_ENTROPIES)
