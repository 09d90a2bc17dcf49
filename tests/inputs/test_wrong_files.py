"""What is no data: one clear line each, nothing endless, and nothing that runs."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
import tarfile
import threading
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcli.errors import FileError
from gradcli.inputs import bounded
from gradcli.inputs.files import open_array, read_array
from tests.conftest import Gradcli


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("pwned"),))


def refusal(source: str, folder: Path) -> str:
    """What is said of it, in every way to read it."""
    said = set()
    for read in (read_array, open_array):
        with pytest.raises(FileError) as caught:
            read(source, str(folder))
        said.add(str(caught.value))
    [message] = said
    assert message.startswith(f"{source}: ")
    assert "\n" not in message
    return message.removeprefix(f"{source}: ")


def tar(**members: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def objects() -> bytes:
    """As imdb.npz has its reviews: lists of different lengths."""
    file = io.BytesIO()
    np.savez(file, x_train=np.array([[1, 2], [3]], dtype=object), y=np.ones(2))
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.npy", b"", "is empty"),
        ("a.f32", b"", "is empty"),
        ("a.bin", b"", "is empty"),
        ("a.csv.gz", b"", "is empty"),
        ("a.csv.gz", gzip.compress(b""), "is empty"),
        ("data_batch_1", pickle.dumps({b"data": Evil()}, 2), "is a pickle, which may run code"),
        ("x.csv", pickle.dumps([1]), "of CIFAR-10 the binary version (.bin) is read"),
        ("cifar-10-python.tar.gz", tar(data_batch_1=pickle.dumps([1])), "is a tar archive: unpack"),
        ("cifar-10-python.tar.gz", tar(b=b"1"), "(cifar-10-binary.tar.gz, its data_batch_1.bin)"),
        ("imdb.npz:x_train", objects(), "which may run code when it is read: pad sequences to one"),
        ("a.csv", "a,b\n1,2\n".encode("utf-16"), "is text in UTF-16: save it as UTF-8 (iconv"),
        ("a.csv", "a,b\n1,2\n".encode("utf-16-le"), "is text in UTF-16"),
        ("a.csv", "a,b\n1,2\n".encode("utf-16-be"), "is text in UTF-16"),
        ("a.csv", "a,b\n1,2\né,3\n".encode("latin-1"), "line 3: byte 0xe9 is not UTF-8: if this"),
        ("a.h5", b"\x89HDF\r\n\x1a\n" + bytes(9), "is HDF5: save its arrays with numpy.savez"),
        ("a.csv.bz2", b"BZh91AY&SY", "is compressed with bzip2: inflate it, or use gzip"),
        ("a.csv.gz", gzip.compress(b"1,2\n" * 99)[:-9], "ends early: "),
        ("a.csv.gz", gzip.compress(b"1,2\n")[:5], "ends early: 5 bytes of gzip are not all"),
        ("a.csv.gz", gzip.compress(b"1,2\n")[:-8] + bytes(8), "is not readable gzip (Error -3"),
        ("a.csv.gz", gzip.compress(b"1,2\n") + b"more", "is not readable gzip (Error -3"),
        ("a.csv.gz", b"\x1f\x8b\xff\xff" + bytes(20), "is not readable gzip"),
        ("a.csv.gz", gzip.compress(gzip.compress(b"1,2")), "neither text nor"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_files_that_are_refused(
    name: str, data: bytes, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name.partition(":")[0]).write_bytes(data)
    assert message in refusal(name, tmp_path)
    assert not (tmp_path / "pwned").exists()


def test_gzip_of_several_members_with_padding(tmp_path: Path) -> None:
    data = gzip.compress(b"1,2\n") + gzip.compress(b"") + gzip.compress(b"3,4\n") + bytes(700)
    for begins in (b"", gzip.compress(b"")):
        (tmp_path / "a.csv.gz").write_bytes(begins + data)
        assert read_array("a.csv.gz", str(tmp_path)).tolist() == [[1, 2], [3, 4]]
    (tmp_path / "b").write_bytes(gzip.compress(b"a;b\n1;2.5\n"))  # told by its bytes alone
    assert read_array("b", str(tmp_path)).tolist() == [[1, 2.5]]
    (tmp_path / "c.csv.gz").write_bytes(b"a,b\n1,2\n")  # inflated on its way
    assert read_array("c.csv.gz:b", str(tmp_path)).tolist() == [2]


def zeros(count: int) -> bytes:
    """An IDX array of ``count`` zeros, compressed a thousandfold."""
    head = b"\0\0\x08\x01" + struct.pack(">I", count)
    packer = zlib.compressobj(9, wbits=31)
    chunks = [packer.compress(head)]
    chunks += [packer.compress(bytes(2**20)) for _ in range(count // 2**20)]
    return b"".join([*chunks, packer.flush()])


def test_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With limits a thousandth of what they are."""
    monkeypatch.setattr(bounded, "MOST", 8 * 2**20)
    monkeypatch.setattr(bounded, "UNSUSPECTED", 2**20)
    count = 4 * 2**20
    (tmp_path / "a.idx.gz").write_bytes(zeros(count))
    assert "holds over 1,000 times its own size, as a bomb does" in refusal("a.idx.gz", tmp_path)
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros(count, np.uint8))
    assert "holds over 1,000 times its own size" in refusal("a.npz:x", tmp_path)
    monkeypatch.setattr(bounded, "RATIO", 1200)
    assert read_array("a.idx.gz", str(tmp_path)).shape == (count,)
    assert read_array("a.npz:x", str(tmp_path)).shape == (count,)
    (tmp_path / "a.idx.gz").write_bytes(zeros(3 * count))
    assert refusal("a.idx.gz", tmp_path).startswith("holds more than 8,388,608 bytes, compressed")
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros(3 * count, np.uint8))
    assert refusal("a.npz:x", tmp_path).startswith("holds more than 8,388,608 bytes, compressed")


