"""Data on their way into a model: scaled, brought into rows, refused where they are wrong."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradcli.errors import SpecError
from gradcli.model import Model
from gradcli.model.fit import model_inputs
from gradcli.model.single import SingleLayer
from gradcli.report.document import dumps
from tests.conftest import Gradcli

COUNTS = itertools.count()
IMAGES = np.random.default_rng(0).integers(0, 256, (6, 4, 5)).astype(np.uint8)


@pytest.fixture
def images(tmp_path: Path) -> str:
    np.save(tmp_path / "x.npy", IMAGES)
    return str(tmp_path / "x.npy")


def assert_same(model: Model, other: Model) -> None:
    """Equal to the last bit: data, loss, gradients."""
    assert list(model.parameters) == list(other.parameters)
    for name in ("x", "y", *model.parameters):
        np.testing.assert_array_equal(model.arrays[name], other.arrays[name], strict=True)
    loss, gradients = model.value_and_gradients(model.parameters, model.x, model.y)
    loss_again, again = other.value_and_gradients(other.parameters, other.x, other.y)
    np.testing.assert_array_equal(loss, loss_again, strict=True)
    for name, gradient in gradients.items():
        np.testing.assert_array_equal(gradient, again[name], strict=True)


ROWS = arrays.arrays(
    st.sampled_from([np.uint8, np.int16, np.int64, np.float32, np.float64]),
    st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3)),
    elements=st.integers(0, 99),
)
SCALES = st.sampled_from([1, 255, 2, 0.1, 1 / 3]) | st.floats(1e-3, 1e3)


@settings(deadline=None, max_examples=40)
@given(ROWS, SCALES, st.sampled_from(["float32", "float64"]), st.booleans())
def test_flattened_and_scaled_is_as_by_hand(
    tmp_path_factory: pytest.TempPathFactory,
    rows: npt.NDArray[Any],
    scale: float,
    dtype: str,
    stated: bool,
) -> None:
    """The same loss and gradients to the bit, and the same again from the answer's document."""
    rows = rows if rows.dtype.kind in "iu" else (rows / 7).astype(rows.dtype)
    path = tmp_path_factory.getbasetemp() / f"{next(COUNTS)}.npy"
    np.save(path, rows)
    width = rows[0].size
    spec = {"loss": "ce", "out": 3, "hidden": 2, "dtype": dtype}
    labels = {"labels": [n % 3 for n in range(len(rows))]}
    own = {"x": str(path), "scale": scale, **({"in": width} if stated else {})}
    by_hand = rows.reshape(len(rows), width).astype(np.float64) / scale
    found = Model.from_spec({**spec, **labels, **own})
    fed = model_inputs(rows, (width,), scale, dtype)
    np.testing.assert_array_equal(found.x, fed, strict=True)
    assert_same(found, Model.from_spec({**spec, **labels, "x": by_hand, "in": width}))
    assert_same(found, Model.from_spec(json.loads(dumps(found.document))))
    assert_same(found, Model.from_spec(json.loads(dumps(found.exact_document))))
    path.unlink()


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
@pytest.mark.parametrize("scale", [255.0, 3.0, 0.7, 1.0])
def test_it_is_divided_in_the_dtype_where_that_is_the_same(dtype: Any, scale: float) -> None:
    rows = np.arange(240).astype(dtype).reshape(4, 5, 12)
    found = model_inputs(rows, (60,), scale, "float32")
    wide = (rows.astype(np.float64) / scale).astype(np.float32).reshape(4, 60)
    np.testing.assert_array_equal(found, wide, strict=True)
    if float(np.float32(scale)) == scale:
        in_single = rows.astype(np.float32).reshape(4, 60) / np.float32(scale)
        np.testing.assert_array_equal(found, in_single, strict=True)


LABELS = {"labels": [0, 1, 2, 0, 1, 2]}


