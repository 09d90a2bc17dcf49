"""Models: a specification in, a network with its loss and gradients out.

The names load on first use: a table of names is read without NumPy.
"""

import typing

if typing.TYPE_CHECKING:
    from gradcli.answer import Answer as Answer
    from gradcli.inputs.specs import read_specs as read_specs
    from gradcli.model.model import Model as Model

_MODULES = {"Answer": "answer", "Model": "model.model", "read_specs": "inputs.specs"}
__all__ = sorted(_MODULES)

if not typing.TYPE_CHECKING:

    def __getattr__(name):
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import importlib

        return getattr(importlib.import_module(f"gradcli.{_MODULES[name]}"), name)
