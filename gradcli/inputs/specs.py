"""Spec files: TOML or JSON in, a mapping out."""

from __future__ import annotations

import json
import os
import tomllib
from typing import Any, NamedTuple

from gradcli.errors import FileError
from gradcli.inputs.files import read_bytes, read_stdin


class SpecFile(NamedTuple):
    """A specification as a file gives it; files that it names are looked for in ``folder``."""

    name: str | None
    mapping: dict[str, Any]
    folder: str | None


def read_specs(name: str) -> list[SpecFile]:
    """The specifications in the TOML or JSON file ``name``, or ``-`` for standard input.

    A JSON object with a ``spec`` key (a ``--json`` answer) stands for that spec, and JSON
    may hold one object a line. Raises FileError with line and column where it is malformed.
    """
    try:
        data = read_stdin() if name == "-" else read_bytes(name)
        text = data.decode("utf-8-sig")
    except FileError as error:
        raise FileError(f"{name}: {error}") from None
    except OSError as error:
        raise FileError(f"{name}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise FileError(f"{name}: is not text, but TOML or JSON is expected") from None
    folder = None if name == "-" else os.path.dirname(name)
    is_json = text.lstrip()[:1] == "{" or name.endswith(".json")
    mappings = _json(name, text) if is_json else [_toml(name, text)]
    return [SpecFile(name, mapping, folder) for mapping in mappings]


def _toml(name: str, text: str) -> dict[str, Any]:
    if not text.strip():
        raise FileError(f"{name}: is empty: a spec needs at least a loss")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileError(f"{name}: TOML: {error}") from None


def _json(name: str, text: str) -> list[dict[str, Any]]:
    """One object, or one after the other."""
    decoder = json.JSONDecoder()
    mappings = []
    at = len(text) - len(text.lstrip())
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise FileError(f"{name}: JSON: {error}") from None
        if not isinstance(value, dict):
            raise FileError(f"{name}: must be a JSON object of keys, not a {type(value).__name__}")
        inner = value.get("spec")
        mappings.append(inner if isinstance(inner, dict) else value)
        while at < len(text) and text[at].isspace():
            at += 1
    return mappings
