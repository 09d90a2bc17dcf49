"""JSON documents: what is written at once is what is written piece by piece, and reads back."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcli.report import document

NUMBERS = st.floats(width=32, allow_nan=False, allow_infinity=False)
ARRAYS = st.lists(NUMBERS, min_size=1, max_size=3).flatmap(
    lambda row: st.sampled_from(["f4", "f8", "i4"]).map(
        lambda kind: np.array(row).clip(-1e9, 1e9).astype(kind)
    )
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | st.text() | st.just("\0") | ARRAYS
    | NUMBERS.map(np.float64) | NUMBERS.map(np.float32),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    | st.tuples(inner, inner),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=80)
@given(st.dictionaries(st.text(), ANY, max_size=4))
def test_what_is_written_at_once(answer: dict[str, Any]) -> None:
    quickly = document._quickly(answer)
    if quickly is None:
        assert r'"\u0000"' in json.dumps(answer, default=str)
    else:
        text, singles = document._slowly(answer)
        assert quickly[0] == text
        assert [s.tolist() for s in quickly[1]] == [s.tolist() for s in singles]
    assert isinstance(json.loads(document.dumps(answer)), dict)


def test_what_is_not_finite_is_null_wherever_it_is() -> None:
    answer = {
        "a": float("nan"),
        "b": [1.5, float("-inf")],
        "c": np.array([np.nan, 0.1], "f4"),
        "d": np.array([0.1], "f4"),
        "e": np.float64("inf"),
    }
    expected = '{"a": null, "b": [1.5, null], "c": [null, 0.1], "d": [0.1], "e": null'
    assert document.dumps(answer) == expected + "}"
    assert document.dumps({**answer, "f": "\0"}) == expected + r', "f": "\u0000"}'
