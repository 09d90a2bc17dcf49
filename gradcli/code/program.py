"""A program of any language as a Callee: requests and replies, a line of JSON each."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.code.callee import Reply
from gradcli.code.gradients import by_name
from gradcli.code.inputs import read_inputs
from gradcli.code.problem import Code, CodeProblem
from gradcli.code.process import Process
from gradcli.errors import GradcliError, LiteralError, SpecError
from gradcli.inputs.literals import from_lists
from gradcli.keys import read_keys, shown
from gradcli.problem import Problem
from gradcli.spec_keys import PROGRAM_KEYS

TIMEOUT = 60.0
"""Seconds that a reply may take where nothing else is asked for."""
_WORDS = re.compile(r"[+-]?\b(nan|inf(?:inity)?)\b(?!\")", re.I)
"""As C's printf writes what is no finite number."""


class Program:
    """The process of ``command``, called with arrays by name; ``dtype`` is that of its numbers.

    A request is ``{"inputs": {...}, "upstream": ..., "want": ["value", "grads"]}`` and its reply
    ``{"value": ..., "grads": {...}}``. The value is a number or nested lists; without gradients the
    reply has the value alone. An upstream gradient is sent where the value is no number. Numbers
    are written as the shortest decimals that give them back in float64; nan and infinity as
    Python's json writes them. Replies may have these, null, or what C's printf makes of them.
    """

    def __init__(
        self,
        command: str,
        timeout: float = TIMEOUT,
        dtype: str = "float64",
        floating: Sequence[str] = (),
    ) -> None:
        self.process = Process(command, timeout)
        self._dtype = np.dtype(dtype)
        self._floating = floating
        """The inputs by which it may give gradients."""
        self._texts: dict[str, _Text] = {}
        """What was sent last for each input."""

    def __call__(self, inputs: Mapping[str, Any], upstreams: Sequence[Any] | None) -> Reply:
        """One output, and the gradients that the program gives.

        Raises GradcliError where it fails, complains, or replies with something else.
        """
        parts = [f"{json.dumps(n)}: {self._text(n, value)}" for n, value in inputs.items()]
        request = f'{{"inputs": {{{", ".join(parts)}}}, '
        factor = 1.0
        if upstreams is not None:
            [upstream] = upstreams
            if np.ndim(upstream):
                request += f'"upstream": {_written(upstream)}, '
            else:
                factor = float(upstream)
        want = '["value"]' if upstreams is None else '["value", "grads"]'
        reply = self._read(self.process.ask(f'{request}"want": {want}}}\n'.encode()))
        value = self._array("value", reply.get("value"))
        grads = reply.get("grads") if upstreams is not None else None
        if grads is None:
            return Reply([value])
        if not isinstance(grads, dict):
            raise self._wrong(f"replies grads that are no object by name, but {shown(grads)}")
        found = {name: self._array(f"grads: {name}", lists) for name, lists in grads.items()}
        # The gradient is linear in the upstream, which a program with one number is not told of.
        found = {n: g if factor == 1 else g * self._dtype.type(factor) for n, g in found.items()}
        return Reply([value], by_name(found, self.process.title, self._floating, ()))

    def close(self) -> None:
        """End the process; another call starts it again."""
        self.process.end()

    def _text(self, name: str, value: Any) -> str:
        """The JSON of an input, of which little may have changed since the last request."""
        if not isinstance(value, (np.ndarray, np.generic)):
            return json.dumps(value)
        last = self._texts.get(name)
        if last is None or not last.suits(value):
            last = self._texts[name] = _Text(np.asarray(value))
        return last.of(np.asarray(value))

    def _read(self, line: bytes) -> dict[str, Any]:
        try:
            text = line.decode()
            reply = _decoded(text)
        except (ValueError, RecursionError) as error:
            kind = "text in UTF-8" if isinstance(error, UnicodeDecodeError) else "JSON"
            raise self._wrong(f"replies with a line that is no {kind}: {_begins(line)}") from None
        if not isinstance(reply, dict):
            raise self._wrong(f"replies {shown(reply)}, not an object such as {_SUCH}")
        if reply.get("error") is not None:
            raise self._wrong(f"says: {reply['error']}")
        if "value" not in reply:
            raise self._wrong(f"replies without a value: {_begins(line)}, not {_SUCH}")
        return reply

    def _array(self, what: str, lists: Any) -> npt.NDArray[Any]:
        try:
            array = from_lists(np.nan if lists is None else lists)
        except LiteralError as error:
            raise self._wrong(f"replies nonsense: {what} {error}: {shown(lists)}") from None
        if array.dtype.kind == "b":
            raise self._wrong(f"replies nonsense: {what} is no number: {shown(lists)}")
        return array.astype(self._dtype)

    def _wrong(self, problem: str) -> GradcliError:
        error = self.process.failed(problem)
        self.close()
        return error


