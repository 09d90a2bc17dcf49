"""A process that replies to each line on its standard input with one on its standard output."""

from __future__ import annotations

import os
import selectors
import shlex
import signal
import subprocess
import time
import weakref
from contextlib import suppress

from gradcli.errors import GradcliError
from gradcli.suggest import counted

MOST = 2**28
"""Bytes of one reply: what never ends is told from what is long."""
_CHUNK = 2**16
_MOST_TOLD = 2**12
"""Bytes of its standard error that are kept, the last ones."""
_LINES, _WIDTH = 3, 200
"""How many of its last lines are shown, and how much of each."""
_QUIET = 0.02
"""Seconds after its first reply in which a second line would come."""
_GRACE = 0.5
"""Seconds that it has to end by itself, and then again once it is asked to."""


class Process:
    """The process of ``command``, split as a shell would; it is started with the first request.

    It is ended when nobody holds it any more, at the latest as Python ends. One that fails,
    or is interrupted, is ended at once; the next request starts another.
    """

    def __init__(self, command: str, timeout: float) -> None:
        self.command = command
        self.timeout = timeout
        """Seconds that a reply may take."""
        self._words = _split(command)
        self._running: _Running | None = None

    def ask(self, line: bytes) -> bytes:
        """The line that it replies to ``line``, which ends with a newline; without its own.

        Raises GradcliError, which names the command and shows the end of its standard error,
        where it cannot be started, ends, takes longer than ``timeout``, or replies with more
        than one line.
        """
        try:
            if self._running is None:
                self._running = _Running(self._words)
            return self._running.ask(line, self.timeout)
        except _Failure as failure:
            told = self._running.told() if self._running else ""
            self.end()
            raise self.failed(str(failure), told) from None
        except BaseException:
            self.end()
            raise

    @property
    def title(self) -> str:
        """Its command in a message: not too long of it."""
        return self.command if len(self.command) <= _WIDTH else f"{self.command[:_WIDTH]}..."

    def failed(self, problem: str, told: str | None = None) -> GradcliError:
        """An error that says what is wrong with it, with the end of its standard error."""
        if told is None:
            told = self._running.told() if self._running else ""
        complaint = f"; its stderr: {told}" if told else ""
        return GradcliError(f"program {self.title!r} {problem}{complaint}")

    def end(self) -> None:
        """End the process, if there is one."""
        if self._running is not None:
            self._running.end()
            self._running = None


class _Failure(Exception):
    """What is wrong with a process, in words that follow its name."""


