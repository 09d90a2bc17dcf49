"""Graphs of a computation: parsed back from their text."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from gradcli.errors import FileError, SpecError
from gradcli.formula import Formula
from gradcli.gradient import differentiate
from gradcli.model import Model
from gradcli.problem import Problem
from gradcli.report.graph import Graph, Node, dot, graph, mermaid, save_graph

HOSTILE = 'a "b" <c> &lt; & {d} \\n [e] | #35; `f` \n\x1b[31m é ]} --> ;'


def graph_of(problem: Problem) -> Graph:
    result = differentiate(problem)
    return graph(problem.title, result)


def from_dot(text: str) -> Graph:
    """What DOT text says, by its grammar for the subset that is written."""
    lines = text.splitlines()
    assert (lines[0], lines[-1]) == ("digraph gradcli {", "}")
    string = r'"((?:[^"\\]|\\.)*)"'
    kinds = {"filled": "variable", "dashed": "constant", "ellipse": "operation", "=2": "value"}
    nodes, edges, title = {}, [], ""

    def read(label: str) -> list[str]:
        parts = re.split(r"(?<!\\)((?:\\\\)*)\\n", label)
        joined = "".join(f"{p}\n" if i % 2 else p for i, p in enumerate(parts)).split("\n")
        return [re.sub(r"\\(.)", r"\1", line).replace("&amp;", "&") for line in joined]

    for line in lines[1:-1]:
        if found := re.fullmatch(rf"  (n\d+) \[label={string} (.*)\];", line):
            kind = [kind for word, kind in kinds.items() if word in found[3]][-1]
            nodes[found[1]] = Node(kind, read(found[2]))
        elif found := re.fullmatch(r"  (n\d+) -> (n\d+);", line):
            edges.append((found[1], found[2]))
        elif found := re.fullmatch(rf"  label={string};", line):
            [title] = read(found[1])
        else:
            assert line == "  labelloc=t;"
    return Graph(title, nodes, edges)


def from_mermaid(text: str) -> Graph:
    """What a Mermaid flowchart of the written form says."""
    lines = text.splitlines()
    assert lines[0] == lines[2] == "---"
    assert lines[3] == "flowchart TB"
    title = re.fullmatch(r'title: "(.*)"', lines[1])
    kinds = {"[": "variable", "[/": "constant", "(": "operation", "([": "value"}
    nodes, edges = {}, []
    for line in lines[4:]:
        if found := re.fullmatch(r'  (n\d+)([\[(/]+)"([^"]*)"([\])/]+)', line):
            assert not re.search(r"[<>&`{}|\"]", found[3].replace("<br/>", ""))
            read = [
                re.sub(r"#(\d+);", lambda code: chr(int(code[1])), part)
                for part in found[3].split("<br/>")
            ]
            nodes[found[1]] = Node(kinds[found[2]], read)
        else:
            found = re.fullmatch(r"  (n\d+) --> (n\d+)", line)
            assert found
            edges.append((found[1], found[2]))
    assert title
    return Graph(re.sub(r"\\(.)", r"\1", title[1]), nodes, edges)


def test_a_formula_as_a_graph() -> None:
    found = graph_of(Formula("x*y + x^2*c + 1", {"x": 3.0, "y": 4.0, "c": 2.0}, ["x", "y"]))
    labels = {node.lines[0]: node for node in found.nodes.values()}
    assert labels["x"] == Node("variable", ["x", "value 3.0", "gradient 16.0"])  # y + 2 c x
    assert labels["y"] == Node("variable", ["y", "value 4.0", "gradient 3.0"])
    assert labels["c"] == Node("constant", ["c", "value 2.0"])
    assert labels["1"] == Node("constant", ["1"])
    product = labels["v1 = multiply(x, y)"]
    assert product == Node("operation", [product.lines[0], "value 12.0", "gradient 1.0"])
    [value] = [node for node in found.nodes.values() if node.kind == "value"]
    assert value.lines[1:] == ["value 31.0", "gradient 1.0"]
    heads = {key: node.lines[0].partition(" ")[0] for key, node in found.nodes.items()}
    assert sorted((heads[a], heads[b]) for a, b in found.edges) == [
        ("1", "v5"), ("c", "v3"), ("v1", "v4"), ("v2", "v3"), ("v3", "v4"), ("v4", "v5"),
        ("x", "v1"), ("x", "v2"), ("y", "v1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "problem",
    [
        Formula("x*x*x", {"x": 2.0}),
        Formula("x", {"x": 2.0}),
        Formula("sum(stack([x, y, x])*a)", {"x": 1.0, "y": 2.0, "a": np.arange(3.0)}, ["x"]),
        Formula("clip(x, None, 2) + where(x > 1, x, 2)", {"x": 1.0}),
        Model.from_spec({"loss": "ce", "in": 4, "out": 3, "hidden": [5], "labels": "2,0"}),
    ],
    ids=lambda problem: problem.title,
)
def test_what_is_written_says_the_same(problem: Problem) -> None:
    found = graph_of(problem)
    assert from_dot(dot(found)) == found
    assert from_mermaid(mermaid(found)) == found
    assert {key for edge in found.edges for key in edge} <= set(found.nodes)
    steps = differentiate(problem).steps
    operations = [node for node in found.nodes.values() if node.kind in ("operation", "value")]
    assert len(operations) == len(steps)


def test_what_is_taken_twice_is_one_node_with_two_edges() -> None:
    found = graph_of(Formula("x*x*c + c + 2 + 2*x", {"x": 3.0, "c": 2.0}, ["x"]))
    heads = [node.lines[0].partition(" ")[0] for node in found.nodes.values()]
    assert (heads.count("x"), heads.count("c"), heads.count("2")) == (1, 1, 2)
    keys = dict(zip(heads, found.nodes))
    assert found.edges.count((keys["x"], keys["v1"])) == 2
    assert len([edge for edge in found.edges if edge[0] == keys["c"]]) == 2


def test_large_arrays_are_shown_by_shape_and_norm() -> None:
    found = graph_of(Formula("sum(a^2)/2 + sum(b)", {"a": np.full((3, 4), 2.0), "b": [[1.5, -2]]}))
    a, b = list(found.nodes.values())[:2]
    assert a.lines[1:] == ["value 3x4, norm 6.9282", "gradient 3x4, norm 6.9282"]  # sqrt(48)
    assert b.lines[1:] == ["value [[1.5, -2.0]]", "gradient [[1.0, 1.0]]"]


def test_labels_are_escaped() -> None:
    found = Graph(HOSTILE, {"n0": Node("variable", [HOSTILE, "line 2\\"])}, [])
    seen = HOSTILE.replace("\n", "\\n").replace("\x1b", "\\x1b")
    expected = Graph(seen, {"n0": Node("variable", [seen, "line 2\\"])}, [])
    assert from_dot(dot(found)) == expected
    assert from_mermaid(mermaid(found)) == expected


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_reads_and_draws_it(tmp_path: Path) -> None:
    found = Graph(HOSTILE, {"n0": Node("variable", [HOSTILE]), "n1": Node("value", ["1"])}, [])
    found.edges.append(("n0", "n1"))
    save_graph(str(tmp_path / "a.svg"), found)
    data = (tmp_path / "a.svg").read_bytes()
    assert b"DOCTYPE" not in data
    texts = [e.text for e in ElementTree.fromstring(data).iter() if e.tag.endswith("}text")]
    seen = HOSTILE.replace("\n", "\\n").replace("\x1b", "\\x1b")
    assert [text and text.replace("\xa0", " ") for text in texts] == [seen, seen, "1"]
    ran = subprocess.run(["dot", "-Tplain"], input=dot(found), capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert [line.split()[0] for line in ran.stdout.splitlines()].count("edge") == 1


def test_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = graph_of(Formula("x^2", {"x": 2.0}))
    for name, written in (("a.dot", dot), ("a.mmd", mermaid)):
        save_graph(str(tmp_path / name), found)
        assert (tmp_path / name).read_text() == written(found)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileError, match=r"needs the program dot of Graphviz"):
        save_graph(str(tmp_path / "a.svg"), found)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.dot", "a.mmd"]


def test_huge_graphs_are_refused() -> None:
    with pytest.raises(SpecError, match="more than 2,000 nodes"):
        graph_of(Formula("+".join(["x"] * 2002), {"x": 1.0}))
