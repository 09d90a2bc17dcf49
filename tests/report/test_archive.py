"""Documents as named arrays."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from gradcli.descent import Settings, descend
from gradcli.formula import Formula
from gradcli.report.archive import arrays
from gradcli.report.walks import WalkReport

W = np.arange(6, dtype=np.float32).reshape(2, 3)


def same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert list(found) == list(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)


def test_names_are_joined_and_dtypes_kept() -> None:
    found = arrays({"loss": np.float32(0.5), "grads": {"w": W, "deep": {"b": [1, 2]}}, "n": 3})
    same(found, {"loss": 0.5, "grads.w": W, "grads.deep.b": [1, 2], "n": 3})
    assert found["loss"].dtype == found["grads.w"].dtype == np.float32
    assert found["n"].dtype.kind == "i"


def test_words_are_left_out_and_none_is_nan() -> None:
    document = {"title": "a", "none": None, "words": ["a", "b"], "mixed": [1, "a"], "ok": True}
    same(arrays({**document, "holes": [[1.0, None]]}), {"ok": True, "holes": [[1, np.nan]]})
    same(arrays({"ragged": [[1], [1, 2]], "empty": [], "rows": []}), {"empty": [], "rows": []})


def test_rows_become_columns() -> None:
    rows = [{"step": 0, "at": {"x": 1.0}, "word": "a"}, {"step": 5, "at": {"x": 2.0}, "word": "b"}]
    same(arrays({"path": rows}), {"path.step": [0, 5], "path.at.x": [1, 2]})
    rows = [{"step": 0, "accuracy": None}, {"step": 1, "accuracy": 0.5}]
    same(arrays({"path": rows}), {"path.step": [0, 1], "path.accuracy": [np.nan, 0.5]})
    rows = [{"step": 0}, {"step": 1, "late": 2.5}]
    same(arrays({"path": rows}), {"path.step": [0, 1], "path.1.late": 2.5})


@pytest.mark.parametrize(("second", "labels"), [("a", "za"), ("z", "01")])
def test_rows_of_different_shapes_are_by_name(second: str, labels: str) -> None:
    rows = [{"name": "z", "shape": [2, 3], "value": W}, {"name": second, "value": W[0]}]
    expected = {f"trace.{labels[0]}.value": W, f"trace.{labels[1]}.value": W[0]}
    same(arrays({"trace": rows}), expected)


def test_a_walk() -> None:
    problem = Formula("(x - 3)^2", {"x": 0.0})
    walk = descend(problem, Settings(0.25, 4, 2))
    file = io.BytesIO()
    np.savez(file, **arrays(WalkReport(problem, walk).document()))
    file.seek(0)
    found = np.load(file, allow_pickle=False)
    np.testing.assert_array_equal(found["path.step"], [0, 2, 4])
    np.testing.assert_array_equal(found["path.at.x"], [0, 2.25, 2.8125])  # 3 - 3/2^k
    np.testing.assert_array_equal(found["path.value"], [9, 0.5625, 0.03515625])
    np.testing.assert_array_equal(found["end.x"], 2.8125)
