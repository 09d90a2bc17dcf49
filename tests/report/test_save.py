"""Any report as a file of each kind."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from rich.table import Table
from rich.text import Text

from gradcli.report.report import Screen
from gradcli.report.save import save

W = np.array([[1.5, -2.0]], np.float32)
SPEC = {"formula": "x", "values": {"x": 1}}


class Reported:
    """A report of nothing in particular."""

    def document(self) -> dict[str, Any]:
        rows = [{"step": 0, "value": 3.0}, {"step": 5, "value": None}]
        return {"loss": np.float64(0.1), "grads": {"w": W}, "path": rows, "title": "\ud800"}

    def tables(self, screen: Screen) -> Iterator[Any]:
        assert screen.digits == 3
        yield Text("a <title> & more")
        table = Table("name", "value")
        table.add_row("w", "1.5")
        yield table

    def rows(self) -> Iterator[Sequence[Any]]:
        yield "name", "value"
        yield 'w, "quoted"\n', np.float32(0.1)

    def figure(self) -> Any:
        raise AssertionError


def saved(folder: Path, name: str) -> bytes:
    path = folder / name
    save(str(path), Reported(), SPEC, Screen(None, 3))
    assert [p.name for p in folder.iterdir()] == [name]
    data = path.read_bytes()
    save(str(path), Reported(), SPEC, Screen(None, 3))
    assert path.read_bytes() == data
    return data


def test_npz(tmp_path: Path) -> None:
    saved(tmp_path, "a.NPZ")
    with np.load(tmp_path / "a.NPZ", allow_pickle=False) as found:
        assert set(found) == {"loss", "grads.w", "path.step", "path.value"}
        np.testing.assert_array_equal(found["grads.w"], W)
        assert found["grads.w"].dtype == np.float32
        np.testing.assert_array_equal(found["path.step"], [0, 5])
        np.testing.assert_array_equal(found["path.value"], [3, np.nan])


def test_json_holds_the_spec_too(tmp_path: Path) -> None:
    text = saved(tmp_path, "a.json").decode()
    assert text.endswith("}\n")
    document = json.loads(text)
    assert document["grads"] == {"w": [[1.5, -2.0]]}
    assert document["spec"] == SPEC
    assert document["title"] == "\ud800"


def test_csv(tmp_path: Path) -> None:
    rows = list(csv.reader(saved(tmp_path, "a.csv").decode().splitlines(keepends=True)))
    assert rows == [["name", "value"], ['w, "quoted"\n', "0.1"]]


def test_pictures_of_the_tables(tmp_path: Path) -> None:
    root = ElementTree.fromstring(saved(tmp_path, "a.svg"))
    assert "a <title> & more" in "".join(root.itertext()).replace("\xa0", " ")


def test_a_page_of_the_tables(tmp_path: Path) -> None:
    assert "a &lt;title&gt; &amp; more" in saved(tmp_path, "a.html").decode()
