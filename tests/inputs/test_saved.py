"""What answers are saved as, read again: safetensors, and one number a row."""

from __future__ import annotations

import io
import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradcli.errors import FileError
from gradcli.inputs.files import read_any, read_array, read_arrays
from gradcli.inputs.formats.safetensors import write_safetensors

DTYPES = st.sampled_from(["?", "<f2", "<f4", "<f8", ">f4", "<i8", "<u2", "<u1"])
SHAPES = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)
HEAD = "quantity,name,row,column,value\n"


def read(name: str, data: bytes) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(data)
        return dict(read_arrays(f"{folder}/{name}").arrays)


@settings(max_examples=60)
@given(st.dictionaries(st.text(max_size=5), arrays.arrays(DTYPES, SHAPES), max_size=3))
def test_safetensors_come_back_as_they_were(found: dict[str, Any]) -> None:
    found.pop("__metadata__", None)
    file = io.BytesIO()
    write_safetensors(file, found)
    back = read("a.safetensors", file.getvalue())
    assert set(back) == set(found)
    for name, array in found.items():
        assert back[name].dtype == array.dtype.newbyteorder("<")
        np.testing.assert_array_equal(back[name], array)


@settings(max_examples=60)
@given(arrays.arrays(np.float64, arrays.array_shapes(min_dims=0, max_dims=4, min_side=1)))
def test_a_number_a_row_comes_back_in_its_shape(array: Any) -> None:
    rows = []
    for index in np.ndindex(array.shape):
        row, column = (" ".join(map(str, part)) for part in (index[:-1], index[-1:]))
        rows.append(f"param,w,{row},{column},{float(array[index])!r}")
    text = HEAD + "\n".join(rows)
    back = read("a.csv", text.encode())
    np.testing.assert_array_equal(back["params.w"], array)


@settings(max_examples=100)
@given(st.text(alphabet='grad,x0123 -.e_\n"\r\0é', max_size=40))
@example("grad,x,0,1e9,2")
@example("grad,x,999999999 999999999,999999999,2")
@example(f"grad,x,{'0 ' * 99},0,2")
@example(f"grad,x,0,{'9' * 4000},2")
@example(f"grad,{'x' * 2**18},0,0,2")
def test_any_text_below_its_head_is_read_or_refused(text: str) -> None:
    with suppress(FileError):
        read("a.csv", (HEAD + text).encode())


@settings(max_examples=100)
@given(
    st.recursive(
        st.integers(-2, 5) | st.sampled_from(["a.f32", "b", True, None, 1e99]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["w", "file", "shape", "offset"]), inner, max_size=4)
        ),
        max_leaves=8,
    )
)
@example({"w": {"file": "a.f32", "shape": [2], "offset": 1}})
@example({"w": {"file": "a.f32", "shape": [2**62, 2**62]}})
@example({"w": {"file": "a.json", "shape": [2]}})
def test_any_json_is_read_or_refused(value: Any) -> None:
    with tempfile.TemporaryDirectory() as folder, suppress(FileError):
        np.arange(4, dtype="<f4").tofile(f"{folder}/a.f32")
        Path(f"{folder}/a.json").write_text(json.dumps(value))
        read_any(f"{folder}/a.json", True, "grads.")


def test_an_array_that_a_manifest_tells_of_is_a_value_too(tmp_path: Path) -> None:
    np.arange(6, dtype="<f4").tofile(tmp_path / "a.f32")
    (tmp_path / "a.json").write_text('{"w": {"file": "a.f32", "shape": [2, 2], "offset": 2}}')
    found = read_array("a.json:w", str(tmp_path))
    assert (found.dtype, found.tolist()) == (np.float32, [[2, 3], [4, 5]])
