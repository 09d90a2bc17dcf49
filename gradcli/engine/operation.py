"""Op: a function of arrays that Tensors and tapes understand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType, MethodType
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.engine.domain import BINARY, UNARY, Case, Domain, real
from gradcli.engine.lists import holds_tensor, joined
from gradcli.engine.recording import apply
from gradcli.engine.registry import REGISTRY
from gradcli.engine.signature import count_arrays, parameters, shown
from gradcli.engine.tensor import Tensor
from gradcli.errors import OpError

if TYPE_CHECKING:
    import inspect


Vjp = Callable[..., Any]


class Op:
    """A differentiable (or, without vjps, constant) function of arrays.

    Called on plain arrays it is its NumPy forward and nothing more; with a Tensor among its
    arguments it answers with a Tensor, and tapes record it. A list counts as the array that
    it writes out; Tensors in it are stacked.
    """

    takes_list = False
    """Whether the arrays come as one list."""

    def __init__(
        self,
        function: Callable[..., Any],
        vjps: tuple[Vjp | None, ...] = (),
        *,
        rule: str | tuple[str, ...] = (),
        domain: Domain | tuple[Domain, ...] = real,
        cases: tuple[Case, ...] | None = None,
        aliases: Mapping[str, str] = MappingProxyType({}),
        analytic: bool = True,
        positions: tuple[str, ...] = (),
        sized_by_values: bool = False,
        order: tuple[str, ...] = (),
        of_one: str | None = None,
        of_several: str | None = None,
    ) -> None:
        """See ``op`` for what each fact means."""
        self.name = self.__name__ = self.__qualname__ = function.__name__
        self._function = function
        names, defaults = parameters(function)
        if isinstance(function, np.ufunc):
            self.__doc__ = f"np.{self.name}, entry by entry; several arrays are broadcast."
        else:
            self.__doc__, self.__module__ = function.__doc__, function.__module__
        self.forward = function
        self.names = names
        self.vjps = vjps
        self.rules = (rule,) if isinstance(rule, str) else rule
        self.domains = (domain,) if isinstance(domain, Domain) else domain
        several = len([vjp for vjp in vjps if vjp]) > 1
        self.cases = cases if cases is not None else BINARY if several else UNARY
        self.aliases = dict(aliases)
        self.analytic = analytic
        self.positions = positions
        self.sized_by_values = sized_by_values
        self.order = order
        self.of_one = of_one
        self.of_several = of_several
        self.arrays = count_arrays(function, names)
        """How many of the arguments are arrays, and come first."""
        first = names[: self.arrays]
        self.optional = {name: value for name, value in defaults.items() if name in first}
        """The defaults of arrays."""
        self.defaults = {name: value for name, value in defaults.items() if name not in first}
        """The defaults of the other parameters."""
        self._bare = len(self.defaults) == len(names) - self.arrays

    def __call__(self, *args: Any, **given: Any) -> Any:
        if self.of_one is not None and len(args) + len(given) == 1:
            return REGISTRY[self.of_one](*args, **given)
        if not given and len(args) <= len(self.names):
            followed = False
            for arg in args:
                if type(arg) not in _SIMPLE:
                    if not isinstance(arg, Tensor):
                        break
                    followed = True
            else:
                if not followed:  # plain arrays and numbers pass straight to NumPy
                    return self.forward(*args)
                if len(args) == self.arrays and self._bare:
                    return apply(self, args, self.defaults)
        arrays, params = self.bind(args, given)
        followed = False
        parts = []
        for array in arrays:
            part = joined(array) if isinstance(array, (list, tuple)) else array
            followed = followed or isinstance(part, Tensor)
            parts.append(part)
        if followed or holds_tensor(params.values()):
            return apply(self, tuple(parts), params)
        return self.forward(*parts, **params)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method of Tensor, the op takes the Tensor first."""
        return self if instance is None else MethodType(self, instance)

    def bind(
        self, args: tuple[Any, ...], given: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arrays, and every other parameter by name, defaults filled in.

        Raises OpError where an argument is missing, unknown, given twice or one too many.
        """
        names, count = self.names, self.arrays
        if not given and len(args) == count == len(names):
            return args, self.defaults
        if len(args) > len(names):
            raise OpError(f"{self.signature} takes no more than {len(names)} arguments")
        bound = dict(zip(names, args))
        for name, value in given.items():
            name = self.aliases.get(name, name)
            if name not in names:
                raise OpError(f"{self.signature} has no argument {name!r}")
            if name in bound:
                raise OpError(f"{self.signature}: {name} is given twice")
            bound[name] = value
        params = {**self.defaults}
        arrays = []
        for i, name in enumerate(names):
            if name in bound:
                if i < count:
                    arrays.append(bound[name])
                else:
                    params[name] = bound[name]
            elif name in self.optional:
                arrays.append(self.optional[name])
            elif name not in params:
                raise OpError(f"{self.signature}: {name} is missing")
        return tuple(arrays), params

    @property
    def annotations(self) -> dict[str, str]:
        """What each parameter takes, as it is declared; empty for NumPy's ufuncs."""
        return getattr(self._function, "__annotations__", {})

    @property
    def signature(self) -> str:
        """The name and the parameters with their defaults, for people."""
        return shown(self.name, self.names, self.optional | self.defaults)

    @property
    def __signature__(self) -> inspect.Signature:
        import inspect

        function = self._function
        if not isinstance(function, np.ufunc):
            return inspect.signature(function)
        only = inspect.Parameter.POSITIONAL_OR_KEYWORD
        return inspect.Signature([inspect.Parameter(name, only) for name in self.names])

    @property
    def differentiable(self) -> bool:
        return bool(self.vjps)

    def call(self, arrays: list[Any], params: dict[str, Any]) -> Any:
        """The op of ``arrays``, handed over as it takes them."""
        return self(arrays, **params) if self.takes_list else self(*arrays, **params)

    def sample(self, case: Case, rng: np.random.Generator) -> list[Any]:
        """Arrays for ``case``, float64 and from the op's domains; arrays in it as they are."""
        arrays = []
        for i, shape in enumerate(case.shapes):
            domain = self.domains[min(i, len(self.domains) - 1)]
            arrays.append(domain.sample(rng, shape) if isinstance(shape, tuple) else shape)
        return arrays

    def smooth_inputs(self, arrays: list[Any]) -> list[int]:
        """The positions of those of ``arrays`` that carry a gradient."""
        count = len(arrays)
        vjps = self.vjps_for(count) or (True,) * count
        return [
            i
            for i, (array, vjp) in enumerate(zip(arrays, vjps))
            if vjp is not None and array is not None and np.asarray(array).dtype.kind == "f"
        ]

    def vjps_for(self, count: int) -> tuple[Vjp | None, ...]:
        """The vjps of a call with ``count`` arrays."""
        return self.vjps

    def __repr__(self) -> str:
        return f"<op {self.signature}>"


_SIMPLE = frozenset(
    (np.ndarray, np.float64, np.float32, np.int64, np.bool_, float, int, bool, type(None))
)
"""What an op hands on as it is: no Tensor, and nothing that could hold one."""
