"""Streams: each document is answered as it is by itself, whatever came before it."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradcli.catalogue import CONVENTIONS, LOSSES
from gradcli.engine import Program
from gradcli.keys import Key
from gradcli.layer_kinds import LAYERS
from gradcli.model import replay, structure
from gradcli.spec_keys import FORMULA_KEYS, LANDSCAPE_KEYS, MODEL_KEYS
from tests.conftest import Gradcli, Ran
from tests.layers.test_every_kind import spec

OFTEN = replay.TAPED + 3
"""Documents of one structure after which it is replayed."""
PROBLEMS = ("gradcli.engine", "gradcli.formula", "gradcli.model")
SMALL = {"loss": "mse", "in": 4, "hidden": [8], "out": 3, "batch": 4}


def lines(documents: list[Any]) -> bytes:
    return "\n".join(map(json.dumps, documents)).encode()


def unplaced(line: str) -> str:
    """What stands on stderr without the place of its document; a caret without its column."""
    return re.sub(r"-: (line \d+: )?", "", line).strip()


class Alone:
    """Answers of documents by themselves: by the tape, before anything is known of them."""

    def __init__(self, gradcli: Gradcli) -> None:
        self.gradcli = gradcli
        self.known: dict[str, Ran] = {}

    def answer(self, document: Any) -> Ran:
        text = json.dumps(document)
        if text not in self.known:
            structure.forget()
            self.known[text] = self.gradcli("run - --json", stdin=text.encode())
        return self.known[text]

    def assert_same(self, documents: list[Any]) -> None:
        """What a stream of ``documents`` prints, on both streams, is what each prints alone."""
        alone = [self.answer(document) for document in documents]
        structure.forget()
        ran = self.gradcli("run - --json", stdin=lines(documents))
        expected = [
            one.out.replace('"line": 1}', f'"line": {i}}}').replace(
                '{"error": "-: ', f'{{"error": "-: line {i}: ' if i > 1 else '{"error": "-: '
            )
            for i, one in enumerate(alone, 1)
        ]
        assert ran.out.splitlines() == "".join(expected).splitlines()
        told = [unplaced(line) for one in alone for line in one.err.splitlines()]
        assert [unplaced(line) for line in ran.err.splitlines()] == told
        assert ran.code == next((c for c in (2, 1, 3) if c in {one.code for one in alone}), 0)


@pytest.fixture
def alone(gradcli: Gradcli) -> Iterator[Alone]:
    yield Alone(gradcli)
    structure.forget()


PAIRS: dict[str, tuple[Any, Any]] = {
    "int": (2, 3),
    "ints": ([2], [3]),
    "number": (0.5, 2.0),
    "amount": (0.25, 0.5),
    "part": (0.1, 0.2),
    "flag": (True, False),
    "names": (["x"], "w1,w2"),
    "text": ("a", "b"),
    "pair": ([0.0, 1.0], [1.0, 2.0]),
}
OWN: dict[str, tuple[Any, Any]] = {
    "in": ([4], [5]),
    "layers": ("dense(2), dense(3)", "dense(2, act=relu), dense(3)"),
    "convention": ("keras", "cs231n"),
    "x": ([[1, 2, 3, 4]] * 4, [[1, 2, 3, 5]] * 4),
    "y": ([[0, 1, 0]] * 4, [[1, 0, 0]] * 4),
    "labels": ([0, 1, 2, 0], [0, 1, 2, 1]),
    "mask": ([1, 1, 0, 1], [1, 0, 0, 1]),
    "w": ("he_normal", "zeros"),
    "b": ("ones", "normal"),
    "op_seed": (2, 3),
    "from_probs": (True, None),
    "from_logits": (True, None),
}
"""Where the kind of a key tells no two values that a model takes."""


def pair(key: Key) -> tuple[Any, Any]:
    if key.name in OWN:
        return OWN[key.name]
    if key.kind == "word":
        first, second, *_ = key.words
        return first, second
    return PAIRS.get(key.kind, ("a", "b"))


def differing(key: Key) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two documents of a model that differ in ``key`` only."""
    base = {**SMALL, "loss": next(iter(key.only), "mse")}
    if base["loss"] in ("ce", "binary_focal", "bce"):
        base["act"] = "sigmoid"
    if key.name in ("layers", "convention"):
        base = {"loss": "mse", "in": [4], "batch": 4, "layers": OWN["layers"][0]}
    if key.name == "op_seed":
        base["rng"] = "tensorflow"
    first, second = pair(key)
    return {**base, key.name: first}, {**base, key.name: second}


