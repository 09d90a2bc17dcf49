"""The formats of files of arrays, one file a family. This declares them all."""

from gradcli.inputs.formats import binary, cifar, idx, nested, others, raw, safetensors, saved, text

__all__ = ["binary", "cifar", "idx", "nested", "others", "raw", "safetensors", "saved", "text"]
