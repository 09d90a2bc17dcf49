"""Training on rows of data: against Keras, and the same numbers however it was interrupted."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcli.descent import Optimizer, Settings, descend
from gradcli.descent.feed import order, split
from gradcli.descent.rules import RULES
from gradcli.descent.training import Plan, State, Trained, begin, train
from gradcli.engine import program
from gradcli.errors import FileError, SpecError
from gradcli.model import Model
from gradcli.model.training import Training
from gradcli.verb_keys import DESCEND_KEYS
from tests.conftest import HERE

KERAS = json.loads((HERE / "reference" / "training.json").read_text())["cases"]
VERBS = {key.name for key in DESCEND_KEYS} | {"verb"}


def parted(spec: dict[str, Any]) -> tuple[Training, dict[str, Any]]:
    """The training that a document asks for, and how it is to be trained."""
    options = {k: v for k, v in spec.items() if k in VERBS}
    test = {k.removeprefix("test_"): v for k, v in options.items() if k.startswith("test_")}
    mapping = {k: v for k, v in spec.items() if k not in VERBS}
    return Training.from_spec(mapping, None, test), options


@pytest.mark.parametrize("name", KERAS)
def test_losses_and_accuracies_of_epochs_are_keras(name: str) -> None:
    case = KERAS[name]
    training, options = parted(case["spec"])
    state = begin(training, Optimizer(options["optimizer"], options["lr"]))
    state.params = {n: np.array(p) for n, p in zip(state.params, case["start"])}
    history = train(training, Plan(options["epochs"]), state).state.history
    for row, expected in zip(history, case["history"], strict=True):
        found = {n: v for n, v in row._asdict().items() if v is not None}
        # Keras adds up its metrics, and holds the rates of adam, in float32.
        assert found == pytest.approx(expected, rel=2e-6)
    for found_ends, ends in ((state.params, case["end"]), (state.moving, case["moving"])):
        for array, expected_array in zip(found_ends.values(), ends, strict=True):
            np.testing.assert_allclose(array, expected_array, 1e-5, 5e-6)


LAYERS = "dense(6, act=relu), batch_norm, dropout(0.4), dense(3)"


def digits(rows: int = 50, **more: Any) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(rows, 4))
    return {
        "loss": "ce",
        "x": x,
        "labels": np.argmax(x @ rng.normal(size=(4, 3)), axis=1),
        "layers": [
            {"units": 6, "act": "relu"},
            {"kind": "batch_norm"},
            {"kind": "dropout", "rate": 0.4},
            {"units": 3},
        ],
        "batch": 8,
        **more,
    }


def run(
    mapping: dict[str, Any], epochs: int = 3, optimizer: str = "adam", **more: Any
) -> tuple[Training, Trained]:
    training = Training.from_spec(mapping, None, {})
    state = begin(training, Optimizer(optimizer, 0.01))
    return training, train(training, Plan(epochs, **more), state)


def assert_same(state: State, other: State) -> None:
    assert state.history == other.history
    for one, two in ((state.params, other.params), (state.moving, other.moving)):
        for name in one:
            np.testing.assert_array_equal(one[name], two[name])


def test_every_row_is_taken_once_an_epoch_in_another_order() -> None:
    rows = np.arange(7, 57)
    first, second = order(rows, 0, 1), order(rows, 0, 2)
    assert sorted(first) == sorted(second) == list(rows)
    assert list(first) != list(second)
    np.testing.assert_array_equal(first, np.random.default_rng((0, 1, 1)).permutation(rows))
    trained, held = split(50, 0.2, 5)
    assert len(trained) == 40
    assert sorted([*trained, *held]) == list(range(50))
    with pytest.raises(SpecError, match="leaves no row"):
        split(3, 0.1, 0)


def test_the_first_step_is_the_models_own_on_those_rows() -> None:
    """One step of gradient descent on the rows that come first, by the model of just these."""
    mapping = {**digits(), "layers": [{"units": 3}], "dtype": "float64"}
    training = Training.from_spec(mapping, None, {})
    rows = order(np.arange(50), 0, 1)[:8]
    whole = {**mapping, "x": mapping["x"][rows], "labels": mapping["labels"][rows]}
    del whole["batch"]
    model = Model.from_spec(whole)
    answer = model.evaluate()
    state = begin(training, Optimizer("gd", 0.1))
    calls = iter([False, True])
    train(training, Plan(1), state, halted=lambda: next(calls))
    assert answer.gradients is not None
    for name, p in model.parameters.items():
        np.testing.assert_allclose(state.params[name], p - 0.1 * answer.gradients[name], 1e-13)
    assert state.seen.mean == pytest.approx(float(answer.value), rel=1e-13)


@pytest.mark.parametrize("optimizer", RULES)
@pytest.mark.parametrize("steps", [3, 7, 12])
def test_a_stopped_training_goes_on_to_the_same_numbers(optimizer: str, steps: int) -> None:
    _, whole = run(digits(), optimizer=optimizer, holdout=0.2)
    training = Training.from_spec(digits(), None, {})
    state = begin(training, Optimizer(optimizer, 0.01))
    calls = iter(range(1000))
    stopped = train(training, Plan(3, holdout=0.2), state, halted=lambda: next(calls) == steps)
    assert stopped.stopped == "interrupted"
    assert state.optimizer.taken == steps
    train(training, Plan(3, holdout=0.2), state)
    assert_same(state, whole.state)


def test_masks_are_drawn_anew_each_step_and_left_out_where_it_is_judged() -> None:
    training = Training.from_spec(digits(), None, {})
    seen = []

    class Watched(Training):
        def step(self, params: Any, batch: Any) -> Any:
            seen.append(batch["dropout.mask"])
            return super().step(params, batch)

    watched = Watched.from_spec(digits(), None, {})
    train(watched, Plan(1), begin(watched, Optimizer("gd", 0.01)))
    assert [mask.shape for mask in seen] == [(8, 6)] * 6 + [(2, 6)]
    assert len({mask.tobytes() for mask in seen}) == len(seen)
    assert set(np.unique(np.concatenate(seen))) == {0, np.float32(1 / 0.6)}
    # Judged with the moving means, by the formula.
    params = dict(training.model.parameters)
    moving = {"mean2": np.full(6, 0.25, np.float32), "var2": np.full(6, 4.0, np.float32)}
    found = training.judge(params, moving, training.data, np.arange(20))
    x, labels = training.data.x[:20], training.data.labels
    assert labels is not None
    h = np.maximum(x @ params["w1"] + params["b1"], 0)
    h = (h - 0.25) / np.sqrt(4 + 1e-3) * params["gamma2"] + params["beta2"]
    z = h @ params["w3"] + params["b3"]
    z -= z.max(axis=1, keepdims=True)
    losses = np.log(np.exp(z).sum(axis=1)) - z[np.arange(20), labels[:20]]
    assert found.mean == pytest.approx(losses.mean(), rel=1e-5)
    assert found.accuracy == pytest.approx(np.mean(z.argmax(axis=1) == labels[:20]))


def test_a_mask_of_rows_goes_with_its_rows() -> None:
    """Rows that do not count: the same steps as without them, where whole batches are of them."""
    rng = np.random.default_rng(0)
    mapping = {
        "loss": "mse", "x": rng.normal(size=(12, 2)), "y": rng.normal(size=(12, 1)),
        "mask": rng.integers(0, 2, 12), "layers": [{"units": 1}], "batch": 5, "dtype": "float64",
    }  # fmt: skip
    training = Training.from_spec(mapping, None, {})
    state = begin(training, Optimizer("gd", 0.1))
    w, b = (array.copy() for array in state.params.values())
    train(training, Plan(2), state)
    for epoch in (1, 2):
        rows = order(np.arange(12), 0, epoch)
        for taken in (rows[:5], rows[5:10], rows[10:]):
            counts = taken[mapping["mask"][taken] == 1]
            if len(counts):
                r = mapping["x"][counts] @ w + b - mapping["y"][counts]
                w -= 0.1 * 2 * mapping["x"][counts].T @ r / len(counts)
                b -= 0.1 * 2 * r.mean(axis=0)
    np.testing.assert_allclose(state.params["w"], w, 1e-12)
    np.testing.assert_allclose(state.params["b"], b, 1e-12)


@pytest.mark.parametrize("at_once", [3, 7, 1000])
def test_rows_that_count_are_judged_alike_however_many_at_once(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gradcli.model.training.AT_ONCE", at_once)
    rng = np.random.default_rng(2)
    x, y, mask = rng.normal(size=(20, 2)), rng.normal(size=(20, 1)), np.arange(20) % 5 == 0
    mapping = {"loss": "mse", "x": x, "y": y, "mask": mask * 1, "out": 1, "batch": 2}
    training = Training.from_spec({**mapping, "dtype": "float64"}, None, {})
    params = dict(training.model.parameters)
    found = training.judge(params, {}, training.data, np.arange(20))
    r = x[mask] @ params["w"] + params["b"] - y[mask]
    assert found.mean == pytest.approx(np.mean(r * r), rel=1e-13)
    held = {**mapping, "mask": (np.arange(20) == 3) * 1}
    with pytest.raises(SpecError, match="the mask leaves no row to judge by"):
        run(held, 1, holdout=0.2)


def test_a_training_in_one_batch_is_a_walk() -> None:
    """On the same rows in another order: the same parameters but for rounding."""
    mapping = {**digits(), "layers": [{"units": 5, "act": "tanh"}, {"units": 3}], "batch": 50}
    for optimizer in RULES:
        training, trained = run({**mapping, "dtype": "float64"}, 4, optimizer)
        walk = descend(training.model, Settings(0.01, 4, 1, optimizer))
        for name, array in trained.state.params.items():
            np.testing.assert_allclose(array, walk.end[name], 1e-10, 1e-12)


def test_parameters_that_are_not_finite_end_it_even_after_the_last_step() -> None:
    mapping = {"loss": "mse", "x": [[1e10], [2]], "y": [[1], [1]], "w": 1, "batch": 2}
    training = Training.from_spec(mapping, None, {})
    trained = train(training, Plan(1), begin(training, Optimizer("gd", 1e30)))
    assert trained.stopped == "nonfinite"
    assert len(trained.state.history) == 1


def test_a_training_warns_as_its_model_does() -> None:
    mapping = {"loss": "mse", "x": [[1], [2], [3]], "y": 5}
    told = Training.from_spec(mapping, None, {}).model.warnings
    assert told == Model.from_spec(mapping).warnings
    assert "y is one number" in told[0]


def test_under_every_convention_the_same_training() -> None:
    rng = np.random.default_rng(1)
    images = rng.normal(size=(20, 5, 5, 2))
    mapping = {
        "loss": "ce", "labels": rng.integers(0, 3, 20), "batch": 6, "dtype": "float64",
        "layers": [
            {"kind": "conv2d", "filters": 2, "kernel": 2, "act": "relu"},
            {"kind": "batch_norm", "eps": 1e-3},
            {"kind": "dropout", "rate": 0.25},
            {"kind": "flatten"},
            {"units": 3},
        ],
    }  # fmt: skip
    found = {}
    for convention in ("keras", "torch", "cs231n"):
        x = images if convention == "keras" else np.moveaxis(images, -1, 1)
        _, trained = run({**mapping, "x": x, "convention": convention}, holdout=0.3)
        found[convention] = [row.loss for row in trained.state.history]
        assert len(trained.state.moving) == 2
    np.testing.assert_allclose(found["torch"], found["keras"], 1e-10)
    np.testing.assert_allclose(found["cs231n"], found["keras"], 1e-10)


@pytest.fixture
def mapped(tmp_path: Path) -> dict[str, Any]:
    """A document whose x is a file of 8 MB."""
    path = tmp_path / "x.npy"
    np.save(path, np.random.default_rng(0).normal(size=(20_000, 100)).astype(np.float32))
    return {"loss": "ce", "x": str(path), "labels": np.arange(20_000) % 2, "out": 2, "batch": 100}


def test_mapped_rows_are_not_read_whole(
    mapped: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "_keep_freed_memory", lambda: None)  # touches none of its 32 MB
    tracemalloc.start()
    try:
        run(mapped, 1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < Path(mapped["x"]).stat().st_size / 2


def test_a_file_that_changes_under_a_training_ends_it(mapped: dict[str, Any]) -> None:
    """Reading what was cut off of a mapped file would end the process."""
    training = Training.from_spec(mapped, None, {})
    state = begin(training, Optimizer("gd", 0.01))
    steps = iter(range(1000))

    def cut() -> bool:
        if next(steps) == 5:
            with open(mapped["x"], "r+b") as file:
                file.truncate(1000)
        return False

    with pytest.raises(FileError, match=r"x\.npy: has changed since it was opened"):
        train(training, Plan(1), state, halted=cut)
    assert state.optimizer.taken == 5
