"""Formats of array files: one declaration each, told by their bytes, then by their names."""

from __future__ import annotations

import io
import json
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcli.catalogue import ARRAY_FILES
from gradcli.errors import FileError
from gradcli.inputs.files import read_array, read_arrays
from gradcli.inputs.formats.format import FORMATS, Contents, Opened, array_format
from gradcli.inputs.formats.text import read_table
from gradcli.inputs.opening import fingerprint
from gradcli.inputs.sources import names_file, path_of
from gradcli.inputs.values import Given, resolve
from tests.conftest import Gradcli


def refusal(source: str, folder: Path | None = None) -> str:
    with pytest.raises(FileError) as caught:
        read_array(source, None if folder is None else str(folder))
    return str(caught.value)


def test_the_catalogue_tells_of_every_format() -> None:
    assert set(ARRAY_FILES) == {e for kind in FORMATS.values() for e in kind.extensions}


def test_one_more_format_is_read_everywhere(
    gradcli: Gradcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "d.tsvx").write_text("!\nt\ts\n1\t2\n3\t4\n")
    monkeypatch.setitem(FORMATS, "tsvx", FORMATS["CSV"])  # so that it is taken away again

    @array_format("tsvx", ".tsvx", begins=lambda head: head.startswith(b"!"), by_name=True)
    def read(opened: Opened) -> Contents:
        opened.file.readline()
        return read_table(opened, "\t")

    for source in ("d.tsvx", "d.tsvx[:,0]", "D.TSVX:s"):
        assert names_file(source)
    found = resolve("x", "d.tsvx", str(tmp_path))
    assert isinstance(found, Given)
    assert found.array.tolist() == [[1, 2], [3, 4]]
    assert found.origin == str(tmp_path / "d.tsvx")
    assert read_array("d.tsvx:s[1:]", str(tmp_path)).tolist() == [4]
    assert read_arrays(str(tmp_path / "d.tsvx")).arrays["t"].tolist() == [1, 3]

    path = tmp_path / "d.tsvx"
    assert gradcli("mse", "--x", f"{path}:t", "--out", "1", "--json").json["x"] == [[1], [3]]
    answer = gradcli("formula", "sum(a*b)", f"a={path}:t", f"b={path}:s", "--json").json
    assert answer["value"] == 14
    ran = gradcli("mse --x - --out 1 --json", stdin=path.read_bytes())
    assert ran.json["x"] == [[1, 2], [3, 4]]
    assert ".tsv, .tsvx" in gradcli("mse --in 3 --out 1 --x d.foo").err
    Path(tmp_path / "a.cfg").write_text("a = 1")
    params = gradcli("mse", "--in", "1", "--out", "1", "--params", f"{tmp_path}/a.cfg")
    told = "is neither npz nor CIFAR-10 nor JSON nor safetensors nor saved CSV nor tsvx"
    assert told in params.err


