"""The tape: what was computed, in order, and its replay backwards.

``apply`` runs an op on Tensors and hands what happened to every active recorder. A
GradientTape is a recorder that keeps the operations that depend on what it watches, as a
flat list: already in topological order, so the backward sweep is a loop, without
recursion or sorting. (Wengert, "A simple automatic derivative evaluation program", CACM 1964.)
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self

import numpy as np

from gradcli.engine.nest import leaves, pairs, rebuild
from gradcli.engine.tensor import Array, Tensor, Variable, plain, require_floating
from gradcli.errors import GradientError

if TYPE_CHECKING:
    from gradcli.engine.op import Op


class Record(NamedTuple):
    """One operation: ``out = op(*args, **params)``; ``values`` are the args as plain arrays."""

    op: Op
    vjps: tuple[Callable[..., Any] | None, ...]
    args: tuple[Any, ...]
    values: list[Any]
    params: dict[str, Any]
    out: Tensor


class Recorder(Protocol):
    """What ``apply`` tells of every operation on Tensors."""

    def record(self, record: Record) -> None: ...


class _Active(threading.local):
    """The recorders that are recording in this thread, outermost first."""

    def __init__(self) -> None:
        self.recorders: tuple[Recorder, ...] = ()


active = _Active()


def apply(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
    """Run ``op`` on arguments of which at least one is a Tensor, and record it."""
    if params:
        for name, value in params.items():
            if isinstance(value, Tensor):
                raise TypeError(f"{op.name}: {name} cannot be a Tensor; give a plain value")
    if len(args) > op.inputs:
        for value in args[op.inputs :]:
            if isinstance(value, Tensor) and value.dtype.kind == "f":
                raise TypeError(f"{op.signature} takes no Tensor after its first {op.inputs}")
    values = [a.value if isinstance(a, Tensor) else a for a in args]
    out = Tensor(op.forward(*values, **params))
    recorders = active.recorders
    if recorders:
        record = Record(op, op.vjps_for(len(args)), args, values, params, out)
        for recorder in recorders:
            recorder.record(record)
    return out


class GradientTape:
    """Records operations on watched Tensors, to differentiate them afterwards.

    The meaning is that of TensorFlow's class of this name::

        x = tensor(3.0)
        with GradientTape() as tape:
            tape.watch(x)
            y = x * x
        tape.gradient(y, x)  # 6.0

    Variables are watched by themselves. Arrays that Tensors are combined with are not
    copied: do not write to them before ``gradient``. Tapes nest: a gradient taken inside the
    context of an outer tape is recorded by it, so second and higher derivatives need nothing
    more.
    """

    def __init__(self, persistent: bool = False) -> None:
        self._persistent = persistent
        self._used = False
        self._records: list[Record] = []
        self._tracked: set[int] = set()
        self._watched: list[Tensor] = []  # keeps the ids in _tracked alive

    def __enter__(self) -> Self:
        if self in active.recorders:
            raise GradientError("this tape is already recording")
        active.recorders += (self,)
        return self

    def __exit__(self, *exc_info: object) -> None:
        recorders = active.recorders
        if recorders and recorders[-1] is self:
            active.recorders = recorders[:-1]
        else:
            active.recorders = tuple([r for r in recorders if r is not self])

    def watch(self, tensors: Any) -> None:
        """Follow ``tensors``: one Tensor, or lists, tuples and dicts of them.

        Raises DtypeError where the dtype is not floating point.
        """
        for item in leaves(tensors):
            if not isinstance(item, Tensor):
                raise TypeError(f"watch() takes Tensors, not {type(item).__name__}: use tensor()")
            require_floating(item.value)
            self._tracked.add(id(item))
            self._watched.append(item)

    def record(self, record: Record) -> None:
        """Keep ``record`` if it depends on a watched Tensor (called for every operation)."""
        if not record.vjps:
            return
        tracked = self._tracked
        depends = False
        for arg in record.args:
            if id(arg) in tracked:
                depends = True
            elif type(arg) is Variable:
                self.watch(arg)
                depends = True
        if depends:
            tracked.add(id(record.out))
            self._records.append(record)

    @property
    def records(self) -> tuple[Record, ...]:
        """Every operation kept, in the order of computation."""
        return tuple(self._records)

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: str = "none",
    ) -> Any:
        """The derivative of ``sum(target * output_gradients)`` with respect to ``sources``.

        ``target`` and ``sources`` are Tensors or lists, tuples and dicts of them; the answer
        has the structure of ``sources``, each gradient the shape and dtype of its source.
        ``output_gradients`` (the cotangents of ``target``) default to ones. A source that
        ``target`` does not depend on gives None, or zeros with
        ``unconnected_gradients="zero"``.

        Raises GradientError on a second call, unless the tape is persistent.
        """
        if unconnected_gradients not in ("none", "zero"):
            raise ValueError("unconnected_gradients is 'none' or 'zero'")
        if self._used and not self._persistent:
            raise GradientError(
                "this tape has been used: gradient() can be called once; "
                "make it with GradientTape(persistent=True) to call it again"
            )
        self._used = True
        if not self._persistent:
            self.__exit__()

        source_list = list(leaves(sources))
        for source in source_list:
            if not isinstance(source, Tensor):
                raise TypeError(f"a source is a Tensor, not {type(source).__name__}")
        cotangents = self._sweep(_seeds(target, output_gradients), source_list)
        answers = []
        for source in source_list:
            cotangent = cotangents.get(id(source))
            if cotangent is None and unconnected_gradients == "zero":
                cotangent = np.zeros_like(plain(source))
            answers.append(
                cotangent
                if cotangent is None or isinstance(cotangent, Tensor)
                else Tensor(cotangent)
            )
        if not self._persistent:
            self._records.clear()
        return rebuild(sources, iter(answers))

    def _sweep(self, seeds: list[tuple[Tensor, Any]], sources: list[Any]) -> dict[int, Any]:
        """Cotangents by id: of ``sources``, and of whatever else no record consumed."""
        tracked = self._tracked
        kept = {id(source) for source in sources}
        cotangents: dict[int, Any] = {}
        # While an outer tape records, the vjps run on Tensors and are recorded by it;
        # otherwise on plain arrays, at NumPy's speed.
        lifted = bool(active.recorders)
        for target, seed in seeds:
            key = id(target)
            seed = Tensor(seed) if lifted and not isinstance(seed, Tensor) else seed
            seed = seed if lifted else plain(seed)
            cotangents[key] = cotangents[key] + seed if key in cotangents else seed
        for op, vjps, args, values, params, out in reversed(self._records):
            key = id(out)
            g = cotangents.get(key) if key in kept else cotangents.pop(key, None)
            if g is None:
                continue
            operands, y = (args, out) if lifted else (values, out.value)
            for vjp, arg, value in zip(vjps, args, values):
                key = id(arg)
                if vjp is not None and key in tracked:
                    cotangent = vjp(g, y, *operands, **params)
                    if cotangent.shape != value.shape or cotangent.dtype != value.dtype:
                        cotangent = fit(cotangent, value, op)
                    # Never in place: somebody else may hold the array.
                    cotangents[key] = (
                        cotangents[key] + cotangent if key in cotangents else cotangent
                    )
        return cotangents


def fit(cotangent: Array, value: Any, op: Op) -> Array:
    """``cotangent`` with the shape and dtype of ``value``: the one place where broadcasting
    is undone, by summing over the axes that it repeated, and promotion, by a cast."""
    shape = value.shape
    if cotangent.shape != shape:
        extra = cotangent.ndim - len(shape)
        if extra == 1 and cotangent.shape[1:] == shape:  # a bias: the common case
            cotangent = (
                cotangent.sum(axis=0)
                if isinstance(cotangent, Tensor)
                else np.add.reduce(cotangent, 0)
            )
        else:
            stretched = [
                i + extra for i, n in enumerate(shape) if n == 1 and cotangent.shape[i + extra] != 1
            ]
            axes = (*range(extra), *stretched)
            cotangent = cotangent.sum(axis=axes, keepdims=True)
            cotangent = cotangent.reshape(shape)
        if cotangent.shape != shape:
            raise AssertionError(
                f"the vjp of {op.name} gave shape {cotangent.shape} for an input of {shape}"
            )
    if cotangent.dtype != value.dtype:
        cotangent = cotangent.astype(value.dtype)
    return cotangent


def _seeds(target: Any, output_gradients: Any) -> list[tuple[Tensor, Any]]:
    seeds = []
    for item, seed in pairs(target, output_gradients):
        if not isinstance(item, Tensor):
            raise TypeError(f"a target is a Tensor, not {type(item).__name__}")
        if seed is None:
            seed = ones(item.value)
        elif not isinstance(seed, Tensor):
            seed = np.asarray(seed, dtype=item.dtype)
        if seed.shape != item.shape:
            raise ValueError(f"output_gradients has shape {seed.shape}, the target {item.shape}")
        seeds.append((item, seed))
    return seeds


def ones(value: Any) -> Any:
    """Ones like ``value`` (np.ones_like, at a tenth of its price for a scalar)."""
    if isinstance(value, np.generic):
        return value.dtype.type(1)
    seed = np.empty(value.shape, value.dtype)
    seed.fill(1)
    return seed
