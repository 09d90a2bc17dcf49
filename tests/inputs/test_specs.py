"""Documents of a file or a stream: one at a time, each with its line, mistakes with theirs."""

from __future__ import annotations

import io
import itertools
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcli.errors import DocumentError, FileError
from gradcli.inputs.jsonstream import Malformed, read_values
from gradcli.inputs.specs import SpecFile, read_specs
from tests.conftest import Gradcli


def values(text: str) -> list[Any]:
    return list(read_values(io.BytesIO(text.encode())))


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("a.toml", 'n = 1\nt = {a = "["}\n', [(1, 1)]),
        ("a.toml", "[n]\n", [(1, {})]),
        ("a.txt", '{"n": 1}', [(1, 1)]),
        ("a.txt", '\n\n{"n": 1}\n\n{"n": 2}\n', [(3, 1), (5, 2)]),
        ("a.txt", '{"n": 1} {"n": 2}{"n":\n3}', [(1, 1), (1, 2), (1, 3)]),
        ("a.txt", '{\n"n": "}{"\n}\n{\n"n": "\\"{"}\n', [(1, "}{"), (4, '"{')]),
        ("a.txt", '[{"n": 1}, {"n": 2},\n {"n": 3}]\n', [(1, 1), (1, 2), (2, 3)]),
        ("a.txt", '\n[\n{\n"n": 1\n}\n,\n{"n": 2}\n]\n', [(3, 1), (7, 2)]),
        ("a.json", "[]", []),
        ("a.txt", '{"n": [\n{"a": 1},\n{}\n]}\n{"n": 2}', [(1, [{"a": 1}, {}]), (5, 2)]),
        ("a.txt", '\ufeff{"n": 1}\r\n{"n": 2}\r\n', [(1, 1), (2, 2)]),
    ],
)
def test_documents_and_their_lines(
    name: str, text: str, lines: list[tuple[int, Any]], tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(text.encode())
    found = list(read_specs(str(tmp_path / name)))
    assert [(file.line, file.document["n"]) for file in found] == lines
    assert {(file.name, file.folder) for file in found} <= {(f"{tmp_path}/{name}", str(tmp_path))}


DOCUMENTS = st.lists(
    st.dictionaries(
        st.text(max_size=3),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(alphabet='a"\\{}[],\n', max_size=4),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=2), inner, max_size=2)
            ),
            max_leaves=5,
        ),
        max_size=3,
    ),
    max_size=5,
)


@given(DOCUMENTS, st.sampled_from([None, 0, 1, 2]), st.sampled_from(["array", "\n", " "]))
def test_whatever_is_written_comes_back(
    documents: list[dict[str, Any]], indent: int | None, joint: str
) -> None:
    if joint == "array":
        text = json.dumps(documents, indent=indent)
    else:
        text = joint.join(json.dumps(document, indent=indent) for document in documents)
    found = values(text)
    assert [value for _, value in found] == documents
    if joint == "\n" and indent is None:
        assert [line for line, _ in found] == list(range(1, len(documents) + 1))


