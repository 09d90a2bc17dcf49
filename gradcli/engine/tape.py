"""The tape: what was computed, in order, and its replay backwards.

A GradientTape is a recorder (see ``recording.py``) that keeps the operations that depend on
what it watches, as a flat list: already in topological order, so the backward sweep is a
loop, without recursion or sorting. (Wengert, "A simple automatic derivative evaluation
program", CACM 1964.)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np

from gradcli.engine.cotangents import seeds_of
from gradcli.engine.nest import leaves, rebuild
from gradcli.engine.recording import Record, recording
from gradcli.engine.sweep import sweep
from gradcli.engine.tensor import (
    Recorder,
    Tensor,
    active,
    plain,
    require_floating,
)
from gradcli.engine.variable import Variable
from gradcli.errors import GradientError


class GradientTape(Recorder):
    """Records operations on watched Tensors, to differentiate them afterwards.

    The meaning is that of TensorFlow's class of this name::

        x = tensor(3.0)
        with GradientTape() as tape:
            tape.watch(x)
            y = x * x
        tape.gradient(y, x)  # 6.0

    Trainable Variables are watched by themselves, unless ``watch_accessed_variables`` is
    false. Arrays that Tensors are combined with are not copied: do not write to them before
    ``gradient``. Tapes nest: a gradient taken inside the context of an outer tape is recorded
    by it, so second and higher derivatives need nothing more. Inside its context, what the
    tape follows can be printed and compared, but does not become a plain array unseen.
    """

    frozen: str | None = None

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._watches_variables = watch_accessed_variables
        self._used = False
        self._records: list[Record] = []
        self._tracked: set[int] = set()
        self._watched: list[Tensor] = []  # keeps the ids in _tracked alive

    def __enter__(self) -> Self:
        if self in active.recorders:
            raise GradientError("this tape is already recording")
        active.recorders += (self,)
        recording.add(self)
        return self

    def __exit__(self, *exc_info: object) -> None:
        recording.discard(self)
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
            if id(item) not in self._tracked:
                self._tracked.add(id(item))
                self._watched.append(item)

    def watched_variables(self) -> tuple[Variable, ...]:
        """The Variables that have been watched, in the order of their first use."""
        return tuple([item for item in self._watched if isinstance(item, Variable)])

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """A context in which this tape does not record."""
        if self not in active.recorders:
            raise GradientError("stop_recording(): this tape is not recording")
        before = active.recorders
        active.recorders = tuple([r for r in before if r is not self])
        recording.discard(self)
        try:
            yield
        finally:
            if not self._used or self._persistent:
                active.recorders = before
                recording.add(self)

    def reset(self) -> None:
        """Forget everything recorded and watched, as if the tape were new."""
        self._records.clear()
        self._tracked.clear()
        self._watched.clear()
        self._used = False

    def follows(self, tensor: Tensor) -> bool:
        """Whether a gradient could be asked for that goes through ``tensor``."""
        return id(tensor) in self._tracked or self._accesses(tensor)

    def _accesses(self, tensor: Any) -> bool:
        return isinstance(tensor, Variable) and tensor.trainable and self._watches_variables

    def record(self, record: Record) -> None:
        """Keep ``record`` if it depends on a watched Tensor (called for every operation)."""
        if not record.vjps or record.out.value.dtype.kind != "f":
            return
        tracked = self._tracked
        depends = False
        for arg in record.args:
            if id(arg) in tracked:
                depends = True
            elif self._accesses(arg):
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
        unconnected_gradients: Any = "none",
    ) -> Any:
        """The derivative of ``sum(target * output_gradients)`` with respect to ``sources``.

        ``target`` and ``sources`` are Tensors or lists, tuples and dicts of them; the answer
        has the structure of ``sources``, each gradient the shape and dtype of its source.
        ``output_gradients`` (the cotangents of ``target``, or one number for all its entries)
        default to ones. A source that ``target`` does not depend on gives None, or zeros with
        ``unconnected_gradients="zero"``.

        Raises GradientError on a second call, unless the tape is persistent.
        """
        with self._use():
            answers = self._gradients(target, sources, output_gradients, unconnected_gradients)
        return rebuild(sources, iter(answers))

    def jacobian(self, target: Any, sources: Any, unconnected_gradients: Any = "none") -> Any:
        """The derivative of each entry of the Tensor ``target`` by each of ``sources``.

        The answer has the structure of ``sources``, each part the shape ``target.shape +
        source.shape``. One backward sweep per entry of the target. See ``gradient``.
        """
        if not isinstance(target, Tensor):
            raise TypeError(f"jacobian() takes one Tensor, not {type(target).__name__}: stack()")
        with self._use():
            rows = []
            for i in range(target.size):
                seed = np.zeros(target.size, target.dtype)
                seed[i] = 1
                seed = seed.reshape(target.shape)
                rows.append(self._gradients(target, sources, seed, unconnected_gradients))
            parts: list[Tensor | None] = []
            for i, source in enumerate(leaves(sources)):
                column = [row[i] for row in rows]
                shape = target.shape + source.shape
                if any(part is None for part in column):
                    parts.append(None)
                elif column:
                    parts.append(_stacked(column, 0).reshape(shape))
                else:
                    parts.append(Tensor(np.zeros(shape, target.dtype)))
        return rebuild(sources, iter(parts))

    def batch_jacobian(self, target: Tensor, source: Tensor) -> Tensor | None:
        """The Jacobian row by row of a batch: ``(batch, *target.shape[1:], *source.shape[1:])``.

        Row i of ``target`` must depend on row i of ``source`` only. None where they are not
        connected. Raises ValueError where the first axes differ.
        """
        if not target.ndim or not source.ndim or len(target) != len(source):
            raise ValueError(
                f"batch_jacobian: the first axes must be one batch, not {target.shape} "
                f"and {source.shape}"
            )
        with self._use():
            rest = target.shape[1:]
            columns = []
            for index in np.ndindex(rest):
                seed = np.zeros(target.shape, target.dtype)
                seed[(slice(None), *index)] = 1
                columns += self._gradients(target, source, seed, "none")
            if any(column is None for column in columns):
                return None
            shape = (len(target), *rest, *source.shape[1:])
            if not columns:
                return Tensor(np.zeros(shape, target.dtype))
            return _stacked(columns, 1).reshape(shape)  # type: ignore[no-any-return]

    @contextmanager
    def _use(self) -> Iterator[None]:
        """The one use that a tape has, unless it is persistent."""
        if self._used and not self._persistent:
            raise GradientError(
                "this tape has been used: gradient() can be called once; "
                "make it with GradientTape(persistent=True) to call it again"
            )
        self._used = True
        if not self._persistent:
            self.__exit__()
        yield
        if not self._persistent:
            self._records.clear()

    def _gradients(
        self, target: Any, sources: Any, output_gradients: Any, unconnected_gradients: Any
    ) -> list[Tensor | None]:
        """The gradient of each leaf of ``sources``."""
        unconnected = getattr(unconnected_gradients, "value", unconnected_gradients)
        if unconnected not in ("none", "zero"):
            raise ValueError(f"unconnected_gradients is 'none' or 'zero', not {unconnected!r}")
        source_list = list(leaves(sources))
        for source in source_list:
            if not isinstance(source, Tensor):
                raise TypeError(f"a source is a Tensor, not {type(source).__name__}")
        seeds = seeds_of(target, output_gradients)
        cotangents = sweep(self._records, self._tracked, seeds, source_list)
        answers: list[Tensor | None] = []
        for source in source_list:
            cotangent = cotangents.get(id(source))
            if cotangent is None and unconnected == "zero":
                cotangent = np.zeros_like(plain(source))
            lifted = cotangent is None or isinstance(cotangent, Tensor)
            answers.append(cotangent if lifted else Tensor(cotangent))
        return answers


def _stacked(parts: list[Any], axis: int) -> Any:
    from gradcli.engine.ops.joining import stack

    return stack(parts, axis=axis)