@pytest.mark.parametrize("key", MODEL_KEYS, ids=lambda key: key.name)
def test_documents_that_differ_in_one_key_only(key: Key, alone: Alone) -> None:
    a, b = differing(key)
    alone.assert_same([a] * OFTEN + [b, a] + [b] * OFTEN + [a])


def test_most_of_these_documents_are_good(alone: Alone) -> None:
    bad = [key.name for key in MODEL_KEYS if "error" in alone.answer(differing(key)[0]).json]
    assert len(bad) < len(MODEL_KEYS) / 4, bad


@pytest.mark.parametrize("key", [*FORMULA_KEYS, *LANDSCAPE_KEYS], ids=lambda key: key.name)
def test_formulas_and_landscapes(key: Key, alone: Alone) -> None:
    base: dict[str, Any] = {"formula": "a = x * y; sum(a^2)", "values": {"x": [1, 2], "y": 3}}
    if key in LANDSCAPE_KEYS:
        base = {"landscape": "beale", "verb": "descend", "steps": 3}
    own = {"wrt": (["x"], ["y"]), "upstream": (2, 3)}
    first, second = own.get(key.name) or pair(key)
    a, b = {**base, key.name: first}, {**base, key.name: second}
    alone.assert_same([a] * OFTEN + [b, a, base, b])


def drawn(seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).normal(size=shape).round(3).tolist()


def documents(seed: int) -> list[dict[str, Any]]:
    """One of each of many structures, with numbers of their own."""
    given: dict[str, Any] = {"x": drawn(seed, 4, 4), "w1": drawn(seed, 4, 8), "b2": drawn(seed, 3)}
    table = {"units": 3, "w": drawn(seed, 4, 3)}
    torch = {"units": 3, "bias": [1, 2, seed]}
    upstream = drawn(seed, 2, 2)
    inner = {"kind": "residual", "layers": [{"units": 3, "w": drawn(seed, 3, 3)}]}
    found = [
        *[{**SMALL, "loss": loss, "seed": seed} for loss in LOSSES],
        {**SMALL, "seed": seed, **given},
        {**SMALL, "x": given["x"], "y": drawn(seed, 4, 3), "l2": 0.1, "mask": [1, 0, 1, seed % 2]},
        {**SMALL, "seed": seed, "x": f"{seed},2,3,4;1,2,3,4;1,2,3,4;1,2,3,4"},
        {**SMALL, "seed": seed, "w1": -1, "b1": -5, "w2": seed},  # dead relu: a warning, and zeros
        {**SMALL, "x": [[1e30, seed, 0, 0]] * 4, "w": "ones"},  # not finite
        {**SMALL, "x": [[None, seed, 0, 0]] * 4},
        {**SMALL, "seed": seed, "wrt": ["x", "z1"]},
        {**SMALL, "seed": -seed},
        {**SMALL, "w1": drawn(seed, 3, 3)},
        {"loss": "mse", "x": drawn(seed, 4, 4), "y": seed, "layers": [table, inner]},
        {"loss": "ce", "in": 4, "convention": "torch", "layers": [torch]},
        {"loss": "ce", "in": 3, "layers": "embedding(5, 2), flatten, dense(3)", "seed": seed},
        {"loss": "ce", "x": [[0, 1, seed % 5]], "layers": "embedding(5, 2), flatten, dense(3)"},
        {"loss": "mse", "in": 3, "layers": "dropout(0.5), batch_norm, dense(1)", "seed": seed},
        {"loss": "mse", "in": [3, 2], "layers": "lstm(2), dense(1)", "seed": seed},
        {"layer": "dense", "x": drawn(seed, 2, 3), "w": drawn(seed, 3, 2), "upstream": upstream},
        {"layer": "lstm", "in": [3, 2], "units": 2, "state": True, "upstream_h": drawn(seed, 1, 2)},
        {"formula": "x^2 + sin(y)", "values": {"x": seed, "y": drawn(seed, 1)}},
        {"formula": "x if x > 2 else 1/x", "values": {"x": seed}},
        {"formula": "x^", "values": {"x": seed}},
        {"landscape": "booth", "start": [seed, 1.5], "verb": ""},
    ]  # fmt: skip
    return found


