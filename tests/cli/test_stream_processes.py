"""Streams in processes of their own: answers as they come, readers that go away, many at once."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Gradcli

BIN = Path(sys.executable).parent
VERBS = {"run": [], "check run": [], "descend run": ["--steps", "3"]}


def square(x: float) -> str:
    return json.dumps({"formula": "x^2", "values": {"x": x}})


def started(verb: str, **more: Any) -> subprocess.Popen[str]:
    command = [str(BIN / "gradcli"), *verb.split(), "-", "--json", *VERBS[verb]]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, **more)


@pytest.mark.parametrize("verb", VERBS)
def test_an_answer_comes_before_the_next_document_does(verb: str) -> None:
    with started(verb) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for x in (1, 2, 3):
            process.stdin.write(square(x) + "\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            assert answer["spec"]["values"] == {"x": x}
        process.stdin.close()
        assert process.wait() == 0


@pytest.mark.parametrize("verb", VERBS)
def test_ctrl_c_keeps_what_was_answered(verb: str) -> None:
    with started(verb) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(square(1) + "\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["spec"]["values"] == {"x": 1}
        time.sleep(0.1)  # it waits for the next line now
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        assert process.stdout.read() == ""
        assert process.stderr.read() == "\ngradcli: interrupted\n"


def test_a_reader_that_goes_away_ends_a_stream(tmp_path: Path) -> None:
    (tmp_path / "many.jsonl").write_text("\n".join(map(square, range(5000))))
    command = "gradcli run many.jsonl --json | head -1; echo ${PIPESTATUS[0]}"
    answer, code = shell(command, tmp_path).splitlines()
    assert (json.loads(answer)["value"], code) == (0, "0")


def shell(command: str, folder: Path) -> str:
    ran = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={
            "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
            "HOME": str(folder),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stderr == ""
    return ran.stdout


def values(text: str) -> list[float]:
    return [json.loads(line)["value"] for line in text.splitlines()]


def test_under_xargs_two_share_the_work(tmp_path: Path) -> None:
    (tmp_path / "many.jsonl").write_text("".join(square(x) + "\n" for x in range(40)))
    command = "split -l 10 many.jsonl part. && ls part.* | xargs -P 2 -n 1 gradcli run --json"
    assert sorted(values(shell(command, tmp_path))) == [x * x for x in range(40)]


@pytest.mark.skipif(shutil.which("parallel") is None, reason="GNU parallel is not installed")
def test_under_parallel_the_order_is_kept(tmp_path: Path) -> None:
    (tmp_path / "many.jsonl").write_text("".join(square(x) + "\n" for x in range(40)))
    command = "parallel --will-cite -k --pipe -j 2 -N 10 gradcli run - --json < many.jsonl"
    assert values(shell(command, tmp_path)) == [x * x for x in range(40)]


@pytest.mark.parametrize("verb", VERBS)
class TestEveryVerb:
    def run(self, verb: str, gradcli: Gradcli, text: bytes) -> Any:
        return gradcli(" ".join([verb, "-", "--json", *VERBS[verb]]), stdin=text)

    def test_a_bad_document_answers_in_its_place(self, verb: str, gradcli: Gradcli) -> None:
        text = "\n".join([square(1), '{"formula": "x^"}', "nothing", "{}", square(2)])
        ran = self.run(verb, gradcli, text.encode())
        first, *bad, last = map(json.loads, ran.out.splitlines())
        assert [one["line"] for one in bad] == [2, 3, 4]
        assert all(list(one) == ["error", "line"] for one in bad)
        assert [one["spec"]["values"]["x"] for one in (first, last)] == [1, 2]
        assert ran.code == 2

    def test_ends_of_lines_and_marks_between_documents(self, verb: str, gradcli: Gradcli) -> None:
        text = f"\ufeff{square(1)}\r\n\r\n   \n{square(2)}\r\n\n".encode()
        ran = self.run(verb, gradcli, text)
        found = [json.loads(line)["spec"]["values"]["x"] for line in ran.out.splitlines()]
        assert (found, ran.code) == ([1, 2], 0)

    def test_a_huge_line(self, verb: str, gradcli: Gradcli) -> None:
        count = 2000 if verb == "check run" else 200_000
        numbers = [0.5] * count
        document = {"formula": "sum(x^2)", "values": {"x": numbers}}
        ran = self.run(verb, gradcli, f"{json.dumps(document)}\n{square(1)}".encode())
        first, last = map(json.loads, ran.out.splitlines())
        assert len(first["spec"]["values"]["x"]) == count
        assert (last["spec"]["values"], ran.code) == ({"x": 1}, 0)

    @pytest.mark.parametrize("text", [b"", b"\n\n", b"\xef\xbb\xbf"])
    def test_nothing_at_all_is_refused(self, verb: str, text: bytes, gradcli: Gradcli) -> None:
        ran = self.run(verb, gradcli, text)
        assert ran.code == 2
        assert "-: " in ran.err


def test_the_worst_of_all_codes_is_that_of_a_stream(gradcli: Gradcli) -> None:
    good, kink = square(3), json.dumps({"formula": "abs(x)", "values": {"x": 0}})
    wrong = json.dumps({**json.loads(good), "grads": {"x": 7}})
    for order, code in (
        ([good, good], 0),
        ([good, kink, good], 3),
        ([kink, wrong, good], 1),
        (["{}", kink, wrong], 2),
    ):
        ran = gradcli("check run - --json", stdin="\n".join(order).encode())
        assert ran.code == code
        assert len(ran.out.splitlines()) == len(order)
