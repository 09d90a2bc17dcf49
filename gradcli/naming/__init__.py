"""Whose gradient an array is, by what people call it."""