class _Running:
    """A process as it runs, in a group of its own."""

    def __init__(self, words: list[str]) -> None:
        self._process = _started(words)
        self.end = weakref.finalize(self, _end, self._process)
        files = self._process.stdin, self._process.stdout, self._process.stderr
        self._stdin, self._stdout, self._stderr = [f.fileno() for f in files if f is not None]
        os.set_blocking(self._stdin, False)
        self._selector = selectors.DefaultSelector()
        weakref.finalize(self, self._selector.close)
        for file in (self._stdout, self._stderr):
            self._selector.register(file, selectors.EVENT_READ)
        self._told = bytearray()
        self._replies = 0

    def ask(self, line: bytes, timeout: float) -> bytes:
        deadline = time.monotonic() + timeout
        self._require_quiet(0)
        reply, written = bytearray(), self._write(memoryview(line))
        if written < len(line):
            self._selector.register(self._stdin, selectors.EVENT_WRITE)
        while True:
            came = self._came(deadline - time.monotonic())
            if came is None:
                what = "has not read its request" if written < len(line) else "has not replied"
                raise _Failure(f"{what} within {timeout:g} second{'s' * (timeout != 1)}")
            if self._stdin in came:
                written += self._write(memoryview(line)[written:])
                if written == len(line):
                    self._selector.unregister(self._stdin)
            if self._stdout not in came:
                continue
            chunk = os.read(self._stdout, _CHUNK)
            if not chunk:
                raise self._closed("its standard output")
            reply += chunk
            if b"\n" in chunk:
                break
            if len(reply) > MOST:
                raise _Failure(f"has written over {MOST:,} bytes without the end of a line")
        if self._stdin in self._selector.get_map():
            raise _Failure(f"replied before it had read its request: {_shown(reply)}")
        first, _, rest = bytes(reply).partition(b"\n")
        if rest.strip():
            raise _several(rest)
        self._replies += 1
        if self._replies == 1:
            self._require_quiet(_QUIET)
        return first

    def told(self) -> str:
        """The last lines of its standard error, in one."""
        while True:
            came = self._came(0)
            if not came or self._stderr not in came:
                break
        lines = bytes(self._told).decode(errors="replace").split("\n")
        return " / ".join([x.strip()[:_WIDTH] for x in lines if x.strip()][-_LINES:])

    def _came(self, seconds: float) -> set[int] | None:
        """Which of its files are ready; None if none is in time. What it complains of is kept."""
        ready = {key.fd for key, _ in self._selector.select(max(seconds, 0))}
        if self._stderr in ready:
            chunk = os.read(self._stderr, _CHUNK)
            self._told = (self._told + chunk)[-_MOST_TOLD:]
            if not chunk:
                self._selector.unregister(self._stderr)
        return ready or None

    def _write(self, data: memoryview) -> int:
        try:
            return os.write(self._stdin, data)
        except BlockingIOError:
            return 0
        except BrokenPipeError:
            raise self._closed("its standard input") from None

    def _require_quiet(self, seconds: float) -> None:
        """Raise where it has written something that nobody asked for, within ``seconds``."""
        came = self._came(seconds)
        if came and self._stdout in came:
            chunk = os.read(self._stdout, _CHUNK)
            if chunk.strip():
                raise _several(chunk)

    def _closed(self, what: str) -> _Failure:
        """What to say of a process that has ended, or has only closed ``what``."""
        try:
            code = self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            return _Failure(f"has closed {what}")
        when = f"after {counted(self._replies, 'reply', 'replies')}"
        when = when if self._replies else "before it replied"
        if code < 0:
            return _Failure(f"was killed by {_signal(-code)} {when}")
        return _Failure(f"ended with exit code {code} {when}")


def _split(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        problem = f"cannot be split into words: {str(error).lower()}"
        raise GradcliError(f"program {command!r} {problem}") from None
    if not words:
        raise GradcliError("program: is empty: give a command, such as './mine'")
    return words


def _started(words: list[str]) -> subprocess.Popen[bytes]:
    pipe, name = subprocess.PIPE, words[0]
    try:
        return subprocess.Popen(
            words, bufsize=0, stdin=pipe, stdout=pipe, stderr=pipe, process_group=0
        )
    except FileNotFoundError:
        hint = f"; did you mean ./{name}?" if "/" not in name and os.path.exists(name) else ""
        kind = "no program of that name" if "/" not in name else "no such file"
        raise _Failure(f"cannot be started: {name}: {kind}{hint}") from None
    except PermissionError:
        raise _Failure(f"cannot be started: {name} is not executable") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise _Failure(f"cannot be started: {name}: {why}") from None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all of its group: by the end of its input, if need be by force."""
    for file in (process.stdin, process.stdout, process.stderr):
        if file is not None:
            with suppress(OSError):
                file.close()
    for number in (None, signal.SIGTERM, signal.SIGKILL):
        if number is not None:
            _signal_group(process, number)
        try:
            process.wait(_GRACE)
            break
        except subprocess.TimeoutExpired:
            continue
    _signal_group(process, signal.SIGKILL)  # what it has started itself


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _several(rest: bytes) -> _Failure:
    return _Failure(f"replied with more than one line; behind the reply: {_shown(rest)}")


def _shown(data: bytes | bytearray) -> str:
    text = bytes(data[:_WIDTH]).decode(errors="replace").strip()
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
