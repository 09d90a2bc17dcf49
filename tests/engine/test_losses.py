"""Losses by the numbers that Keras prints, values and gradients; the svm's are torch's."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import gradcli.engine as engine
from gradcli.engine import GradientTape, tensor
from tests.conftest import HERE

ENTRIES = json.loads((HERE / "reference" / "losses.json").read_text())
LOSSES = {entry["call"].partition("(")[0] for entry in ENTRIES}
NAMES = {name: getattr(engine, name) for name in LOSSES}


@pytest.mark.parametrize("entry", ENTRIES, ids=[f"{i}-{e['call']}" for i, e in enumerate(ENTRIES)])
def test_values_and_gradients_are_the_frameworks(entry: dict[str, Any]) -> None:
    data = {name: tensor(np.array(entry[name])) for name in ("y_true", "y_pred")}
    with GradientTape() as tape:
        tape.watch(data)
        value = eval(entry["call"], NAMES, data)
    digits = 1e-8 if "log_cosh" in entry["call"] else 1e-12  # its log(2) is float32 in Keras
    np.testing.assert_allclose(value.numpy(), entry["value"], digits, 1e-15)
    for name, slope in tape.gradient(value, data, unconnected_gradients="zero").items():
        if entry[f"{name}'"] is not None:
            np.testing.assert_allclose(slope.numpy(), entry[f"{name}'"], 1e-12, 1e-15)


def test_log_cosh_is_what_it_says_and_never_overflows() -> None:
    error = np.array([[-3.0, 0.5, 2.0], [-1000.0, 0.0, 500.0]])
    expected = [np.log(np.cosh(error[0])).mean(), 500 - 2 / 3 * np.log(2)]
    np.testing.assert_allclose(engine.log_cosh(np.zeros((2, 3)), error), expected, 1e-14)


def test_scores_on_the_margin_have_the_slope_of_the_left_in_hinge_and_none_in_svm() -> None:
    y_true, y_pred = np.array([1.0, 0.0]), tensor([1.0, 0.0])
    for loss, slope in (("hinge", [-0.5, 0.5]), ("svm", [0.0, 0.0])):
        with GradientTape() as tape:
            tape.watch(y_pred)
            value = getattr(engine, loss)(y_true, y_pred)
        assert tape.gradient(value, y_pred).tolist() == slope


def test_a_nan_is_never_lost() -> None:
    for loss in sorted(LOSSES):
        with np.errstate(invalid="ignore"):
            value = getattr(engine, loss)(np.array([[0.0, 1.0]]), np.array([[np.nan, 1.0]]))
        assert np.isnan(value).all(), loss


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_targets_of_another_shape_are_refused(loss: str) -> None:
    with pytest.raises(ValueError, match=rf"{loss}: targets \(3, 1\) and predictions \(3,\) dif"):
        getattr(engine, loss)(np.ones((3, 1)), np.ones(3))
