"""Models: a specification in, a network with its loss and gradients out.

The names load on first use, so that the command line can read the table of keys
(``gradcli.catalogue``) without NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcli.inputs.specs import read_specs
    from gradcli.model.model import Model

__all__ = ["Model", "read_specs"]


def __getattr__(name: str) -> Any:
    if name == "Model":
        from gradcli.model import model

        return getattr(model, name)
    if name == "read_specs":
        from gradcli.inputs.specs import read_specs

        return read_specs
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