def test_a_zip_that_hides_how_much_it_holds(tmp_path: Path) -> None:
    """Its directory tells of 200 bytes; no more is inflated."""
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.zeros(10**6))
    with zipfile.ZipFile(path) as archive:
        size = archive.infolist()[0].file_size
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", size), struct.pack("<I", 200)))
    message = refusal("a.npz:x", tmp_path)
    assert "ends early: has 200 bytes of 8,000,128" in message or "is not a readable" in message


class Endless(io.RawIOBase):
    """A pipe that goes on and on."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        buffer[:] = (b"1,2\n" * len(buffer))[: len(buffer)]
        return len(buffer)


def test_what_never_ends(gradcli: Gradcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for device in ("/dev/zero", "/dev/urandom"):
        assert refusal(device, tmp_path) == "is a device, neither a file nor a pipe"
        assert "is a device, neither a file" in gradcli("run", device).err
        assert "is a device, neither a file" in gradcli("formula", f"@{device}", "x=1").err
        with open(device) as file:
            monkeypatch.setattr("sys.stdin", file)
            with pytest.raises(FileError, match="-: standard input is a device, neither a file"):
                read_array("-")
    assert refusal("/dev/null", tmp_path) == "is empty"
    assert refusal(".", tmp_path) == "Is a directory"
    monkeypatch.setattr(bounded.gathered, "__defaults__", (2**20,))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(Endless())))
    with pytest.raises(FileError, match="-: holds more than 1,048,576 bytes, the most that is"):
        read_array("-")


@pytest.mark.parametrize("read", [read_array, open_array])
@pytest.mark.parametrize("name", ["a.csv.gz", "a.f32", "a.npy.gz", "a.idx"])
def test_pipes_of_every_kind(read: Any, name: str, tmp_path: Path) -> None:
    npy = io.BytesIO()
    np.save(npy, np.arange(3.0))
    data = {
        "a.csv.gz": gzip.compress(b"0,1,2\n"),
        "a.f32": struct.pack("<3f", 0, 1, 2),
        "a.npy.gz": gzip.compress(npy.getvalue()),
        "a.idx": b"\0\0\x08\x01\0\0\0\x03\0\1\2",
    }[name]
    os.mkfifo(tmp_path / name)
    writer = threading.Thread(target=lambda: (tmp_path / name).write_bytes(data))
    writer.start()
    found = read(name, str(tmp_path))
    writer.join(10)
    array = getattr(found, "array", found)
    assert array.ravel().tolist() == [0, 1, 2]
    if array is not found:
        found.require_unchanged()


def test_what_a_shell_hands_over(gradcli: Gradcli) -> None:
    """A process substitution and a redirected file are /dev/fd/N."""
    there, here = os.pipe()
    os.write(here, b"a b\n1 2\n3 4\n")
    os.close(here)
    assert gradcli(f"formula sum(x) 'x=/dev/fd/{there}' --json").json["value"] == 10
    os.close(there)
