"""Files are written whole or not at all, in place of files only, and as private as they were."""

from __future__ import annotations

import os
import pty
import resource
import shutil
import socket
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

from gradcli.errors import FileError
from gradcli.report.replace import UNFINISHED, replace_file
from tests.conftest import Gradcli

NOBODY = 65534


def new(file: IO[bytes]) -> None:
    file.write(b"new")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path) -> Iterator[None]:
    yield
    assert not UNFINISHED
    assert not [p for p in tmp_path.rglob("*") if ".part" in p.name and not p.is_symlink()]


@pytest.fixture
def humble() -> Iterator[Path]:
    """A folder of a user who is not root, whose part the test takes."""
    folder = Path(tempfile.mkdtemp())
    rooted = os.geteuid() == 0
    if rooted:
        os.chown(folder, NOBODY, -1)
        os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield folder
    finally:
        if rooted:
            os.setresuid(0, 0, 0)
        folder.chmod(0o700)
        shutil.rmtree(folder)


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_is_as_open_as_the_umask_lets_it(umask: int, mode: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        replace_file(str(tmp_path / "a"), new)
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "a") == mode


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o777])
def test_an_old_file_leaves_its_mode_and_is_private_all_the_while(
    mode: int, tmp_path: Path
) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    path.chmod(mode)

    def write(file: IO[bytes]) -> None:
        [beside] = [p for p in tmp_path.iterdir() if p != path]
        assert mode_of(beside) == 0o600
        new(file)

    replace_file(str(path), write)
    assert (path.read_text(), mode_of(path)) == ("new", mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_owner_and_group_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    os.chown(path, 1234, 2345)
    replace_file(str(path), new)
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)


def test_a_group_that_cannot_be_kept_lets_no_other_group_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any) -> None:
        raise PermissionError

    path = tmp_path / "a"
    path.write_text("old")
    path.chmod(0o664)
    fstat = os.fstat

    def elsewhere(file: int) -> os.stat_result:
        found = list(fstat(file))
        found[stat.ST_GID] += 1
        return os.stat_result(found)

    monkeypatch.setattr(os, "fchown", refuse)
    monkeypatch.setattr(os, "fstat", elsewhere)
    replace_file(str(path), new)
    assert mode_of(path) == 0o644


def test_a_read_only_file_and_a_read_only_folder_stay(humble: Path) -> None:
    path = humble / "a"
    path.write_text("old")
    path.chmod(0o444)
    with pytest.raises(FileError, match="cannot be written: it is read-only"):
        replace_file(str(path), new)
    path.chmod(0o644)
    humble.chmod(0o555)
    for name in ("a", "b"):
        with pytest.raises(FileError, match="cannot be written: Permission denied"):
            replace_file(str(humble / name), new)
    assert [p.read_text() for p in humble.iterdir()] == ["old"]


def test_two_that_write_at_once_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "a"

    def write(file: IO[bytes]) -> None:
        file.write(b"first, ")
        replace_file(str(path), new)
        assert path.read_text() == "new"
        file.write(b"and whole")

    replace_file(str(path), write)
    assert path.read_text() == "first, and whole"


def test_a_name_that_is_taken_is_not_followed_and_not_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "urandom", bytes)
    victim = tmp_path / "victim"
    victim.write_text("old")
    planted = tmp_path / f".gradcli.{'00' * 8}.part"
    planted.symlink_to(victim)
    with pytest.raises(FileError, match="File exists"):
        replace_file(str(tmp_path / "a"), new)
    assert planted.is_symlink()
    assert victim.read_text() == "old"


def test_what_is_written_is_on_the_disk_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    sync, replace = os.fsync, os.replace

    def fsync(file: int) -> None:
        assert os.fstat(file).st_size == 3
        calls.append("fsync")
        sync(file)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", lambda a, b: (calls.append("replace"), replace(a, b)))
    replace_file(str(tmp_path / "a"), new)
    assert calls == ["fsync", "replace"]


@pytest.mark.parametrize("linked", [False, True])
def test_a_fifo_is_written_to(linked: bool, tmp_path: Path, gradcli: Gradcli) -> None:
    fifo = tmp_path / "a.npz"
    os.mkfifo(fifo)
    path = tmp_path / "link.npz" if linked else fifo
    if linked:
        path.symlink_to(fifo)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()), daemon=True)
    reader.start()
    assert gradcli("mse", "--x", "1", "--y", "0", "--w", "1", "--save", str(path)).code == 0
    reader.join(10)
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    (tmp_path / "b.npz").write_bytes(read[0])
    with np.load(tmp_path / "b.npz") as arrays:
        assert arrays["loss"] == 1.0
        assert arrays["grads.w"] == 2.0


def test_a_terminal_is_written_to(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    link = tmp_path / "link"
    link.symlink_to(os.ttyname(theirs))
    replace_file(str(link), new)
    assert os.read(ours, 10) == b"new"
    os.close(ours)
    os.close(theirs)


def test_a_full_device_says_so(tmp_path: Path) -> None:
    full = tmp_path / "full"
    try:
        os.mknod(full, 0o666 | stat.S_IFCHR, os.makedev(1, 7))  # as /dev/full
        full.open("wb").close()
    except PermissionError:
        pytest.skip("devices cannot be made here")
    with pytest.raises(FileError, match="cannot be written: No space left on device"):
        replace_file(str(full), new)
    assert stat.S_ISCHR(full.stat().st_mode)


def test_a_disk_that_takes_no_more_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(FileError, match="File too large"):
            replace_file(str(path), lambda file: file.write(bytes(200)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_text() == "old"


def test_what_is_no_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        for name, words in {
            "socket": "it is a socket, not a file",
            "folder": "it is a folder, not a file",
            "loop": "Too many levels of symbolic links",
            "no/such": "No such file or directory",
            "a" * 256: "File name too long",
        }.items():
            with pytest.raises(FileError, match=f"^{name}: cannot be written: {words}"):
                replace_file(name, new)
        assert stat.S_ISSOCK(Path("socket").stat().st_mode)


def test_every_name_that_a_file_can_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gradcli: Gradcli
) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["-.json", "--save.json", "a\n\x1b[31m.json", "n" * 250 + ".json", "\udcff.json"]
    for name in names:
        assert gradcli("mse", "--in", "1", "--out", "1", "--save", name).code == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(names)


def test_a_link_to_nothing_yet_makes_its_target(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    replace_file(str(tmp_path / "link"), new)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "new"
