"""The formula language: a walk over Python's syntax tree that knows a few kinds of nodes.

Nothing of Python is evaluated. What is not in the tables below is an error that points
at its character. A formula becomes closures over an environment of names, once; they work
on Tensors and on plain arrays alike.
"""

from __future__ import annotations

import ast
import functools
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from gradcli.engine import REGISTRY, Op
from gradcli.engine.recording import FAULTS
from gradcli.errors import FormulaError
from gradcli.formula.calls import SHAPE, call, dropped
from gradcli.formula.course import Compiled, Env, Evaluate, Statement, choice, constant
from gradcli.formula.limits import require_small
from gradcli.formula.operands import Operation, array_of, listed, operation
from gradcli.formula.operators import binary, compare, logical, unary
from gradcli.formula.positions import item
from gradcli.formula.source import CONSTANTS, DEEPEST, Source
from gradcli.suggest import suggestion


def compile_formula(text: str, given: Iterable[str], dtype: np.dtype[Any]) -> Compiled:
    """``text``, ready to run in ``dtype``, in which the names ``given`` have values from outside.

    Raises FormulaError, its caret at what cannot be read or is not known.
    """
    return _compiled(text, frozenset(given), dtype)


@functools.lru_cache(64)
def _compiled(text: str, given: frozenset[str], dtype: np.dtype[Any]) -> Compiled:
    source = Source(text)
    return Compiler(source, given, dtype).compile(source.parse())


