"""Calls in a formula, bound by each op's own signature."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.engine import REGISTRY, Op
from gradcli.errors import OpError
from gradcli.formula.course import Env, Evaluate, constant
from gradcli.formula.limits import require_few
from gradcli.formula.operators import chained
from gradcli.formula.positions import MOST, position
from gradcli.formula.source import CONSTANTS
from gradcli.suggest import suggestion

if TYPE_CHECKING:
    from gradcli.formula.language import Compiler

DTYPES = {
    "float": np.float64,
    "float64": np.float64,
    "float32": np.float32,
    "float16": np.float16,
    "int": np.int64,
    "int32": np.int64,
    "int64": np.int64,
    "bool": np.bool_,
}
"""The dtypes that a formula may name; whole numbers are all of the widest."""
_OWN = {"constant": "identity"}
"""What a formula calls by another name than the engine, where it makes a Tensor."""
SHAPE = ("shape", "ndim", "size")
"""Attributes that are known before the values are."""


def call(c: Compiler, node: ast.Call, depth: int) -> Evaluate:
    """``name(...)``: an op of the registry, or one under another of its names."""
    if not isinstance(node.func, ast.Name):
        told = "only functions can be called, by their name: a product needs *"
        if isinstance(node.func, ast.Attribute) and REGISTRY.find(node.func.attr):
            told = f"{dropped(c, node.func)}write {node.func.attr}(...)"
        raise c.source.error(told, node)
    op = REGISTRY.find(_OWN.get(node.func.id, node.func.id))
    if op is None:
        near = suggestion(node.func.id, [*REGISTRY, *REGISTRY.spellings])
        raise c.source.error(f"there is no function {node.func.id!r}{near}", node)
    for argument in node.args:
        if isinstance(argument, ast.Starred):
            raise c.source.error("a star has no place in a formula", argument)
    for keyword in node.keywords:
        if keyword.arg is None:
            raise c.source.error("this argument has no place in a formula", keyword.value)
    if len(node.args) > 1 and not node.keywords and op.of_several:
        parts = [c.expression(argument, depth + 1) for argument in node.args]
        return chained(c.guarded(REGISTRY[op.of_several], node), parts)
    if len(node.args) + len(node.keywords) == 1 and op.of_one:
        op = REGISTRY[op.of_one]
    return _of_op(c, op, node, depth)


def dropped(c: Compiler, node: ast.Attribute) -> str:
    """What to say first of a name such as ``tf.reduce_sum``: the library's is not needed."""
    prefix = ast.unparse(node.value)
    root, *_ = parts = prefix.split(".")
    known = root in c.given or root in c.assigned
    return f"drop {prefix}.: " if all(map(str.isidentifier, parts)) and not known else ""


def _of_op(c: Compiler, op: Op, node: ast.Call, depth: int) -> Evaluate:
    bound, given = _bound(c, op, node)
    first = list(bound[0]) if op.takes_list and isinstance(bound[0], tuple) else None
    if first is not None:
        values = [c.expression(part, depth + 1) for part in first]
    elif op.takes_list:
        values = [_several(c, bound[0], depth)]
    else:
        values = [
            _array(c, op, i, value, depth) if isinstance(value, ast.expr) else constant(value)
            for i, value in enumerate(bound)
        ]
    settings = {
        name: constant(value)
        if not isinstance(value, ast.expr)
        else _setting(c, op, name, value, depth)
        for name, value in given.items()
    }
    operate = c.guarded(op, node)
    spread = op.takes_list and first is None

    def evaluate(env: Env) -> Any:
        arrays = values[0](env) if spread else [value(env) for value in values]
        return operate(arrays, {name: setting(env) for name, setting in settings.items()})

    return evaluate


