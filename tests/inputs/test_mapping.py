"""Files that are mapped: nothing of them is read before it is used, and a change is told."""

from __future__ import annotations

import gzip
import os
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcli.errors import FileError, SpecError
from gradcli.inputs.files import open_array, read_array
from gradcli.inputs.values import Given, resolve
from tests.inputs.test_binary_formats import WRITERS, cifar

MAPPED = ["a.npy", "a.npz:k", "a.idx", "a.safetensors:k", "raw.f32"]
IN_MEMORY = ["packed.npz:k", "a.csv", "a.json"]


def write(source: str, folder: Path, array: Any) -> Path:
    path = folder / source.partition(":")[0]
    path.write_bytes(WRITERS[source](array))
    return path


def root(array: Any) -> Any:
    """What the memory of ``array`` belongs to."""
    while isinstance(array, np.ndarray):
        array = array.base
    return array.obj if isinstance(array, memoryview) else array


@pytest.mark.parametrize("source", MAPPED + IN_MEMORY)
def test_an_opened_array_is_read_only_and_mapped_where_it_can(source: str, tmp_path: Path) -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    write(source, tmp_path, array)
    found = open_array(f"{source}[1:]", str(tmp_path)).array
    np.testing.assert_array_equal(found.ravel()[-2:], [4, 5])
    assert (type(root(found)).__name__ == "mmap") == (source in MAPPED)
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 1


def test_cifars_images_are_mapped_in_either_order(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(cifar(3)[2])
    for name in ("x", "x_first", "labels"):
        assert type(root(open_array(f"a.bin:{name}", str(tmp_path)).array)).__name__ == "mmap"


@pytest.mark.parametrize("source", [*MAPPED, *IN_MEMORY, "d.csv.gz"])
@pytest.mark.parametrize("change", ["cut", "written", "replaced", "gone"])
def test_a_file_that_changes_is_named(source: str, change: str, tmp_path: Path) -> None:
    if source == "d.csv.gz":
        path = tmp_path / source
        path.write_bytes(gzip.compress(b"1,2\n3,4\n"))
    else:
        path = write(source, tmp_path, np.ones((2, 3), np.float32))
    opened = open_array(source, str(tmp_path))
    opened.require_unchanged()
    old = os.stat(path)
    if change == "cut":
        os.truncate(path, 1)
    elif change == "written":  # as many bytes
        path.write_bytes(path.read_bytes())
        os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns + 1))
    else:
        path.rename(tmp_path / "old")
        if change == "replaced":
            path.write_bytes((tmp_path / "old").read_bytes())
            os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    message = "No such file" if change == "gone" else "has changed since it was opened"
    with pytest.raises(FileError, match=f"^{source}: {message}"):
        opened.require_unchanged()


def test_a_value_may_be_mapped(tmp_path: Path) -> None:
    path = write("a.npy", tmp_path, np.arange(6.0).reshape(2, 3))
    found = resolve("x", "a.npy[:,0]", str(tmp_path), mapped=True)
    assert isinstance(found, Given)
    assert type(root(found.array)).__name__ == "mmap"
    assert found.array.tolist() == [0, 3]
    assert found.origin == str(tmp_path / "a.npy[:,0]")
    found.require_unchanged()
    assert resolve("x", found, None, mapped=True) is found
    os.truncate(path, 130)
    with pytest.raises(FileError, match=r"^a.npy\[:,0\]: has changed since it was opened"):
        found.require_unchanged()
    with pytest.raises(SpecError, match=r"x: a.npy: ends early: has 130 bytes of 176"):
        resolve("x", "a.npy", str(tmp_path), mapped=True)
    for value in ("1,2", [1, 2], np.ones(2)):
        given = resolve("x", value, None, mapped=True)
        assert isinstance(given, Given)
        given.require_unchanged()


@pytest.mark.parametrize("source", [*MAPPED, "packed.npz:k", "a.bin:x"])
def test_a_file_that_ends_early_is_not_opened(source: str, tmp_path: Path) -> None:
    path = tmp_path / source.partition(":")[0]
    if source == "a.bin:x":
        path.write_bytes(cifar(2)[2])
    else:
        write(source, tmp_path, np.ones((2, 3), np.float32))
    os.truncate(path, path.stat().st_size - 3)
    for read in (read_array, open_array):
        with pytest.raises(FileError, match=f"^{source}: "):
            read(source, str(tmp_path))


def test_an_array_of_an_npz_that_goes_beyond_its_member_is_refused(tmp_path: Path) -> None:
    data = bytearray(WRITERS["a.npy"](np.arange(3.0)))
    data[data.index(b"(3,)") + 1] = ord("9")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("k.npy", bytes(data))
        archive.writestr("next.npy", bytes(data))
    for read in (read_array, open_array):
        with pytest.raises(FileError, match=r"a\.npz:k: ends early: has 152 bytes of 200"):
            read("a.npz:k", str(tmp_path))


CODE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_DATA, (2**28, 2**28))
from gradcli.inputs.files import open_array
for source in sys.argv[1:]:
    array = open_array(source).array
    print(array.shape, float(array[-1].sum()))
"""


def test_files_larger_than_memory_are_opened(tmp_path: Path) -> None:
    """With holes of 4 GB and more in them, in a process that may have 256 MB."""
    count = 2**32
    head = WRITERS["a.npy"](np.zeros(count // 2**20, np.uint8))
    npy = head[:128].replace(b"(4096,), }" + b" " * 12, b"(4294967296,), }      ")
    made = {
        "a.npy": (npy, count),
        "a.idx": (b"\0\0\x08\x02" + struct.pack(">II", 2**22, 2**10), count),
        "a.f64": (b"", 8 * count),
        "a.bin": (b"", 3073 * 10**5),
    }
    for name, (begins, size) in made.items():
        with open(tmp_path / name, "wb") as file:
            file.write(begins)
            file.truncate(len(begins) + size)
            file.seek(-8, os.SEEK_END)
            file.write(b"\1" * 8 if name != "a.f64" else struct.pack("<d", 8))
    ran = subprocess.run(
        [sys.executable, "-c", CODE, "a.npy", "a.idx", "a.f64", "a.bin:x_first"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert ran.stdout.splitlines() == [
        "(4294967296,) 1.0", "(4194304, 1024) 8.0", "(4294967296,) 8.0", "(100000, 3, 32, 32) 8.0",
    ], ran.stderr  # fmt: skip