def test_structures_by_turns_with_other_numbers(alone: Alone) -> None:
    alone.assert_same([one for seed in range(OFTEN + 2) for one in documents(seed)])


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_kind_of_layer(convention: str, alone: Alone) -> None:
    """One after the other with other seeds; the numbers of the first are given at the end."""
    found = []
    for kind in LAYERS:
        document = spec(kind, convention, dtype="float32")
        found += [{**document, "seed": seed} for seed in range(OFTEN)]
    alone.assert_same(found)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), min_size=10, max_size=60))
def test_any_order(alone: Alone, order: list[tuple[int, int]]) -> None:
    pools = [documents(seed) for seed in range(4)]
    alone.assert_same([pools[seed][at % len(pools[seed])] for seed, at in order])


def test_more_structures_than_are_kept(alone: Alone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structure, "MOST", 3)
    found = [
        {**SMALL, "hidden": [width], "seed": seed} for seed in range(6) for width in (2, 3, 4, 5)
    ]
    alone.assert_same(found)
    assert len(structure._structures) <= 3


def test_once_it_is_known_a_course_is_replayed(
    gradcli: Gradcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    structure.forget()
    gradcli("run - --json", stdin=lines([{**SMALL, "seed": seed} for seed in range(OFTEN)]))
    monkeypatch.setattr("gradcli.gradient.by_tape", None)
    ran = gradcli(
        "run - --json", stdin=lines([{**SMALL, "seed": 9}, {**SMALL, "x": drawn(1, 4, 4)}])
    )
    assert ran.code == 70  # the second has another structure
    assert json.loads(ran.out)["spec"]["seed"] == 9


def test_a_replay_that_is_not_what_the_tape_gives_is_not_taken(
    alone: Alone, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [{**SMALL, "seed": seed} for seed in range(OFTEN)]
    for document in found:
        alone.answer(document)
    right = Program.value_and_grad

    def wrong(self: Program, *args: Any) -> Any:
        value, (first, *rest), aux = right(self, *args)
        return value, (np.nextafter(first, np.float32(0)), *rest), aux

    monkeypatch.setattr(Program, "value_and_grad", wrong)
    alone.assert_same(found)


@pytest.mark.parametrize("command", ["run -", "check run -", "descend run - --steps 2"])
def test_what_is_answered_is_not_kept(command: str, gradcli: Gradcli) -> None:
    """Nothing is left that only a search for cycles finds: it would hold the arrays of many."""
    models = [{**SMALL, "seed": seed} for seed in range(OFTEN + 2)]
    formulas = [{"formula": "x^2", "values": {"x": seed}} for seed in range(OFTEN)]
    for _ in range(2):  # what there is of the first time only is kept on purpose
        gc.collect()
        gc.disable()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            ran = gradcli(f"{command} --json", stdin=lines([*models, *formulas]))
            gc.collect()
            kept = [one for one in gc.garbage if type(one).__module__.startswith(PROBLEMS)]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()
    assert ran.code == 0
    assert kept == []
