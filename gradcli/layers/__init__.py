"""Layers: one file a family, each kind declared once."""