@pytest.mark.parametrize(
    ("text", "name", "column"),
    [
        ("t,s\n0,1\n2,3\n", "t", [0, 2]),
        ("t,s\n0,1\n2,3\n", "t,s", [[0, 1], [2, 3]]),
        ("t,s\n0,1\n2,3\n", "s, t", [[1, 0], [3, 2]]),
        ("t,s\n0,1\n2,3\n", "s,s", [[1, 1], [3, 3]]),
        ("t,s\n0,1\n2,3\n", "s[1:]", [3]),
        ("t, odd name \n0,1\n2,3\n", "odd name", [1, 3]),
        ("t, odd name \n0,1\n2,3\n", '"odd name"', [1, 3]),
        ('t,"a, b"\n0,1\n2,3\n', '"a, b"', [1, 3]),
        ('t,"a, b"\n0,1\n2,3\n', "a, b", [1, 3]),
        ('t,"a, b"\n0,1\n2,3\n', '"a, b",t', [[1, 0], [3, 2]]),
        ("t,height [cm]\n0,1\n2,3\n", "height [cm]", [1, 3]),
        ("t,height [cm]\n0,1\n2,3\n", '"height [cm]"[0:1]', [1]),
        ("t,a:b\n0,1\n2,3\n", "a:b", [1, 3]),
        ('t,"line\nbreak"\n0,1\n2,3\n', "line\nbreak", [1, 3]),
        ("\ufefft,s\r\n0,1\r\n\r\n2,3\r\n", "t", [0, 2]),
        ("who,height_cm\nAnna,170\nBo,180\n", "height_cm", [170, 180]),
        ("measured today\nt,s\n(s),(m)\n0,1\n2,3\n", "s", [1, 3]),
        ("t,s\n0,nan\n2,3\n", "s", [np.nan, 3]),
        ("t\n0\n2\n", "t", [0, 2]),
        ("t,s\r0,1\r2,3\r", "s", [1, 3]),
        ("t\ts\n0\t1.5\n", "s", [1.5]),
        ("t\tname s\n0\tLot 12, B\n", "t", [0]),
        ("t;s\n0;1.5\n", "s", [1.5]),
        ("who;where;s\nA;b, c;1.5\nB;d, e;2\n", "s", [1.5, 2]),
        ("note,s\na;b,1\nc;d,2\n", "s", [1, 2]),
        ("t  s\n 0 1.5\n\t2   3\n", "s", [1.5, 3]),
        ("# run 3\n# t s\n0 1\n# pause 5 6\n2 3\n", "s", [1, 3]),
        ("city no,s\nLot 1 2 3,4\n", "s", [4]),
        ("height cm\n1.5\n2\n", "height cm", [1.5, 2]),
        ("run 3 4\n1.5\n", "", [[1.5]]),
        ("by hand, 1, 2, 3\nt;s\n0;1.5\n", "s", [1.5]),
    ],
)
def test_columns_by_name(text: str, name: str, column: Any, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_bytes(text.encode())
    source = f"d.csv:{name}" if name else "d.csv"
    np.testing.assert_array_equal(read_array(source, str(tmp_path)), column)


def test_tabs_alone_part_a_tsv(tmp_path: Path) -> None:
    (tmp_path / "d.tsv").write_text("a,b\n1,5\n2,5\n")
    assert "d.tsv: holds no numbers between tabs" in refusal("d.tsv", tmp_path)
    (tmp_path / "d.tsv").write_text("a b\tc\n1\t5\n")
    assert read_array("d.tsv:a b", str(tmp_path)).tolist() == [1]


@pytest.mark.parametrize("sign", [",", "\t", ";", " "])
@pytest.mark.parametrize("name", ["d.csv", "d.txt", "d.dat", "d"])
def test_what_parts_the_columns_is_seen(sign: str, name: str, tmp_path: Path) -> None:
    """Also in the first rows of many, and as NumPy writes a table with a header."""
    table = np.arange(60_000.0).reshape(20_000, 3) / 8
    np.savetxt(tmp_path / name, table, "%.3f", sign, header=sign.join("abc"), comments="")
    np.testing.assert_array_equal(read_array(name, str(tmp_path)), table)
    if name != "d":
        np.testing.assert_array_equal(read_array(f"{name}:b", str(tmp_path)), table[:, 1])


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        (
            "t,height\n0,1\n",
            "heigth",
            "holds no column 'heigth', but one of: t, height; did you mean ",
        ),
        (
            "t,height\n0,1\n",
            "t,hight",
            "holds no column 'hight', but one of: t, height; did you mean ",
        ),
        ('t,"a, b"\n0,1\n', "b", "holds no column 'b', but one of: t, \"a, b\""),
        ("t,\x1b[1m\n0,1\n", "b", r"holds no column 'b', but one of: t, '\x1b[1m'"),
        ("t,s\n0,1\n", "s\nt", r"holds no column 's\nt', but one of: t, s"),
        ("t,s\n0,1\n", "", "holds no column '', but one of: t, s"),
        ("1,2\n3,4\n", "t", "holds no names: 't' cannot be picked"),
        ("t;s\n0;1,1\n1;2,9\n", "t", "';' parts its columns: a point is needed in decimals"),
        ("1,5\t2,5\n", "", r"'\t' parts its columns: a point is needed in decimals, not a comma"),
        ("a;t;s\n0;0;1\n0;0;1,1\n", "s", "line 3: '1,1' is not a number (column 's'): a point"),
        ("a,a\n3,4\n", "a", "holds 2 columns 'a': a slice such as [:,0] picks one"),
        ("t,s\n0,1\n2,?\n", "s", "line 3: '?' is not a number (column 's')"),
        ("t,s\n0,1\n2,1_0\n", "t,s", "line 3: '1_0' is not a number (column 's')"),
        ("t,s\n0,1\n2\n", "t", "line 3 has 1 numbers, the first 2"),
        ("t,s\n", "t", "holds no numbers"),
        ("t,s\n0,1\n", "t[5:9]", "is empty: its shape is (0,), taken from (1,)"),
        ("t,s\n0,1\n", "t[5]", "index 5 is out of bounds"),
        ("t,s\n0,1\n", "t[::0]", "slice step cannot be zero"),
        ("t,s\n0,1\n", "t[]", "[] is not a slice such as"),
    ],
)
def test_columns_that_cannot_be_read(text: str, name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(text)
    assert f"d.csv:{name}: {message}" in refusal(f"d.csv:{name}", tmp_path)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", b"1,2\n3,\n", "line 2: '' is not a number (column 2)"),
        ("a.csv", b"1,2\n3,a\0\n", r"line 2: 'a\x00' is not a number (column 2)"),
        ("a.csv", b'1,2\n"' + b"a" * 200_000, "line 2: field larger than field limit"),
        ("a.csv", b"1,2\n3," + b"a" * 1000, f"line 2: '{'a' * 56}... is not a number"),
        ("a.csv", b"t,s\n", "holds no numbers"),
        ("a.csv", b"\r\n\r\n", "holds no numbers"),
        ("a.csv", bytes(range(256)), "is neither text nor a known format of arrays"),
        ("a.npy", b"", "is empty"),
        ("a.npy", b"1,2\n", "is no NumPy file"),
        ("a.json", b"", "is empty"),
        ("a.json", b"[" + b"1" * 5000 + b"]", "is not JSON: "),
        ("a.json", b'{"a": [1], "b": 2}', "is not a list of numbers: name one that it holds, one"),
        ("a.json:b.d", b'{"a": [1], "b": {"c": {"d": 2}}}', "holds no 'b.d', but one of: a, b.c.d"),
        ("a.json:a", b'{"a": "text"}', "a is not a list of numbers"),
        ("a.json:a", b"[1, 2]", "holds no names: 'a' cannot be picked"),
        ("a\0.csv", b"", "no file can be called so"),
        ("a\ud800.csv", b"", "no file can be called so"),
    ],
)
def test_files_that_cannot_be_read(name: str, data: bytes, message: str, tmp_path: Path) -> None:
    if "no file" not in message:
        (tmp_path / name.partition(":")[0]).write_bytes(data)
    assert f"{name}: {message}" in refusal(name, tmp_path)


