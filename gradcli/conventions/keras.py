"""Keras's convention, which is the layers' own."""

from gradcli.conventions.convention import Convention

CONVENTION = Convention()
