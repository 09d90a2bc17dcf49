"""gradcli: a gradient calculator for the command line.

This package imports nothing, so that ``gradcli --version``, ``--help`` and shell
completion start without NumPy. The Python API lives one level down, in
``gradcli.engine`` and ``gradcli.model``.
"""

__version__ = "0.1.0"
