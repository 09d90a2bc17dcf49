"""A user's own code as a problem: a function of Python's, or a program of any language."""
