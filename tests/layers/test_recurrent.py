"""rnn, lstm, gru and embedding: as Keras and torch have them, and the mistakes that people make."""

from __future__ import annotations

import json
import math
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcli.catalogue import ACTIVATIONS
from gradcli.check.check import check
from gradcli.engine import grad, recurrence
from gradcli.errors import GradcliError
from gradcli.gradient import differentiate
from gradcli.model import Model
from gradcli.problem import Problem
from gradcli.problems import problem_from
from tests.conftest import Gradcli
from tests.layers.recurrent_reference import UNITS, VOCAB, inputs, upstreams, wave

REFERENCE = json.loads((Path(__file__).parent / "recurrent.json").read_text())


def problem(layer: dict[str, Any], **more: Any) -> Problem:
    """A layer of the reference by itself, with its arrays."""
    keys = {key: value for key, value in layer.items() if key not in ("kind", "first")}
    sizes = {"units": UNITS, **({"vocab": VOCAB} if layer["kind"] == "embedding" else {})}
    arrays = {letter: value.tolist() for letter, value in inputs(layer).items()}
    mapping = {"layer": layer["kind"], "dtype": "float64", **sizes, **keys, **arrays, **more}
    return problem_from(mapping)


def told(layer: dict[str, Any]) -> str:
    return "-".join(str(value) for value in layer.values())


@pytest.mark.parametrize(
    "entry", REFERENCE, ids=lambda entry: f"{entry['framework']}-{told(entry['layer'])}"
)
def test_values_and_gradients_are_those_of_the_framework(entry: dict[str, Any]) -> None:
    outputs = entry["outputs"]
    names = ["upstream", "upstream_h", "upstream_c"]
    seeds = {name: up.tolist() for name, up in zip(names, upstreams(outputs))}
    result = differentiate(problem(entry["layer"], **seeds))
    found = [result.noted[name] for name in ("value", "h", "c")[: len(outputs)]]
    for one, expected in zip(found, outputs, strict=True):
        np.testing.assert_allclose(one, expected, rtol=1e-10, atol=1e-12)
    assert set(result.gradients) == set(entry["grads"])
    for letter, expected in entry["grads"].items():
        np.testing.assert_allclose(
            result.gradients[letter], expected, rtol=1e-10, atol=1e-12, err_msg=letter
        )


@pytest.mark.parametrize(("act", "kind"), [*zip(ACTIVATIONS, cycle(["lstm", "rnn", "gru"]))])
def test_every_activation_is_proven(act: str, kind: str) -> None:
    layer = {"kind": kind, "act": act, "sequences": True, "state": True, "first": True}
    found = check(problem(layer))
    assert {verdict.verdict for verdict in found.params.values()} == {"pass"}


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru", "gru_before", "embedding"])
def test_stacked_and_one_by_one_are_the_same(kind: str) -> None:
    """Each array of the layer, of those before it and after it, and x."""
    more = {"reset_after": False} if kind == "gru_before" else {}
    first = {"kind": kind.partition("_")[0], "units": 2, "sequences": True, **more}
    if kind == "embedding":
        first = {"kind": kind, "vocab": 5, "units": 3}
    layers = [first, {"units": 3, "act": "tanh"}, {"kind": "rnn", "units": 2}]
    size = 3 if kind == "embedding" else [3, 2]
    spec = {"loss": "mse", "in": size, "batch": 2, "layers": layers, "dtype": "float64"}
    net = Model.from_spec(spec)
    rng = np.random.default_rng(0)
    for name, value in {**net.parameters, "x": net.x}.items():
        if value.dtype.kind == "f":
            stack = rng.standard_normal((4, *value.shape))
            alone = [float(net.forward({**net.primals, name: one})) for one in stack]
            np.testing.assert_allclose(net.values(name, stack), alone, 1e-13, err_msg=name)


def test_an_exploding_state_stays_out_of_a_gradient_that_does_not_need_it() -> None:
    """relu'(0) = 0 selects: below 0 nothing comes back, though the upstream is infinite."""
    z = np.array([-1.0, 2.0]).reshape(2, 1, 1)

    def last(z: Any) -> Any:
        return recurrence([z, np.ones((1, 1)), np.zeros((1, 1))], "rnn", "relu")[0].sum() * np.inf

    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(grad(last)(z).numpy().reshape(-1), [0, np.inf])


def test_gates_that_are_shut_overflow_nothing() -> None:
    """sigmoid(-1000) is 0: the cell keeps what it had, and h is 0."""
    z = np.full((2, 1, 4), -1000.0, np.float32)
    z[..., 1] = 1000
    y = recurrence([z, np.ones((1, 4), np.float32), *np.full((2, 1, 1), 3, np.float32)], "lstm")
    np.testing.assert_array_equal(y.reshape(2, 2), [[0, 0], [3, 3]])


