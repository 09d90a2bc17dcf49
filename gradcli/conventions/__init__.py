"""Conventions: how a framework names, lays out and defaults what the layers have."""