@pytest.mark.parametrize(
    ("spec", "shape", "word"),
    [
        ({"out": 3}, (6, 20), "x (6, 4, 5) is flattened to (6, 20)"),
        ({"in": 20, "out": 3}, (6, 20), "x (6, 4, 5) is flattened to (6, 20)"),
        ({"layers": "flatten, dense(3)"}, (6, 4, 5), None),
        ({"layers": "conv2d(2, 3), flatten, dense(3)"}, (6, 4, 5, 1),
         "x (6, 4, 5) is taken as (6, 4, 5, 1)"),
        ({"layers": "conv2d(2, 3), flatten, dense(3)", "convention": "torch"}, (6, 1, 4, 5),
         "x (6, 4, 5) is taken as (6, 1, 4, 5)"),
        ({"layers": "residual(conv2d(1, 3, padding=same)), flatten, dense(3)"}, (6, 4, 5, 1),
         "x (6, 4, 5) is taken as (6, 4, 5, 1)"),
        ({"in": [4, 5, 1], "layers": "flatten, dense(3)"}, (6, 4, 5, 1),
         "x (6, 4, 5) is taken as (6, 4, 5, 1)"),
        ({"layers": "lstm(3)"}, (6, 4, 5), None),
        ({"x_shape": [6, 2, 10], "layers": "lstm(3)"}, (6, 2, 10), None),
    ],
    ids=str,
)  # fmt: skip
def test_rows_are_those_that_the_first_layer_takes(
    spec: dict[str, Any], shape: tuple[int, ...], word: str | None, images: str
) -> None:
    found = Model.from_spec({"loss": "ce", "x": images, **LABELS, **spec})
    np.testing.assert_array_equal(found.x, IMAGES.reshape(shape).astype(np.float32), strict=True)
    assert found.warnings == ([word] if word else [])
    assert_same(found, Model.from_spec(json.loads(dumps(found.document))))


def test_a_weight_tells_of_a_row_that_is_written_out() -> None:
    spec = {"loss": "mse", "x": IMAGES.tolist(), "y": [[0.0]] * 6}
    assert Model.from_spec({**spec, "w": np.ones((20, 1))}).x.shape == (6, 20)
    kept = Model.from_spec({**spec, "y": np.zeros((6, 4, 1)), "w": np.ones((5, 1))})
    assert kept.x.shape == (6, 4, 5)
    assert Model.from_spec({**spec, "y": np.zeros((6, 4, 2))}).x.shape == (6, 4, 5)
    one = {"loss": "mse", "x": np.ones((2, 1, 5)), "y": np.ones((2, 1, 1)), "w": np.ones((5, 1))}
    assert Model.from_spec(one).x.shape == (2, 1, 5)


def test_what_has_a_target_for_each_step_keeps_its_axes(images: str) -> None:
    spec = {"loss": "ce", "x": images, "out": 3}
    assert Model.from_spec({**spec, "labels": np.ones((6, 4))}).x.shape == (6, 4, 5)
    assert Model.from_spec({**spec, "y": np.full((6, 4, 3), 0.5)}).x.shape == (6, 4, 5)
    assert Model.from_spec({**spec, "in": [4, 5], "batch": 6}).x.shape == (6, 4, 5)
    layer = SingleLayer.from_spec({"layer": "dense", "units": 2, "x": images})
    assert layer.array(layer.primals).shape == (6, 4, 2)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint64", "float32", "float64", "?"])
def test_labels_are_of_any_dtype_and_may_be_a_column(dtype: str, tmp_path: Path) -> None:
    labels = np.array([1, 0, 1, 1, 0, 0])
    np.save(tmp_path / "l.npy", labels.astype(dtype)[:, None])
    found = Model.from_spec({"loss": "ce", "in": 2, "out": 2, "labels": str(tmp_path / "l.npy")})
    np.testing.assert_array_equal(found.y, np.eye(2, dtype=np.float32)[labels], strict=True)


def test_a_large_x_stays_named_by_its_file_with_its_scale(tmp_path: Path) -> None:
    rows = np.random.default_rng(1).integers(0, 256, 12_000).astype(np.uint8)
    np.save(tmp_path / "x.npy", rows)
    spec = {"loss": "ce", "out": 2, "labels": [0, 1, 1], "scale": 255, "x_shape": [3, 40, 100]}
    found = Model.from_spec({**spec, "x": "x.npy"}, str(tmp_path))
    document = json.loads(dumps(found.document))
    assert document["x"]["file"] == str(tmp_path / "x.npy")
    assert (document["scale"], document["x_shape"], document["in"]) == (255, [3, 40, 100], 4000)
    assert_same(found, Model.from_spec(document))
    np.save(tmp_path / "x.npy", rows + 1)
    with pytest.raises(SpecError, match="has changed since"):
        Model.from_spec(document)


