"""Names as identity is derived of them: a kind and a key, whatever the articles."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Name", "Pair", "columns"]

Name = tuple[str, str]  # kind, key
Pair = tuple[str, str, str]  # kind, left key, right key


def columns(names: Iterable[Name]) -> list[list[str]]:
    """Kinds and keys, sorted by both, as two parameters of ``unnest``."""
    listed = sorted(names)
    return [[kind for kind, _ in listed], [key for _, key in listed]]
