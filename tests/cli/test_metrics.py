"""Metrics and the loss of each row through every door: verbs, JSON and back, files, screens."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len

from gradcli.model import Model
from gradcli.report.answers import AnswerReport
from gradcli.report.report import Screen
from tests.cli.test_screen import screen
from tests.conftest import GOLDEN, Gradcli

NET = ["--in", "3", "--out", "4", "--labels", "2,0,1,3,1", "--seed", "3"]
ASKED = ["--metrics", "accuracy,entropy,confusion", "--topk", "1,2", "--rows"]
VERBS = [[], ["check"], ["descend"]]


def told(answer: dict[str, Any], labels: Any) -> tuple[dict[str, Any], Any]:
    """What the output in ``answer`` is worth: metrics, and the loss of each row."""
    z, labels = np.array(answer["output"]), np.array(labels)
    p = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
    ranks = np.argsort(-z, axis=-1)
    confusion = np.zeros((z.shape[1], z.shape[1]), int)
    np.add.at(confusion, (labels, ranks[:, 0]), 1)
    hits = ranks == labels[:, None]
    metrics = {
        "accuracy": hits[:, 0].mean(),
        "top1": hits[:, 0].mean(),
        "top2": hits[:, :2].sum() / len(z),
        "entropy": -(p * np.log2(p)).sum(-1).mean(),
        "confusion": confusion.tolist(),
    }
    return metrics, -np.log(p[np.arange(len(z)), labels])


def test_the_list_of_the_notes(gradcli: Gradcli, tmp_path: Path) -> None:
    case = GOLDEN["topk_accuracy"]
    file = tmp_path / "scores.csv"
    file.write_text("\n".join([",".join(map(str, row)) for row in case["inputs"]["logits"]]))
    labels, ks = (",".join(map(str, case["inputs"][key])) for key in ("labels", "k"))
    for act in ("linear", "softmax"):
        answer = gradcli(
            f"ce --x {file} --w eye --out 6 --act {act} --labels {labels} --topk {ks} --json"
        ).json
        expected = [value / 100 for value in case["expect"]["accuracy"]]
        assert [*answer["metrics"].values()] == pytest.approx(expected, rel=1e-15)
        assert [*answer["metrics"]] == [f"top{k}" for k in case["inputs"]["k"]]


@pytest.mark.parametrize("verb", VERBS, ids=str)
def test_every_verb_tells_them_and_repeats_them(verb: list[str], gradcli: Gradcli) -> None:
    steps = ["--steps", "5", "--lr", "0.3"] if verb == ["descend"] else []
    ran = gradcli(*verb, "ce", *NET, *ASKED, *steps, "--json")
    assert ran.code == 0
    found = ran.json
    at = [f"--{name}={json.dumps(value)}" for name, value in found.get("end", {}).items()]
    metrics, rows = told(gradcli("ce", *NET, *at, "--json").json, [2, 0, 1, 3, 1])
    assert [*found["metrics"]] == [*metrics]
    assert found["metrics"].pop("confusion") == metrics.pop("confusion")
    assert found["metrics"] == pytest.approx(metrics, rel=1e-6)
    np.testing.assert_allclose(found["rows"], rows, 1e-5)
    assert found["spec"]["metrics"] == ["accuracy", "entropy", "confusion"]
    assert (found["spec"]["topk"], found["spec"]["rows"]) == ([1, 2], True)
    again = gradcli("run - --json", stdin=json.dumps(found["spec"]).encode())
    assert again.out == ran.out
    assert gradcli("run - --json", stdin=ran.out.encode()).out == ran.out


def test_a_training_ends_with_those_of_the_rows_that_it_is_judged_by(
    gradcli: Gradcli, tmp_path: Path
) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2200, 3))
    labels = np.argmax(x @ rng.normal(size=(3, 4)), axis=1)
    file = tmp_path / "d.npz"
    np.savez(file, x=x, labels=labels, test=x[:1500], test_labels=labels[:1500])
    data = ["--x", f"{file}:x", "--labels", f"{file}:labels"]
    steps = ["--epochs", "2", "--batch", "100", "--lr", "0.5"]
    found = gradcli("descend", "ce", "--out", "4", *data, *steps, *ASKED, "--json").json
    at = [f"--{name}={json.dumps(value)}" for name, value in found["params"].items()]
    metrics, rows = told(gradcli("ce", *data, *at, "--json").json, labels)
    assert found["metrics"].pop("confusion") == metrics.pop("confusion")
    assert found["metrics"] == pytest.approx(metrics, rel=1e-6)
    np.testing.assert_allclose(found["rows"], rows, 1e-4, 1e-6)
    layers = ["--layers", "dense(8, act=relu), batch_norm, dropout(0.3), dense(4)"]
    others = ["--test-x", f"{file}:test", "--test-labels", f"{file}:test_labels"]
    for judged, number in ((["--holdout", "0.1"], 220), (others, 1500)):
        held = gradcli("descend", "ce", *layers, *data, *steps, *judged, *ASKED, "--json").json
        assert held["metrics"]["accuracy"] == held["history"][-1]["test_accuracy"]
        assert np.sum(held["metrics"]["confusion"]) == len(held["rows"]) == number
        assert np.mean(held["rows"]) == pytest.approx(held["history"][-1]["test_loss"], rel=1e-5)


@pytest.mark.parametrize("verb", VERBS, ids=str)
def test_nothing_else_changes_where_they_are_asked_for(verb: list[str], gradcli: Gradcli) -> None:
    command = [*verb, "ce", *NET]
    plain, asked = gradcli(*command, "--json").json, gradcli(*command, *ASKED, "--json").json
    assert plain["spec"].keys() == asked["spec"].keys() - {"metrics", "topk", "rows"}
    added = ("metrics", "rows", "spec")
    assert {k: v for k, v in asked.items() if k not in added} == {
        k: v for k, v in plain.items() if k not in added
    }
    without, lines = (gradcli(*command, *more).out.splitlines() for more in ([], ASKED))
    assert [line for line in without if line not in lines] == []
    names = [line.partition(" ")[0] for line in lines if line not in without]
    assert [n for n in names if n.isalnum()] == [
        "accuracy", "top1", "top2", "entropy", "confusion", "rows",
    ]  # fmt: skip


def test_tables_are_as_they_are_read(gradcli: Gradcli) -> None:
    lines = gradcli("ce", *NET, *ASKED).out.splitlines()
    model = gradcli("ce", *NET, "--json").json
    metrics, _ = told(model, [2, 0, 1, 3, 1])
    assert lines[2] == f"accuracy {metrics['accuracy']:g}"
    assert lines[3:5] == [f"top{k} {metrics[f'top{k}']:g}" for k in (1, 2)]
    assert lines[5] == f"entropy {metrics['entropy']:.6g} bits"
    assert lines[6] == "confusion  4x4, labels down, predictions across"
    cells = [[c.strip() for c in line.split("│")[1:-1]] for line in lines[7:15] if "│" in line]
    assert cells[0] == ["", "0", "1", "2", "3"]
    assert [row[0] for row in cells[1:]] == ["0", "1", "2", "3"]
    assert [[int(c) for c in row[1:]] for row in cells[1:]] == metrics["confusion"]
    assert lines[15] == "rows  5"


def test_files_have_them(gradcli: Gradcli, tmp_path: Path) -> None:
    file = tmp_path / "a.npz"
    answer = gradcli("ce", *NET, *ASKED, "--save", str(file), "--json").json
    with np.load(file) as saved:
        for name, value in answer["metrics"].items():
            np.testing.assert_array_equal(saved[f"metrics.{name}"], value)
        np.testing.assert_array_equal(saved["rows"], np.float32(answer["rows"]))
    tables = []
    for asked in ([], ASKED):
        table = tmp_path / "a.csv"
        gradcli("ce", *NET, *asked, "--save", str(table))
        tables.append(list(csv.reader(table.read_text().splitlines())))
    assert tables[0] == tables[1]
    page = tmp_path / "a.html"
    gradcli("ce", *NET, *ASKED, "--save", str(page))
    assert "labels down, predictions across" in page.read_text()


def test_written_in_other_languages(gradcli: Gradcli) -> None:
    markdown = gradcli("ce", *NET, *ASKED, "--markdown").out
    assert "\n| 0 |" in markdown
    assert "\naccuracy **0." in markdown
    latex = gradcli("check ce --in 2 --out 2 --metrics accuracy,confusion --latex").out
    assert r"\noindent accuracy \textbf{$" in latex
    assert "confusion" in latex


@pytest.mark.parametrize("width", [20, 40, 80])
def test_no_line_is_wider_than_the_screen(width: int) -> None:
    spec = {"loss": "ce", "in": 3, "out": 30, "batch": 40, "metrics": "accuracy,entropy,confusion",
            "topk": [1, 5, 30], "rows": True}  # fmt: skip
    text = screen(AnswerReport(Model.from_spec(spec).evaluate()).tables(Screen(width)), width)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "(full shows every entry)" in " ".join(text.split())


def test_a_stream_asks_each_document_for_its_own(gradcli: Gradcli) -> None:
    documents = [
        {"loss": "ce", "in": 2, "out": 3, "labels": [1], "topk": 4},
        {"loss": "mse", "x": 1, "w": 3, "y": 1, "rows": True},
        {"loss": "bce", "x": 2, "w": [[1]], "labels": [1], "metrics": "accuracy"},
        {"formula": "x^2", "values": {"x": 3}, "metrics": "accuracy"},
        {"layer": "dense", "in": 2, "units": 2, "rows": True},
    ]
    ran = gradcli("run - --json", stdin="\n".join(map(json.dumps, documents)).encode())
    assert ran.code == 2
    found = [json.loads(line) for line in ran.out.splitlines()]
    assert "topk: 4 is more than there are classes, 3" in found[0]["error"]
    assert found[1]["rows"] == [4]
    assert found[2]["metrics"] == {"accuracy": 1}
    assert "unknown key 'metrics'" in found[3]["error"]
    assert "unknown key 'rows'" in found[4]["error"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("ce --in 2 --out 3 --topk 4", "--topk: 4 is more than there are classes, 3"),
        ("mse --in 2 --out 3 --y 1 --topk 1", "--topk: is of classes: give labels"),
        ("ce --in 2 --out 3 --metrics acuracy", "did you mean 'accuracy'?"),
        ("ce --in 2 --out 3 --top-k 4", "did you mean --topk?"),
        ("ce --in 2 --out 3 --metrics confusion_matrix", "did you mean 'confusion'?"),
        ("formula x^2 x=1 --metrics accuracy", "there is no option --metrics"),
        ("layer dense --in 2 --units 2 --rows", "there is no option --rows"),
        ("himmelblau --topk 1", "there is no option --topk"),
    ],
)
def test_what_is_not_there_is_said_in_a_line(command: str, words: str, gradcli: Gradcli) -> None:
    ran = gradcli(command)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err
    assert len(ran.err.splitlines()) <= 2
