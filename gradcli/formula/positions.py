"""Positions in a formula: what stands in brackets, or says where to a function.

Whole numbers stay whole here, and so does their arithmetic; a name is an index.
"""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.engine import REGISTRY, Op
from gradcli.engine.lists import joined
from gradcli.formula.course import Env, Evaluate, constant
from gradcli.formula.limits import require_small
from gradcli.formula.whole import reckoning, whole

if TYPE_CHECKING:
    from gradcli.formula.language import Compiler

_ARITHMETIC: dict[type, Op] = {
    ast.Add: reckoning(operator.add),
    ast.Sub: reckoning(operator.sub),
    ast.Mult: reckoning(operator.mul),
    ast.FloorDiv: reckoning(operator.floordiv),
    ast.Mod: reckoning(operator.mod),
}
MOST = 2**31
"""Whole numbers from here on are no counts, shapes or positions."""


def position(c: Compiler, node: ast.expr, depth: int, inside: bool = False) -> Evaluate:
    """An index: whole numbers, slices, masks, arrays of them; ``inside`` a list."""
    c.require_shallow(node, depth)
    if isinstance(node, ast.Tuple):
        parts = [position(c, part, depth + 1, inside) for part in node.elts]
        return lambda env: tuple([part(env) for part in parts])
    if isinstance(node, ast.Slice):
        bounds = (node.lower, node.upper, node.step)
        three = [constant(None) if b is None else position(c, b, depth + 1) for b in bounds]
        return lambda env: slice(*[bound(env) for bound in three])
    if isinstance(node, ast.Constant):
        return constant(_written(c, node, inside))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = position(c, node.operand, depth + 1, inside)
        return c.guard(lambda env: -inner(env), node)
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        op = _ARITHMETIC[type(node.op)]
        left, right = (position(c, side, depth + 1, inside) for side in (node.left, node.right))
        return c.guard(lambda env: _reckoned(op, [left(env), right(env)]), node)
    if isinstance(node, ast.List):
        entries = [position(c, part, depth + 1, True) for part in node.elts]
        return c.guard(lambda env: _array([entry(env) for entry in entries]), node)
    if isinstance(node, ast.Subscript) and _names_index(c, node.value):
        base, at = position(c, node.value, depth + 1), position(c, node.slice, depth + 1)
        return c.guard(lambda env: c.entries(base(env), at(env)), node)
    if isinstance(node, ast.Name) and node.id in c.given:
        return c.variable(node, index=True)
    found = c.expression(node, depth + 1)
    return c.guard(lambda env: whole(found(env)), node)


def _names_index(c: Compiler, node: ast.expr) -> bool:
    """Whether ``node`` is a name from outside, or entries of one."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return isinstance(node, ast.Name) and node.id in c.given


def _written(c: Compiler, node: ast.Constant, inside: bool) -> Any:
    value = node.value
    if value is None or value is Ellipsis or (inside and isinstance(value, bool)):
        return value
    if not isinstance(value, int) or isinstance(value, bool):
        raise c.source.error("an index is a whole number or a slice", node)
    if value >= MOST:
        raise c.source.error("this number is too large", node)
    return value


def _array(entries: list[Any]) -> Any:
    require_small(REGISTRY["stack"], entries, {})
    return joined(entries) if entries else np.zeros(0, np.intp)


def _reckoned(op: Op, sides: list[Any]) -> Any:
    require_small(op, sides, {})
    return op(*sides)


def item(c: Compiler, node: ast.Subscript, depth: int) -> Evaluate:
    """``value[index]``: of an array as NumPy's, of several outcomes one of them."""
    inner, index = c.expression(node.value, depth + 1), position(c, node.slice, depth + 1)

    def evaluate(env: Env) -> Any:
        value, at = inner(env), index(env)
        if isinstance(value, (tuple, list)) and isinstance(at, (int, np.integer, slice)):
            return value[at]
        return c.entries(value, at)

    return c.guard(evaluate, node)
