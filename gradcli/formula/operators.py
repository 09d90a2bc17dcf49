"""Operators in a formula: arithmetic, comparisons and logic, each an op of the registry."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gradcli.engine import REGISTRY
from gradcli.formula.course import Env, Evaluate
from gradcli.formula.operands import Operation

if TYPE_CHECKING:
    from gradcli.formula.language import Compiler

_BINARY = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.FloorDiv: "floor_divide",
    ast.Mod: "mod",
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
_UNARY = {ast.USub: "negative", ast.Not: "logical_not"}


def unary(c: Compiler, node: ast.UnaryOp, depth: int) -> Evaluate:
    """``-x``, ``+x``, ``not x``."""
    inner = c.expression(node.operand, depth + 1)
    if isinstance(node.op, ast.UAdd):
        return inner
    if type(node.op) not in _UNARY:
        raise c.source.error("this has no place in a formula: write not", node)
    operate = c.guarded(REGISTRY[_UNARY[type(node.op)]], node)
    return lambda env: operate([inner(env)], {})


def binary(c: Compiler, node: ast.BinOp, depth: int) -> Evaluate:
    """``x + y`` and the like."""
    # Long sums lean to the left: walk down them without recursion.
    chain = [node]
    while isinstance(chain[-1].left, ast.BinOp):
        chain.append(chain[-1].left)
    first = c.expression(chain[-1].left, depth + 1)
    links: list[tuple[Operation, Evaluate | None]] = []
    for link in reversed(chain):
        if type(link.op) not in _BINARY:
            raise c.source.error("this operator has no place in a formula", link)
        right = c.expression(link.right, depth + 1)
        if isinstance(link.op, ast.Pow) and _literal(link.right) == 2:
            links.append((c.guarded(REGISTRY["square"], link), None))
        else:
            links.append((c.guarded(REGISTRY[_BINARY[type(link.op)]], link), right))

    def evaluate(env: Env) -> Any:
        value = first(env)
        for operate, right in links:
            value = operate([value] if right is None else [value, right(env)], {})
        return value

    return evaluate


def compare(c: Compiler, node: ast.Compare, depth: int) -> Evaluate:
    """``x < y``; several in a row all have to hold."""
    sides = [c.expression(side, depth + 1) for side in (node.left, *node.comparators)]
    tests: list[Evaluate] = []
    for kind, left, right in zip(node.ops, sides, sides[1:]):
        if type(kind) not in _COMPARE:
            raise c.source.error("this comparison has no place in a formula", node)
        operate = c.guarded(REGISTRY[_COMPARE[type(kind)]], node)
        tests.append(chained(operate, (left, right)))
    return chained(c.guarded(REGISTRY["logical_and"], node), tests)


def logical(c: Compiler, node: ast.BoolOp, depth: int) -> Evaluate:
    """``x and y``, ``x or y``: entry by entry."""
    parts = [c.expression(part, depth + 1) for part in node.values]
    name = "logical_and" if isinstance(node.op, ast.And) else "logical_or"
    return chained(c.guarded(REGISTRY[name], node), parts)


def chained(operate: Operation, parts: Sequence[Evaluate]) -> Evaluate:
    """``operate`` of two parts at a time, from left to right."""

    def evaluate(env: Env) -> Any:
        found = parts[0](env)
        for part in parts[1:]:
            found = operate([found, part(env)], {})
        return found

    return evaluate


def _literal(node: ast.expr) -> Any:
    return node.value if isinstance(node, ast.Constant) else None
