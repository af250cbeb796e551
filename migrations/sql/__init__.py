"""Frozen SQL files of the revisions."""

from pathlib import Path


def read(name: str) -> str:
    """Text of one file of this folder."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