class Compiler:
    """Turns the nodes of one formula into closures."""

    def __init__(self, source: Source, given: frozenset[str], dtype: np.dtype[Any]) -> None:
        self.source = source
        self.given = given
        self.dtype = dtype
        self.assigned: set[str] = set()
        self.indices: dict[str, bool] = {}
        """Each name from outside that is used: whether as an index."""

    def compile(self, body: list[ast.stmt]) -> Compiled:
        statements = []
        for i, node in enumerate(body):
            if isinstance(node, ast.Expr):
                if i < len(body) - 1:
                    raise self.source.error("only the last formula may go without a name", node)
                statements.append(Statement(None, self.expression(node.value)))
            elif isinstance(node, ast.Assign) and len(node.targets) == 1:
                statements.append(self.assignment(node.targets[0], node.value))
            else:
                raise self.source.error("this is no formula", node)
        if not statements:
            raise FormulaError("the formula is empty")
        uses = self.indices.items()
        return Compiled(
            statements, [n for n, index in uses if not index], [n for n, index in uses if index]
        )

    def assignment(self, target: ast.expr, value: ast.expr) -> Statement:
        if not isinstance(target, ast.Name):
            raise self.source.error("only a name can be given a formula", target)
        if target.id in self.given:
            raise self.source.error(f"{target.id} has a value already", target)
        if target.id in self.assigned:
            raise self.source.error(f"{target.id} has a formula already: take a new name", target)
        evaluate = self.expression(value)
        self.assigned.add(target.id)
        return Statement(target.id, evaluate)

    def require_shallow(self, node: ast.expr, depth: int) -> None:
        if depth > DEEPEST:
            raise self.source.error(f"nested more than {DEEPEST} deep", node)

    def expression(self, node: ast.expr, depth: int = 0) -> Evaluate:
        self.require_shallow(node, depth)
        if isinstance(node, ast.Constant):
            return constant(self.number(node))
        if isinstance(node, ast.Name):
            return self.name(node)
        if isinstance(node, ast.BinOp):
            return binary(self, node, depth)
        if isinstance(node, ast.UnaryOp):
            return unary(self, node, depth)
        if isinstance(node, ast.BoolOp):
            return logical(self, node, depth)
        if isinstance(node, ast.Compare):
            return compare(self, node, depth)
        if isinstance(node, ast.IfExp):
            branches = (node.test, node.body, node.orelse)
            test, body, orelse = [self.expression(part, depth + 1) for part in branches]
            return choice(test, body, orelse, self.guarded(REGISTRY["where"], node))
        if isinstance(node, ast.Call):
            return call(self, node, depth)
        if isinstance(node, (ast.List, ast.Tuple)):
            return self.array(node, depth)
        if isinstance(node, ast.Subscript):
            return item(self, node, depth)
        if isinstance(node, ast.Attribute):
            return self.attribute(node, depth)
        raise self.source.error(f"{_KINDS.get(type(node), 'this')} has no place in a formula", node)

    def number(self, node: ast.Constant) -> float:
        if isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
            try:
                return float(node.value)
            except OverflowError:
                return math.inf
        raise self.source.error("only numbers are allowed here", node)

    def name(self, node: ast.Name) -> Evaluate:
        name = node.id
        if name in self.assigned:
            return lambda env: env[name]
        if name in self.given:
            return self.variable(node, index=False)
        if name in CONSTANTS:
            return constant(CONSTANTS[name])
        if REGISTRY.find(name):
            raise self.source.error(f"{name} is a function: write {name}(...)", node)
        near = suggestion(name, [*self.given, *self.assigned, *CONSTANTS])
        raise self.source.error(f"{name} has no value{near or f': give {name}=VALUE'}", node)

    def variable(self, node: ast.Name, index: bool) -> Evaluate:
        """A name from outside, which is either an index or a number throughout."""
        name = node.id
        if self.indices.setdefault(name, index) != index:
            raise self.source.error(f"{name} is an index and a number, too: take two names", node)
        return lambda env: env[name]

    def array(self, node: ast.List | ast.Tuple, depth: int) -> Evaluate:
        parts = [self.expression(part, depth + 1) for part in node.elts]
        if not parts:
            raise self.source.error("an empty list has no value", node)
        return self.guard(lambda env: listed([part(env) for part in parts], self.dtype), node)

    def attribute(self, node: ast.Attribute, depth: int) -> Evaluate:
        """``.T .mT .shape .ndim .size``, and outcomes that have a name, such as ``.indices``."""
        name = node.attr
        if name in CONSTANTS and dropped(self, node):
            raise self.source.error(f"{dropped(self, node)}write {name}", node)
        inner = self.expression(node.value, depth + 1)

        def evaluate(env: Env) -> Any:
            value = inner(env)
            if name in getattr(value, "_fields", ()):
                return getattr(value, name)
            if name not in ("T", "mT", *SHAPE):
                raise self.source.error("this attribute has no place in a formula", node)
            value = array_of(value, self.dtype)
            if name == "T":
                return REGISTRY["transpose"](value)
            if name == "mT":
                return REGISTRY["swapaxes"](value, -1, -2)
            found = getattr(value, name)
            return tuple(map(float, found)) if name == "shape" else float(found)

        return self.guard(evaluate, node)

    def entries(self, value: Any, index: Any) -> Any:
        """``value[index]``, not too large; positions stay positions."""
        op, value = REGISTRY["getitem"], array_of(value, self.dtype)
        require_small(op, [value], {"index": index})
        return op(value, index=index)

    def guarded(self, op: Op, node: ast.expr) -> Operation:
        """``op`` as a function of values; if it fails, the error points at ``node``."""
        return self.guard(operation(op, self.dtype), node, op.name)

    def guard(self, call: Callable[..., Any], node: ast.expr, name: str = "") -> Callable[..., Any]:
        """``call``, whose failures are told as errors of ``name`` that point at ``node``."""

        def guarded(*args: Any) -> Any:
            try:
                return call(*args)
            except (*FAULTS, MemoryError) as error:
                message = " ".join(str(error).split()).partition(" (n?")[0] or type(error).__name__
                told = message if message.startswith(name) else f"{name}: {message}"
                raise self.source.error(told, node) from None

        return guarded


_KINDS: dict[type, str] = {
    ast.Lambda: "a lambda",
    ast.Dict: "a dictionary",
    ast.Set: "a set",
    ast.ListComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.JoinedStr: "text",
    ast.NamedExpr: "an assignment",
    ast.Starred: "a star",
    ast.Slice: "a slice",
}
