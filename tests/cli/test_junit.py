"""gradcli check --junit: what servers of continuous integration read."""

from __future__ import annotations

import json
import stat
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Gradcli

SQUARE = {"formula": "x^2", "values": {"x": 3.0}}
COUNTS = ("tests", "failures", "errors", "skipped")


def read(path: Path) -> ET.Element:
    """The report, as strictly as a server reads it."""
    root = ET.fromstring(path.read_bytes())
    assert root.tag == "testsuites"
    suites = list(root)
    for suite in suites:
        assert suite.tag == "testsuite"
        cases = suite.findall("testcase")
        others = [child.tag for child in suite if child not in cases]
        assert others in ([], ["properties"])
        for case in cases:
            assert set(case.attrib) == {"classname", "name", "time"}
            assert float(case.attrib["time"]) >= 0
            assert case.attrib["classname"] == suite.attrib["name"]
            assert [child.tag for child in case] in ([], ["failure"], ["error"], ["skipped"])
            assert all(child.attrib["message"] for child in case)
        found = {
            "tests": len(cases),
            **{
                plural: len(suite.findall(f"testcase/{one}"))
                for plural, one in (
                    ("failures", "failure"), ("errors", "error"), ("skipped", "skipped"),
                )
            },
        }  # fmt: skip
        assert {name: int(suite.attrib[name]) for name in COUNTS} == found
    for name in COUNTS[:3]:
        assert int(root.attrib[name]) == sum(int(suite.attrib[name]) for suite in suites)
    return root


def outcomes(root: ET.Element) -> list[tuple[str, str, str | None]]:
    """The suite, the name and the outcome of each case."""
    return [
        (suite.attrib["name"], case.attrib["name"], next((c.tag for c in case), None))
        for suite in root
        for case in suite.findall("testcase")
    ]


def test_a_case_for_each_parameter(gradcli: Gradcli, tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    command = f"check mse --x 1,2 --y 0.9,0.8 --w eye --b 0,-1 --junit {path}"
    title = "mse: 2 -> 2 linear, batch 1, float64, seed 0"
    ran = gradcli(command)
    assert (ran.code, ran.err) == (0, "")
    assert outcomes(read(path)) == [(title, "w", None), (title, "b", None)]
    mine = b'{"w": [[0.2, 0.4], [0.4, 0.8]], "b": [0.1, 0.2]}'  # those of w without 1/M
    ran = gradcli(f"{command} --against -", stdin=mine)
    assert ran.code == 1
    root = read(path)
    assert outcomes(root) == [(title, "w", "failure"), (title, "b", None)]
    [failure, *_] = root.iter("failure")
    assert failure.attrib["message"].startswith("4 of 4 entries off: every entry is ")
    assert "numeric" in (failure.text or "")
    told = {p.attrib["name"]: p.attrib["value"] for p in root.iter("property")}
    assert told["method"] == "central"
    assert "rule" not in told
    gradcli(f"{command} --explain")
    assert any(p.attrib["name"] == "rule" for p in read(path).iter("property"))


def test_all_documents_of_a_stream_are_in_one_report(gradcli: Gradcli, tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    documents: list[Any] = [
        {"id": "Zoë", **SQUARE, "grads": {"x": 6}, "value": 8},
        {**SQUARE, "grads": {"x": -6}},
        {"formula": "abs(x)", "values": {"x": 0}},
        {"id": "Ann", "formula": "x^", "values": {"x": 1}},
        {"formula": "1/x", "values": {"x": 0}},
        {"formula": "abs(x)", "values": {"x": 1}, "verb": "check", "claim": {"x": "1"}},
    ]
    text = "\n".join([*map(json.dumps, documents), "{bad"]).encode()
    for options in ("", "--json"):
        ran = gradcli(f"check run - --junit {path} {options}", stdin=text)
        assert ran.code == 2
        root = read(path)
        assert outcomes(root) == [
            ("Zoë: x^2", "x", None),
            ("Zoë: x^2", "value", "failure"),
            ("line 2: x^2", "x", "failure"),
            ("line 3: abs(x)", "x", "skipped"),
            ("Ann", "document", "error"),
            ("line 5: 1/x", "value", "failure"),
            ("line 6: abs(x)", "x", None),
            ("line 6: abs(x)", "x elsewhere", "failure"),
            ("line 7", "document", "error"),
        ]
    messages = [c.attrib["message"] for c in root.iter() if "message" in c.attrib]
    assert messages[:3] == [
        "given 8, is 9",
        "1 of 1 entry off: sign flipped",
        "kink: slope -1 to the left, 1 to the right; backprop takes 0",
    ]
    assert "line 4: " in messages[3]
    assert messages[4].startswith("not finite: inf")
    assert "the claim gives 1, the derivative is -1" in messages[5]


def test_what_xml_cannot_hold_is_escaped(gradcli: Gradcli, tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    names = ["\x00\x01\x1b[31m", "\ud800", "\ufffe\uffff", "a<b>&\"'", "]]>", "\n\t", "\x85\u2028"]
    for name in names:
        document = {"id": name, **SQUARE}
        ran = gradcli(f"check run - --junit {path}", stdin=json.dumps(document).encode())
        assert ran.code == 0
        [(suite, _, outcome)] = outcomes(read(path))
        assert outcome is None
        assert suite.isprintable()
        assert name not in suite or name.isprintable()


def test_it_is_written_whole_or_not_at_all(gradcli: Gradcli, tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_text("old")
    path.chmod(0o640)
    assert gradcli(f"check formula x^ x=3 --junit {path}").code == 2
    assert path.read_text() == "old"
    assert gradcli(f"check formula x^2 x=3 --junit {path}").code == 0
    assert read(path).attrib["tests"] == "1"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["report.xml"]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("check formula x^2 x=3 --junit r.txt", "--junit: 'r.txt' must end in one of .xml"),
        ("check formula x^2 x=3 --junit no/r.xml", "--junit: there is no folder 'no'"),
        ("formula x^2 x=3 --junit r.xml", "there is no option --junit"),
        ("check ops tanh --junit r.xml", "No such option '--junit'"),
    ],
)
def test_bad_input(command: str, message: str, gradcli: Gradcli) -> None:
    ran = gradcli(command)
    assert ran.code == 2
    assert message in ran.err


def test_an_interrupt_leaves_what_is_done(
    gradcli: Gradcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checking = sys.modules["gradcli.check.check"]
    right = checking.measure

    def measure(claim: Any, *args: Any) -> Any:
        if claim.name == "w":
            raise KeyboardInterrupt
        return right(claim, *args)

    monkeypatch.setattr(checking, "measure", measure)
    path = tmp_path / "report.xml"
    assert gradcli(f"check mse --in 3 --out 2 --junit {path}").code == 130
    found = [(name, outcome) for _, name, outcome in outcomes(read(path))]
    assert found == [("w", "skipped"), ("b", None)]
    assert [s.attrib["message"] for s in read(path).iter("skipped")] == ["not reached"]
