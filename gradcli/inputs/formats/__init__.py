"""The formats of files of arrays, one file a family. This declares them all."""

from gradcli.inputs.formats import binary, nested, text

__all__ = ["binary", "nested", "text"]
