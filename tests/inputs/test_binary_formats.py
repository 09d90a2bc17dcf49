"""Binary formats, written here by the words of their own definitions, come back equal."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradcli.catalogue import ARRAY_FILES
from gradcli.errors import FileError
from gradcli.inputs.files import open_array, read_array, read_arrays
from gradcli.inputs.values import Given, resolve
from tests.conftest import Gradcli

NATIVE = [np.uint8, np.int8, np.int16, np.int32, np.float32, np.float64]
IDX_CODES = {"uint8": 8, "int8": 9, "int16": 0xB, "int32": 0xC, "float32": 0xD, "float64": 0xE}
SAFE_NAMES = {"uint8": "U8", "int8": "I8", "int16": "I16", "int32": "I32", "float32": "F32",
              "float64": "F64"}  # fmt: skip


def idx(array: Any) -> bytes:
    """As at yann.lecun.com/exdb/mnist: a magic number, the sizes, the data, big-endian."""
    head = struct.pack(
        f">HBB{array.ndim}I", 0, IDX_CODES[array.dtype.name], array.ndim, *array.shape
    )
    letter = {"uint8": "B", "int8": "b", "int16": "h", "int32": "i", "float32": "f",
              "float64": "d"}[array.dtype.name]  # fmt: skip
    return head + struct.pack(f">{array.size}{letter}", *array.ravel().tolist())


def safetensors(tensors: dict[str, Any], names: dict[str, str] | None = None) -> bytes:
    """``tensors`` one after the other, behind a header that is padded to eight bytes."""
    header: dict[str, Any] = {"__metadata__": {"format": "np"}}
    body = b""
    for name, tensor in tensors.items():
        data = tensor.tobytes()
        dtype = (names or {}).get(name) or SAFE_NAMES[tensor.dtype.name]
        offsets = [len(body), len(body) + len(data)]
        header[name] = {"dtype": dtype, "shape": tensor.shape, "data_offsets": offsets}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + body


def saved(save: Callable[..., None], *args: Any, **kwargs: Any) -> bytes:
    file = io.BytesIO()
    save(file, *args, **kwargs)
    return file.getvalue()


WRITERS: dict[str, Callable[[Any], bytes]] = {
    "a.npy": lambda a: saved(np.save, a),
    "a.npz:k": lambda a: saved(np.savez, k=a, other=np.ones(3)),
    "packed.npz:k": lambda a: saved(np.savez_compressed, k=a),
    "a.idx": idx,
    "a-idx3-ubyte": idx,
    "a.safetensors:k": lambda a: safetensors({"first": np.arange(3.0), "k": a}),
    "raw.f32": lambda a: struct.pack(f"<{a.size}f", *a.ravel().tolist()),
    "raw.f64": lambda a: struct.pack(f"<{a.size}d", *a.ravel().tolist()),
    "a.json": lambda a: json.dumps(a.tolist()).encode(),
    "a.csv": lambda a: "\n".join(",".join(map(repr, row)) for row in a.tolist()).encode(),
    "a.tsv": lambda a: "\n".join("\t".join(map(repr, row)) for row in a.tolist()).encode(),
    "a.txt": lambda a: "\n".join("  ".join(map(repr, row)) for row in a.tolist()).encode(),
    "a.dat": lambda a: "\n".join(" ; ".join(map(repr, row)) for row in a.tolist()).encode(),
}
TYPED = ("npy", "npz", "idx", "safetensors")


FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@st.composite
def tables(draw: Any) -> Any:
    dtype = draw(st.sampled_from(NATIVE))
    shape = st.tuples(st.integers(1, 4), st.integers(2, 4))
    return draw(
        arrays.arrays(dtype, shape, elements=FLOATS if np.dtype(dtype).kind == "f" else None)
    )


def test_every_format_is_written_here() -> None:
    endings = {e for e in ARRAY_FILES if any(e in name for name in WRITERS)}
    assert {*endings, ".bin"} == set(ARRAY_FILES)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("source", WRITERS)
@settings(max_examples=20)
@given(table=tables())
def test_what_is_written_comes_back(source: str, packed: bool, table: Any) -> None:
    name, colon, key = source.partition(":")
    data = WRITERS[source](table)
    with tempfile.TemporaryDirectory() as folder:
        if packed:
            name += ".gz"
            data = gzip.compress(data)
        (Path(folder) / name).write_bytes(data)
        named = f"{name}{colon}{key}"
        expected = (
            table.ravel().astype({"raw.f32": "f4", "raw.f64": "f8"}[source])
            if "raw" in source
            else table
        )
        for found in (read_array(named, folder), open_array(named, folder).array):
            np.testing.assert_array_equal(found, expected)
            if any(kind in source for kind in TYPED):
                assert found.dtype.newbyteorder("=") == table.dtype
        assert read_array(named, folder).dtype.isnative
        rest = open_array(f"{named}[1:]", folder) if len(expected) > 1 else None
        if rest:
            np.testing.assert_array_equal(rest.array, expected[1:])


def corrupt(data: bytes, draw: Any) -> bytes:
    kind = draw(st.sampled_from(["cut", "turn", "noise", "insert"]))
    at = draw(st.integers(0, min(len(data) - 1, 300)))
    if kind == "cut":
        return data[:at]
    if kind == "turn":
        return data[:at] + bytes([data[at] ^ draw(st.integers(1, 255))]) + data[at + 1 :]
    if kind == "insert":
        return data[:at] + draw(st.binary(max_size=9)) + data[at:]
    return draw(st.sampled_from([b"", data[:8], data[:20]])) + draw(st.binary(max_size=60))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("source", [*WRITERS, "batch.bin:x"])
@settings(max_examples=20)
@given(st.data())
def test_any_bytes_are_an_array_or_one_line_of_error(source: str, packed: bool, data: Any) -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    good = WRITERS[source](array) if source in WRITERS else bytes(3073)
    wrong = corrupt(good, data.draw)
    name, colon, key = source.partition(":")
    if packed and data.draw(st.booleans()):
        wrong = gzip.compress(wrong)
    elif packed:
        wrong = corrupt(gzip.compress(good), data.draw)
    name += ".gz" if packed else ""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(wrong)
        for read in (read_array, open_array):
            with suppress(FileError):
                read(f"{name}{colon}{key}", folder)
        with suppress(FileError):
            read_arrays(os.path.join(folder, name))


IDX = b"\0\0\x08\x02\0\0\0\x02\0\0\0\x03"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (IDX + bytes(5), "ends early: has 17 bytes of 18"),
        (IDX + bytes(7), "has 19 bytes, but its header tells of 18"),
        (IDX[:7], "ends early: has 7 bytes of 12"),
        (b"\0\0\x0a\x01\0\0\0\1\1", "is no IDX file"),
        (b"\1\0\x08\x01\0\0\0\1\1", "is no IDX file"),
        (b"\0\0\x08\xff" + b"\0\0\0\1" * 255 + b"\1", "holds no array that NumPy can have"),
        (b"\0\0\x08\x03\0\0\0\0" + b"\xff" * 8, "holds no array that NumPy can have"),
    ],
)
def test_idx_files_that_are_none(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.idx").write_bytes(data)
    with pytest.raises(FileError, match=rf"^a.idx: {message}"):
        read_array("a.idx", str(tmp_path))


def test_mnists_files_by_their_own_names(tmp_path: Path, gradcli: Gradcli) -> None:
    images = np.arange(3 * 28 * 28).astype(np.uint8).reshape(3, 28, 28)
    labels = np.array([5, 0, 4], np.uint8)
    for name, array in {
        "train-images-idx3-ubyte": images,
        "train-labels-idx1-ubyte": labels,
    }.items():
        (tmp_path / name).write_bytes(idx(array))
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
    (tmp_path / "qmnist-idx2-int").write_bytes(idx(np.arange(6, dtype=np.int32).reshape(2, 3)))
    for name in ("train-images-idx3-ubyte", "train-images-idx3-ubyte.gz"):
        found = resolve("x", f"{name}[0:2]", str(tmp_path))
        assert isinstance(found, Given)
        assert found.array.dtype == np.uint8
        np.testing.assert_array_equal(found.array, images[:2])
        assert found.origin == str(tmp_path / f"{name}[0:2]")
    for name in ("qmnist-idx2-int", "qmnist-idx2-int[1:]"):  # whose ending is none that is known
        found = resolve("x", name, str(tmp_path))
        assert isinstance(found, Given)
        assert found.array.tolist()[-1] == [3, 4, 5]
    ran = gradcli(
        f"ce --x {tmp_path}/train-images-idx3-ubyte.gz[:,0,0:4] --out 6 "
        f"--labels {tmp_path}/train-labels-idx1-ubyte.gz --json"
    )
    assert ran.json["spec"]["labels"] == [5, 0, 4]
    assert ran.json["x"][1] == [16, 17, 18, 19]  # 784 = 3 * 256 + 16


def cifar(rows: int) -> tuple[Any, Any, bytes]:
    images = np.random.default_rng(0).integers(0, 256, (rows, 32, 32, 3), np.uint8)
    labels = np.arange(rows) % 10
    planes = (bytes([n]) + image.transpose(2, 0, 1).tobytes() for n, image in zip(labels, images))
    return images, labels, b"".join(planes)


def test_cifars_binary_version(tmp_path: Path) -> None:
    """A label, 1024 reds, 1024 greens, 1024 blues a row (cs.toronto.edu/~kriz/cifar.html)."""
    images, labels, data = cifar(12)
    (tmp_path / "data_batch_1.bin").write_bytes(data)
    (tmp_path / "b.bin.gz").write_bytes(gzip.compress(data))
    for name in ("data_batch_1.bin", "b.bin.gz"):
        x = read_array(f"{name}:x", str(tmp_path))
        assert x.dtype == np.uint8
        np.testing.assert_array_equal(x, images)
        first = open_array(f"{name}:x_first[3:5]", str(tmp_path)).array
        np.testing.assert_array_equal(first, images[3:5].transpose(0, 3, 1, 2))
        assert read_array(f"{name}:labels", str(tmp_path)).tolist() == labels.tolist()
    for wrong in (data[:-1], b"\x0a" + data[1:], data[:100]):
        (tmp_path / "a.bin").write_bytes(wrong)
        with pytest.raises(
            FileError, match="is not CIFAR-10's binary version, rows of 3,073 bytes"
        ):
            read_array("a.bin:x", str(tmp_path))
    with pytest.raises(FileError, match="holds 3 arrays: name one, one of: x, x_first, labels"):
        read_array("data_batch_1.bin", str(tmp_path))


def test_raw_numbers_may_begin_as_anything_does(tmp_path: Path) -> None:
    for head in (b"\x1f\x8b\x08\0", b"PK\x03\x04", b"\0\0\x08\x01", b"\x80\x02ab", b"\xff\xfea\0"):
        (tmp_path / "a.f32").write_bytes(head)
        assert read_array("a.f32", str(tmp_path)).tolist() == [*struct.unpack("<f", head)]
        (tmp_path / "a.F32.GZ").write_bytes(gzip.compress(head))
        assert read_array("a.F32.GZ", str(tmp_path)).tolist() == [*struct.unpack("<f", head)]
        (tmp_path / "b.f32.gz").write_bytes(head * 2)
        if head[0] != 0x1F:  # inflated on its way, but called so
            assert read_array("b.f32.gz", str(tmp_path)).tolist() == [
                *struct.unpack("<2f", head * 2)
            ]
    (tmp_path / "a.f64").write_bytes(bytes(13))
    with pytest.raises(FileError, match="has 13 bytes, no whole number of float64, 8 bytes each"):
        read_array("a.f64", str(tmp_path))


def test_safetensors_of_every_dtype(tmp_path: Path) -> None:
    """bfloat16 is the upper half of a float32: 0x3fc0 is 1.5, 0xc049 is -3.140625."""
    tensors = {
        "b": np.array([0x3FC0, 0xC049], "<u2"),
        "h": np.array([[1.5, -65504]], "<f2"),
        "t": np.array([True, False]),
        "i": np.array([-(2**63)]),
        "u": np.array(2**64 - 1, np.uint64),
        "e": np.zeros((0, 3), np.float32),
        "q": np.zeros(1, np.uint8),
    }
    names = {"b": "BF16", "h": "F16", "t": "BOOL", "i": "I64", "u": "U64", "q": "F8_E4M3"}
    (tmp_path / "a.safetensors").write_bytes(safetensors(tensors, names))
    folder = str(tmp_path)
    found = read_array("a.safetensors:b", folder)
    assert (found.dtype, found.tolist()) == (np.float32, [1.5, -3.140625])
    for name in "htiue":
        found = read_array(f"a.safetensors:{name}", folder)
        assert (found.dtype, found.tolist()) == (tensors[name].dtype, tensors[name].tolist())
    with pytest.raises(FileError, match="q holds F8_E4M3, which is not read: save it as F32"):
        read_array("a.safetensors:q", folder)
    (tmp_path / "b.safetensors").write_bytes(safetensors({"b": tensors["b"]}, names))
    assert read_arrays(str(tmp_path / "b.safetensors")).arrays["b"].tolist() == [1.5, -3.140625]


@pytest.mark.parametrize(
    ("header", "size", "message"),
    [
        ({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, 7, "ends early: has 7"),
        ({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, 9, "do not fill it"),
        ({"a": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}, 12, "do not fill it"),
        ({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}, 8, "a takes 12 bytes"),
        ({"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}, 8, "no safetensors h"),
        ({"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}, 8, "no safetensors h"),
        ({"a": {"dtype": 1, "shape": [2], "data_offsets": [0, 8]}}, 8, "no safetensors h"),
        ({"a": {"dtype": "F32", "shape": [2]}}, 8, "no safetensors h"),
        ({"a": [1]}, 8, "no safetensors h"),
        ([1], 8, "no safetensors h"),
    ],
)  # fmt: skip
def test_safetensors_whose_header_is_wrong(
    header: Any, size: int, message: str, tmp_path: Path
) -> None:
    text = json.dumps(header).encode()
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + bytes(size))
    with pytest.raises(FileError, match=message):
        read_array("a.safetensors:a", str(tmp_path))


def test_safetensors_that_are_none(tmp_path: Path) -> None:
    twice = b'{"a":{},"a":{}}'
    for data, message in {
        b"\x0f": "is no safetensors file",
        b"\xff" * 8: "is no safetensors file",
        struct.pack("<Q", 100) + b"{}": "ends early: has 10 bytes of 108",
        struct.pack("<Q", len(twice)) + twice: "a name stands there twice",
    }.items():
        (tmp_path / "a.safetensors").write_bytes(data)
        with pytest.raises(FileError, match=message):
            read_array("a.safetensors:a", str(tmp_path))


def test_npz_as_keras_keeps_mnist(tmp_path: Path) -> None:
    x = np.arange(5 * 4 * 4).astype(np.uint8).reshape(5, 4, 4)
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "mnist.npz", x_train=x, y_train=np.array([1, 2, 3, 4, 0], np.uint8))
        found = read_array("mnist.npz:x_train[0:2]", str(tmp_path))
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, x[:2])
        assert read_array("mnist.npz:y_train", str(tmp_path)).dtype == np.uint8


def test_zips_that_are_no_npz(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "model.npz", "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02.")
    with pytest.raises(FileError, match=r"is a zip without arrays, one of: archive/data\.pkl"):
        read_array("model.npz:x", str(tmp_path))
    with zipfile.ZipFile(tmp_path / "text.npz", "w") as archive:
        archive.writestr("x.npy", b"1,2")
    with pytest.raises(FileError, match=r"text\.npz: is no NumPy file"):
        read_array("text.npz", str(tmp_path))


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_every_version_and_order_of_npy(version: tuple[int, int], tmp_path: Path) -> None:
    array = np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3))
    with open(tmp_path / "a.npy", "wb") as file:
        np.lib.format.write_array(file, array, version)
    found = read_array("a.npy", str(tmp_path))
    assert found.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found.dtype == np.dtype("=i4")


def test_a_formula_takes_columns_and_arrays_of_any_file(gradcli: Gradcli, tmp_path: Path) -> None:
    (tmp_path / "d.tsv").write_text("name\theight\nAda L\t1.5\nBen K\t2.5\n")
    (tmp_path / "d.csv.gz").write_bytes(gzip.compress(b"a,height\n1,3\n1,4\n"))
    (tmp_path / "w.safetensors").write_bytes(safetensors({"fc.weight": np.array([1.0, 10])}))
    ran = gradcli(
        "formula", "sum(x*y*w)", f"x={tmp_path}/d.tsv:height", f"y={tmp_path}/d.csv.gz:height",
        f"w={tmp_path}/w.safetensors:fc.weight", "--json",
    )  # fmt: skip
    assert ran.json["value"] == 104.5  # 1.5*3 + 2.5*4*10


def test_a_document_names_a_compressed_file_by_its_digest(gradcli: Gradcli, tmp_path: Path) -> None:
    path = tmp_path / "x.npy.gz"
    x = np.linspace(-1, 1, 12_003).reshape(4001, 3)
    path.write_bytes(gzip.compress(saved(np.save, x)))
    first = gradcli(f"mse --x {path} --y 0 --w 1 --json").json
    assert first["spec"]["x"]["file"] == str(path)
    assert gradcli("run - --json", stdin=json.dumps(first["spec"]).encode()).json == first
    path.write_bytes(gzip.compress(saved(np.save, -x)))
    again = gradcli("run - --json", stdin=json.dumps(first["spec"]).encode())
    assert "x.npy.gz: has changed since" in again.err


@pytest.mark.parametrize("length", [91, 123, 123 + 256])
def test_a_safetensors_file_may_begin_as_json_does(length: int, tmp_path: Path) -> None:
    """Its first byte is that of the length of its header: 123 is {, 91 is [."""
    header = json.dumps({"w": {"dtype": "F64", "shape": [2], "data_offsets": [0, 16]}})
    data = length.to_bytes(8, "little") + header.ljust(length).encode()
    data += np.array([1.5, -2.0]).tobytes()
    for name in ("g.safetensors", "unnamed"):
        (tmp_path / name).write_bytes(data)
        assert read_array(name, str(tmp_path)).tolist() == [1.5, -2.0]