@given(DOCUMENTS, st.integers(0, 200), st.sampled_from(["array", "\n"]))
def test_what_is_cut_off_gives_nothing_that_was_not_there(
    documents: list[dict[str, Any]], cut: int, joint: str
) -> None:
    whole = json.dumps(documents) if joint == "array" else joint.join(map(json.dumps, documents))
    found = [value for _, value in values(whole[:cut])]
    if found and isinstance(found[-1], Malformed):
        found.pop()
    assert found == documents[: len(found)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"n": 1}\n{"n": ]}\n{"n": 3}\n', [1, (2, "line 2, column 7: JSON: Expecting value"), 3]),
        ('{"n": \n{"n": 2}\n{"n": 3}\n', [(3, "line 3, column 1: JSON: Expecting ','"), 3]),
        ('{"n": 1,\n{"n": 2}\n{"n": 3}\n', [(2, "line 2, column 1: JSON: Expecting prop"), 2, 3]),
        ('{"n": "a\n{"n": 2}\n', [(1, "line 1, column "), 2]),
        ('{"n": 1}\n[2]\nx\n{"n": 3}\n', [1, (2, "line 2: must be a JSON object of keys, not [2]"),
                                          (3, "line 3, column 1: JSON: Expecting value"), 3]),
        ('{"n": 1}\n\n{"n": 2', [1, (3, "line 3, column 8: JSON: Expecting ',' delimiter")]),
        ('{"n": 1}\n{"n": 2, "n": 5}\n{"n": 3}', [1, (2, "line 2: JSON: n is given twice"), 3]),
        ('{"n": 1}\n{"n": ' + "1" * 5000 + '}\n{"n": 3}', [1, (2, "line 2: JSON: Exceeds"), 3]),
        ('{"n": 1}\n{"n": ' + "[" * 9**6 + '\n{"n": 3}', [1, (2, "line 2: JSON: too many"), 3]),
        ('[{"n": 1},\n{"n": 2}', [1, 2, (2, "line 2, column ")]),
        ('[{"n": 1},\n{"n": }, {"n": 3}]', [1, (2, "line 2, column 7: JSON: Expecting value")]),
        ('[{"n": 1},\n{"n": },\n{"n": 3}]', [1, (2, "line 2, column 7: JSON: Expecting value")]),
        ('{"n": 1}\nx\ny\n{"n": 2}', [1, (2, "line 2, column 1: JSON: Expecting value"), 2]),
        ('[{"n": 1}]\n{"n": 2}', [1, (2, "line 2: JSON: more follows after the array")]),
        ('{"n": "\xff"}\n{"n": 3}', [(1, "line 1: is not text, but JSON is expected"), 3]),
        ('{"n": 1}\n\xff{"n": 2}\n{"n": 3}', [1, (2, "line 2: is not text, but JSON is exp"), 3]),
    ],
)  # fmt: skip
def test_mistakes_and_what_follows_them(
    text: str, found: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode("latin-1"))))
    specs = read_specs("-")
    for expected in found:
        if isinstance(expected, tuple):
            line, message = expected
            with pytest.raises(DocumentError) as caught:
                next(specs)
            assert caught.value.line == line
            assert str(caught.value).startswith(f"-: {message}")
        else:
            assert next(specs).document == {"n": expected}
    assert next(specs, None) is None


def test_documents_are_given_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    end, begin = os.pipe()
    with os.fdopen(end) as reader, os.fdopen(begin, "wb", buffering=0) as writer:
        monkeypatch.setattr(sys, "stdin", reader)
        writer.write(b'{"n": 1}\n{"n":')
        specs = read_specs("-")
        assert next(specs).document == {"n": 1}
        writer.write(b'\n2}\n{"n"')
        assert next(specs) == SpecFile("-", {"n": 2}, None, 2)
        with pytest.raises(FileError, match="was read already"):
            next(read_specs("-"))


def test_a_mistake_is_told_before_more_lines_come() -> None:
    def lines() -> Iterator[bytes]:
        yield b'{"n": [}\n'
        raise AssertionError("no more was to be read")

    assert isinstance(next(read_values(lines()))[1], Malformed)


def test_an_endless_stream_is_no_matter() -> None:
    lines = itertools.repeat(b'{"n": 1}\n')
    assert len(list(itertools.islice(read_values(lines), 1000))) == 1000


def test_a_mistake_in_a_value_that_begins_amid_others_is_told_once() -> None:
    """The first brace is a mistake, for another value begins; and that is one of its own."""
    for wrong in (b'{"n": 1, "n": 2}\n', b'{"n": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"):
        lines = [b"{\n", wrong, b'{"n": 3}\n']
        found = list(itertools.islice(read_values(lines), 5))
        assert [line for line, _ in found] == [2, 2, 3]
        assert found[-1] == (3, {"n": 3})


def test_an_answer_gives_its_spec_and_all_else(tmp_path: Path) -> None:
    answer = {"loss": 2.5, "spec": {"loss": "mse"}, "grads": {"w": [1]}}
    (tmp_path / "a.json").write_text(json.dumps(answer))
    [file] = read_specs(str(tmp_path / "a.json"))
    assert file.mapping == {"loss": "mse"}
    assert file.document == answer


def test_standard_input_is_one_thing_at_a_time(gradcli: Gradcli) -> None:
    """Its lines are documents: none of them is the data of another."""
    stdin = b'{"loss": "mse", "x": "-", "out": 1}\n{"loss": "mse", "in": 2, "out": 1}\n'
    ran = gradcli("run -", stdin=stdin)
    assert "x: -: standard input is empty, closed, or was read already" in ran.err
