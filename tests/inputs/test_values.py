"""Literals and array files: what is written comes back, and nothing else gets in."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradcli.catalogue import INITIALISERS
from gradcli.errors import FileError, GradcliError, LiteralError
from gradcli.inputs.files import read_array
from gradcli.inputs.literals import looks_like_literal, parse_literal
from gradcli.inputs.values import Given, resolve
from gradcli.model import Model
from gradcli.report.replace import replace_file


def outcome_of(call: Callable[[], Any]) -> Any:
    """What ``call`` gives, or the message with which it refuses; other errors pass."""
    try:
        return call()
    except GradcliError as error:
        return str(error)


def array(key: str, value: Any, folder: str | None) -> Any:
    found = resolve(key, value, folder)
    assert isinstance(found, Given)
    return found.array


FINITE = st.floats(allow_nan=False, width=64)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.5", 0.5),
        ("-4", -4.0),
        ("+1e-3", 1e-3),
        (".5,5.", [0.5, 5.0]),
        ("0,1", [0.0, 1.0]),
        (" 1 , 2 ; 3 , 4 ", [[1.0, 2.0], [3.0, 4.0]]),
        ("1;2", [[1.0], [2.0]]),
        ("[[1,2],[3,4]]", [[1.0, 2.0], [3.0, 4.0]]),
        ("[[[1]]]", [[[1.0]]]),
        ("[1, 2, ]", [1.0, 2.0]),
        ("inf,-Infinity", [np.inf, -np.inf]),
        ("1/3", 0.3333333333333333),
        ("pi", math.pi),
        ("-pi / 2", -math.pi / 2),
        ("2*pi", 2 * math.pi),
        ("2*pi/3/7", 2 * math.pi / 3 / 7),
        ("1/3,2/3;0,1", [[1 / 3, 2 / 3], [0, 1]]),
        ("[[1/3, pi], [-1/2*-3, 1e3/7]]", [[1 / 3, math.pi], [1.5, 1e3 / 7]]),
        ("1/inf", 0),
    ],
)
def test_literals(text: str, value: Any) -> None:
    assert looks_like_literal(text)
    np.testing.assert_array_equal(parse_literal(text), value)


TERMS = st.one_of(FINITE.map(repr), st.integers(0, 2**13).map(str), st.sampled_from(["pi", "-pi"]))


@given(TERMS, st.lists(st.tuples(st.sampled_from(["*", "/", " * ", " / "]), TERMS), max_size=3))
def test_products_and_quotients_are_pythons_own(first: str, more: list[tuple[str, str]]) -> None:
    text = first + "".join(sign + term for sign, term in more)
    outcome = outcome_of(lambda: parse_literal(f"0,{text}").tolist())
    assert looks_like_literal(text)
    try:
        expected = eval(text, {"pi": math.pi, "inf": math.inf})
    except ZeroDivisionError:
        assert "division by zero at position" in outcome
        return
    np.testing.assert_array_equal(outcome, [0, expected])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1/0", "division by zero at position 3"),
        ("1,2;3, 4/ 0.0", "division by zero at position 11"),
        ("1/-0", "division by zero at position 3"),
        ("2*", "expected a number at position 3, found the end"),
        ("1//3", "expected a number at position 3, found '/3'"),
        ("pi*x", "expected a number at position 4, found 'x'"),
        ("1+2", "expected the end, ',' or ';' at position 2, found '+2'"),
        ("[1/3 2]", "expected ',' or ']' at position 6, found '2]'"),
    ],
)
def test_wrong_quotients_are_pointed_at(text: str, message: str) -> None:
    with pytest.raises(LiteralError) as caught:
        parse_literal(text)
    assert str(caught.value) == f"literal {text!r}: {message}"


@pytest.mark.parametrize("text", ["1/x.npy", "pi/x.csv", "2024/01/x.npy", "1/3/x", "1/x", "pi/"])
def test_paths_of_numbers_are_no_literals(text: str, tmp_path: Path) -> None:
    assert not looks_like_literal(text)
    path = tmp_path / text
    if text == "pi/":
        return
    path.parent.mkdir(parents=True)
    path.with_suffix("").write_text("5,6\n")
    if path.suffix:
        path.with_suffix("").rename(path)
    if path.suffix == ".npy":
        np.save(path, [[5.0, 6]])
    assert array("x", text, str(tmp_path)).tolist() == [[5, 6]]


@given(st.lists(st.lists(FINITE, min_size=2, max_size=2), min_size=2, max_size=4))
def test_a_table_written_as_a_literal_comes_back(rows: list[list[float]]) -> None:
    text = ";".join(",".join(map(repr, row)) for row in rows)
    assert parse_literal(text).tolist() == rows
    assert parse_literal(json.dumps(rows)).tolist() == rows


@given(st.text(alphabet="0123456789.,;[]+-e naif*/p", max_size=30))
def test_any_text_is_an_array_or_one_line_of_error(text: str) -> None:
    outcome = outcome_of(lambda: parse_literal(text))
    assert isinstance(outcome, np.ndarray) or "\n" not in outcome


@given(st.text(max_size=20))
def test_any_value_is_resolved_or_refused_in_one_line(text: str) -> None:
    if text.strip() == "-" or "\0" in text:
        return
    outcome = outcome_of(lambda: resolve("x", text, None))
    assert isinstance(outcome, Given) or outcome in INITIALISERS or outcome.startswith("x: ")


def test_nesting_is_bounded() -> None:
    with pytest.raises(LiteralError, match="more than 32 deep"):
        parse_literal("[" * 100_000)


def test_long_literals_show_the_surroundings_of_the_fault() -> None:
    text = ",".join(["1.5"] * 1000) + ",oops," + ",".join(["1.5"] * 1000)
    with pytest.raises(LiteralError, match=r"position 4001, found 'oops,1.5'") as caught:
        parse_literal(text)
    assert len(str(caught.value)) < 200


@given(
    arrays.arrays(
        st.sampled_from([np.float32, np.float64, np.int64, np.bool_]),
        arrays.array_shapes(max_dims=3, max_side=4),
    )
)
def test_arrays_come_back_from_npy_and_npz(array: Any) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/a.npy", array)
        np.savez(f"{folder}/a.npz", key=array)
        for source in ("a.npy", "a.npz", "a.npz:key"):
            np.testing.assert_array_equal(read_array(source, folder), array)
        np.testing.assert_array_equal(read_array("a.npy[0]", folder), array[0])


@pytest.mark.parametrize(
    ("index", "numpy"),
    [("0:2", np.s_[0:2]), (":,1", np.s_[:, 1]), ("-1", np.s_[-1]), ("::2, 0", np.s_[::2, 0])],
)
def test_slices(index: str, numpy: Any, tmp_path: Path) -> None:
    array = np.arange(12.0).reshape(4, 3)
    np.save(tmp_path / "a.npy", array)
    np.savetxt(tmp_path / "a.csv", array, delimiter=",")
    (tmp_path / "a.json").write_text(json.dumps(array.tolist()))
    for name in ("a.npy", "a.csv", "a.json"):
        np.testing.assert_array_equal(read_array(f"{name}[{index}]", str(tmp_path)), array[numpy])


def test_standard_input_is_told_by_how_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    array = np.array([[1.0, 2.0], [3.0, 4.0]])
    npy, npz = io.BytesIO(), io.BytesIO()
    np.save(npy, array)
    np.savez(npz, array)
    for data in (npy.getvalue(), npz.getvalue(), b"[[1,2],[3,4]]", b"a,b\n1,2\n3,4\n"):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        np.testing.assert_array_equal(read_array("-"), array)


def test_null_is_nan() -> None:
    np.testing.assert_array_equal(array("x", [[1, None]], None), [[1.0, np.nan]])


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")

    def interrupted(file: Any) -> None:
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_file(str(path), interrupted)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    replace_file(str(path), lambda file: file.write(b"new") and None)
    assert path.read_text() == "new"
    with pytest.raises(FileError, match="cannot be written"):
        replace_file(str(tmp_path / "no" / "x"), interrupted)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("\ufeff1,2\n3,4", [[1, 2], [3, 4]]),
        ("info,nan_count\n1,2\n", [[1, 2]]),
        ('"1","2"\n"3","4"\n', [[1, 2], [3, 4]]),
        ("\n1, 2\n\n3, nan\n", [[1, 2], [3, np.nan]]),
    ],
)
def test_csv_as_spreadsheets_write_it(text: str, rows: Any, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    np.testing.assert_array_equal(read_array("a.csv", str(tmp_path)), rows)


def test_files_with_names_like_numbers_and_keys_with_colons(tmp_path: Path) -> None:
    np.savez(tmp_path / "2024-01.npz", **{"a:b": np.arange(3.0)})
    np.savetxt(tmp_path / "2024-01-01.csv", np.eye(2), delimiter=",")
    (tmp_path / "data").write_text("1,2\n")
    folder = str(tmp_path)
    assert array("x", "2024-01.npz:a:b", folder).tolist() == [0, 1, 2]
    assert array("x", "2024-01-01.csv[0:1]", folder).tolist() == [[1, 0]]
    assert array("x", "data", folder).tolist() == [[1, 2]]


def test_a_file_is_told_by_what_it_holds_not_by_its_name(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(3.0))
    (tmp_path / "a.npy").rename(tmp_path / "a.npz")
    assert read_array("a.npz", str(tmp_path)).tolist() == [0, 1, 2]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "target.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to(tmp_path / "target.csv")
    replace_file(str(tmp_path / "link.csv"), lambda file: file.write(b"new") and None)
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "target.csv").read_text() == "new"


def test_a_value_tells_where_it_came_from(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(3.0))
    found = resolve("x", "a.npy[1:]", str(tmp_path))
    assert isinstance(found, Given)
    assert found.array.tolist() == [1, 2]
    assert found.origin == str(tmp_path / "a.npy[1:]")
    for value in ("1,2", [1, 2], np.arange(2.0)):
        written = resolve("x", value, None)
        assert isinstance(written, Given)
        assert written.origin is None


def test_a_list_from_a_file_is_a_column_of_rows(tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", np.arange(4.0))
    np.save(tmp_path / "s.npy", np.arange(4.0) * 2)

    def shapes(**spec: Any) -> list[tuple[int, ...]]:
        model = Model.from_spec({"loss": "mse", **spec}, str(tmp_path))
        return [model.x.shape, model.y.shape]

    assert shapes(x="t.npy", out=1) == [(4, 1), (4, 1)]
    assert shapes(x="t.npy", y="s.npy") == [(4, 1), (4, 1)]
    assert shapes(x="t.npy", y="s.npy", hidden=[3]) == [(4, 1), (4, 1)]
    assert shapes(x="t.npy", out=1, **{"in": 4}) == [(1, 4), (1, 1)]
    assert shapes(x="t.npy", out=1, batch=1) == [(1, 4), (1, 1)]
    assert shapes(x="t.npy", w=[[1, 2]] * 4) == [(1, 4), (1, 2)]
    assert shapes(x="0,1,2,3", y="s.npy") == [(1, 4), (1, 4)]
    assert shapes(x="0,1,2,3", out=1) == [(1, 4), (1, 1)]
