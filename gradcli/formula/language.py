"""The formula language: a walk over Python's syntax tree that knows a few kinds of nodes.

Nothing of Python is evaluated. What is not in the tables below is an error that points
at its character. A formula becomes closures over an environment of names, once; they work
on Tensors and on plain arrays alike.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from gradcli.engine import REGISTRY, Op
from gradcli.errors import FormulaError
from gradcli.formula.course import (
    Compiled,
    Env,
    Evaluate,
    Statement,
    choice,
    constant,
    plain_array,
    stacked,
)
from gradcli.formula.limits import require_small
from gradcli.formula.source import DEEPEST, Source
from gradcli.names import suggestion

CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf}
ALIASES = {
    "ln": "log",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "tensordot": "dot",
}

_BINARY = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
    ast.MatMult: "matmul",
}
_COMPARE = {
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
}


def compile_formula(text: str, given: Iterable[str]) -> Compiled:
    """``text``, ready to run, in which the names ``given`` have values from outside.

    Raises FormulaError, its caret at what cannot be read or is not known.
    """
    source = Source(text)
    return _Compiler(source, set(given)).compile(source.parse())


class _Compiler:
    def __init__(self, source: Source, given: set[str]) -> None:
        self.source = source
        self.given = given
        self.assigned: set[str] = set()
        self.free: dict[str, None] = {}

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
        return Compiled(statements, list(self.free))

    def assignment(self, target: ast.expr, value: ast.expr) -> Statement:
        if not isinstance(target, ast.Name):
            raise self.source.error("only a name can be given a formula", target)
        if target.id in self.given:
            raise self.source.error(f"{target.id} has a value already", target)
        evaluate = self.expression(value)
        self.assigned.add(target.id)
        return Statement(target.id, evaluate)

    def expression(self, node: ast.expr, depth: int = 0) -> Evaluate:
        if depth > DEEPEST:
            raise self.source.error(f"nested more than {DEEPEST} deep", node)
        if isinstance(node, ast.Constant):
            return constant(self.number(node))
        if isinstance(node, ast.Name):
            return self.name(node)
        if isinstance(node, ast.BinOp):
            return self.binary(node, depth)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            inner = self.expression(node.operand, depth + 1)
            return self.apply(REGISTRY["negative"], [inner], node) if _minus(node) else inner
        if isinstance(node, ast.Compare):
            return self.compare(node, depth)
        if isinstance(node, ast.IfExp):
            parts = (node.test, node.body, node.orelse)
            return choice(*[self.expression(part, depth + 1) for part in parts])
        if isinstance(node, ast.Call):
            return self.call(node, depth)
        if isinstance(node, (ast.List, ast.Tuple)):
            return self.array(node, depth)
        if isinstance(node, ast.Subscript):
            inner, index = self.expression(node.value, depth + 1), self.index(node.slice)
            return self.guard(lambda env: plain_array(inner(env))[index], node)
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
            self.free[name] = None
            return lambda env: env[name]
        if name in CONSTANTS:
            return constant(CONSTANTS[name])
        if name in REGISTRY or name in ALIASES:
            raise self.source.error(f"{name} is a function: write {name}(...)", node)
        near = suggestion(name, [*self.given, *self.assigned, *CONSTANTS])
        raise self.source.error(f"{name} has no value{near or f': give {name}=VALUE'}", node)

    def binary(self, node: ast.BinOp, depth: int) -> Evaluate:
        kind = _BINARY.get(type(node.op))
        if kind is None:
            raise self.source.error("this operator has no place in a formula", node)
        # Long sums lean to the left: walk down them without recursion.
        chain = [node]
        while isinstance(chain[-1].left, ast.BinOp) and type(chain[-1].left.op) in _BINARY:
            chain.append(chain[-1].left)
        first = self.expression(chain[-1].left, depth + 1)
        links: list[tuple[Callable[..., Any], Evaluate | None]] = []
        for link in reversed(chain):
            right = self.expression(link.right, depth + 1)
            if isinstance(link.op, ast.Pow) and _literal(link.right) == 2:
                links.append((self.operation(REGISTRY["square"], link), None))
            else:
                links.append((self.operation(REGISTRY[_BINARY[type(link.op)]], link), right))

        def evaluate(env: Env) -> Any:
            value = first(env)
            for operate, right in links:
                value = operate(value) if right is None else operate(value, right(env))
            return value

        return evaluate

    def compare(self, node: ast.Compare, depth: int) -> Evaluate:
        sides = [self.expression(side, depth + 1) for side in (node.left, *node.comparators)]
        found: Evaluate | None = None
        for kind, left, right in zip(node.ops, sides, sides[1:]):
            if type(kind) not in _COMPARE:
                raise self.source.error("this comparison has no place in a formula", node)
            test = self.apply(REGISTRY[_COMPARE[type(kind)]], [left, right], node)
            found = test if found is None else self.apply(REGISTRY["multiply"], [found, test], node)
        assert found is not None
        return found

    def call(self, node: ast.Call, depth: int) -> Evaluate:
        if not isinstance(node.func, ast.Name):
            raise self.source.error("only functions can be called, by their name", node)
        name = ALIASES.get(node.func.id, node.func.id)
        if name not in REGISTRY:
            near = suggestion(node.func.id, [*REGISTRY, *ALIASES])
            raise self.source.error(f"there is no function {node.func.id!r}{near}", node)
        op = REGISTRY[name]
        if name in ("min", "max") and len(node.args) > 1:
            return self.extreme(name, node, depth)
        arrays = len(op.cases[0].shapes) if op.cases and not op.takes_list else 1
        if not op.differentiable and op.name not in _TAKES_ARRAYS:
            arrays = 0
        arguments = []
        for i, argument in enumerate(node.args):
            if isinstance(argument, ast.Starred):
                raise self.source.error("a star has no place in a formula", argument)
            if op.takes_list and i == 0:
                arguments.append(self.several(argument, depth))
            elif i < arrays:
                arguments.append(self.expression(argument, depth + 1))
            else:
                arguments.append(self.parameter(argument, depth))
        params = {}
        for keyword in node.keywords:
            if keyword.arg is None or keyword.arg.startswith("_") or keyword.arg == "dtype":
                raise self.source.error("this argument has no place in a formula", keyword.value)
            params[keyword.arg] = self.plain(keyword.value)
        return self.apply(op, arguments, node, params)

    def extreme(self, name: str, node: ast.Call, depth: int) -> Evaluate:
        """min(a, b, ...) of several values, elementwise."""
        pair = REGISTRY["minimum" if name == "min" else "maximum"]
        found = self.expression(node.args[0], depth + 1)
        for argument in node.args[1:]:
            found = self.apply(pair, [found, self.expression(argument, depth + 1)], node)
        return found

    def several(self, node: ast.expr, depth: int) -> Evaluate:
        """A list handed over as it is, for functions of one list."""
        if not isinstance(node, (ast.List, ast.Tuple)):
            raise self.source.error("a list [..., ...] is needed here", node)
        parts = [self.expression(part, depth + 1) for part in node.elts]
        return lambda env: [plain_array(part(env)) for part in parts]

    def array(self, node: ast.List | ast.Tuple, depth: int) -> Evaluate:
        parts = [self.expression(part, depth + 1) for part in node.elts]
        if not parts:
            raise self.source.error("an empty list has no value", node)
        return self.guard(lambda env: stacked([part(env) for part in parts]), node)

    def parameter(self, node: ast.expr, depth: int) -> Evaluate:
        """An argument that is not an array: numbers as they are written, else a formula."""
        try:
            value = self.plain(node)
        except FormulaError:
            return self.expression(node, depth + 1)
        return lambda env: value

    def plain(self, node: ast.expr) -> Any:
        """Whole numbers, numbers, True, False, None, and lists of them, as written."""
        if isinstance(node, ast.Constant) and (
            node.value is None or isinstance(node.value, (bool, int, float))
        ):
            if isinstance(node.value, int) and abs(node.value) > _MOST:
                raise self.source.error("this number is too large", node)
            return node.value
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -self.plain(node.operand)
        if isinstance(node, (ast.List, ast.Tuple)):
            return tuple(self.plain(part) for part in node.elts)
        raise self.source.error("a plain number or a list of them is needed here", node)

    def index(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Tuple):
            return tuple(self.index(part) for part in node.elts)
        if isinstance(node, ast.Slice):
            return slice(*[None if b is None else self.index(b) for b in
                           (node.lower, node.upper, node.step)])  # fmt: skip
        value = self.plain(node)
        if not isinstance(value, int):
            raise self.source.error("an index is a whole number or a slice", node)
        return value

    def apply(
        self,
        op: Op,
        arguments: list[Evaluate],
        node: ast.expr,
        params: dict[str, Any] | None = None,
    ) -> Evaluate:
        """``op`` of the values of ``arguments``."""
        operate = self.operation(op, node, params)
        return lambda env: operate(*[argument(env) for argument in arguments])

    def operation(
        self, op: Op, node: ast.expr, params: dict[str, Any] | None = None
    ) -> Callable[..., Any]:
        """``op`` as a function of values; if it fails, the error points at ``node``."""
        given = params or {}

        def operate(*values: Any) -> Any:
            require_small(op.name, values)
            result = op(*values, **given)
            # Numbers among themselves stay Python's, which take on the dtype of what they meet.
            if isinstance(result, np.floating) and all(type(v) is float for v in values):
                return float(result)
            return result

        return self.guard(operate, node)

    def guard(self, call: Callable[..., Any], node: ast.expr) -> Callable[..., Any]:
        """``call``, whose failures are told as errors that point at ``node``."""
        source = self.source

        def guarded(*args: Any) -> Any:
            try:
                return call(*args)
            except _FAULTS as error:
                message = " ".join(str(error).split()).partition(" (n?")[0] or type(error).__name__
                raise source.error(message, node) from None

        return guarded


_MOST = 2**31
_FAULTS = (TypeError, ValueError, IndexError, AttributeError, OverflowError, MemoryError,
           ZeroDivisionError)  # fmt: skip
"""What an op can raise of arguments that do not suit it."""

_TAKES_ARRAYS = {"argmax", "argsort", "zeros_like", "ones_like", "equal", "one_hot"}
_KINDS: dict[type, str] = {
    ast.Attribute: "an attribute",
    ast.Lambda: "a lambda",
    ast.Dict: "a dictionary",
    ast.Set: "a set",
    ast.ListComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.JoinedStr: "text",
    ast.BoolOp: "and/or",
    ast.NamedExpr: "an assignment",
    ast.Starred: "a star",
}


def _minus(node: ast.UnaryOp) -> bool:
    return isinstance(node.op, ast.USub)


def _literal(node: ast.expr) -> Any:
    return node.value if isinstance(node, ast.Constant) else None