def program_problem(mapping: Mapping[str, Any], folder: str | None = None) -> Problem:
    """The problem of the program that ``mapping`` names, which is started and called.

    Its keys are program (a command), values and settings by name, and those of the catalogue.
    Relative files are taken from ``folder``; the command runs where we do. Raises GradcliError.
    """
    own = ("program", "values", "settings")
    options = read_keys({k: v for k, v in mapping.items() if k not in own}, PROGRAM_KEYS)
    command = mapping["program"]
    if not isinstance(command, str):
        raise SpecError("program", f"must be a command, not {shown(command)}")
    inputs, stream = read_inputs(mapping, options.get("seed", 0), folder)
    timeout, dtype = options.get("timeout"), options.get("dtype", "float64")
    program = Program(command, timeout or TIMEOUT, dtype, inputs.floating)
    document = {"program": command, **({"timeout": timeout} if timeout else {})}
    upstreams = {"upstream": options["upstream"]} if "upstream" in options else {}
    code = Code(program, program.process.title, document)
    return CodeProblem(code, inputs, stream, options.get("wrt"), dtype, upstreams, folder)


_SUCH = '{"value": 1.5}'


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return json.loads(_WORDS.sub(_as_json, text))


def _as_json(found: re.Match[str]) -> str:
    minus = "-" if found[0].startswith("-") else ""
    return "NaN" if found[1].lower() == "nan" else f"{minus}Infinity"


class _Text:
    """The JSON of an array, number by number, for others of its shape that differ in a few."""

    def __init__(self, array: npt.NDArray[Any]) -> None:
        self._array = array.copy()
        self._text = _written(array)
        self._parts: list[str] = []
        """Numbers at odd places, and what stands between them, once a few have changed."""

    def suits(self, array: Any) -> bool:
        return bool(self._array.shape == array.shape and self._array.dtype == array.dtype)

    def of(self, array: npt.NDArray[Any]) -> str:
        now = array.reshape(-1)
        changed = np.flatnonzero(_bits(now) != _bits(self._array.reshape(-1)))
        if not changed.size:
            return self._text
        self._array[...] = array
        if array.dtype.kind != "f" or array.size > _MOST_PARTS or 4 * changed.size > array.size:
            self._text, self._parts = _written(array), []
            return self._text
        self._parts = self._parts or _NUMBER.split(self._text)
        for i in changed.tolist():
            self._parts[2 * i + 1] = json.dumps(float(now[i]))
        self._text = "".join(self._parts)
        return self._text


_MOST_PARTS = 2**16
"""Numbers of an array that is held number by number."""
_NUMBER = re.compile(r"(-?(?:[\d.]+(?:e[+-]?\d+)?|NaN|Infinity))")


def _bits(flat: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """What tells -0.0 from 0.0, and nan from nothing."""
    return np.ascontiguousarray(flat).view(f"u{flat.itemsize}")


def _written(array: Any) -> str:
    return json.dumps(np.asarray(array).tolist())


def _begins(line: bytes) -> str:
    return shown(line[:100].decode(errors="replace"))