def _bound(c: Compiler, op: Op, node: ast.Call) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments as they are written, bound as the op binds values."""
    args: tuple[Any, ...] = tuple(node.args)
    named: dict[str, Any] = {}
    at: ast.expr = node
    for keyword in reversed(node.keywords):
        assert keyword.arg is not None
        if op.aliases.get(keyword.arg, keyword.arg) not in op.names:
            at = keyword.value
        named[keyword.arg] = keyword.value
    leading = {name: value for name, value in zip(op.order, args) if name not in named}
    if leading:
        args = args[len(leading) :]
        if op.takes_list and args:  # the arrays follow one by one
            args = (args,)
    try:
        return op.bind(args, {**leading, **named})
    except OpError as error:
        raise c.source.error(str(error), at) from None


def _several(c: Compiler, node: ast.expr, depth: int) -> Evaluate:
    """The arrays of a function of one list: as they are written, or the outcomes of another."""
    if isinstance(node, (ast.List, ast.Tuple)):
        parts = [c.expression(part, depth + 1) for part in node.elts]
        return lambda env: [part(env) for part in parts]
    whole = c.expression(node, depth + 1)

    def evaluate(env: Env) -> Any:
        value = whole(env)
        if isinstance(value, float) or not (isinstance(value, (tuple, list)) or value.ndim):
            raise c.source.error("a list [..., ...] is needed here", node)
        if isinstance(value, (tuple, list)):
            return list(value)
        require_few("a list", len(value))
        return [value[i] for i in range(len(value))]

    return c.guard(evaluate, node)


def _array(c: Compiler, op: Op, i: int, node: ast.expr, depth: int) -> Evaluate:
    if isinstance(node, ast.Constant) and node.value is None and op.names[i] in op.optional:
        return constant(None)
    if op.names[i] in op.positions:
        return position(c, node, depth)
    return c.expression(node, depth + 1)


def _setting(c: Compiler, op: Op, name: str, node: ast.expr, depth: int) -> Evaluate:
    """A parameter that is no leading array: what its declaration takes."""
    annotation = op.annotations.get(name, "")
    if name in op.positions:
        return position(c, node, depth)
    if "Array" in annotation:
        none = isinstance(node, ast.Constant) and node.value is None
        return constant(None) if none else c.expression(node, depth + 1)
    text = node.value if isinstance(node, ast.Constant) else None
    if isinstance(text, str) and "str" in annotation.split(" | "):
        return constant(text)
    if annotation == "str":
        raise c.source.error(f"{name} of {op.signature} is text", node)
    if name == "dtype":
        if isinstance(node, ast.Name) and node.id in DTYPES:
            dtype = np.dtype(DTYPES[node.id])
            wider = dtype.kind == "f" and dtype.itemsize > c.dtype.itemsize
            return constant(c.dtype if wider else dtype)
        raise c.source.error(f"a dtype is one of {', '.join(DTYPES)}", node)
    if not _is_written(c, node):
        what = f"{name} of {op.signature} is a number as it is written, or a list of them"
        raise c.source.error(f"{what}: not a value", node)
    written = _written(c, node, depth)
    if "float" in annotation:
        return written
    # All else counts, or names an axis.
    return c.guard(lambda env: _counts(written(env)), node, f"{name} of {op.signature}")


def _is_written(c: Compiler, node: ast.AST) -> bool:
    """Whether no value goes into ``node``, but for its shape."""
    if isinstance(node, ast.Attribute) and node.attr in SHAPE:
        return True
    if isinstance(node, ast.Name):
        return node.id in CONSTANTS and node.id not in c.given
    parts = [part for part in ast.iter_child_nodes(node) if part is not getattr(node, "func", None)]
    return all(_is_written(c, part) for part in parts)


def _written(c: Compiler, node: ast.expr, depth: int) -> Evaluate:
    """Whole numbers, numbers, True, False, None, and lists of them."""
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool)):
        return constant(node.value)
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        if isinstance(node.value, int) and node.value >= MOST:
            raise c.source.error("this number is too large", node)
        return constant(_tidy(node.value))
    if isinstance(node, (ast.List, ast.Tuple)):
        parts = [_written(c, part, depth + 1) for part in node.elts]
        return lambda env: tuple([part(env) for part in parts])
    number = c.expression(node, depth + 1)
    return lambda env: _tidy(number(env))


def _counts(value: Any) -> Any:
    """``value``, if there is no number in it but whole ones. Raises ValueError otherwise."""
    if isinstance(value, float):
        large = value.is_integer()
        raise ValueError(
            f"{value:g} is too large" if large else f"takes whole numbers, not {value:g}"
        )
    if isinstance(value, tuple):
        return tuple(map(_counts, value))
    return value


def _tidy(value: Any) -> Any:
    """Numbers with whole ones as Python's int, arrays as tuples."""
    if isinstance(value, (tuple, list)):
        return tuple(map(_tidy, value))
    if np.ndim(value):
        return tuple(map(_tidy, np.asarray(value).tolist()))
    number = float(value)
    return int(number) if number.is_integer() and abs(number) < MOST else number