def test_an_npz_lacking_a_key_suggests_the_nearest(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", weight=np.ones(2), **{"b\n": np.ones(3)})
    message = refusal("a.npz:wieght", tmp_path)
    assert r"holds no 'wieght', but one of: weight, 'b\n'; did you mean 'weight'?" in message


def test_json_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('\ufeff{"w": [[1, 2]], "grads": {"w": [[3, null]]}}')
    assert read_array("a.json:w", str(tmp_path)).tolist() == [[1, 2]]
    np.testing.assert_array_equal(read_array("a.json:grads.w[0]", str(tmp_path)), [3, np.nan])
    path = str(tmp_path / "a.json")
    assert set(read_arrays(path).arrays) == {"w", "grads.w"}
    assert set(read_arrays(path, "grads.").arrays) == {"w"}
    (tmp_path / "big.json").write_text(json.dumps([2**70]))
    assert read_array("big.json", str(tmp_path)).tolist() == [2.0**70]


def test_what_begins_with_a_bracket_need_not_be_json(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("[s],[m]\n1,2\n")
    (tmp_path / "a.txt").write_text(" [[1, 2]]")
    assert read_array("a.csv", str(tmp_path)).tolist() == [[1, 2]]
    assert read_array("a.csv:[m]", str(tmp_path)).tolist() == [2]
    assert read_array("a.txt", str(tmp_path)).tolist() == [[1, 2]]
    (tmp_path / "a.txt").write_text("\ufeff[[1, 2]]")
    assert read_array("a.txt", str(tmp_path)).tolist() == [[1, 2]]


def test_a_column_of_standard_input(gradcli: Gradcli) -> None:
    ran = gradcli("mse --x -:t --out 1 --json", stdin=b"t,s\n1,2\n3,4\n")
    assert ran.json["x"] == [[1], [3]]
    twice = gradcli("mse --x -:t --y -:s --json", stdin=b"t,s\n1,2\n")
    assert "--y: standard input (-) is read by x already" in twice.err


@pytest.mark.parametrize("kind", ["npy", "npz", "csv", "json"])
def test_a_pipe_is_read_as_a_file_is(kind: str, tmp_path: Path) -> None:
    """A pipe can be read once, from its beginning on, and cannot be mapped."""
    data = io.BytesIO()
    if kind in ("npy", "npz"):
        (np.save if kind == "npy" else np.savez)(data, np.arange(3.0))
    else:
        data.write(b"0,1,2\n" if kind == "csv" else b"[0, 1, 2]")
    pipe = tmp_path / f"pipe.{kind}"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(data.getvalue()))
    writer.start()
    found = read_array(pipe.name, str(tmp_path))
    writer.join(10)
    assert found.reshape(-1).tolist() == [0, 1, 2]


def test_a_slice_reads_no_more_than_it_needs(tmp_path: Path) -> None:
    """Of a file with a hole of 8 TB in it."""
    np.save(tmp_path / "a.npy", np.arange(3.0))
    with open(tmp_path / "a.npy", "r+b") as file:
        head = file.read(128).replace(b"(3,), }" + b" " * 12, b"(1000000000000,), }")
        file.seek(0)
        file.write(head)
        file.truncate(128 + 8 * 10**12)
    assert read_array("a.npy[:3]", str(tmp_path)).tolist() == [0, 1, 2]


def test_an_array_outlives_its_file(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(4.0))
    found = read_array("a.npy", str(tmp_path))
    np.save(tmp_path / "a.npy", np.zeros(4))
    found[0] = 5
    assert found.tolist() == [5, 1, 2, 3]


def test_fingerprint(tmp_path: Path) -> None:
    """FIPS 180-2, appendix B.1: the digest of ``abc``."""
    (tmp_path / "a").write_bytes(b"abc")
    path = path_of("a", str(tmp_path))
    assert path is not None
    assert fingerprint(path) == ("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    with pytest.raises(FileError, match="b: No such file"):
        fingerprint(str(tmp_path / "b"))


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("d.csv:t[0:3]", "runs/d.csv"),
        ("d.csv:height [cm]", "runs/d.csv"),
        ("d.csv[:,0]", "runs/d.csv"),
        ("/data/a.NPZ:x:y", "/data/a.NPZ"),
        ("-:t", None),
        ("-[0:2]", None),
    ],
)
def test_the_path_of_a_source(source: str, path: str | None) -> None:
    assert path_of(source, "runs") == path