@pytest.mark.parametrize(("cell", "gate"), [("lstm", 1), ("gru", 0), ("gru_before", 0)])
def test_a_gate_that_is_nearly_open_has_a_gradient_of_all_digits(cell: str, gate: int) -> None:
    """At 30 a gate's slope is sigmoid(30) sigmoid(-30), 9e-14; as s (1 - s) it has three digits."""
    count = 3 if cell == "gru_before" else 4
    z = np.full((1, 1, count), 0.5)
    z[..., gate] = 30

    def last(z: Any) -> Any:
        first = [np.full((1, 1), 0.7)] * (2 if cell == "lstm" else 1)
        return recurrence([z, np.zeros((1, count)), *first], cell).sum()

    slope = math.exp(-30) / (1 + math.exp(-30)) ** 2
    o = 1 / (1 + math.exp(-0.5))
    k = math.tanh(0.5 + 0.5 * o * (cell == "gru"))
    c = 0.7 / (1 + math.exp(-30)) + o * k
    found = {"lstm": 0.7 * slope * (1 + o * (1 - math.tanh(c) ** 2))}.get(cell, (0.7 - k) * slope)
    assert grad(last)(z).numpy()[0, 0, gate] == pytest.approx(found, rel=1e-13, abs=0)


def by_hand(p: dict[str, Any], up: Any, order: str = "ifco", mistake: str = "") -> dict[str, Any]:
    """The gradients of sum(h of the last step * up) by hand, with the mistakes that people make."""
    x, w, u, b = (p[n] for n in ("x", "w", "u", "b"))
    n, steps = len(u), x.shape[1]
    h, c = [np.zeros((len(x), n))], [np.zeros((len(x), n))]
    gates = []
    for t in range(steps):
        z = np.split(x[:, t] @ w + h[-1] @ u + b, 4, axis=1)
        a = {g: np.tanh(v) if g == "c" else 1 / (1 + np.exp(-v)) for g, v in zip(order, z)}
        gates.append(a)
        c.append(a["f"] * c[-1] + a["i"] * a["c"])
        h.append(a["o"] * np.tanh(c[-1]))
    found = {name: np.zeros_like(value) for name, value in p.items()}
    dh, dc = up, np.zeros_like(up)
    for t in reversed(range(steps)):
        a, shown = gates[t], np.tanh(c[t + 1])
        dc = dc + dh * a["o"] * (1 - shown**2)
        d = {
            "i": dc * a["c"] * a["i"] * (1 - a["i"]),
            "f": dc * c[t] * a["f"] * (1 - a["f"]),
            "c": dc * a["i"] * (1 - a["c"] ** 2),
            "o": dh * shown * a["o"] * (1 - a["o"]),
        }
        dz = np.concatenate([d[g] for g in order], axis=1)
        parts = {"w": x[:, t].T @ dz, "u": h[t].T @ dz, "b": dz.sum(axis=0)}
        for name, part in parts.items():
            found[name] = part if "summed over the steps" in mistake else found[name] + part
        found["x"][:, t] = dz @ w.T
        dh = dz @ u.T * ("by h" not in mistake)
        dc = dc * a["f"] * ("c is" not in mistake)
    return found


LSTM = {"kind": "lstm", "sequences": False}


def lstm(*wrt: str) -> tuple[Problem, dict[str, Any], Any]:
    up = wave((2, UNITS), 5.0)
    return problem(LSTM, upstream=up.tolist(), wrt=[*wrt]), inputs(LSTM), up


def causes(net: Problem, gradients: dict[str, Any]) -> dict[str, str | None]:
    """Of those that fail, by name."""
    found = check(net, against={name: gradients[name] for name in net.primals})
    return {name: v.cause for name, v in found.params.items() if v.verdict == "fail"}


def test_by_hand_is_right_without_a_mistake() -> None:
    net, arrays, up = lstm()
    for name, gradient in by_hand(arrays, up).items():
        np.testing.assert_allclose(differentiate(net).gradients[name], gradient, rtol=1e-12)


@pytest.mark.parametrize(
    "mistake",
    [
        "the gradient by h and c is not carried from step to step",
        "the gradient by h is not carried from step to step",
        "the gradient by c is not carried from step to step",
        "the gradients by w, u and b are not summed over the steps",
        "gates in the order i f o c (CS231n), not i f c o",
        "gates in the order i c f o (TensorFlow 1), not i f c o",
        "gates in the order i o f c (ONNX), not i f c o",
    ],
)
def test_mistakes_of_an_lstm_are_named(mistake: str) -> None:
    net, arrays, up = lstm("w", "u", "b")
    order = mistake.partition("order ")[2].partition(" (")[0].replace(" ", "") or "ifco"
    wrong = by_hand(arrays, up, order, mistake.replace("h and c is", "by h, c is"))
    found = causes(net, wrong)
    assert set(found.values()) == {mistake}
    assert {"w", "u"} <= set(found)


