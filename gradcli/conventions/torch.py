"""PyTorch's convention: channels first, (out, in), gates i f g o with two biases."""

from gradcli.conventions.convention import Convention

CONVENTION = Convention(channels_first=True, positional=True)
