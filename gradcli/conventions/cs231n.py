"""The convention of CS231n's assignments: channels first, gates i f o g, batch sums over N."""

from gradcli.conventions.convention import Convention

CONVENTION = Convention(channels_first=True, by_batch=True)
