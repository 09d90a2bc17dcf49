"""The computation as a graph: every variable, constant and operation with value and gradient."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.engine import Tensor, plain
from gradcli.errors import FileError, SpecError
from gradcli.problem import Result
from gradcli.report.numbers import norm, shape_text, text, texts
from gradcli.report.replace import replace_file
from gradcli.report.report import Screen
from gradcli.suggest import printable

MOST_NODES = 2000
_WRITTEN_OUT = 6
"""Entries up to which an array is written out."""


class Node(NamedTuple):
    """``kind`` is variable, constant, operation or value: the operation that comes last."""

    kind: str
    lines: list[str]


class Graph(NamedTuple):
    """Nodes by key; an edge goes from what is taken to the operation that takes it."""

    title: str
    nodes: dict[str, Node]
    edges: list[tuple[str, str]]


def graph(title: str, result: Result) -> Graph:
    """The graph of the steps to ``result``.

    Raises SpecError where it would have more than MOST_NODES nodes.
    """
    found = Graph(title, {}, [])

    def add(kind: str, *lines: str) -> str:
        key = f"n{len(found.nodes)}"
        found.nodes[key] = Node(kind, list(lines))
        if len(found.nodes) > MOST_NODES:
            raise SpecError("graph", f"more than {MOST_NODES:,} nodes; draw a smaller problem")
        return key

    variables = {
        name: add("variable", name, *_numbers(result.given[name], gradient))
        for name, gradient in result.gradients.items()
    }
    made: dict[int, str] = {}
    value = ""
    for step in result.steps:
        taken = []
        for arg, name in zip(step.record.args, step.inputs):
            key = made.get(id(arg))
            if key is None and isinstance(arg, Tensor):
                key = variables.get(name)
            if key is None and arg is not None:
                key = add("constant", *_constant(name, plain(arg)))
                if isinstance(arg, (Tensor, np.ndarray)):  # a plain number is one at each place
                    made[id(arg)] = key
            taken += [key] if key else []
        key = add("operation", step.call, *_numbers(step.value, step.gradient))
        made[id(step.record.out)] = key
        found.edges.extend((one, key) for one in taken)
        if step.gradient.size == 1 and step.gradient.item() == 1:
            value = key
    if value:
        found.nodes[value] = found.nodes[value]._replace(kind="value")
    return found


def _constant(name: str, value: Any) -> list[str]:
    written = name in ("inf", "nan", "True", "False") or name[:1] in "-0123456789"
    return [name] if written else [name, f"value {_array(value)}"]


def _numbers(value: npt.NDArray[Any], gradient: npt.NDArray[Any]) -> list[str]:
    return [f"value {_array(value)}", f"gradient {_array(gradient)}"]


def _array(array: npt.NDArray[Any]) -> str:
    """A small array written out, a larger one by its shape and norm."""
    array = np.asarray(array)
    if array.size > _WRITTEN_OUT or (array.ndim and not array.size):
        return f"{shape_text(array.shape)}, norm {text(norm(array), Screen())}"
    return _nested(texts(array, Screen().digits).tolist())


def _nested(cells: Any) -> str:
    return f"[{', '.join(map(_nested, cells))}]" if isinstance(cells, list) else str(cells)


# Graphviz's language

_DOT = {
    "variable": "shape=box style=filled fillcolor=lightblue",
    "constant": "shape=box style=dashed",
    "operation": "shape=ellipse",
    "value": "shape=ellipse peripheries=2",
}


def dot(found: Graph) -> str:
    """``found`` in the DOT language."""
    lines = ["digraph gradcli {", f"  label={_quoted([found.title])};", "  labelloc=t;"]
    lines += [
        f"  {key} [label={_quoted(node.lines)} {_DOT[node.kind]}];"
        for key, node in found.nodes.items()
    ]
    lines += [f"  {one} -> {other};" for one, other in found.edges]
    return "\n".join([*lines, "}", ""])


def _quoted(lines: Sequence[str]) -> str:
    """A string of the DOT language; & begins an entity there, and a backslash an escape."""
    escaped = [
        printable(line).replace("&", "&amp;").replace("\\", r"\\").replace('"', r"\"")
        for line in lines
    ]
    return '"' + r"\n".join(escaped) + '"'


# Mermaid's language

_MERMAID = {
    "variable": ("[", "]"),
    "constant": ("[/", "/]"),
    "operation": ("(", ")"),
    "value": ("([", "])"),
}


def mermaid(found: Graph) -> str:
    """``found`` as a Mermaid flowchart."""
    lines = ["---", f"title: {_yaml(found.title)}", "---", "flowchart TB"]
    for key, node in found.nodes.items():
        before, after = _MERMAID[node.kind]
        label = "<br/>".join(map(_entities, node.lines))
        lines.append(f'  {key}{before}"{label}"{after}')
    lines += [f"  {one} --> {other}" for one, other in found.edges]
    return "\n".join([*lines, ""])


def _entities(line: str) -> str:
    """``line`` for a quoted label: what might mean something there as an entity."""
    return re.sub(r"[^\w .,=()\[\]+\-/:]", lambda found: f"#{ord(found[0])};", printable(line))


def _yaml(title: str) -> str:
    escaped = printable(title).replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'


# Files


def save_graph(path: str, found: Graph) -> None:
    """Write ``found`` to ``path``: .dot, .mmd (Mermaid), or .svg, drawn by Graphviz's dot.

    Raises FileError where dot is needed and missing, or fails.
    """
    suffix = os.path.splitext(path)[1].lower()
    written = mermaid(found) if suffix == ".mmd" else dot(found)
    data = written.encode()
    if suffix == ".svg":
        data = _drawn(path, data)
    replace_file(path, lambda file: file.write(data))


def _drawn(path: str, data: bytes) -> bytes:
    program = shutil.which("dot")
    if program is None:
        raise FileError(f"{path}: needs the program dot of Graphviz; .dot and .mmd need nothing")
    ran = subprocess.run([program, "-Tsvg"], input=data, capture_output=True, check=False)
    if ran.returncode:
        raise FileError(f"{path}: dot failed: {printable(ran.stderr.decode(errors='replace'))}")
    # The document type names an address, which some readers would load.
    return re.sub(rb"<!DOCTYPE[^>]*>\s*", b"", ran.stdout)
