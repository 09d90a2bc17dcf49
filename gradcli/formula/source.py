"""The text of a formula: as written, as Python's parser takes it, and the way back."""

from __future__ import annotations

import ast
import keyword
import math
import re
import warnings

from gradcli.engine import REGISTRY
from gradcli.errors import FormulaError

CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf}
"""Names with a value of their own, unless they are given another."""
LONGEST = 10_000
"""Characters."""
DEEPEST = 60
"""Levels of nesting."""
_BESIDE = re.compile(r"(?P<left>\d+\.?\d*|\.\d+|[^\W\d]\w*|\))\s*(?P<right>\w+|\()", re.ASCII)
"""Two things without anything between: a product, or a function and what it is of."""
_TOO_LONG = (
    "the formula has too many terms in one expression: name parts of it, as in y = x + x; y + y"
)


class Source:
    """A formula's text, with ``^`` for powers read as ``**`` and every position mapped back."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise FormulaError(f"the formula has {len(text):,} characters; {LONGEST:,} are allowed")
        # Python's parser takes each of these for the end of a line, and nothing else.
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        self.text = text
        self.python = ""
        origins: list[int] = []
        for at, character in enumerate(text):
            piece = "**" if character == "^" else character
            self.python += piece
            origins += [at] * len(piece)
        self._origins = [*origins, len(text)]
        self._lines = [0]
        for at, character in enumerate(self.python):
            if character == "\n":
                self._lines.append(at + 1)

    def parse(self) -> list[ast.stmt]:
        """The statements, syntactically checked. Raises FormulaError pointing at the fault."""
        if not self.text.strip():
            raise FormulaError("the formula is empty")
        self._require_shallow()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # such as for 1if x else 2
                return ast.parse(self.python).body
        except SyntaxError as error:
            line = min(max((error.lineno or 1) - 1, 0), len(self._lines) - 1)
            at = self._lines[line] + max((error.offset or 1) - 1, 0)
            at = self._origin(at)
            raise self.error(self._meant(at) or _plain(error.msg), at) from None
        except (MemoryError, RecursionError):
            raise FormulaError(_TOO_LONG) from None
        except (ValueError, OverflowError) as error:
            raise FormulaError(f"the formula cannot be read: {error}") from None

    def error(self, message: str, at: int | ast.expr | ast.stmt) -> FormulaError:
        """An error with a caret below the character at ``at``, a position or a node."""
        if isinstance(at, ast.AST):
            coded = self.python.split("\n")[at.lineno - 1].encode()
            before = len(coded[: at.col_offset].decode(errors="ignore"))
            at = self._origin(self._lines[at.lineno - 1] + before)
        start = self.text.rfind("\n", 0, at) + 1
        end = self.text.find("\n", at)
        line = self.text[start : end if end >= 0 else len(self.text)]
        return FormulaError(message, line, at - start)

    def _meant(self, at: int) -> str | None:
        """What to write in place of what stands around ``at`` as in mathematics."""
        if "|" in self.text:
            return "for |x| write abs(x)"
        for found in _BESIDE.finditer(self.text):
            left, right = found["left"], found["right"]
            called = left[0].isalpha() and right == "("
            words = {left, right} & set(keyword.kwlist)
            if found.start() <= at <= found.end() and not words and not called:
                if left[0].isalpha() and REGISTRY.find(left):
                    return f"write {left}({right})"
                return f"write {left}*{right}"
        return None

    def _origin(self, at: int) -> int:
        return self._origins[min(at, len(self._origins) - 1)]

    def _require_shallow(self) -> None:
        depth = 0
        for at, character in enumerate(self.text):
            depth += (character in "([{") - (character in ")]}")
            if depth > DEEPEST:
                raise self.error(f"nested more than {DEEPEST} deep", at)


def before_value(text: str) -> str:
    """What stands in a formula before its value: the statements that name intermediates."""
    source = Source(text)
    *named, last = source.parse()
    if isinstance(last, ast.Assign):
        return f"{source.python}\n"
    return "".join([f"{ast.unparse(statement)}\n" for statement in named])


def _plain(message: str) -> str:
    """Python's message, without what only concerns Python."""
    message = message.partition(". ")[0].partition(" (<")[0]
    return {"invalid syntax": "this does not fit here"}.get(message, message)