@pytest.mark.parametrize(("order", "whose"), [("ifoc", "CS231n"), ("iofc", "ONNX")])
def test_right_gates_written_in_another_order_are_named(order: str, whose: str) -> None:
    net, arrays, up = lstm("w", "u", "b")
    blocks = {
        name: np.split(g, 4, axis=-1) for name, g in by_hand(arrays, up).items() if name != "x"
    }
    wrong = {n: np.concatenate([g["ifco".index(o)] for o in order], -1) for n, g in blocks.items()}
    told = f"gates in the order {' '.join(order)} ({whose}), not i f c o"
    assert causes(net, wrong) == dict.fromkeys("wub", told)


def test_mistakes_of_rnn_and_gru_are_named() -> None:
    """h = tanh(x w + h u + b) of one step alone has the gradient up (1 - h^2)."""
    layer = {"kind": "rnn", "sequences": False}
    up = wave((2, UNITS), 5.0)
    net, p = problem(layer, upstream=up.tolist(), wrt=["w", "u", "b"]), inputs(layer)
    h = [np.zeros((2, UNITS))]
    for t in range(p["x"].shape[1]):
        h.append(np.tanh(p["x"][:, t] @ p["w"] + h[-1] @ p["u"] + p["b"]))
    dz = up * (1 - h[-1] ** 2)
    last = {"w": p["x"][:, -1].T @ dz, "u": h[-2].T @ dz, "b": dz.sum(axis=0)}
    told = "the gradient by h is not carried from step to step"
    assert causes(net, last) == dict.fromkeys("wub", told)

    gru = {"kind": "gru", "sequences": False}
    net = problem(gru, upstream=up.tolist(), wrt=["w", "u", "b"])
    turned = np.concatenate([np.arange(g * UNITS, (g + 1) * UNITS) for g in (1, 0, 2)])
    wrong = {name: g[..., turned] for name, g in differentiate(net).gradients.items()}
    told = "gates in the order r z h (PyTorch), not z r h"
    assert causes(net, wrong) == dict.fromkeys("wub", told)


def test_an_embedding_that_assigns_is_named() -> None:
    """Tokens 3 and 1 occur more than once: the last upstream of each is not its gradient."""
    layer = {"kind": "embedding"}
    tokens = inputs(layer)["x"]
    up = wave((*tokens.shape, UNITS), 5.0)
    wrong = np.zeros((VOCAB, UNITS))
    wrong[tokens] = up
    told = "e has one of a repeated token's gradients, not their sum"
    assert causes(problem(layer, upstream=up.tolist()), {"e": wrong}) == {"e": told}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("layer lstm --in 4 --units 2", "takes sequences (time, features), not (4,)"),
        ("layer rnn --in 4,3,2 --units 2", "takes sequences (time, features), not (4, 3, 2)"),
        ("layer embedding --vocab 4 --units 2 --x 1,4", "from 0 to 3"),
        ("layer embedding --vocab 4 --units 2 --x 1,-1", "from 0 to 3"),
        ("layer embedding --vocab 4 --units 2 --x 1,0.5", "whole"),
        ("layer gru --in 3,2 --units 2 --h0 1,2,3", "--h0: has shape (3,), but (1, 2) is needed"),
        ("layer rnn --in 3,2 --units 2 --c0 1,2", "--c0"),
    ],
)
def test_what_does_not_fit_is_told_in_words(gradcli: Gradcli, line: str, message: str) -> None:
    ran = gradcli(line)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_a_recurrence_tells_what_does_not_fit() -> None:
    z, u, h = np.zeros((3, 2, 8)), np.zeros((2, 8)), np.zeros((2, 2))
    for arrays, cell, message in [
        ([z, u, h], "lstm", "2 states and at least one step"),
        ([z[:0], u, h, h], "lstm", "at least one step"),
        ([z, u[:, :4], h, h], "lstm", "lstm has 4 gates"),
        ([z, u, h, h], "ltsm", "cell is one of rnn, lstm, gru, gru_before, not 'ltsm'"),
    ]:
        with pytest.raises(ValueError, match=message):
            recurrence(arrays, cell)
    with pytest.raises(GradcliError, match="there is no op 'tahn'; did you mean 'tan'"):
        recurrence([z, u, h, h], "lstm", "tahn")


def test_sequences_are_trained_through_an_embedding(gradcli: Gradcli) -> None:
    """Every door: the whole of it is proven, written, and read back to the last bit."""
    layers = [
        {"kind": "embedding", "vocab": 7, "units": 3},
        {"kind": "gru", "units": 4, "sequences": True},
        {"kind": "lstm", "units": 3, "act": "softsign"},
        {"units": 2},
    ]
    spec = {"loss": "mse", "in": 4, "batch": 3, "layers": layers, "dtype": "float64"}
    line = json.dumps(spec).encode()
    answer = gradcli("run - --json", stdin=line).json
    assert [*answer["grads"]] == ["e1", "w2", "u2", "b2", "w3", "u3", "b3", "w4", "b4"]
    assert gradcli("run - --json", stdin=json.dumps(answer["spec"]).encode()).json == answer
    assert gradcli("check run -", stdin=line).code == 0
    assert gradcli("descend run - --steps 2", stdin=line).code == 0