def test_a_small_x_is_written_out_scaled(images: str) -> None:
    spec = {"loss": "ce", "out": 3, "x": images, **LABELS}
    document = Model.from_spec({**spec, "scale": 255}).document
    assert not {"scale", "x_shape"} & document.keys()
    by_hand = IMAGES.reshape(6, 20).astype(np.float32) / np.float32(255)
    np.testing.assert_array_equal(document["x"], by_hand, strict=True)


X, Y = np.arange(6.0).reshape(3, 2), np.array([[1.0], [2.0], [3.0]])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_by_its_place(value: float, tmp_path: Path) -> None:
    x, y = X.copy(), Y.copy()
    x[1, 1], y[2, 0] = value, value
    np.savez(tmp_path / "d.npz", x=x, y=y)
    data = str(tmp_path / "d.npz")
    for spec, message in (
        ({"x": f"{data}:x", "y": Y}, f"^x: {data}:x: holds {value} at \\[1, 1\\]: allow_nan"),
        ({"x": X, "y": f"{data}:y"}, f"^y: {data}:y: holds {value} at \\[2, 0\\]: allow_nan"),
        ({"x": x.tolist(), "y": Y}, f"^x: holds {value} at \\[1, 1\\]"),
    ):
        with pytest.raises(SpecError, match=message):
            Model.from_spec({"loss": "mse", **spec})
        taken = Model.from_spec({"loss": "mse", "allow_nan": True, **spec})
        assert taken.document["allow_nan"] is True
        assert dumps(Model.from_spec(taken.document).document) == dumps(taken.document)


def test_of_y_the_rows_that_count_are_looked_at() -> None:
    spec = {"loss": "mse", "x": X, "y": [[1.0], [float("nan")], [3.0]]}
    assert np.isnan(Model.from_spec({**spec, "mask": [1, 0, 1]}).y[1, 0])
    with pytest.raises(SpecError, match=r"y: holds nan at \[1, 0\]"):
        Model.from_spec({**spec, "mask": [0, 1, 1]})
    literal = Model.from_spec({"loss": "mse", "x": "1,nan", "y": 0})
    assert np.isnan(literal.x[0, 1])


def test_the_place_is_that_of_a_large_file(tmp_path: Path) -> None:
    x = np.zeros((3000, 700), np.float32)
    x[2999, 5] = np.inf
    np.save(tmp_path / "x.npy", x)
    with pytest.raises(SpecError, match=r"holds inf at \[2999, 5\]"):
        Model.from_spec({"loss": "mse", "x": str(tmp_path / "x.npy"), "out": 1})


@pytest.mark.parametrize(("rows", "others"), [(8, 700), (700, 8)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_training_scales_rows_and_those_it_is_judged_by_alike(
    rows: int, others: int, dtype: Any, gradcli: Gradcli, tmp_path: Path
) -> None:
    """Large ones stay named by their files, small ones do not; the answer is the same again."""
    drawn = np.random.default_rng(2)
    for name, count in (("x", rows), ("t", others)):
        values = drawn.integers(0, 256, (count, 4, 5)) / (1 if dtype == np.uint8 else 7)
        np.save(tmp_path / f"{name}.npy", values.astype(dtype))
        np.save(tmp_path / f"{name}l.npy", np.arange(count) % 3)
    command = (
        f"descend ce --x {tmp_path}/x.npy --labels {tmp_path}/xl.npy --test-x {tmp_path}/t.npy "
        f"--test-labels {tmp_path}/tl.npy --out 3 --epochs 1 --batch 8 --json"
    )
    ran = gradcli(f"{command} --scale 0.7")
    assert ran.err == f"gradcli: warning: x ({rows}, 4, 5) is flattened to ({rows}, 20)\n"
    assert ("scale" in ran.json["spec"]) == (rows > others)
    assert gradcli("run - --json", stdin=ran.out.encode()).out == ran.out
    for name in ("x", "t"):
        path = tmp_path / f"{name}.npy"
        np.save(path, np.load(path).astype(np.float64).reshape(-1, 20) / 0.7)
    by_hand = gradcli(command).json
    assert by_hand["history"] == ran.json["history"]
    assert by_hand["params"] == ran.json["params"]
